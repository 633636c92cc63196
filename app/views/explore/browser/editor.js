// The editor of Explore: a text area over its own coloured text, and names to complete what is being typed.
// Names are data and become text nodes alone. Its text goes to the page a moment after the last key, soon
// after it is left, and before a button is pressed that needs it. Streamlit makes one message of what is told
// at one time, and its part of the page alone hears that: so a press comes by itself, later or sooner.

const PAUSE = 700;
const SOON = 250;
const APART = 50;
const MOST = 8;
const COLOURED = 20000;
const WORDS = (
  "SELECT FROM WHERE GROUP BY ORDER HAVING LIMIT JOIN LEFT RIGHT FULL INNER CROSS ON USING AS AND OR NOT IN " +
  "IS NULL LIKE ILIKE BETWEEN EXISTS CASE WHEN THEN ELSE END DISTINCT UNION ALL INTERSECT EXCEPT WITH " +
  "RECURSIVE OVER PARTITION ROWS ASC DESC NULLS FIRST LAST QUALIFY TRUE FALSE INTERVAL EXPLAIN COUNT SUM AVG " +
  "MIN MAX ROUND COALESCE NULLIF CAST DATE_TRUNC DATEADD DATEDIFF CURRENT_DATE CURRENT_USER LISTAGG " +
  "ROW_NUMBER RANK LAG LEAD MEDIAN TO_CHAR EXTRACT UPPER LOWER TRIM SUBSTRING"
).split(" ");
const KEYWORDS = new Set(WORDS);
const PIECE = /(--[^\n]*|\/\*[^]*?(?:\*\/|$))|('(?:[^']|'')*'?)|("(?:[^"]|"")*"?)|(\b\d[\d.]*\b)|([A-Za-z_]\w*)|([^]?)/g;
const KINDS = ["comment", "text", "", "number", "word", ""];

const made = (tag, attributes) => Object.assign(document.createElement(tag), attributes);

class Editor {
  constructor(root) {
    this.frame = made("div", { className: "editor" });
    const sheet = made("div", { className: "sheet" });
    this.coloured = made("pre", { ariaHidden: "true" });
    this.area = made("textarea", { spellcheck: false, autocapitalize: "off", autocomplete: "off" });
    this.list = made("ul", { id: "names", role: "listbox", ariaLabel: "Names", hidden: true });
    for (const [name, value] of [["aria-autocomplete", "list"], ["aria-controls", "names"], ["wrap", "soft"]])
      this.area.setAttribute(name, value);
    sheet.append(this.coloured, this.area);
    this.frame.append(sheet, this.list);
    root.append(this.frame);
    this.area.addEventListener("input", () => this.typed());
    this.area.addEventListener("keydown", (event) => this.key(event));
    this.area.addEventListener("blur", (event) => this.left(event.relatedTarget));
    this.pressed = (event) => this.before(event);
    this.area.addEventListener("click", () => this.close());
    this.close();
  }

  // What the page says: its text at first, and later only what it puts in.
  hear({ data, setStateValue }) {
    const first = this.put === undefined;
    Object.assign(this, { say: setStateValue, names: data.names, presses: data.presses });
    document.addEventListener("click", this.pressed, true);
    this.area.ariaLabel = data.label;
    this.area.maxLength = data.longest;
    if (first) this.area.value = this.told = data.text;
    else if (data.put !== this.put && data.whole) (this.area.value = data.text), this.area.focus();
    else if (data.put !== this.put) this.add(data.name);
    if (!first && data.put !== this.put) this.tell();
    this.put = data.put;
    this.colour();
  }

  // A name at the cursor, apart from what stands before it.
  add(name) {
    const before = this.area.value.slice(0, this.area.selectionStart);
    this.area.focus();
    this.insert(/[\w"')*]$/.test(before) ? ` ${name}` : name, 0);
  }

  tell() {
    clearTimeout(this.waiting);
    if (this.area.value !== this.told) this.say("text", (this.told = this.area.value));
  }

  tellIn(pause) {
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => this.tell(), pause);
  }

  typed() {
    this.colour();
    this.complete(1);
    this.tellIn(PAUSE);
  }

  left(where) {
    this.close();
    if (where?.closest("a")) this.tell(); // to another page, on which nobody could tell it
    else this.tellIn(SOON);
  }

  before(event) {
    const button = event.target.closest?.(this.presses.map((key) => `.st-key-${key} button`).join());
    if (!button || this.area.value === this.told) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    this.press(button);
  }

  press(button) {
    this.tell();
    setTimeout(() => button.click(), APART);
  }

  colour() {
    const text = this.area.value;
    this.coloured.replaceChildren();
    for (const match of text.slice(0, COLOURED).matchAll(PIECE)) {
      let kind = KINDS[match.slice(1).findIndex((part) => part !== undefined)];
      if (kind === "word" && !KEYWORDS.has(match[0].toUpperCase())) kind = "";
      this.coloured.append(kind ? made("span", { className: kind, textContent: match[0] }) : match[0]);
    }
    this.coloured.append(text.slice(COLOURED), "\n");
  }

  // Names that begin as what stands before the cursor; behind "name." those that belong to that name.
  complete(least) {
    const before = this.area.value.slice(0, this.area.selectionStart);
    const [, owner, typed] = before.match(/(?:(\w+)\.)?(\w*)$/);
    const wanted = typed.toLowerCase();
    if (/--[^\n]*$/.test(before)) return this.close();
    const known = owner ? this.of(owner.toLowerCase()) : [...Object.keys(this.names), ...this.columns(), ...WORDS];
    const found = known.filter((name) => name.replace(/^"/, "").toLowerCase().startsWith(wanted));
    const inLast = Object.keys(this.names).filter((name) => name.split(".").pop().toLowerCase().startsWith(wanted));
    this.offered = [...new Set(owner ? found : [...found, ...inLast])].slice(0, MOST);
    const done = this.offered.some((name) => name.toLowerCase() === wanted);
    if ((!owner && typed.length < least) || done || !this.offered.length) return this.close();
    this.typedLength = typed.length;
    this.list.replaceChildren(...this.offered.map((name, place) => this.option(name, place)));
    this.mark(before.length - typed.length);
    this.choose(0);
  }

  columns() {
    return Object.values(this.names).flat();
  }

  of(owner) {
    const tables = Object.keys(this.names);
    const inSchema = tables.filter((name) => name.toLowerCase().startsWith(owner + "."));
    const aliased = this.area.value.matchAll(new RegExp(`([\\w."]+)\\s+(?:as\\s+)?${owner}\\b`, "gi"));
    const sources = [owner, ...[...aliased].map((match) => match[1].toLowerCase())];
    const meant = tables.filter((name) => sources.some((source) => `.${name}`.toLowerCase().endsWith(`.${source}`)));
    return [...inSchema.map((name) => name.slice(owner.length + 1)), ...meant.flatMap((name) => this.names[name])];
  }

  option(name, place) {
    const item = made("li", { id: `name-${place}`, role: "option", textContent: name });
    item.addEventListener("mousedown", (event) => (event.preventDefault(), this.accept(place)));
    return item;
  }

  // Puts the list under the word, as far as it fits.
  mark(place) {
    const probe = made("pre", { textContent: this.area.value.slice(0, place) });
    const caret = probe.appendChild(made("span", { textContent: "\u200b" }));
    this.coloured.parentNode.append(probe);
    this.list.hidden = false;
    const at = caret.getBoundingClientRect(), frame = this.frame.getBoundingClientRect();
    probe.remove();
    this.list.style.left = `${Math.max(0, Math.min(at.left - frame.left, frame.width - this.list.offsetWidth))}px`;
    this.list.style.top = `${at.bottom - frame.top + 2}px`;
  }

  choose(place) {
    this.chosen = (place + this.offered.length) % this.offered.length;
    [...this.list.children].forEach((item, at) => (item.ariaSelected = String(at === this.chosen)));
    this.area.setAttribute("aria-activedescendant", `name-${this.chosen}`);
  }

  accept(place) {
    this.insert(this.offered[place], this.typedLength);
  }

  // In place of so many letters before the cursor.
  insert(name, letters) {
    const { selectionStart, selectionEnd } = this.area;
    this.area.setSelectionRange(selectionStart - letters, selectionEnd);
    // So that it can be undone; without, where a browser has no such command.
    if (!document.execCommand("insertText", false, name)) this.area.setRangeText(name);
    this.colour();
    this.close();
  }

  close() {
    this.list.hidden = true;
    this.area.removeAttribute("aria-activedescendant");
  }

  key(event) {
    const open = !this.list.hidden;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      this.close();
      this.press(document.querySelector(`.st-key-${this.presses[0]} button`));
    } else if (event.key === " " && event.ctrlKey) this.complete(0);
    else if (open && step) this.choose(this.chosen + step);
    else if (open && (event.key === "Enter" || event.key === "Tab") && !event.shiftKey) this.accept(this.chosen);
    else if (open && event.key === "Escape") this.close();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
}

const editors = new WeakMap();

export default function (component) {
  const root = component.parentElement;
  if (!editors.has(root)) editors.set(root, new Editor(root));
  const editor = editors.get(root);
  editor.hear(component);
  return () => document.removeEventListener("click", editor.pressed, true);
}

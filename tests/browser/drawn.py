"""When a page is drawn: nothing is awaited any more, and all that it consists of has been painted."""

from playwright.sync_api import BrowserContext, Page

# A grid and a map are painted on canvases, which no change of the document tells of.
WATCH = """(() => {
  const now = () => performance.now();
  const seen = (window.rowlightSeen = { changed: now(), stirred: now(), painted: new WeakSet() });
  const changed = () => { seen.changed = seen.stirred = now(); };
  // A screen reader is told of a grid's cells late, and of a choice for seconds: nothing that is seen.
  const unseen = ({ target }) => target.parentElement?.closest("canvas, [data-live-announcer]")
    || target.localName === "canvas";
  new MutationObserver(records => records.every(unseen) ? (seen.stirred = now()) : changed())
    .observe(document, { childList: true, characterData: true, subtree: true });
  const paint = (kind, name, changes) => {
    const draw = kind.prototype[name];
    kind.prototype[name] = function (...given) {
      changes.call(this, ...given) ? changed() : (seen.stirred = now());
      seen.painted.add(this.canvas);
      return draw.apply(this, given);
    };
  };
  // A grid paints itself ten times for one answer, on several canvases: what is new in it is seen once.
  const grids = new WeakMap();
  paint(CanvasRenderingContext2D, "fillText", function (text, x, y) {
    const grid = this.canvas.closest("[data-testid=stDataFrame]") ?? this.canvas;
    const texts = grids.get(grid) ?? new Map();
    const same = texts.get(`${x} ${y}`) === text;
    grids.set(grid, texts.set(`${x} ${y}`, text));
    return !same;
  });
  for (const name of ["drawArrays", "drawElements", "drawArraysInstanced", "drawElementsInstanced"])
    paint(WebGL2RenderingContext, name, () => true);
})()"""

# The moment of the last change that is seen, once all is there and nothing stirs for a while; else false.
DRAWN = """quiet => {
  const app = document.querySelector("[data-testid=stApp]");
  const main = document.querySelector("[data-testid=stMain]");
  const every = (name, holds) => [...main.querySelectorAll(`[data-testid=${name}]`)].every(holds);
  const painted = box => [...box.querySelectorAll("canvas")].some(each => rowlightSeen.painted.has(each));
  const drawn = app?.dataset.testScriptState === "notRunning"
    && app.dataset.testConnectionState === "CONNECTED"
    && main.querySelector("[data-testid=stHeading]")
    && !document.querySelector(
      "[data-testid=stSkeleton], [data-testid=stAppSkeleton], [data-testid=stSpinner], [data-stale=true]")
    && every("stMetric", box => /\\d/.test(box.innerText))
    && every("stVegaLiteChart", box => box.querySelector("svg.marks path, svg.marks text"))
    && every("stDataFrame", painted)
    && every("stDeckGlJsonChart", painted);
  return drawn && performance.now() - rowlightSeen.stirred >= quiet && rowlightSeen.changed;
}"""
QUIET_MS = 300


def watch(context: BrowserContext) -> None:
    """Has every page of the profile note its changes from its first moment on."""
    context.add_init_script(WATCH)


def wait(page: Page) -> float:
    """Waits until the page is drawn; the moment of its last change to be seen, by its clock in ms."""
    moment: float = page.wait_for_function(DRAWN, arg=QUIET_MS, polling=50).json_value()
    return moment

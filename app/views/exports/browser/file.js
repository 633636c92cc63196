// A file to take along. It came with the page: a line that says what it is, and its bytes. So it has no address
// by which anybody could ask for it, and no process of the app keeps it for a browser that may not come back.

const file = (data) => {
  const end = data.indexOf(10);
  return { ...JSON.parse(new TextDecoder().decode(data.subarray(0, end))), bytes: data.subarray(end + 1) };
};

export default function ({ data, parentElement }) {
  const { name, type, label, bytes } = file(data);
  const button = Object.assign(document.createElement("button"), { type: "button", textContent: label });
  button.addEventListener("click", () => {
    const href = URL.createObjectURL(new Blob([bytes], { type }));
    Object.assign(document.createElement("a"), { href, download: name }).click();
    setTimeout(() => URL.revokeObjectURL(href), 60_000); // by then the browser has begun to write it
  });
  parentElement.querySelector("button")?.remove(); // of the file before; its style stands beside it, and stays
  parentElement.append(button);
}

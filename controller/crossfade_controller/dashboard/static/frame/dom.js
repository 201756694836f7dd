// Making elements. Children are nodes or plain text, so no name or reason can ever become markup.

export const byId = (id) => document.getElementById(id);

export function element(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) node.setAttribute(name, "");
    else if (value !== false && value !== null) node.setAttribute(name, value);
  }
  node.append(...children);
  return node;
}

export function button(text, attributes, onClick) {
  const node = element("button", { type: "button", ...attributes }, text);
  node.addEventListener("click", onClick);
  return node;
}

// A table whose rows are added by `row`. On a narrow window each row is a small table of its own (css/tables.css), so
// every cell knows its heading, and the roles say what the changed layout would take away.
export function table(caption, headings) {
  const head = headings.map((heading) => element("th", { scope: "col", role: "columnheader" }, heading));
  const body = element("tbody", { role: "rowgroup" });
  const whole = element(
    "table",
    { role: "table" },
    element("caption", { class: "for-screen-readers" }, caption),
    element("thead", { role: "rowgroup" }, element("tr", { role: "row" }, ...head)),
    body,
  );
  const row = (attributes, first, ...cells) =>
    element(
      "tr",
      { role: "row", ...attributes },
      element("th", { scope: "row", role: "rowheader" }, first),
      ...cells.map((cell, place) => element("td", { role: "cell", "data-heading": headings[place + 1] }, cell)),
    );
  return { whole, body, row };
}

export const empty = (why) => element("p", { class: "empty" }, why);

export function sayIn(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

const shown = new WeakMap();

// Shows one child for each item, in their order. A child stays, with focus and pointer, until its item changes: items
// are plain data, and all that `make` looks at. What somebody can press or tick gets an item that lasts, such as a name,
// and has its state set afterwards.
export function showEach(host, items, make) {
  const before = shown.get(host) ?? new Map();
  const now = new Map(items.map((item) => [JSON.stringify(item), item]));
  for (const [key, item] of now) now.set(key, before.get(key) ?? make(item));
  shown.set(host, now);
  inOrder(host, [...now.values()]);
}

// Makes these nodes the children, moving none that stands in its place.
export function inOrder(host, nodes) {
  [...host.children].filter((node) => !nodes.includes(node)).forEach((node) => node.remove());
  nodes.forEach((node, place) => {
    if (host.children[place] !== node) host.insertBefore(node, host.children[place] ?? null);
  });
}

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

// A table and the body that its rows go into.
export function table(caption, headings) {
  const head = element("tr", {}, ...headings.map((heading) => element("th", { scope: "col" }, heading)));
  const body = element("tbody");
  const whole = element(
    "table",
    {},
    element("caption", { class: "for-screen-readers" }, caption),
    element("thead", {}, head),
    body,
  );
  return { whole, body };
}

export const empty = (why) => element("p", { class: "empty" }, why);

export function sayIn(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

const shown = new WeakMap();

// Shows one child for each item, in their order. A child stays, with focus and pointer, until its item changes: items
// are plain data, and all that `make` looks at.
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

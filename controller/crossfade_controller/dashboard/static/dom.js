// Making elements. Children are nodes or plain text, so no name or reason can ever become markup.

export const byId = (id) => document.getElementById(id);

export function element(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    node.setAttribute(name, value);
  }
  node.append(...children);
  return node;
}

export function table(caption, headings, rows) {
  const head = element("tr", {}, ...headings.map((heading) => element("th", { scope: "col" }, heading)));
  return element(
    "table",
    {},
    element("caption", { class: "for-screen-readers" }, caption),
    element("thead", {}, head),
    element("tbody", {}, ...rows),
  );
}

export const empty = (why) => element("p", { class: "empty" }, why);

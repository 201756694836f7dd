// What a chart or a table shows, as a file: made in the browser, sent nowhere.

import { csv } from "../shape/csv.js";
import { button, element } from "./dom.js";

// A menu that gives `rows()` (a list of plain objects) as CSV or JSON and, where there is one, `picture()` (a promise
// of a Blob) as PNG. `name` becomes the file's.
export function exportMenu(name, { rows, picture }) {
  const give = (text, ending, type, content) =>
    button(text, { "data-testid": `export-${ending}` }, async () => save(`${name}.${ending}`, type, await content()));
  const choices = [
    give("CSV", "csv", "text/csv", () => csv(rows())),
    give("JSON", "json", "application/json", () => JSON.stringify(rows(), null, 1)),
    ...(picture ? [give("PNG", "png", "image/png", picture)] : []),
  ];
  const summary = element("summary", { "aria-label": `Export ${name}` }, "Export");
  const menu = element("details", { class: "menu" }, summary, element("div", { class: "choices" }, ...choices));
  menu.addEventListener("focusout", (event) => (menu.open &&= menu.contains(event.relatedTarget)));
  return menu;
}

function save(name, type, content) {
  const address = URL.createObjectURL(new Blob([content], { type }));
  element("a", { href: address, download: name }).click();
  URL.revokeObjectURL(address);
}

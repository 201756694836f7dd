// Every version of the mixture, newest first: how far it came, what it says, who made it and why.

import { element, table } from "./dom.js";
import { percent, progress } from "./text.js";

const HEADINGS = ["Version", "State", "Weights", "Who and why"];

export function showHistory(host, state, colours) {
  const rows = state.versions.map((version) => row(version, colours));
  host.replaceChildren(table("Versions of the mixture", HEADINGS, rows));
}

function row(version, colours) {
  const stage = { "data-testid": "version-state", "data-version": version.version, "data-state": version.state };
  const shares = Object.entries(version.weights).sort(([a], [b]) => (a < b ? -1 : 1));
  const weights = shares.map(([source, share]) => element("li", {}, colours.label(source), ` ${percent(share)}`));
  const why = [element("strong", {}, version.author), element("p", {}, version.reason), created(version.created_at)];
  return element(
    "tr",
    {},
    element("th", { scope: "row" }, String(version.version)),
    element("td", stage, progress(version)),
    element("td", {}, element("ul", {}, ...weights)),
    element("td", {}, ...why),
  );
}

function created(time) {
  const text = new Date(time).toLocaleString(undefined, { dateStyle: "short", timeStyle: "short" });
  return element("time", { datetime: time }, text);
}

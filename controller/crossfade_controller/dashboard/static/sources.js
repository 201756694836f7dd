// The sources of the run: what was asked for, what the batches held, and how often each has been read.

import { element, table } from "./dom.js";
import { compact, decimal, percent } from "./text.js";

const HEADINGS = ["Source", "Requested", "Realised", "Tokens", "Epochs"];

export function showSources(host, state, colours) {
  const sources = [...state.run.sources].sort((a, b) => (a.name < b.name ? -1 : 1));
  host.replaceChildren(table("Sources of the run", HEADINGS, sources.map((source) => row(source, state, colours))));
}

function row({ name, unique_tokens: unique, max_epochs: most }, state, colours) {
  const consumed = state.consumedTokens(name);
  const epochs = consumed / unique;
  const scale = { min: 0, max: most, high: most * 0.9, value: epochs };
  const gauge = element("meter", { ...scale, "aria-label": `epochs of ${name}` });
  return element(
    "tr",
    {},
    element("th", { scope: "row" }, colours.label(name)),
    element("td", {}, percent((state.appliedVersion ?? state.mixture).weights[name])),
    element("td", {}, percent(state.mixture.realised?.[name])),
    element("td", {}, compact(consumed)),
    element("td", {}, `${decimal(epochs, 2)} of ${most}`, gauge),
  );
}

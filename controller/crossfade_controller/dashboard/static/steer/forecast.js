// Where the run will end under a draft, beside where it ends as it is: epochs of each source, and which caps bind.

import { element, sayIn, showEach, table } from "../frame/dom.js";
import { capText } from "../shape/caps.js";
import { compact, decimal } from "../shape/text.js";

const SMALL_SHARE = 0.0005;
const HEADINGS = ["Source", "Epochs at the end", "Most", "Cap"];

export class ForecastTable {
  constructor(host, colours) {
    this.colours = colours;
    this.sum = element("p", {});
    this.warnings = element("ul", { class: "warnings" });
    const { whole, ...rest } = table("Forecast to the end of the run", HEADINGS);
    this.table = rest;
    host.append(
      this.sum,
      element("div", { class: "scrolls", tabindex: 0, role: "group", "aria-label": "Forecast" }, whole),
      this.warnings,
    );
  }

  // `now` is the forecast of the mixture in force, `then` that of the draft; null while it is not known.
  show(now, then, tokensPerSecond) {
    const seen = then ?? now;
    sayIn(this.sum, sentenceOf(now, seen));
    const before = new Map(now.sources.map((source) => [source.name, source]));
    const rows = seen.sources.map((source) => ({
      ...source,
      epochs_before: before.get(source.name)?.epochs_at_end,
      cap: capText(source, seen.tokens, tokensPerSecond),
    }));
    showEach(this.table.body, rows, (row) => this.row(row));
    showEach(this.warnings, seen.warnings, ({ source, message }) =>
      element("li", {}, source ? `${source}: ${message}` : message),
    );
  }

  row({ name, epochs_before: before, epochs_at_end: after, max_epochs: most, cap }) {
    const same = decimal(before, 2) === decimal(after, 2);
    const epochs = same ? decimal(after, 2) : `${decimal(before, 2)} → ${decimal(after, 2)}`;
    const seen = after > most ? element("span", { class: "over" }, epochs) : epochs;
    return this.table.row({}, this.colours.label(name), seen, decimal(most, 1), cap);
  }
}

function sentenceOf(now, then) {
  const effective = `Effective data at the end: ${compact(then.effective_tokens)} tokens`;
  const gain = then.effective_tokens - now.effective_tokens;
  if (Math.abs(gain) < SMALL_SHARE * then.effective_tokens) return `${effective}.`;
  return `${effective} (${gain > 0 ? "+" : "−"}${compact(Math.abs(gain))}).`;
}

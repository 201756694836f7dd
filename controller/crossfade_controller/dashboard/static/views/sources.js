// The sources of the run: what was asked for, what the batches held, and how often each has been and will be read.

import { element, empty, showEach, table } from "../frame/dom.js";
import { capText } from "../shape/caps.js";
import { compact, decimal, percent } from "../shape/text.js";

const HEADINGS = ["Source", "Requested", "Realised", "Consumed", "Epochs, now and at the end", "Cap reached"];

export class Sources {
  constructor(host, colours) {
    this.colours = colours;
    const { whole, ...rest } = table("Sources of the run", HEADINGS);
    this.table = rest;
    this.rows = [];
    this.wait = empty("Reading the forecast …");
    host.append(this.wait, whole);
  }

  show(state) {
    if (state.forecast === null) return;
    this.wait.hidden = true;
    const { tokens, sources } = state.forecast;
    this.rows = sources.map((source) => ({
      ...source,
      realised: state.mixture.realised?.[source.name] ?? null,
      cap: capText(source, tokens, state.tokensPerSecond),
    }));
    showEach(this.table.body, this.rows, (row) => this.row(row));
  }

  row(source) {
    const { name, weight, realised, consumed_tokens: consumed, cap } = source;
    const shares = [weight, realised].map(percent);
    const epochs = bar(source, this.colours.className(name));
    return this.table.row({}, this.colours.label(name), ...shares, compact(consumed), epochs, cap);
  }
}

// Epochs given (solid) and forecast (faint) along a line on which the cap is a tick.
function bar({ name, consumed_epochs: now, epochs_at_end: end, max_epochs: most }, className) {
  const scale = Math.max(most, end) * 1.05;
  const text = `${decimal(now, 2)} now, ${decimal(end, 2)} at the end, of ${decimal(most, 1)}`;
  const part = (kind, epochs) => {
    const node = element("span", { class: `bar-${kind}` });
    node.style.setProperty("--at", `${(100 * epochs) / scale}%`);
    return node;
  };
  const over = end > most ? "bar over" : "bar";
  const line = element("span", {
    class: `${over} ${className}`,
    role: "img",
    "aria-label": `Epochs of ${name}: ${text}`,
  });
  line.append(part("end", end), part("now", now), part("cap", most));
  return element("div", { class: "epochs" }, line, element("small", {}, text));
}

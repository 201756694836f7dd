// The controls of the comparison: which runs, which measure, and how it is drawn.

import { byId, element, showEach } from "../frame/dom.js";
import { AXES, MOST_RUNS } from "./settings.js";
import { CURVES } from "./readings.js";

const AXIS_NAMES = { tokens: "tokens", step: "steps", time: "training time" };

export class Controls {
  // `onChange(changes)` is told what somebody chose.
  constructor(runs, onChange) {
    Object.assign(this, { runs, onChange, filter: "" });
    const listen = (id, event, read) => byId(id).addEventListener(event, ({ target }) => onChange(read(target)));
    listen("compare-measure", "change", ({ value }) => ({ measure: value, zoom: null }));
    listen("compare-axis", "change", ({ value }) => ({ axis: value, zoom: null }));
    listen("compare-smoothing", "input", ({ valueAsNumber }) => ({ smoothing: valueAsNumber }));
    listen("compare-log", "change", ({ checked }) => ({ logarithmic: checked }));
    byId("compare-filter").addEventListener("input", ({ target }) => {
      this.filter = target.value.toLowerCase();
      this.showRuns(this.chosen);
    });
    byId("compare-axis").replaceChildren(...AXES.map((axis) => element("option", { value: axis }, AXIS_NAMES[axis])));
  }

  // `scores` are the names of the measures that the chosen runs were scored by.
  show(settings, scores) {
    this.showRuns(settings.runs);
    this.showMeasures(settings, scores);
    byId("compare-axis").value = settings.axis;
    byId("compare-smoothing").value = settings.smoothing;
    byId("compare-log").checked = settings.logarithmic;
  }

  showRuns(chosen) {
    this.chosen = chosen;
    const full = chosen.length >= MOST_RUNS;
    const names = this.runs.map(({ name }) => name);
    const seen = names.filter((name) => chosen.includes(name) || name.includes(this.filter));
    showEach(byId("compare-runs"), seen, (name) => this.runItem(name));
    for (const box of byId("compare-runs").querySelectorAll("input")) {
      box.checked = chosen.includes(box.value);
      box.disabled = full && !box.checked;
    }
  }

  runItem(name) {
    const box = element("input", { type: "checkbox", value: name, "data-testid": `compare-${name}` });
    box.addEventListener("change", () => this.turn(name, box.checked));
    return element("li", {}, element("label", {}, box, name));
  }

  turn(name, on) {
    this.onChange({ runs: on ? [...this.chosen, name] : this.chosen.filter((each) => each !== name) });
  }

  showMeasures({ runs, measure }, scores) {
    const sources = this.runs
      .filter(({ name }) => runs.includes(name))
      .flatMap((run) => run.sources.map(({ name }) => name));
    const losses = [...new Set(sources)]
      .sort()
      .map((source) => ({ value: `source_loss/${source}`, text: `Loss of ${source}` }));
    const curves = Object.entries(CURVES).map(([value, text]) => ({ value, text }));
    const known = [...curves, ...losses, ...scores.map((name) => ({ value: name, text: name }))];
    const asked = known.some(({ value }) => value === measure) ? [] : [{ value: measure, text: measure }];
    showEach(byId("compare-measure"), [...known, ...asked], ({ value, text }) => element("option", { value }, text));
    byId("compare-measure").value = measure;
  }
}

// The comparison of runs: reads what the controls ask for once it comes into sight, keeps it fresh while it is seen, and
// draws it.

import { Axis } from "../charts/axis.js";
import { ChartCard } from "../charts/card.js";
import { pause } from "../data/pause.js";
import { byId, sayIn } from "../frame/dom.js";
import { compact, decimal, duration } from "../shape/text.js";
import { Controls } from "./controls.js";
import { comparePicture } from "./picture.js";
import { readMeasure, scoresOf } from "./readings.js";
import { readSettings, writeSettings } from "./settings.js";

const LOGARITHMIC = 3; // uPlot's number for it
const WRITERS = { tokens: compact, step: compact, time: duration };
const REFRESH_MILLISECONDS = 10_000; // up to ten runs are read each time
const LABELS = { tokens: "Tokens", step: "Step", time: "Trained for" };

export class Comparison {
  constructor(runs, current, tooltip) {
    Object.assign(this, { tooltip, numRuns: runs.length, readings: null, scores: [], asked: 0, inSight: false, card: null });
    this.settings = readSettings(
      runs.map(({ name }) => name),
      current,
    );
    this.controls = new Controls(runs, (changes) => this.change(changes));
    this.controls.show(this.settings, this.scores);
    this.draw();
    new IntersectionObserver((entries) => this.see(entries.at(-1).isIntersecting)).observe(byId("compare"));
    this.keepFresh();
  }

  async keepFresh() {
    for (;;) {
      await pause(REFRESH_MILLISECONDS);
      if (this.inSight && !document.hidden) await this.read();
    }
  }

  see(inSight) {
    this.inSight = inSight;
    if (inSight && this.asked === 0) this.read();
  }

  change(changes) {
    this.settings = { ...this.settings, ...changes };
    writeSettings(this.settings);
    this.controls.show(this.settings, this.scores);
    const drawnOnly = Object.keys(changes).every((name) => name === "smoothing");
    if ("axis" in changes || "logarithmic" in changes) this.rebuild();
    if (drawnOnly) this.draw();
    else this.read();
  }

  async read() {
    const asked = (this.asked += 1);
    const { runs } = this.settings;
    try {
      const [points, scores] = await Promise.all([
        Promise.all(runs.map((run) => readMeasure(run, this.settings))),
        Promise.all(runs.map(scoresOf)),
      ]);
      if (asked !== this.asked) return; // something else is asked for by now
      this.readings = runs.map((run, place) => ({ run, place, points: points[place] }));
      this.scores = [...new Set(scores.flat().map(({ name }) => name))].sort();
      sayIn(byId("compare-answer"), this.hint);
    } catch (error) {
      sayIn(byId("compare-answer"), `The comparison cannot be read: ${error.message}`);
    }
    this.controls.show(this.settings, this.scores);
    this.draw();
  }

  get hint() {
    if (this.settings.runs.length !== 1) return "";
    return this.numRuns === 1
      ? "There is no other run yet to compare it with."
      : "Choose more runs to compare it with.";
  }

  // Another axis or scale is another chart.
  rebuild() {
    this.card?.remove();
    this.card = null;
  }

  draw() {
    this.card ??= this.newCard();
    const furthest = (this.readings ?? []).flatMap(({ points }) => points.map(({ x }) => x));
    if (this.settings.zoom === null) this.axis.grow(furthest.reduce((most, x) => Math.max(most, x), 1));
    this.card.draw(comparePicture(this.readings, this.settings));
  }

  newCard() {
    const { axis, logarithmic, zoom } = this.settings;
    const onZoom = (part) => this.change({ zoom: part });
    this.axis = new Axis({ key: "compared", label: LABELS[axis], write: WRITERS[axis], zoom, onZoom });
    const y = { height: 320, text: (value) => decimal(value, 3), distribution: logarithmic ? LOGARITHMIC : 1 };
    const about = {
      title: "Runs over one another",
      caption: "Drag to zoom, double click for all.",
      file: "comparison",
    };
    const card = new ChartCard({ ...about, testId: "compare-chart", axis: this.axis, tooltip: this.tooltip, y });
    byId("compare-chart").replaceChildren(card.node);
    return card;
  }

  recolour() {
    this.card?.chart.forget();
    if (this.card !== null) this.draw();
  }
}

// The whole picture of one run: its parts, and how what is known is shown in each.

import { Axis } from "./charts/axis.js";
import { BenchmarkCards } from "./charts/benchmark_cards.js";
import { ChartCard } from "./charts/card.js";
import { lossAxis, lossPicture } from "./charts/losses.js";
import { Tooltip } from "./charts/tooltip.js";
import { weightsAxis, weightsPicture } from "./charts/weights.js";
import { Comparison } from "./compare/comparison.js";
import { SourceColours } from "./frame/colours.js";
import { byId } from "./frame/dom.js";
import { exportMenu } from "./frame/files.js";
import { Difference } from "./history/difference.js";
import { Events } from "./history/events.js";
import { VersionLog } from "./history/versions.js";
import { placeVersions } from "./shape/places.js";
import { compact } from "./shape/text.js";
import { SteerPanel } from "./steer/panel.js";
import { showNow } from "./views/now.js";
import { Proposals } from "./views/proposals.js";
import { Sources } from "./views/sources.js";

const WAITING = { why: "Reading the curves …" };

export class Page {
  constructor(state, { runs, events, onZoom, onEventsOpen }) {
    this.state = state;
    this.scheduled = false;
    this.axis = new Axis({ key: "tokens", label: "Tokens", write: compact, zoom: state.range, onZoom });
    this.tooltip = new Tooltip(byId("tooltip"));
    this.weights = this.card("weights", {
      title: "Weights",
      caption: "Areas: requested. Lines, and in brackets: what the batches really held.",
      y: weightsAxis,
    });
    this.benchmarks = new BenchmarkCards(byId("benchmarks"), (about) => this.newCard(about));
    this.loss = this.card("loss", {
      title: "Training loss",
      caption: "Nats a token, all and by source; shaded: smallest to largest.",
      y: lossAxis,
    });
    this.events = new Events(byId("event-rows"), events, { run: state.name, onOpen: onEventsOpen });
    this.runs = runs;
    this.parts = null;
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.recolour());
  }

  card(key, { title, caption, y }) {
    const card = this.newCard({ title, caption, y, testId: `${key}-chart`, file: `${this.state.name}-${key}` });
    byId(key).append(card.node);
    return card;
  }

  newCard(about) {
    return new ChartCard({ ...about, axis: this.axis, tooltip: this.tooltip });
  }

  get eventsOpen() {
    return this.events.open;
  }

  recolour() {
    [this.weights, this.loss, ...this.benchmarks.all].forEach((card) => card.chart.forget());
    this.parts?.comparison.recolour();
    this.show();
  }

  // Draws with the next frame, once, however often it is asked before.
  show() {
    if (this.scheduled || !this.state.complete) return;
    this.scheduled = true;
    requestAnimationFrame(() => {
      this.scheduled = false;
      this.draw();
    });
  }

  draw() {
    const { state } = this;
    const isFirst = this.parts === null;
    this.parts ??= this.makeParts();
    const { colours, sources, steer, proposals, versions, difference } = this.parts;
    showNow(byId("figures"), state);
    this.drawCharts(colours);
    sources.show(state);
    steer.follow();
    proposals.show();
    versions.show();
    difference.show();
    this.events.show();
    if (isFirst) byId(location.hash.slice(1))?.scrollIntoView(); // until now there was nothing to go to
  }

  drawCharts(colours) {
    const { state, axis } = this;
    const places = placeVersions(state.versions, state.run.tokens_per_step, state.newestTokens);
    axis.grow(state.newestTokens);
    this.weights.draw(state.curves === null ? WAITING : weightsPicture(state, colours, places));
    this.benchmarks.draw(state, colours, places);
    this.loss.draw(state.curves === null ? WAITING : lossPicture(state, colours, places));
  }

  // What needs the run to be known, or waits until what comes first has been drawn.
  makeParts() {
    const { state } = this;
    const colours = new SourceColours(state.sources);
    const sources = new Sources(byId("source-rows"), colours);
    byId("sources-export").append(exportMenu(`${state.name}-sources`, { rows: () => sources.rows }));
    return {
      colours,
      sources,
      steer: new SteerPanel(state, colours),
      proposals: new Proposals(state),
      versions: new VersionLog(byId("version-rows"), state, colours),
      difference: new Difference(state, colours),
      comparison: new Comparison(this.runs, state.name, this.tooltip),
    };
  }
}

// The whole picture of one run: its parts, and how what is known is shown in each.

import { benchmarkAxis, bitsPerBytePicture, scoresPicture } from "./benchmark_charts.js";
import { Chart, TokenAxis } from "./charts.js";
import { SourceColours } from "./colours.js";
import { byId } from "./dom.js";
import { showHistory } from "./history.js";
import { lossAxis, lossPicture } from "./loss_chart.js";
import { showNow } from "./now.js";
import { placeVersions } from "./series.js";
import { showSources } from "./sources.js";
import { offerCopy, showSteer } from "./steer.js";
import { Tooltip } from "./tooltip.js";
import { weightsAxis, weightsPicture } from "./weights_chart.js";

export class Page {
  constructor() {
    this.axis = new TokenAxis();
    const tooltip = new Tooltip(byId("tooltip"));
    const chart = (id, y, picture) => ({ chart: new Chart(byId(id), this.axis, tooltip, y), picture });
    this.charts = [
      chart("weights-chart", weightsAxis, weightsPicture),
      chart("loss-chart", lossAxis, lossPicture),
      chart("bits-per-byte-chart", benchmarkAxis, bitsPerBytePicture),
      chart("benchmarks-chart", benchmarkAxis, scoresPicture),
    ];
    this.state = null;
    this.scheduled = false;
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.recolour());
    offerCopy(byId("copy"), byId("steer-command"), byId("copied"));
  }

  show(state) {
    this.state = state;
    this.drawSoon();
  }

  recolour() {
    this.charts.forEach(({ chart }) => chart.forget());
    this.drawSoon();
  }

  // Draws with the next frame, once, however often it is asked before.
  drawSoon() {
    if (this.scheduled || !this.state?.complete) return;
    this.scheduled = true;
    requestAnimationFrame(() => {
      this.scheduled = false;
      this.draw(this.state);
    });
  }

  draw(state) {
    const colours = new SourceColours(state.sources);
    const places = placeVersions(state.versions, state.run.tokens_per_step, state.newestTokens);
    this.axis.grow(state.newestTokens);
    this.charts.forEach(({ chart, picture }) => chart.draw(picture(state, colours, places)));
    showNow(byId("now"), state);
    showSources(byId("sources"), state, colours);
    showSteer(byId("steer-command"), state);
    showHistory(byId("history"), state, colours);
  }
}

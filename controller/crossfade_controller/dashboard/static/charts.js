// The frame all charts share: one token axis, linked cursors and zoom, version markers, and a reason when it is empty.

import uPlot from "./vendor/uplot/uPlot.esm.js";
import { themeColour } from "./colours.js";
import { empty } from "./dom.js";
import { Markers } from "./markers.js";
import { compact } from "./text.js";

const HEIGHT_PIXELS = 180;
const AXIS_HEIGHT_PIXELS = 28;
const AXIS_WIDTH_PIXELS = 52; // the same on every chart, so that equal tokens stand one above the other

// The part of the token axis that is shown: all of it, until somebody drags over a chart.
export class TokenAxis {
  constructor() {
    this.newestTokens = 1;
    this.zoom = null;
    this.charts = [];
  }

  get range() {
    return this.zoom ?? { min: 0, max: this.newestTokens };
  }

  grow(tokens) {
    this.newestTokens = Math.max(1, tokens);
  }

  noteZoom({ min, max }) {
    this.zoom = min === 0 && max === this.newestTokens ? null : { min, max };
  }

  showAll() {
    this.zoom = null;
    this.charts.forEach((chart) => chart.applyRange());
  }
}

export class Chart {
  // `y`: {range, text}, as uPlot's scale range and a function that writes one value.
  constructor(host, axis, tooltip, y) {
    Object.assign(this, { host, axis, tooltip, y, plot: null, markers: null, shape: null });
    axis.charts.push(this);
    new ResizeObserver(() => this.plot?.setSize(this.size)).observe(host);
  }

  // `picture`: {series, bands, data, hooks, places, why}; `why` says why there is nothing to see, where that is so.
  draw(picture) {
    this.picture = picture;
    const shape = picture.why ?? JSON.stringify(picture.series.map((series) => series.label));
    if (shape !== this.shape) {
      this.shape = shape;
      this.build();
      return;
    }
    if (picture.why) return;
    this.plot.setData(picture.data, false);
    this.plot.setLegend({ idx: this.plot.cursor.idx });
    this.applyRange();
    this.markers.place(picture.places);
  }

  // Has the next picture built from nothing, in colours that may have changed.
  forget() {
    this.shape = null;
  }

  build() {
    this.plot?.destroy();
    this.plot = null;
    if (this.picture.why) {
      this.host.replaceChildren(empty(this.picture.why));
      return;
    }
    this.host.replaceChildren();
    this.plot = new uPlot(this.options, this.picture.data, this.host);
    this.markers = new Markers(this.plot, this.tooltip);
    this.markers.place(this.picture.places);
    makeLegendReachable(this.plot);
  }

  applyRange() {
    this.plot?.setScale("x", this.axis.range);
  }

  get size() {
    return { width: this.host.clientWidth, height: HEIGHT_PIXELS };
  }

  get options() {
    const { series, bands = [], hooks = {} } = this.picture;
    return {
      ...this.size,
      padding: [16, 12, 0, 0],
      scales: { x: { time: false, auto: false, ...this.axis.range }, y: { range: this.y.range } },
      axes: [
        { ...axisStyle(), values: (_, splits) => splits.map(compact), size: AXIS_HEIGHT_PIXELS, space: 70 },
        { ...axisStyle(), values: (_, splits) => splits.map(this.y.text), size: AXIS_WIDTH_PIXELS },
      ],
      series: [{ label: "Tokens", value: (_, tokens) => (tokens === null ? "newest" : compact(tokens)) }, ...series],
      bands,
      cursor: {
        y: false,
        sync: { key: "tokens", scales: ["x", null], setSeries: false },
        bind: { dblclick: () => () => this.axis.showAll() },
      },
      hooks: {
        ...hooks,
        setScale: [(plot, scale) => scale === "x" && this.axis.noteZoom(plot.scales.x)],
        draw: [() => this.markers?.move()],
      },
    };
  }
}

// The value under the cursor, or the newest one.
export function valueAt(column, row) {
  return row === null ? column.findLast((value) => typeof value === "number") : column[row];
}

// A column that is drawn through others (a band, whiskers) and gets no line and no row in the legend of its own.
export const unlisted = (label) => ({ label, class: "unlisted", width: 0, points: { show: false } });

function axisStyle() {
  const line = { stroke: themeColour("line"), width: 1 };
  return { stroke: themeColour("quiet"), font: "12px system-ui, sans-serif", grid: line, ticks: line };
}

function makeLegendReachable(plot) {
  for (const label of plot.root.querySelectorAll(".u-series:not(.unlisted):not(:first-child) th")) {
    label.tabIndex = 0;
    label.title = "Show or hide";
    label.addEventListener("keydown", (event) => event.key === "Enter" && label.click());
  }
}

// The frame all charts have: a shared x axis, linked cursors and zoom, version markers, and a reason when it is empty.

import { empty } from "../frame/dom.js";
import { themeColour } from "../frame/colours.js";
import uPlot from "../vendor/uplot/uPlot.esm.js";
import { makeReachable } from "./keyboard.js";
import { drawLevels, rangeWith } from "./levels.js";
import { Markers } from "./markers.js";

const AXIS_HEIGHT_PIXELS = 28;
const AXIS_WIDTH_PIXELS = 52; // the same on every chart, so that equal places stand one above the other
const MARKER_LABEL_PIXELS = 16;
const LEGEND_PIXELS = 26;

export class Chart {
  // `y`: {text, range, distribution, height}: a function that writes one value, and where it matters uPlot's scale
  // range and distribution and the height in pixels.
  constructor(host, axis, tooltip, y) {
    Object.assign(this, { host, axis, tooltip, y, plot: null, markers: null, shape: null, picture: null });
    axis.charts.add(this);
    host.style.minHeight = `${y.height + LEGEND_PIXELS}px`; // what follows stays where it is once this is drawn
    this.resizing = new ResizeObserver(() => this.plot?.setSize(this.size));
    this.resizing.observe(host);
    makeReachable(this);
  }

  // `picture`: {series, bands, data, hooks, levels, places, rows, why}; `why` says why there is nothing to see, where
  // that is so, `levels` are lines across, and `rows` gives what is shown as a list of plain objects.
  draw(picture) {
    this.picture = picture;
    const shape = picture.why ?? JSON.stringify([picture.series.map(({ label }) => label), picture.levels]);
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

  remove() {
    this.axis.charts.delete(this);
    this.resizing.disconnect();
    this.plot?.destroy();
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
    return { width: this.host.clientWidth, height: this.y.height };
  }

  get options() {
    const { series, bands = [], hooks = {}, levels } = this.picture;
    const { axis, y } = this;
    return {
      ...this.size,
      padding: [MARKER_LABEL_PIXELS, 12, 0, 0],
      scales: {
        x: { time: false, auto: false, ...axis.range },
        y: { range: y.range ?? (levels && rangeWith(levels)), distr: y.distribution ?? 1 },
      },
      axes: [
        { ...axisStyle(), values: (_, splits) => splits.map(axis.write), size: AXIS_HEIGHT_PIXELS, space: 70 },
        { ...axisStyle(), values: (_, splits) => splits.map(y.text), size: AXIS_WIDTH_PIXELS },
      ],
      series: [{ label: axis.label, value: (_, place) => (place === null ? "newest" : axis.write(place)) }, ...series],
      bands,
      cursor: {
        y: false,
        sync: { key: axis.key, scales: ["x", null], setSeries: false },
        bind: { dblclick: () => () => axis.showAll() },
      },
      hooks: {
        ...hooks,
        setScale: [(plot, scale) => scale === "x" && axis.noteZoom(plot.scales.x)],
        draw: [(plot) => drawLevels(plot, levels ?? []), () => this.markers?.move()],
      },
    };
  }
}

// The value under the cursor, or the newest one.
export function valueAt(column, row) {
  return row === null ? column.findLast((value) => typeof value === "number") : column[row];
}

// A column that is drawn through others (a band) and gets no line and no row in the legend of its own.
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

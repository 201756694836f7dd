// Scores of checkpoints over tokens, one line a measure, with whiskers of one standard error.

import { unlisted, valueAt } from "./charts.js";
import { aligned, benchmarkCurves } from "./series.js";
import { decimal } from "./text.js";

export const benchmarkAxis = { range: undefined, text: (value) => decimal(value, 2) };

const BITS_PER_BYTE = "bits_per_byte";

export function bitsPerBytePicture(state, colours, places) {
  const results = state.benchmarks.filter(({ metric }) => metric === BITS_PER_BYTE);
  const label = ({ source, task }) => source ?? task;
  return picture(results, { colours, places, label, write: decimal, nothing: "No bits per byte yet" });
}

// A task scored both with and without normalised lengths is shown once, normalised.
export function scoresPicture(state, colours, places) {
  const normalised = new Set(state.benchmarks.filter(({ metric }) => metric === "acc_norm").map(({ task }) => task));
  const results = state.benchmarks.filter(
    ({ metric, task }) => metric !== BITS_PER_BYTE && !(metric === "acc" && normalised.has(task)),
  );
  const label = ({ source, task, metric }) => `${source ?? task} (${metric})`;
  return picture(results, { colours, places, label, write: decimal, nothing: "No benchmark scores yet" });
}

function picture(results, { colours, places, label, write, nothing }) {
  if (results.length === 0) return { why: `${nothing}: the evaluator posts them after the first checkpoint.` };
  const curves = benchmarkCurves(results);
  return {
    data: aligned(curves.map(({ points }) => points), curves.map(() => ["mean", "low", "high"])),
    series: curves.flatMap((curve) => [line(curve, { colours, label, write }), unlisted("low"), unlisted("high")]),
    hooks: { drawSeries: [drawWhiskers] },
    places,
  };
}

function line(curve, { colours, label, write }) {
  const stroke = colours.colour(curve.source);
  return {
    label: label(curve),
    stroke,
    width: 1.5,
    dash: colours.dash(curve.source),
    points: { show: true, size: 6, fill: stroke },
    value: (plot, _, column, row) => {
      const value = valueAt(plot.data[column], row);
      const error = valueAt(plot.data[column + 2], row) - value;
      return error > 0 ? `${write(value)} ± ${write(error)}` : write(value);
    },
  };
}

function drawWhiskers(plot, column) {
  const series = plot.series[column];
  if (!series.show || series.class === "unlisted") return;
  const [x, low, high] = [plot.data[0], plot.data[column + 1], plot.data[column + 2]];
  const context = plot.ctx;
  context.save();
  context.strokeStyle = series.stroke(plot, column);
  context.lineWidth = devicePixelRatio;
  context.beginPath();
  for (let row = plot.series[0].idxs[0]; row <= plot.series[0].idxs[1]; row += 1) {
    if (typeof low[row] !== "number" || low[row] === high[row]) continue;
    const across = Math.round(plot.valToPos(x[row], "x", true));
    context.moveTo(across, plot.valToPos(low[row], "y", true));
    context.lineTo(across, plot.valToPos(high[row], "y", true));
  }
  context.stroke();
  context.restore();
}

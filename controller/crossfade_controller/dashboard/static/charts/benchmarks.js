// Scores of checkpoints over tokens, one line a measure, in a band of one standard error to either side; and what they
// are meant to reach, as dashed lines across.

import { faint, otherLine } from "../frame/colours.js";
import { aligned } from "../shape/series.js";
import { scoreCurves, withoutDoubles, withTargets } from "../shape/scores.js";
import { decimal } from "../shape/text.js";
import { unlisted, valueAt } from "./chart.js";

const BAND_SHARE = 0.18;

export const benchmarkAxis = { height: 170, text: (value) => decimal(value, 2) };

// `results` are the scores of one chart and `targets` all the run's; lines that belong to a source have its colour.
export function scoresPicture(results, targets, colours, places) {
  const curves = withTargets(scoreCurves(withoutDoubles(results)), targets);
  const looks = looksOf(curves, colours);
  return {
    data: aligned(
      curves.map(({ points }) => points),
      curves.map(() => ["mean", "low", "high"]),
    ),
    series: curves.flatMap((curve, index) => [line(curve, looks[index]), unlisted("low"), unlisted("high")]),
    bands: looks.map(({ stroke }, index) => ({
      series: [3 * index + 3, 3 * index + 2],
      fill: faint(stroke, BAND_SHARE),
    })),
    levels: levelsOf(curves, looks),
    hooks: { drawSeries: [drawWhiskers] },
    places,
    rows: () => curves.flatMap(rowsOf),
  };
}

// Measures of one source share its colour; a dash tells the second from the first.
function looksOf(curves, colours) {
  const ofSource = new Map();
  let others = 0;
  return curves.map(({ source }) => {
    if (!colours.has(source)) return otherLine(others++);
    const earlier = ofSource.get(source) ?? 0;
    ofSource.set(source, earlier + 1);
    return { stroke: colours.colour(source), dash: earlier === 0 ? colours.dash(source) : [4, 4] };
  });
}

function line(curve, { stroke, dash }) {
  return {
    label: labelOf(curve),
    stroke,
    width: 1.5,
    dash,
    points: { show: true, size: 6, fill: stroke },
    value: (plot, _, column, row) => {
      const value = valueAt(plot.data[column], row);
      const error = valueAt(plot.data[column + 2], row) - value;
      const goal = curve.target === null ? "" : `, target ${decimal(curve.target)}`;
      return `${error > 0 ? `${decimal(value)} ± ${decimal(error)}` : decimal(value)}${goal}`;
    },
  };
}

// A target stands once, however many measures of its task there are.
function levelsOf(curves, looks) {
  const levels = new Map();
  curves.forEach(({ task, metric, target }, index) => {
    const key = `${task} ${metric}`;
    if (target === null || levels.has(key)) return;
    levels.set(key, { value: target, stroke: looks[index].stroke, text: `target of ${task}` });
  });
  return [...levels.values()];
}

// Scores on held-out text of a source are told by the source they measure.
const labelOf = ({ source, metric, name }) => (source ? `${source}, held out (${metric})` : name);

// Whiskers tell the error of a lone checkpoint, where a band has no width yet.
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

const rowsOf = ({ task, metric, source, target, points }) =>
  points.map(({ x, step, mean, high }) => ({
    tokens: x,
    step,
    task,
    metric,
    source: source ?? null,
    value: mean,
    stderr: high - mean,
    target,
  }));

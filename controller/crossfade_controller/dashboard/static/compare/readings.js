// One measure of one run, on the axis it is compared on, as [{x, step, mean}, …].

import { pathOfRun, readCurves } from "../data/api.js";
import { readAll } from "../data/paged.js";
import { clockOf } from "../shape/compare.js";
import { scoreCurves } from "../shape/scores.js";

const NUM_POINTS = 500;
export const CURVES = {
  loss: "Training loss",
  learning_rate: "Learning rate",
  gradient_norm: "Gradient norm",
  step_seconds: "Seconds a step",
  mfu: "Model FLOPs utilisation",
};

export const isCurve = (measure) => measure in CURVES || measure.startsWith("source_loss/");

// `zoom` is the part that is looked at; time is reckoned from steps, so a part of it is cut out of the whole.
export async function readMeasure(run, { measure, axis, zoom }) {
  const points = isCurve(measure) ? await readCurve(run, measure, axis, zoom) : await readScores(run, measure, axis);
  if (axis !== "time") return points;
  const { step_seconds: seconds } = await readCurves(run, ["step_seconds"], { points: NUM_POINTS, axis: "step" });
  const clock = clockOf(seconds);
  return points.map((point) => ({ ...point, x: clock(point.step) }));
}

async function readCurve(run, measure, axis, zoom) {
  const part = axis === "time" ? { axis: "step" } : { axis, range: zoom };
  return (await readCurves(run, [measure], { points: NUM_POINTS, ...part }))[measure];
}

async function readScores(run, measure, axis) {
  const curve = (await scoresOf(run)).find(({ name }) => name === measure);
  return (curve?.points ?? []).map((point) => ({ ...point, x: axis === "step" ? point.step : point.x }));
}

// The scores of a run as curves, each with the `name` that says what it measures.
export async function scoresOf(run) {
  return scoreCurves(await readAll(`${pathOfRun(run)}/benchmarks`));
}

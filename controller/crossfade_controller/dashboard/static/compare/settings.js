// What is compared and how, as it stands in the address.

import { parameter, rangeParameter, rangeText, setParameters } from "../frame/address.js";

export const MOST_RUNS = 10;
export const AXES = ["tokens", "step", "time"];

// `runs` are the names there are; `current` is compared when the address says nothing.
export function readSettings(runs, current) {
  const asked = (parameter("compare") ?? current).split(",");
  const axis = parameter("x");
  const smoothing = Number(parameter("smoothing") ?? 0);
  return {
    runs: asked.filter((name) => runs.includes(name)).slice(0, MOST_RUNS),
    measure: parameter("measure") ?? "loss",
    axis: AXES.includes(axis) ? axis : AXES[0],
    smoothing: smoothing > 0 && smoothing < 1 ? smoothing : 0,
    logarithmic: parameter("scale") === "log",
    zoom: rangeParameter("compared"),
  };
}

export function writeSettings({ runs, measure, axis, smoothing, logarithmic, zoom }) {
  setParameters({
    compare: runs.join(","),
    measure: measure === "loss" ? null : measure,
    x: axis === AXES[0] ? null : axis,
    smoothing: smoothing > 0 ? smoothing : null,
    scale: logarithmic ? "log" : null,
    compared: rangeText(zoom),
  });
}

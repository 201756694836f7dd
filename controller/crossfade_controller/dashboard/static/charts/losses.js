// Training loss over tokens: of all batches, with what each bucket of steps ranged over, and of each source.

import { themeColour } from "../frame/colours.js";
import { aligned } from "../shape/series.js";
import { decimal } from "../shape/text.js";
import { unlisted, valueAt } from "./chart.js";

export const lossAxis = { height: 190, text: (loss) => decimal(loss, 2) };

export function lossPicture(state, colours, places) {
  const loss = state.curves.loss ?? [];
  if (loss.length === 0) return { why: "No step has been reported yet: curves begin with a worker's first reports." };
  const sources = [...state.sources].sort();
  const bySource = sources.map((source) => state.curves[`source_loss/${source}`] ?? []);
  return {
    data: aligned([loss, ...bySource], [["max", "min", "mean"], ...sources.map(() => ["mean"])]),
    series: [
      unlisted("largest"),
      unlisted("smallest"),
      line("all", themeColour("text"), 2, []),
      ...sources.map((source) => line(source, colours.colour(source), 1.5, colours.dash(source))),
    ],
    bands: [{ series: [1, 2], fill: themeColour("shade") }],
    places,
    rows: () => [...rowsOf("all", loss), ...sources.flatMap((source, index) => rowsOf(source, bySource[index]))],
  };
}

function line(label, stroke, width, dash) {
  const value = (plot, _, column, row) => decimal(valueAt(plot.data[column], row));
  return { label, stroke, width, dash, value };
}

const rowsOf = (curve, points) =>
  points.map(({ x, step, mean, min, max }) => ({ tokens: x, step, curve, mean, min, max }));

// Requested weights as a stack of areas that changes in steps, and over each edge a line where the batches put it.

import { faint, themeColour } from "../frame/colours.js";
import { realisedWindows, stacked, weightColumns } from "../shape/series.js";
import { percent } from "../shape/text.js";
import uPlot from "../vendor/uplot/uPlot.esm.js";
import { unlisted, valueAt } from "./chart.js";

const AREA_SHARE = 0.55;

export const weightsAxis = { height: 230, range: [0, 1], text: (share) => `${Math.round(share * 100)} %` };

export function weightsPicture(state, colours, places) {
  const sources = [...state.sources].sort();
  const applied = places.flatMap(({ tokens, versions }) =>
    versions.filter(({ state: stage }) => stage === "applied").map(({ weights }) => ({ tokens, weights })),
  );
  if (applied.length === 0) return { why: "No mixture is in force yet: the first one is when training begins." };
  const windows = realisedWindows(state.consumed, sources, { whole: state.range === null });
  const columns = weightColumns(applied, windows, sources, state.newestTokens);
  const { x, requested, realised } = columns;
  return {
    data: [x, ...stacked(requested), ...stacked(realised)],
    series: [
      ...sources.map((source, index) => area(source, index, sources.length, colours)),
      ...sources.map((source, index) => edge(source, index)),
    ],
    bands: sources.slice(1).map((_, index) => ({ series: [index + 1, index + 2] })),
    places,
    rows: () => rowsOf(columns, sources),
  };
}

function area(source, index, numSources, colours) {
  return {
    label: source,
    stroke: colours.colour(source),
    width: 1,
    fill: faint(colours.colour(source), AREA_SHARE),
    paths: uPlot.paths.stepped({ align: 1 }),
    points: { show: false },
    value: (plot, _, column, row) => {
      const requested = layer(plot.data, column, row, index, numSources);
      const realised = layer(plot.data, column + numSources, row, index, numSources);
      return `${percent(requested)} (${percent(realised)})`;
    },
  };
}

// The topmost edge is always 1 and is left out.
function edge(source, index) {
  const line = { stroke: themeColour("text"), width: 1.5, paths: uPlot.paths.stepped({ align: -1 }) };
  return { ...unlisted(`${source}, realised`), ...(index === 0 ? {} : line) };
}

// One source's own share, out of the sums that the chart draws.
function layer(data, column, row, index, numSources) {
  const sum = valueAt(data[column], row);
  const below = index === numSources - 1 ? 0 : valueAt(data[column + 1], row);
  return typeof sum === "number" ? sum - below : null;
}

function rowsOf({ x, requested, realised }, sources) {
  return x.flatMap((tokens, row) =>
    sources.map((source, index) => ({
      tokens,
      source,
      requested: requested[index][row],
      realised: realised[index][row],
    })),
  );
}

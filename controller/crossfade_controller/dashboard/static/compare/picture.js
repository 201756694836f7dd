// Runs over one another: a line each, its raw course faint beneath where it is smoothed.

import { faint, otherLine } from "../frame/colours.js";
import { aligned } from "../shape/series.js";
import { drawable, smoothed } from "../shape/compare.js";
import { decimal } from "../shape/text.js";
import { unlisted, valueAt } from "../charts/chart.js";

const RAW_SHARE = 0.3;

// `readings` are [{run, points}, …]; null until they are read.
export function comparePicture(readings, { smoothing, logarithmic, measure }) {
  if (readings === null) return { why: "The runs are read once this is in sight." };
  const found = readings.filter(({ points }) => points.length > 0);
  if (readings.length === 0) return { why: "Choose the runs to lay over one another." };
  if (found.length === 0) return { why: "None of the chosen runs has this measure yet." };
  const curves = found.map(({ points }) => prepared(points, { smoothing, logarithmic }));
  return {
    data: aligned(
      curves,
      curves.map(() => ["raw", "smooth"]),
    ),
    series: found.flatMap(({ run, place }) => {
      const look = otherLine(place);
      const raw = { ...unlisted(`${run}, raw`), stroke: faint(look.stroke, RAW_SHARE), width: smoothing > 0 ? 1 : 0 };
      return [
        raw,
        {
          label: run,
          width: 1.5,
          ...look,
          value: (plot, _, column, row) => decimal(valueAt(plot.data[column], row), 4),
        },
      ];
    }),
    places: [],
    rows: () =>
      found.flatMap(({ run }, index) =>
        curves[index].map(({ x, step, raw, smooth }) => ({ run, measure, x, step, value: raw, smoothed: smooth })),
      ),
  };
}

function prepared(points, { smoothing, logarithmic }) {
  const raw = points.map(({ mean }) => drawable(mean, logarithmic));
  const smooth = smoothed(raw, smoothing);
  return points.map(({ x, step }, index) => ({ x, step, raw: raw[index], smooth: smooth[index] }));
}

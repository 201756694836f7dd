// From what REST gives to the columns a chart draws. Pure: values in, values out.

// The shares between each two points of the curves of consumed tokens, as [{from, to, shares}, …]. Curves that are whole
// begin at no tokens; of a part, the first point is only what the second is compared with.
export function realisedWindows(consumed, sources, { whole = true } = {}) {
  const rows = rowsByX(consumed, sources);
  const windows = [];
  let before = whole ? { x: 0, values: sources.map(() => 0) } : rows.shift();
  for (const row of rows) {
    const taken = row.values.map((value, index) => value - before.values[index]);
    const total = taken.reduce((sum, value) => sum + value, 0);
    if (total > 0 && taken.every((value) => value >= 0)) {
      windows.push({ from: before.x, to: row.x, shares: taken.map((value) => value / total) });
    }
    before = row;
  }
  return windows;
}

// One row for each x that any source has; a source that was not in that batch keeps what it had.
function rowsByX(curves, sources) {
  const byX = new Map();
  sources.forEach((source, index) => {
    for (const point of curves[source] ?? []) {
      const values = byX.get(point.x) ?? [];
      values[index] = point.max;
      byX.set(point.x, values);
    }
  });
  let latest = sources.map(() => 0);
  return [...byX]
    .sort(([a], [b]) => a - b)
    .map(([x, values]) => {
      latest = latest.map((value, index) => values[index] ?? value);
      return { x, values: latest };
    });
}

// Requested and realised shares on one x, as {x, requested, realised}: a column of shares (or null) for each source.
export function weightColumns(applied, windows, sources, newestTokens) {
  const changes = [...applied].sort((a, b) => a.tokens - b.tokens);
  const edges = windows.flatMap((window) => [window.from, window.to]);
  const x = [...new Set([0, newestTokens, ...edges, ...changes.map((change) => change.tokens)])].sort((a, b) => a - b);
  const requestedAt = x.map((tokens) => changes.findLast((change) => change.tokens <= tokens)?.weights);
  let window = 0;
  const realisedAt = x.map((tokens) => {
    while (window < windows.length - 1 && windows[window].to < tokens) window += 1;
    const { from, to, shares } = windows[window] ?? { from: 1, to: 0 };
    return from <= tokens && tokens <= to ? shares : null;
  });
  return {
    x,
    requested: sources.map((source) => requestedAt.map((weights) => weights?.[source] ?? null)),
    realised: sources.map((_, index) => realisedAt.map((shares) => shares?.[index] ?? null)),
  };
}

// Sums from the last column up, so that the first source lies on top, as it does in the legend.
export function stacked(columns) {
  const sums = [];
  for (let index = columns.length - 1; index >= 0; index -= 1) {
    const below = sums[0];
    sums.unshift(columns[index].map((value, row) => (value === null ? null : value + (below ? below[row] : 0))));
  }
  return sums;
}

// Several curves [{x, …}, …] on one x; where a curve has no point it is `undefined`, which a line passes over.
export function aligned(curves, fields) {
  const x = [...new Set(curves.flatMap((curve) => curve.map((point) => point.x)))].sort((a, b) => a - b);
  const row = new Map(x.map((value, index) => [value, index]));
  const columns = curves.flatMap((curve, index) =>
    fields[index].map((field) => {
      const column = new Array(x.length).fill(undefined);
      for (const point of curve) column[row.get(point.x)] = point[field];
      return column;
    }),
  );
  return [x, ...columns];
}

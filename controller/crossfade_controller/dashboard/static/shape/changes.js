// What a version changed against the one it was made from, as [{name, before, after}, …]; the first has no `before`.
export function changesOf({ weights, base_weights: base }) {
  return Object.keys(weights)
    .sort()
    .map((name) => ({ name, before: base?.[name] ?? null, after: weights[name] }))
    .filter(({ before, after }) => before !== after);
}

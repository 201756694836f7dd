// The view lies in the address, so that a link hands it on: each part of it is a parameter.

export const parameter = (name) => new URLSearchParams(location.search).get(name);

// Gives [from, to] of a parameter like `1000-5000`, as {min, max}; null where it is absent or says no range.
export function rangeParameter(name) {
  const [, min, max] = /^(\d+)-(\d+)$/.exec(parameter(name) ?? "") ?? [];
  return Number(min) < Number(max) ? { min: Number(min), max: Number(max) } : null;
}

export const rangeText = (range) => (range === null ? null : `${Math.round(range.min)}-${Math.round(range.max)}`);

// Null takes a parameter away.
export function setParameters(changes) {
  const query = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(changes)) {
    if (value === null || value === "") query.delete(name);
    else query.set(name, value);
  }
  const text = query.size > 0 ? `?${query}` : "";
  history.replaceState(null, "", `${location.pathname}${text}${location.hash}`);
}

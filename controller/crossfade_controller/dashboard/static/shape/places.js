// Where versions stand on the token axis. Pure: values in, values out.

// As [{tokens, versions}, …] in order, newest version first in each. A version that was overtaken stands with the one
// that overtook it; one that waits stands at the newest token, where it is about to take effect.
export function placeVersions(versions, tokensPerStep, newestTokens) {
  const places = new Map();
  let tokens = newestTokens;
  for (const version of [...versions].sort((a, b) => b.version - a.version)) {
    if (version.state === "applied") tokens = version.effective_step * tokensPerStep;
    const place = places.get(tokens) ?? { tokens, versions: [] };
    place.versions.push(version);
    places.set(tokens, place);
  }
  return [...places.values()].sort((a, b) => a.tokens - b.tokens);
}

// Joins places that stand nearer to the first of their group than a distance, as [{left, versions}, …].
export function groupNear(places, distance) {
  const groups = [];
  for (const { left, versions } of places) {
    const group = groups.at(-1);
    if (group !== undefined && left - group.left < distance) group.versions.unshift(...versions);
    else groups.push({ left, versions: [...versions] });
  }
  return groups;
}

// "3", "3, 4" or "3–9".
export function rangeOfNumbers(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted.length > 2 ? `${sorted[0]}–${sorted.at(-1)}` : sorted.join(", ");
}

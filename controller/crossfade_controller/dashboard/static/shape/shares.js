// Shares that always sum to the whole, in parts a million. Pure: values in, values out.

export const WHOLE_PPM = 1_000_000;

// Gives the shares {name: ppm} after one of them is asked to be `wanted`. Locked ones stay. The others make room in
// proportion: first those that nobody set by hand (`held` are those that somebody did), then all that are not locked.
// A share that cannot be had in full is had as far as it goes.
export function withShare(shares, name, wanted, { locked, held, fallback }) {
  const others = Object.keys(shares).filter((other) => other !== name && !locked.has(other));
  const free =
    WHOLE_PPM -
    sumOf(
      shares,
      [...locked].filter((other) => other !== name),
    );
  const asked = Math.round(Math.min(Math.max(wanted, 0), free));
  const value = others.length === 0 ? free : asked;
  const loose = others.filter((other) => !held.has(other));
  const kept = others.filter((other) => held.has(other));
  const left = free - value - sumOf(shares, kept);
  const given =
    loose.length > 0 && left >= 0
      ? apportion(left, proportions(shares, loose, fallback))
      : { ...zeros(loose), ...apportion(free - value, proportions(shares, kept, fallback)) };
  return { ...shares, ...given, [name]: value };
}

// Divides a whole number in proportion, by largest remainders; ties go to the name that comes first.
export function apportion(total, proportions) {
  const names = Object.keys(proportions);
  const sum = sumOf(proportions, names);
  const exact = names.map((name) => ({ name, share: (total * proportions[name]) / sum }));
  const given = Object.fromEntries(exact.map(({ name, share }) => [name, Math.floor(share)]));
  const left = total - sumOf(given, names);
  exact
    .sort((a, b) => (b.share % 1) - (a.share % 1) || (a.name < b.name ? -1 : 1))
    .slice(0, left)
    .forEach(({ name }) => (given[name] += 1));
  return given;
}

// What shares to divide by: those they have, else those of the mixture in force, else equal ones.
function proportions(shares, names, fallback) {
  const pick = (from) => Object.fromEntries(names.map((name) => [name, from[name]]));
  const found = [shares, fallback].find((from) => sumOf(from, names) > 0);
  return found ? pick(found) : Object.fromEntries(names.map((name) => [name, 1]));
}

const zeros = (names) => Object.fromEntries(names.map((name) => [name, 0]));

const sumOf = (shares, names) => names.reduce((sum, name) => sum + shares[name], 0);

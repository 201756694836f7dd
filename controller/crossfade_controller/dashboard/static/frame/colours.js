// One colour a source, everywhere: places in the palette follow the sorted names of the run's sources. Sources have
// Okabe and Ito's palette; tasks and runs have Paul Tol's muted one (css/theme.css holds both, for light and dark), so
// that no line of another kind looks like a source. A dash pattern tells the rounds through a palette apart.

import { element } from "./dom.js";

const NUM_SOURCE_COLOURS = 8;
const NUM_OTHER_COLOURS = 8;
const DASHES = [[], [8, 4], [2, 3], [10, 3, 2, 3]];

export const themeColour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

const dashOfRound = (place, numColours) => DASHES[Math.floor(place / numColours) % DASHES.length];

export class SourceColours {
  constructor(sources) {
    this.places = new Map([...sources].sort().map((name, place) => [name, place]));
  }

  has(source) {
    return this.places.has(source);
  }

  colour(source) {
    const place = this.places.get(source);
    return themeColour(place === undefined ? "quiet" : `source-${place % NUM_SOURCE_COLOURS}`);
  }

  dash(source) {
    return dashOfRound(this.places.get(source) ?? 0, NUM_SOURCE_COLOURS);
  }

  className(source) {
    const place = this.places.get(source);
    return place === undefined ? "" : `source-${place % NUM_SOURCE_COLOURS}`;
  }

  label(source) {
    return element("span", { class: "source" }, element("span", { class: `swatch ${this.className(source)}` }), source);
  }
}

// The look of the n-th line that is no source.
export const otherLine = (place) => ({
  stroke: themeColour(`other-${place % NUM_OTHER_COLOURS}`),
  dash: dashOfRound(place, NUM_OTHER_COLOURS),
});

// The same colour, let through to `share` of it, for areas.
export const faint = (colour, share) => `color-mix(in srgb, ${colour} ${share * 100}%, transparent)`;

// One colour a source, everywhere: places in the palette follow the sorted names of the run's sources.
// The palette is Okabe and Ito's (page.css holds it, for light and dark); a dash pattern tells its rounds apart.

import { element } from "./dom.js";

const NUM_COLOURS = 8;
const DASHES = [[], [8, 4], [2, 3], [10, 3, 2, 3]];

const styles = () => getComputedStyle(document.documentElement);

export const themeColour = (name) => styles().getPropertyValue(`--${name}`).trim();

export class SourceColours {
  constructor(sources) {
    this.places = new Map([...sources].sort().map((name, place) => [name, place]));
  }

  colour(source) {
    const place = this.places.get(source);
    return themeColour(place === undefined ? "quiet" : `source-${place % NUM_COLOURS}`);
  }

  // The same colour, let through to `share` of it, for areas.
  area(source, share) {
    return `color-mix(in srgb, ${this.colour(source)} ${share * 100}%, transparent)`;
  }

  dash(source) {
    return DASHES[Math.floor((this.places.get(source) ?? 0) / NUM_COLOURS) % DASHES.length];
  }

  label(source) {
    const place = this.places.get(source);
    const swatch = element("span", { class: place === undefined ? "swatch" : `swatch source-${place % NUM_COLOURS}` });
    return element("span", { class: "source" }, swatch, source);
  }
}

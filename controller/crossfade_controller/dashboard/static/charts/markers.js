// The vertical markers of the mixture versions on one chart. They are buttons: hover, touch or focus tells who, what
// and why; the tab key reaches the newest, the arrow keys go on from there. Versions that stand too close for the eye
// share a marker until a zoom draws them apart.

import { element } from "../frame/dom.js";
import { groupNear, rangeOfNumbers } from "../shape/places.js";

const NEAR_PIXELS = 14;
const LETTER_PIXELS = 7;

export class Markers {
  constructor(plot, tooltip) {
    Object.assign(this, { plot, tooltip, places: [], groups: [] });
    this.layer = element("div", { class: "markers" });
    this.layer.addEventListener("keydown", (event) => this.step(event));
    plot.over.append(this.layer);
  }

  place(places) {
    this.places = places;
    this.move();
  }

  // Keeps the buttons that are there, so that new figures take neither focus nor pointer away from one.
  move() {
    const width = this.plot.over.clientWidth;
    const placed = this.places.map((place) => ({ ...place, left: this.plot.valToPos(place.tokens, "x") }));
    this.groups = groupNear(
      placed.filter(({ left }) => left >= -1 && left <= width + 1),
      NEAR_PIXELS,
    );
    while (this.layer.children.length > this.groups.length) this.layer.lastChild.remove();
    while (this.layer.children.length < this.groups.length) this.layer.append(this.button(this.layer.children.length));
    let free = -Infinity;
    this.groups.forEach((group, index) => {
      free = this.dress(this.layer.children[index], group, free);
      this.layer.children[index].tabIndex = index === this.groups.length - 1 ? 0 : -1;
    });
  }

  // Gives how far its label reaches; one that would run into the label before it is left out.
  dress(button, { left, versions }, free) {
    const name = rangeOfNumbers(versions.map(({ version }) => version));
    const half = ((name.length + 1) * LETTER_PIXELS) / 2;
    const fits = left - half >= free;
    button.dataset.label = fits ? `v${name}` : "";
    button.dataset.waits = versions.some(({ state }) => state === "accepted" || state === "published");
    button.setAttribute("aria-label", `Version ${name}`);
    button.style.left = `${left}px`;
    return fits ? left + half : free;
  }

  button(index) {
    const button = element("button", { type: "button", class: "marker", "data-testid": "marker" });
    const show = () => this.tooltip.show(button, this.groups[index].versions);
    const hide = () => this.tooltip.hide();
    button.addEventListener("mouseenter", show);
    button.addEventListener("focus", show);
    button.addEventListener("mouseleave", hide);
    button.addEventListener("blur", hide);
    return button;
  }

  step(event) {
    if (event.key === "Escape") this.tooltip.hide();
    const neighbour = { ArrowLeft: "previousElementSibling", ArrowRight: "nextElementSibling" }[event.key];
    event.target[neighbour]?.focus();
  }
}

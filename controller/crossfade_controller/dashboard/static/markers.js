// The vertical markers of the mixture versions on one chart. They are buttons: hover, touch or focus tells who, what
// and why; the tab key reaches the newest, the arrow keys go on from there.

import { element } from "./dom.js";

export class Markers {
  constructor(plot, tooltip) {
    this.plot = plot;
    this.tooltip = tooltip;
    this.places = [];
    this.layer = element("div", { class: "markers" });
    this.layer.addEventListener("keydown", (event) => this.step(event));
    plot.over.append(this.layer);
  }

  // Keeps the buttons that are there, so that new figures take neither focus nor pointer away from one.
  place(places) {
    this.places = places;
    while (this.layer.children.length > places.length) this.layer.lastChild.remove();
    while (this.layer.children.length < places.length) this.layer.append(this.button(this.layer.children.length));
    [...this.layer.children].forEach((button, index) => {
      const { versions } = places[index];
      const label = versions.map(({ version }) => version).sort((a, b) => a - b).join(", ");
      button.dataset.label = label;
      button.dataset.waits = versions.some(({ state }) => state === "accepted" || state === "published");
      button.setAttribute("aria-label", `Version ${label}`);
      button.tabIndex = index === places.length - 1 ? 0 : -1;
    });
    this.move();
  }

  move() {
    const width = this.plot.over.clientWidth;
    [...this.layer.children].forEach((button, index) => {
      const left = this.plot.valToPos(this.places[index].tokens, "x");
      button.hidden = !(left >= -1 && left <= width + 1);
      button.style.left = `${left}px`;
    });
  }

  button(index) {
    const button = element("button", { type: "button", class: "marker", "data-testid": "marker" });
    const show = () => this.tooltip.show(button, this.places[index].versions);
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

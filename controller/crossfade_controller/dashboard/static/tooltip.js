// Who, what and why of the versions at one marker.

import { element } from "./dom.js";
import { percent, progress } from "./text.js";

const GAP_PIXELS = 8;

export class Tooltip {
  constructor(box) {
    this.box = box;
  }

  show(anchor, versions) {
    this.box.replaceChildren(...versions.map(describe));
    this.box.hidden = false;
    anchor.setAttribute("aria-describedby", this.box.id);
    const at = anchor.getBoundingClientRect();
    const right = at.right + GAP_PIXELS;
    const fits = right + this.box.offsetWidth <= innerWidth;
    const left = fits ? right : Math.max(GAP_PIXELS, at.left - GAP_PIXELS - this.box.offsetWidth);
    const top = Math.max(GAP_PIXELS, Math.min(at.top, innerHeight - this.box.offsetHeight - GAP_PIXELS));
    this.box.style.left = `${left}px`;
    this.box.style.top = `${top}px`;
  }

  hide() {
    this.box.hidden = true;
  }
}

function describe(version) {
  return element(
    "article",
    {},
    element("strong", {}, `Version ${version.version}`),
    element("p", {}, progress(version)),
    element("ul", {}, ...changes(version).map((change) => element("li", {}, change))),
    element("p", {}, `${version.author}: ${version.reason}`),
  );
}

function changes({ weights, base_weights: before }) {
  return Object.entries(weights)
    .filter(([source, weight]) => weight !== before?.[source])
    .map(([source, weight]) => {
      const from = before ? `${percent(before[source])} → ` : "";
      return `${source} ${from}${percent(weight)}`;
    });
}

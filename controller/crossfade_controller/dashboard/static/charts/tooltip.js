// Who, what and why of the versions at one marker.

import { element } from "../frame/dom.js";
import { changesOf } from "../shape/changes.js";
import { percent, progress } from "../shape/text.js";

const GAP_PIXELS = 8;
const MOST_VERSIONS = 3;

export class Tooltip {
  constructor(box) {
    this.box = box;
  }

  show(anchor, versions) {
    const more = versions.length - MOST_VERSIONS;
    const rest = more > 0 ? [element("p", { class: "quiet" }, `and ${more} more: zoom in to tell them apart`)] : [];
    this.box.replaceChildren(...versions.slice(0, MOST_VERSIONS).map(describe), ...rest);
    this.box.hidden = false;
    anchor.setAttribute("aria-describedby", this.box.id);
    this.stand(anchor.getBoundingClientRect());
  }

  stand(at) {
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
  const changes = changesOf(version).map(({ name, before, after }) => {
    const from = before === null ? "" : `${percent(before)} → `;
    return element("li", {}, `${name} ${from}${percent(after)}`);
  });
  return element(
    "article",
    {},
    element("strong", {}, `Version ${version.version}`),
    element("p", {}, progress(version)),
    element("ul", {}, ...changes),
    element("p", {}, `${version.author}: ${version.reason}`),
  );
}

// How far the newest version has come, as it comes: accepted, published, applied.

import { element, sayIn, showEach } from "../frame/dom.js";
import { whole } from "../shape/text.js";

const WAITS_FOR = {
  accepted: "waiting for Redis",
  published: "waiting for the workers",
};

export class VersionState {
  constructor(host) {
    Object.assign(this, {
      host,
      name: element("strong"),
      way: element("span", { class: "way" }),
      rest: element("span"),
    });
    host.append(this.name, this.way, this.rest);
  }

  show(version) {
    this.host.dataset.version = version.version;
    this.host.dataset.state = version.state;
    sayIn(this.name, `Version ${version.version}`);
    showEach(this.way, stagesOf(version), (stage) => element("span", { class: "stage" }, stage));
    sayIn(this.rest, WAITS_FOR[version.state] ? ` … ${WAITS_FOR[version.state]}` : "");
  }
}

function stagesOf({ state, effective_step: step }) {
  if (state === "applied") return ["accepted", "published", `applied at step ${whole(step)}`];
  if (state === "published") return ["accepted", "published"];
  return [state];
}

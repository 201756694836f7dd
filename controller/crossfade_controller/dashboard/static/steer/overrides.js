// The rails an approver may set aside for one version, each by a box of its own.

import { element, showEach } from "../frame/dom.js";

export class Overrides {
  // `onChange` is told when somebody set a rail aside, or took that back.
  constructor(host, onChange) {
    Object.assign(this, { host, onChange, chosen: new Set(), found: [] });
  }

  clear() {
    this.chosen.clear();
  }

  // A rail that was just ticked or not keeps its box until the controller has answered to that.
  show({ allowed, preview }) {
    if (!preview.waiting) this.found = railsIn(preview.answer);
    const rails = allowed ? [...new Set([...this.chosen, ...this.found])].sort() : [];
    showEach(this.host, rails, (rail) => this.label(rail));
    for (const box of this.host.querySelectorAll("input")) box.checked = this.chosen.has(box.value);
  }

  label(rail) {
    const box = element("input", { type: "checkbox", value: rail, "data-testid": `override-${rail}` });
    box.addEventListener("change", () => {
      if (box.checked) this.chosen.add(rail);
      else this.chosen.delete(rail);
      this.onChange();
    });
    return element("label", {}, box, `Override ${rail.replaceAll("_", " ")}; it is kept with your name and reason`);
  }
}

function railsIn(answer) {
  return [...(answer?.guardrails ?? []), ...(answer?.problem?.guardrails ?? [])].map(({ rail }) => rail);
}

// One source in the steering panel: a slider, a number, a lock, and how far it is from the mixture in force.

import { element, sayIn } from "../frame/dom.js";
import { WHOLE_PPM } from "../shape/shares.js";
import { signedPoints } from "../shape/text.js";

const PPM_A_PERCENT = WHOLE_PPM / 100;
const SLIDER_STEP_PERCENT = 0.1;

export class SteerRow {
  // `onShare(ppm, from)` is told of a share somebody asks for, with the shares before the drag or the typing.
  constructor(name, colours, { draft, onShare, onLock }) {
    Object.assign(this, { name, draft, onShare, before: null });
    const range = { min: 0, max: 100 };
    this.slider = input({ type: "range", step: SLIDER_STEP_PERCENT, ...range, "aria-label": `${name}, slider` });
    this.number = input({
      type: "number",
      step: "any",
      ...range,
      inputmode: "decimal",
      "data-testid": `steer-${name}`,
    });
    this.number.setAttribute("aria-label", `${name}, per cent`);
    this.lock = input({ type: "checkbox", "aria-label": `Lock ${name}`, "data-testid": `lock-${name}` });
    this.change = element("span", { class: "change", "data-testid": `change-${name}` });
    this.slider.addEventListener("pointerdown", () => this.begin());
    this.number.addEventListener("focus", () => this.begin());
    for (const field of [this.slider, this.number]) {
      field.addEventListener("input", () => this.ask(field));
      field.addEventListener("change", () => this.end());
    }
    this.number.addEventListener("keydown", keepFromApplying);
    this.lock.addEventListener("change", onLock);
    this.node = element("li", { class: `steer-row ${colours.className(name)}` }, colours.label(name), this.slider);
    this.node.append(this.number, this.change, element("label", { class: "lock" }, this.lock, "lock"));
  }

  begin() {
    this.before = { ...this.draft.shares };
  }

  ask(field) {
    if (field.value === "" || !field.validity.valid) return;
    this.onShare(field.valueAsNumber * PPM_A_PERCENT, this.before ?? undefined);
  }

  end() {
    this.before = null;
    this.show({ typing: false });
  }

  // A number that is being typed is left as it is typed.
  show({ typing = document.activeElement === this.number } = {}) {
    const percent = this.draft.shares[this.name] / PPM_A_PERCENT;
    const locked = this.draft.locked.has(this.name);
    this.slider.value = percent;
    this.slider.style.setProperty("--at", `${percent}%`);
    this.slider.setAttribute("aria-valuetext", `${percent} per cent`);
    if (!typing || this.number.valueAsNumber === percent) this.number.value = percent;
    this.slider.disabled = this.number.disabled = locked;
    this.lock.checked = locked;
    sayIn(this.change, signedPoints(this.draft.change(this.name)));
    this.change.dataset.sign = Math.sign(Number(this.draft.change(this.name).toFixed(3)));
  }
}

const input = (attributes) => element("input", attributes);

// Enter ends the typing of a number; it does not apply what stands there.
const keepFromApplying = (event) => event.key === "Enter" && event.preventDefault();

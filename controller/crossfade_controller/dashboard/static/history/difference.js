// The difference of any two versions.

import { readDifference } from "../data/api.js";
import { byId, element, sayIn, showEach, table } from "../frame/dom.js";
import { percent, signedPoints } from "../shape/text.js";

const HEADINGS = ["Source", "From", "To", "Change"];

export class Difference {
  constructor(state, colours) {
    Object.assign(this, { state, colours, shown: null });
    const { whole, ...rest } = table("Difference of two versions", HEADINGS);
    this.table = rest;
    byId("difference").append(whole);
    for (const id of ["difference-base", "difference-version"]) byId(id).addEventListener("change", () => this.read());
  }

  // Offers the versions there are; what somebody chose stays chosen.
  show() {
    const numbers = this.state.versions.map(({ version }) => version);
    const chosen = ["difference-base", "difference-version"].map((id) => Number(byId(id).value));
    const [base, version] = chosen[0] ? chosen : [numbers[1] ?? numbers[0], numbers[0]];
    this.offer(byId("difference-base"), numbers, base);
    this.offer(byId("difference-version"), numbers, version);
    if (this.shown === null) this.read();
  }

  offer(select, numbers, chosen) {
    showEach(select, numbers, (number) => element("option", { value: number }, `version ${number}`));
    select.value = chosen;
  }

  async read() {
    const [base, version] = [byId("difference-base").value, byId("difference-version").value];
    this.shown = `${base}-${version}`;
    try {
      const { sources, total_variation: moved } = await readDifference(this.state.name, base, version);
      showEach(this.table.body, sources, (source) => this.row(source));
      sayIn(byId("difference-sum"), `${percent(moved)} of the mixture moved.`);
    } catch (error) {
      sayIn(byId("difference-sum"), `The difference cannot be read: ${error.message}`);
    }
  }

  row({ name, base, weight, change }) {
    return this.table.row({}, this.colours.label(name), percent(base), percent(weight), signedPoints(change));
  }
}

// What policies propose, and whether they may. Policies come with a later release: until one runs, this says so.

import { freezeRun, unfreezeRun } from "../data/api.js";
import { session } from "../data/session.js";
import { byId, sayIn } from "../frame/dom.js";
import { moment } from "../shape/text.js";

export class Proposals {
  constructor(state) {
    this.state = state;
    byId("freeze-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.turn();
    });
    session.addEventListener("change", () => this.show());
  }

  async turn() {
    const act = this.state.run.frozen ? unfreezeRun : freezeRun;
    try {
      await act(this.state.name, byId("freeze-reason").value.trim());
      byId("freeze-form").reset();
      sayIn(byId("freeze-answer"), "");
      await this.state.readRun();
      this.show();
    } catch (error) {
      sayIn(byId("freeze-answer"), `Nothing was changed: ${error.message}`);
    }
  }

  show() {
    const { frozen, mode } = this.state.run;
    sayIn(
      byId("policies"),
      frozen ? frozenText(frozen) : `No policy runs on this run (mode: ${mode}), so nothing waits for approval.`,
    );
    sayIn(byId("freeze"), frozen ? "Unfreeze" : "Freeze policies");
    byId("freeze-form").hidden = !session.may("operator", this.state.name);
  }
}

const frozenText = ({ by, at, reason }) => `Policies are frozen by ${by} since ${moment(at)}: ${reason}`;

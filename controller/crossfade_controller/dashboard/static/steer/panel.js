// The steering panel: shares that always sum to the whole, what they would do, a reason, and then apply.

import { session } from "../data/session.js";
import { byId, sayIn } from "../frame/dom.js";
import { offerCopy, showCommand } from "./command.js";
import { Draft } from "./draft.js";
import { ForecastTable } from "./forecast.js";
import { noteOf, obstacleOf } from "./obstacle.js";
import { Overrides } from "./overrides.js";
import { Preview } from "./preview.js";
import { SteerRow } from "./row.js";
import { failureText, Submission } from "./submission.js";
import { showVerdict, verdictOf } from "./verdict.js";
import { VersionState } from "./version_state.js";

const REASON_TO_COME = "why you do it";

export class SteerPanel {
  constructor(state, colours) {
    this.state = state;
    this.draft = new Draft(state.newestVersion);
    this.overrides = new Overrides(byId("overrides"), () => this.change(() => {}));
    this.preview = new Preview(state.name, () => this.show());
    this.submission = new Submission(state.name);
    this.versionState = new VersionState(byId("version-state"));
    this.forecast = new ForecastTable(byId("forecast"), colours);
    this.rows = this.draft.names.map((name) => this.rowOf(name, colours));
    byId("steer-rows").replaceChildren(...this.rows.map((row) => row.node));
    this.listen();
    byId("steer-body").hidden = false;
  }

  rowOf(name, colours) {
    return new SteerRow(name, colours, {
      draft: this.draft,
      onShare: (ppm, from) => this.change(() => this.draft.set(name, ppm, from)),
      onLock: () => this.change(() => this.draft.toggleLock(name)),
    });
  }

  listen() {
    byId("steer-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.apply();
    });
    byId("reason").addEventListener("input", () => this.show());
    byId("start-over").addEventListener("click", () => this.startFrom(this.state.newestVersion));
    byId("take-allowed").addEventListener("click", () =>
      this.change(() => this.draft.take(this.preview.answer.weights_ppm)),
    );
    byId("keep-mine").addEventListener("click", () => this.change(() => this.draft.rebase(this.state.newestVersion)));
    byId("undo").addEventListener("click", () => this.undo());
    session.addEventListener("change", () => this.show());
    offerCopy(byId("copy"), byId("steer-command"), byId("copied"));
  }

  // Changes the draft and asks what the controller would say to it.
  change(act) {
    act();
    if (this.draft.changed) this.preview.ask(this.request("preview"));
    else this.preview.forget();
    this.show();
  }

  startFrom(version) {
    this.overrides.clear();
    this.change(() => this.draft.begin(version));
  }

  // A new version replaces a draft in which nothing was changed; somebody's work waits for a decision.
  follow() {
    const { draft, state } = this;
    if (state.newestVersion.version > draft.base.version && !draft.changed) this.startFrom(state.newestVersion);
    this.show();
  }

  get reason() {
    return byId("reason").value.trim();
  }

  get overtaken() {
    return this.state.newestVersion.version > this.draft.base.version;
  }

  request(reason) {
    const rails = [...this.overrides.chosen];
    const override = rails.length > 0 ? { override: rails } : {};
    return { weights: this.draft.weights, reason, ...override };
  }

  async apply() {
    if (byId("apply").disabled) return;
    await this.send(() => this.submission.make(this.draft.base.version, this.request(this.reason)));
  }

  async undo() {
    const { version, base_version: before } = this.state.newestVersion;
    await this.send(() => this.submission.restore(version, before));
  }

  async send(send) {
    sayIn(byId("steer-answer"), "Sending …");
    const sent = send();
    this.show();
    try {
      const made = await sent;
      byId("reason").value = "";
      sayIn(byId("steer-answer"), `Version ${made.version} is made: ${made.reason}`);
      this.startFrom(made);
    } catch (error) {
      sayIn(byId("steer-answer"), failureText(error));
      this.show();
    }
  }

  show() {
    const { draft, preview, state } = this;
    const newest = state.newestVersion;
    const verdict = verdictOf(draft, preview);
    this.rows.forEach((row) => row.show());
    this.versionState.show(newest);
    showVerdict(byId("verdict"), verdict);
    byId("take-allowed").hidden = verdict.stage !== "changed" || !preview.fresh;
    this.overrides.show({ allowed: session.may("approver", state.name), preview });
    if (state.forecast !== null) {
      this.forecast.show(state.forecast, preview.answer?.forecast ?? null, state.tokensPerSecond);
    }
    showCommand(byId("steer-command"), state.name, draft.base.version, this.request(this.reason || REASON_TO_COME));
    this.showOvertaken(newest);
    this.showButtons(verdict, newest);
  }

  showOvertaken({ version, author, reason }) {
    byId("overtaken").hidden = !this.overtaken;
    sayIn(byId("overtaken-text"), `${author} made version ${version} meanwhile: ${reason}`);
  }

  showButtons({ stage }, newest) {
    const { overtaken, submission, draft } = this;
    const { fresh } = this.preview;
    const { running } = submission;
    const bar = session.barTo("operator", this.state.name);
    const obstacle = obstacleOf({ stage, fresh, overtaken, reason: this.reason, running, bar });
    byId("apply").disabled = obstacle !== null;
    sayIn(byId("apply-obstacle"), obstacle ?? noteOf(stage));
    byId("start-over").disabled = !draft.changed && !overtaken;
    byId("undo").hidden = newest.base_version === null || bar !== null;
    byId("undo").disabled = running;
    sayIn(byId("undo"), `Undo version ${newest.version}`);
  }
}

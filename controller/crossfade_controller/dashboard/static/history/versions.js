// Every version of the mixture, newest first: how far it came, what it changed, who made it and why; and the way back.

import { session } from "../data/session.js";
import { button, byId, element, sayIn, showEach, table } from "../frame/dom.js";
import { exportMenu } from "../frame/files.js";
import { changesOf } from "../shape/changes.js";
import { moment, percent, progress, signedPoints } from "../shape/text.js";
import { failureText, Submission } from "../steer/submission.js";

const HEADINGS = ["Version", "State", "Weights", "Who and why", "Restore"];
const ROWS_A_TIME = 25;

export class VersionLog {
  constructor(host, state, colours) {
    Object.assign(this, { state, colours, numShown: ROWS_A_TIME, submission: new Submission(state.name) });
    const { whole, ...rest } = table("Versions of the mixture", HEADINGS);
    this.table = rest;
    this.more = button("Show older versions", {}, () => {
      this.numShown += ROWS_A_TIME;
      this.show();
    });
    host.append(whole, this.more);
    byId("history-export").append(exportMenu(`${state.name}-versions`, { rows: () => state.versions.map(plain) }));
    session.addEventListener("change", () => this.show());
  }

  show() {
    const { versions, mixture } = this.state;
    const bar = session.barTo("operator", this.state.name);
    const items = versions.slice(0, this.numShown).map((version) => ({
      version,
      current: version.version === mixture.version,
      bar,
    }));
    showEach(this.table.body, items, (item) => this.row(item));
    this.more.hidden = versions.length <= this.numShown;
  }

  row({ version, current, bar }) {
    const stage = { "data-testid": `history-state-${version.version}`, "data-state": version.state };
    const changed = new Map(changesOf(version).map((change) => [change.name, change]));
    const names = Object.keys(version.weights).sort();
    const weights = names.map((name) => this.weight(name, version.weights[name], changed.get(name)));
    const time = element("time", { datetime: version.created_at }, moment(version.created_at));
    return this.table.row(
      { "data-testid": `version-${version.version}` },
      String(version.version),
      element("span", stage, progress(version)),
      element("ul", { class: "weights" }, ...weights),
      element("div", {}, element("strong", {}, version.author), " ", time, element("p", {}, version.reason)),
      current ? "newest" : this.restoreButton(version.version, bar),
    );
  }

  weight(name, share, change) {
    const by = change && change.before !== null ? ` (${signedPoints(change.after - change.before)})` : "";
    return element("li", {}, this.colours.label(name), ` ${percent(share)}${by}`);
  }

  restoreButton(number, bar) {
    const title = bar && `To restore, ${bar}`;
    const attributes = { "data-testid": `restore-${number}`, disabled: bar !== null, title };
    return button(`Restore ${number}`, attributes, () => this.restore(number));
  }

  async restore(number) {
    const answer = byId("history-answer");
    sayIn(answer, `Restoring version ${number} …`);
    try {
      const made = await this.submission.restore(this.state.mixture.version, number);
      sayIn(
        answer,
        `Version ${made.version} has the weights of version ${number}; restore ${made.base_version} to undo it.`,
      );
    } catch (error) {
      sayIn(answer, failureText(error));
    }
  }
}

function plain({ version, state, author, reason, created_at, applied_at, effective_step, base_version, weights }) {
  const shares = Object.fromEntries(Object.entries(weights).map(([name, share]) => [`weight_${name}`, share]));
  return { version, state, author, reason, created_at, applied_at, effective_step, base_version, ...shares };
}

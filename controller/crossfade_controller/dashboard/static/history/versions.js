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

  // A row stays as long as its version is shown, and a cell until it has something else to say: a button that somebody is
  // about to press keeps focus and pointer while its version is applied.
  show() {
    const versions = this.state.versions.slice(0, this.numShown);
    const numbers = versions.map(({ version }) => version);
    showEach(this.table.body, numbers, (number) => this.emptyRow(number));
    [...this.table.body.rows].forEach((row, place) => this.fill(row.cells, versions[place]));
    this.more.hidden = this.state.versions.length <= this.numShown;
  }

  emptyRow(number) {
    return this.table.row({ "data-testid": `version-${number}` }, String(number), "", "", "", "");
  }

  fill([, state, weights, origin, restore], version) {
    const { version: number, author, reason, created_at: at } = version;
    const current = number === this.state.mixture.version;
    const bar = session.barTo("operator", this.state.name);
    showEach(state, [{ number, state: version.state, text: progress(version) }], stage);
    showEach(weights, [{ weights: version.weights, base_weights: version.base_weights }], (shares) => this.list(shares));
    showEach(origin, [{ author, reason, at }], whoAndWhy);
    showEach(restore, [{ number, current, bar }], (way) => this.wayBack(way));
  }

  list({ weights, base_weights }) {
    const changed = new Map(changesOf({ weights, base_weights }).map((change) => [change.name, change]));
    const names = Object.keys(weights).sort();
    return element(
      "ul",
      { class: "weights" },
      ...names.map((name) => this.weight(name, weights[name], changed.get(name))),
    );
  }

  weight(name, share, change) {
    const by = change && change.before !== null ? ` (${signedPoints(change.after - change.before)})` : "";
    return element("li", {}, this.colours.label(name), ` ${percent(share)}${by}`);
  }

  wayBack({ number, current, bar }) {
    return current ? element("span", {}, "newest") : this.restoreButton(number, bar);
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

function stage({ number, state, text }) {
  return element("span", { "data-testid": `history-state-${number}`, "data-state": state }, text);
}

function whoAndWhy({ author, reason, at }) {
  const time = element("time", { datetime: at }, moment(at));
  return element("div", {}, element("strong", {}, author), " ", time, element("p", {}, reason));
}

function plain({ version, state, author, reason, created_at, applied_at, effective_step, base_version, weights }) {
  const shares = Object.fromEntries(Object.entries(weights).map(([name, share]) => [`weight_${name}`, share]));
  return { version, state, author, reason, created_at, applied_at, effective_step, base_version, ...shares };
}

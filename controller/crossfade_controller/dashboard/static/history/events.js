// What happened to the run, newest first. It is read once somebody opens it.

import { button, byId, element, showEach, table } from "../frame/dom.js";
import { exportMenu } from "../frame/files.js";
import { describeEvent } from "../shape/events.js";
import { moment } from "../shape/text.js";

const HEADINGS = ["Number", "When", "Kind", "What"];
const ROWS_A_TIME = 50;

export class Events {
  // `onOpen` is told when somebody wants to see them.
  constructor(host, log, { run, onOpen }) {
    Object.assign(this, { log, numShown: ROWS_A_TIME });
    const { whole, ...rest } = table("Events of the run", HEADINGS);
    this.table = rest;
    this.more = button("Show older events", {}, () => {
      this.numShown += ROWS_A_TIME;
      this.show();
    });
    host.append(whole, this.more);
    const rows = () =>
      log.events.map(({ id, kind, created_at, data }) => ({ id, kind, created_at, data: JSON.stringify(data) }));
    byId("events-export").append(exportMenu(`${run}-events`, { rows }));
    byId("events").addEventListener("toggle", () => this.open && onOpen());
  }

  get open() {
    return byId("events").open;
  }

  show() {
    const newest = this.log.events.slice(-this.numShown).reverse();
    showEach(this.table.body, newest, ({ id, kind, data, created_at: at }) => {
      const time = element("time", { datetime: at }, moment(at));
      const what = [kind.replaceAll("_", " "), describeEvent(kind, data)];
      return this.table.row({ "data-testid": `event-${id}` }, String(id), time, ...what);
    });
    this.more.hidden = this.log.events.length <= this.numShown;
  }
}

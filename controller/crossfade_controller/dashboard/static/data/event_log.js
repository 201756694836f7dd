// The run's stored events: those that were, and those that come while one looks. The newest are kept, so that a page
// that stays open for weeks stays as small as it was.

import { readEvents } from "./api.js";

const EVENTS_A_PAGE = 1000;
const MOST_EVENTS = 2000;

export class EventLog {
  constructor(run) {
    Object.assign(this, { run, events: [], after: 0 });
  }

  // Reads what is not known yet.
  async read() {
    for (;;) {
      const { items, after } = await readEvents(this.run, this.after, EVENTS_A_PAGE);
      this.events = [...this.events, ...items].slice(-MOST_EVENTS);
      this.after = after;
      if (items.length < EVENTS_A_PAGE) return;
    }
  }
}

// How fresh the page is: whether the controller's events reach it, and when a worker last reported.

import { ago } from "../shape/text.js";

export class Link {
  constructor(host) {
    Object.assign(this, { host, open: false, lostAt: null, reportedAt: null, finished: false, failure: null });
    setInterval(() => this.show(), 1000);
  }

  note(changes) {
    Object.assign(this, changes);
    this.show();
  }

  // The first loss counts; those after it are attempts to connect that failed.
  lost() {
    this.note({ open: false, lostAt: this.open || this.lostAt === null ? performance.now() : this.lostAt });
  }

  show() {
    const text = this.open ? `live, ${this.failure ?? this.worker()}` : this.waiting();
    if (this.host.textContent !== text) this.host.textContent = text;
    this.host.dataset.open = this.open && this.failure === null;
  }

  waiting() {
    if (this.lostAt === null) return this.failure ?? "connecting …";
    return `connection to the controller lost ${ago((performance.now() - this.lostAt) / 1000)}, trying again …`;
  }

  worker() {
    if (this.finished) return "run finished";
    if (this.reportedAt === null) return "no worker has reported yet";
    return `last report ${ago(Math.max(0, Date.now() - this.reportedAt) / 1000)}`;
  }
}

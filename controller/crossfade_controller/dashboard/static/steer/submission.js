// Sends a change of the mixture. The same change keeps its key until it went through, so that pressing twice, or once
// more after a lost answer, makes one version.

import { makeVersion, newKey, restoreVersion } from "../data/api.js";

export class Submission {
  constructor(run) {
    Object.assign(this, { run, about: null, key: null, running: false });
  }

  make = (base, change) => this.send({ base, change }, (key) => makeVersion(this.run, base, key, change));

  restore = (base, version) => this.send({ base, version }, (key) => restoreVersion(this.run, base, key, version));

  async send(what, send) {
    const about = JSON.stringify(what);
    if (about !== this.about) Object.assign(this, { about, key: newKey() });
    this.running = true;
    try {
      const made = await send(this.key);
      this.about = null;
      return made;
    } finally {
      this.running = false;
    }
  }
}

// What came of a change that failed. Without an answer nobody knows: the same key makes asking again safe.
export function failureText(error) {
  if (error.status === undefined)
    return `${error.message}: it may be made already, or not. Ask again; it is made once.`;
  return `Nothing was changed: ${error.message}`;
}

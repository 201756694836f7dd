// The versions of a run's mixture, newest first. There may be thousands: only those that are new or of which an event
// told are read again.

import { readPage } from "./paged.js";

const ALL = 0;
const FEW = 50; // as many as are new between two readings, as a rule

export class VersionList {
  constructor(path) {
    Object.assign(this, { path, versions: [], lowestChanged: ALL });
  }

  // Has this version, and every later one, read again the next time.
  doubt(version) {
    this.lowestChanged = Math.min(this.lowestChanged, version);
  }

  doubtAll() {
    this.doubt(ALL);
  }

  async read() {
    const lowest = Math.min(this.lowestChanged, this.newest + 1);
    this.lowestChanged = Infinity;
    try {
      this.join(await this.readDownTo(lowest), lowest);
    } catch (error) {
      this.doubt(lowest);
      throw error;
    }
  }

  get newest() {
    return this.versions[0]?.version ?? 0;
  }

  async readDownTo(lowest) {
    const found = [];
    for (let token = null; ;) {
      const { items, next_page: next } = await readPage(this.path, token, lowest === ALL ? undefined : FEW);
      found.push(...items);
      if (next === null || items.at(-1).version <= lowest) return found.filter(({ version }) => version >= lowest);
      token = next;
    }
  }

  // Each version knows the weights it was made from.
  join(found, lowest) {
    const known = this.versions.filter(({ version }) => version < lowest);
    const weights = new Map([...found, ...known].map((version) => [version.version, version.weights]));
    const based = found.map((version) => ({ ...version, base_weights: weights.get(version.base_version) }));
    this.versions = [...based, ...known];
  }
}

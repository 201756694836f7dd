// The mixture somebody is about to ask for: it begins as the newest version and is changed until it is applied.

import { WHOLE_PPM, withShare } from "../shape/shares.js";

export class Draft {
  constructor(base) {
    this.locked = new Set();
    this.begin(base);
  }

  // `base`: the version it is a change of.
  begin(base) {
    this.base = base;
    this.shares = { ...base.weights_ppm };
    this.held = new Set();
  }

  // Keeps what was set by hand, over a version that came meanwhile.
  rebase(base) {
    this.base = base;
  }

  // `from` are the shares to make room in: those before a drag began, so that dragging back undoes it.
  set(name, ppm, from = this.shares) {
    const { locked, held } = this;
    this.shares = withShare(from, name, ppm, { locked, held, fallback: this.base.weights_ppm });
    held.add(name);
  }

  // Takes whole shares {name: ppm} as they are.
  take(shares) {
    this.shares = { ...shares };
    this.held = new Set(Object.keys(shares));
  }

  toggleLock(name) {
    if (!this.locked.delete(name)) this.locked.add(name);
  }

  get names() {
    return Object.keys(this.shares).sort();
  }

  get changed() {
    return this.names.some((name) => this.shares[name] !== this.base.weights_ppm[name]);
  }

  get weights() {
    return Object.fromEntries(this.names.map((name) => [name, this.shares[name] / WHOLE_PPM]));
  }

  change(name) {
    return (this.shares[name] - this.base.weights_ppm[name]) / WHOLE_PPM;
  }
}

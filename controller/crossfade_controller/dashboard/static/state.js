// What the page knows about one run. Each `read…` brings one part up to date; nothing here touches the document.

import { readBenchmarks, readCurves, readMixture, readRun, readVersions } from "./api.js";

const NUM_CURVE_POINTS = 500;
const NUM_SHARE_WINDOWS = 40; // wide enough that a share is more than a few sequences

export class RunState {
  constructor(name) {
    this.name = name;
    this.run = null;
    this.mixture = null;
    this.versions = [];
    this.benchmarks = [];
    this.curves = {};
    this.consumed = {};
  }

  async readProgress() {
    const run = await readRun(this.name);
    const sources = run.sources.map((source) => source.name);
    const losses = sources.map((source) => `source_loss/${source}`);
    const tokens = sources.map((source) => `source_tokens/${source}`);
    const [mixture, curves, consumed] = await Promise.all([
      readMixture(this.name),
      readCurves(this.name, ["loss", "step_seconds", ...losses], NUM_CURVE_POINTS),
      readCurves(this.name, tokens, NUM_SHARE_WINDOWS),
    ]);
    Object.assign(this, { run, mixture, curves });
    this.consumed = Object.fromEntries(sources.map((source, index) => [source, consumed[tokens[index]]]));
  }

  async readVersions() {
    const [mixture, versions] = await Promise.all([readMixture(this.name), readVersions(this.name)]);
    const weights = new Map(versions.map((version) => [version.version, version.weights]));
    this.mixture = mixture;
    this.versions = versions.map((version) => ({ ...version, base_weights: weights.get(version.base_version) }));
  }

  async readBenchmarks() {
    this.benchmarks = await readBenchmarks(this.name);
  }

  get complete() {
    return this.run !== null && this.mixture !== null && this.versions.length > 0;
  }

  get sources() {
    return this.run.sources.map((source) => source.name);
  }

  get newestTokens() {
    return Math.max(this.run.tokens ?? 0, this.curves.loss?.at(-1)?.x ?? 0);
  }

  get appliedVersion() {
    return this.versions.find((version) => version.state === "applied") ?? null;
  }

  get tokensPerSecond() {
    const seconds = this.curves.step_seconds?.at(-1)?.mean;
    return seconds > 0 ? this.run.tokens_per_step / seconds : null;
  }

  get freshness() {
    const reported = this.run?.last_report_at ?? null;
    return { reportedAt: reported && Date.parse(reported), finished: Boolean(this.run?.finished_at) };
  }

  consumedTokens(source) {
    return this.consumed[source]?.at(-1)?.max ?? 0;
  }
}

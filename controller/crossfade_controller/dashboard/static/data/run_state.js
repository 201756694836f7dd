// What the page knows about one run. Each `read…` brings one part up to date; nothing here touches the document.

import { pathOfRun, readCurves, readForecast, readMixture, readRun } from "./api.js";
import { GrowingList } from "./paged.js";
import { VersionList } from "./version_list.js";

const NUM_CURVE_POINTS = 300;
const NUM_SHARE_WINDOWS = 40; // wide enough that a share is more than a few sequences

export class RunState {
  // `run` is what the list of runs told of it.
  constructor(run) {
    this.name = run.name;
    this.run = run;
    this.range = null; // the part of the token axis that the curves are read for; null for all of it
    this.mixture = null;
    this.forecast = null;
    this.history = new VersionList(`${pathOfRun(run.name)}/mixtures`);
    this.scores = new GrowingList(`${pathOfRun(run.name)}/benchmarks`);
    this.benchmarks = null;
    this.curves = null;
    this.consumed = {};
    this.progress = null;
  }

  async readRun() {
    this.run = await readRun(this.name);
  }

  async readProgress() {
    await Promise.all([this.readRun(), this.readMixture(), this.readCurves()]);
  }

  async readMixture() {
    const [mixture, forecast] = await Promise.all([readMixture(this.name), readForecast(this.name)]);
    Object.assign(this, { mixture, forecast });
  }

  async readCurves() {
    const { range, sources } = this;
    const losses = sources.map((source) => `source_loss/${source}`);
    const tokens = sources.map((source) => `source_tokens/${source}`);
    const [curves, consumed] = await Promise.all([
      readCurves(this.name, ["loss", "step_seconds", "mfu", ...losses], { points: NUM_CURVE_POINTS, range }),
      readCurves(this.name, tokens, { points: NUM_SHARE_WINDOWS, range }),
    ]);
    if (range !== this.range) return; // somebody zoomed meanwhile, and those curves are asked for already
    this.curves = curves;
    this.consumed = Object.fromEntries(sources.map((source, index) => [source, consumed[tokens[index]]]));
  }

  async readVersions() {
    const [mixture] = await Promise.all([readMixture(this.name), this.history.read()]);
    this.mixture = mixture;
  }

  get versions() {
    return this.history.versions;
  }

  async readBenchmarks() {
    this.benchmarks = await this.scores.read();
  }

  get complete() {
    return this.mixture !== null && this.versions.length > 0;
  }

  get sources() {
    return this.run.sources.map((source) => source.name);
  }

  get step() {
    return this.progress?.step ?? this.run.step;
  }

  get phase() {
    return this.progress?.phase ?? this.run.phase;
  }

  get newestTokens() {
    return Math.max(this.run.tokens ?? 0, this.progress?.tokens ?? 0);
  }

  get newestVersion() {
    return this.versions[0];
  }

  get appliedVersion() {
    return this.versions.find((version) => version.state === "applied") ?? null;
  }

  get tokensPerSecond() {
    const seconds = this.curves?.step_seconds?.at(-1)?.mean;
    return this.progress?.tokens_per_second ?? (seconds > 0 ? this.run.tokens_per_step / seconds : null);
  }

  // Model FLOPs utilisation of the newest step; null where no worker told it, undefined while no step is known.
  get utilisation() {
    if (this.progress !== null) return this.progress.mfu;
    const newest = this.curves?.step_seconds.at(-1);
    const told = this.curves?.mfu.at(-1);
    return newest && (told?.step === newest.step ? told.mean : null);
  }

  get loss() {
    return this.progress?.loss ?? this.curves?.loss?.at(-1)?.mean;
  }

  get freshness() {
    const reported = this.run.last_report_at;
    return { reportedAt: reported && Date.parse(reported), finished: Boolean(this.run.finished_at) };
  }
}

// What the page asks of the controller. Whatever is refused throws a `Refusal`, whose message a person can act on.

import { session } from "./session.js";

const RUNS = "/v1/runs";

export class Refusal extends Error {
  constructor(status, problem, path) {
    super(problem?.detail ?? `${path} answered ${status}`);
    this.status = status;
    this.problem = problem;
  }
}

export function pathOfRun(run) {
  return `${RUNS}/${encodeURIComponent(run)}`;
}

export async function ask(path, { method = "GET", body, headers = {} } = {}) {
  const sent = { Accept: "application/json", ...session.headersFor(path), ...headers };
  if (body !== undefined) sent["Content-Type"] = "application/json";
  const text = body === undefined ? undefined : JSON.stringify(body);
  const response = await fetch(path, { method, headers: sent, body: text, cache: "no-store" }).catch(() => {
    throw new Error("the controller does not answer");
  });
  const answer = await response.json().catch(() => null);
  if (!response.ok) throw new Refusal(response.status, answer, path);
  return answer;
}

export const readRun = (run) => ask(pathOfRun(run));
export const readMixture = (run) => ask(`${pathOfRun(run)}/mixture`);
export const readForecast = (run) => ask(`${pathOfRun(run)}/forecast`);

export const readDifference = (run, base, version) => ask(`${pathOfRun(run)}/mixtures/${version}/diff?base=${base}`);

// Gives {name: [{x, step, mean, min, max}, …]}, reduced on the server to at most `points` a curve, all of the axis or
// the part of it that `range` ({min, max}) names.
export async function readCurves(run, names, { points, axis = "tokens", range = null }) {
  const part = range === null ? {} : { from: Math.floor(range.min), to: Math.ceil(range.max) };
  const query = new URLSearchParams({ names: names.join(","), x: axis, points, ...part });
  return (await ask(`${pathOfRun(run)}/metrics?${query}`)).series;
}

// Gives the events after one, oldest first, and the place to go on from, as {items, after}.
export const readEvents = (run, after, limit) =>
  ask(`${pathOfRun(run)}/events?${new URLSearchParams({ after, limit })}`);

// What a change of weights would do; nothing is written.
export const previewVersion = (run, change) =>
  ask(`${pathOfRun(run)}/mixtures?validate_only=true`, { method: "POST", body: change });

// Makes a version out of the one it is based on; the same key makes it once, however often it is sent.
export const makeVersion = (run, basedOn, key, change) =>
  ask(`${pathOfRun(run)}/mixtures`, {
    method: "POST",
    body: change,
    headers: { "If-Match": `"${basedOn}"`, "Idempotency-Key": key },
  });

export const restoreVersion = (run, basedOn, key, version) =>
  ask(`${pathOfRun(run)}/mixtures/${version}:restore`, {
    method: "POST",
    body: { reason: `restore version ${version}` },
    headers: { "If-Match": `"${basedOn}"`, "Idempotency-Key": key },
  });

export const freezeRun = (run, reason) => ask(`${pathOfRun(run)}:freeze`, { method: "POST", body: { reason } });
export const unfreezeRun = (run, reason) => ask(`${pathOfRun(run)}:unfreeze`, { method: "POST", body: { reason } });

// A key for one request; `crypto.randomUUID` is missing where the page came over plain HTTP from another machine.
export function newKey() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

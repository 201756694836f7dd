// What the page reads over REST. Every function throws an Error whose message a person can act on.

const RUNS = "/v1/runs";
const ITEMS_A_PAGE = 1000;

export function pathOfRun(run) {
  return `${RUNS}/${encodeURIComponent(run)}`;
}

export async function readJson(path) {
  const response = await fetch(path, { headers: { Accept: "application/json" }, cache: "no-store" });
  const body = await response.json().catch(() => null);
  if (!response.ok) {
    throw new Error(body?.detail ?? `${path} answered ${response.status}`);
  }
  return body;
}

// Follows the opaque page tokens to the end.
async function readPages(path) {
  const items = [];
  let next = null;
  do {
    const query = new URLSearchParams({ limit: String(ITEMS_A_PAGE), ...(next === null ? {} : { page: next }) });
    const body = await readJson(`${path}?${query}`);
    items.push(...body.items);
    next = body.next_page;
  } while (next !== null);
  return items;
}

export const readRuns = () => readPages(RUNS);
export const readRun = (run) => readJson(pathOfRun(run));
export const readMixture = (run) => readJson(`${pathOfRun(run)}/mixture`);
export const readVersions = (run) => readPages(`${pathOfRun(run)}/mixtures`);
export const readBenchmarks = (run) => readPages(`${pathOfRun(run)}/benchmarks`);

// Gives {name: [{x, step, mean, min, max}, …]} with x in tokens, reduced on the server to at most `points` a curve.
export async function readCurves(run, names, points) {
  const query = new URLSearchParams({ names: names.join(","), x: "tokens", points: String(points) });
  return (await readJson(`${pathOfRun(run)}/metrics?${query}`)).series;
}

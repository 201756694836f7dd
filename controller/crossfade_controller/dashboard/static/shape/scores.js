// Scores as the curves of charts, one chart a capability. Pure: values in, values out.

// What tells one measure from another, as lm-eval has it.
const IDENTITY = ["task", "metric", "filter", "num_fewshot", "version", "limit"];
const BITS_PER_BYTE = "bits_per_byte";
const OTHER = "other";

// Tasks that people know, for scores that name no source.
const KNOWN_TASKS = [
  ["math", /^(gsm|math|mathqa|minerva|hendrycks_math|asdiv|svamp|mgsm|aime|arithmetic)/],
  ["code", /^(humaneval|mbpp|apps|multipl|ds1000|code)/],
  ["knowledge", /^(mmlu|arc|trivia|nq|openbook|sciq|jeopardy|truthful|popqa|webqs|gpqa)/],
  ["reasoning", /^(hellaswag|piqa|winogrande|commonsense|siqa|social|boolq|copa|bbh|logiqa|drop)/],
  ["language", /^(lambada|wikitext|blimp|cola|swag|race|squad|pile)/],
];

export const isLoss = ({ metric }) => metric === BITS_PER_BYTE;

// The skill a score measures: what its source is for, else a capability of the run that the task's name holds, else
// what the task is known for.
export function capabilityOf({ task, source }, sources) {
  if (source !== null && source !== undefined) {
    return sources.find(({ name }) => name === source)?.capabilities[0] ?? source;
  }
  const words = task.toLowerCase().split(/[^a-z0-9]+/);
  const declared = sources.flatMap(({ name, capabilities }) => [...capabilities, name]);
  const named = declared.find((capability) => words.includes(capability.toLowerCase()));
  return named ?? KNOWN_TASKS.find(([, pattern]) => pattern.test(task.toLowerCase()))?.[0] ?? OTHER;
}

// Scores by the chart they belong to, as [{key, capability, lowerIsBetter, results}, …]. What is better when it is
// lower has another scale and so a chart of its own; losses in bits per byte are left out.
export function scoresByCapability(results, sources) {
  const charts = new Map();
  for (const result of results.filter((each) => !isLoss(each))) {
    const capability = capabilityOf(result, sources);
    const lowerIsBetter = result.higher_is_better === false;
    const key = lowerIsBetter ? `${capability}-lower` : capability;
    const chart = charts.get(key) ?? { key, capability, lowerIsBetter, results: [] };
    chart.results.push(result);
    charts.set(key, chart);
  }
  return [...charts.values()].sort((a, b) => a.key.localeCompare(b.key));
}

// A task scored both with and without normalised lengths is shown once, normalised.
export function withoutDoubles(results) {
  const normalised = new Set(results.filter(({ metric }) => metric === "acc_norm").map(({ task }) => task));
  return results.filter(({ metric, task }) => !(metric === "acc" && normalised.has(task)));
}

// One curve for each measure: [{source, task, metric, name, points: [{x, step, mean, low, high}, …]}, …].
export function scoreCurves(results) {
  const curves = new Map();
  for (const result of results.filter(({ value }) => value !== null)) {
    const { source, task, metric, tokens, step, value, stderr } = result;
    const key = JSON.stringify(IDENTITY.map((name) => result[name]));
    const curve = curves.get(key) ?? { source, task, metric, name: measureName(result), points: [] };
    const error = stderr ?? 0;
    curve.points.push({ x: tokens, step, mean: value, low: value - error, high: value + error });
    curves.set(key, curve);
  }
  for (const { points } of curves.values()) points.sort((a, b) => a.x - b.x);
  return [...curves.values()].sort((a, b) => a.name.localeCompare(b.name));
}

// The same curves, each with the `target` of its task and metric; null where there is none.
export function withTargets(curves, targets) {
  const valueOf = ({ task, metric }) => targets.find((each) => each.task === task && each.metric === metric)?.value;
  return curves.map((curve) => ({ ...curve, target: valueOf(curve) ?? null }));
}

// "gsm8k (exact_match, 5-shot)", as far as it needs telling.
function measureName({ task, metric, filter, num_fewshot: shots }) {
  const details = [metric, ...(filter && filter !== "none" ? [filter] : []), ...(shots > 0 ? [`${shots}-shot`] : [])];
  return `${task} (${details.join(", ")})`;
}

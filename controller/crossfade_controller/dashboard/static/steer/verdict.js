// What the guard rails say to a draft, in words.

import { element, showEach } from "../frame/dom.js";
import { percent } from "../shape/text.js";

// Gives {stage, title, details}: the stage is none, waiting, failed, refused, changed or allowed.
export function verdictOf(draft, preview) {
  if (!draft.changed) return { stage: "none", title: "No change yet: move a slider or type a number.", details: [] };
  if (preview.failure !== null) return { stage: "failed", title: `No verdict: ${preview.failure}`, details: [] };
  if (preview.answer === null) return { stage: "waiting", title: "Asking the guard rails …", details: [] };
  const { valid, problem, guardrails } = preview.answer;
  if (!valid) return { stage: "refused", title: `Refused: ${problem.detail}`, details: detailsOf(problem) };
  if (guardrails.length === 0) return { stage: "allowed", title: "Allowed as asked.", details: [] };
  const title = "The guard rails allow only part of it; applying makes what they allow.";
  return { stage: "changed", title, details: guardrails.map(sentenceOf) };
}

export function showVerdict(host, { stage, title, details }) {
  host.dataset.stage = stage;
  showEach(host, [title, ...details], (text) => element("p", {}, text));
}

const detailsOf = ({ guardrails = [], infeasible = [] }) => [...guardrails.map(sentenceOf), ...infeasible.map(String)];

function sentenceOf({ rail, source, asked, allowed, message }) {
  const name = rail.replaceAll("_", " ");
  if (source === null || source === undefined) return `${name}: ${message}`;
  return `${name}, ${source} ${percent(asked)} → ${percent(allowed)}: ${message}`;
}

// What an event says, in a sentence. Pure: values in, text out.

import { compact, whole } from "./text.js";

function describeAttempt({ attempt, start_step: step, rewound, skipped_tokens: skipped = {} }) {
  const parts = Object.entries(skipped).map(([source, tokens]) => `${whole(tokens)} of ${source}`);
  const and = parts.length ? ` and skipped tokens: ${parts.join(", ")}` : "";
  return `attempt ${attempt} ${rewound ? "went back to" : "began at"} step ${whole(step)}${and}`;
}

function describeTargets({ by, targets }) {
  const goals = targets.map(({ task, metric, value }) => `${task} (${metric}) ${value}`);
  return `targets set by ${by}: ${goals.join(", ") || "none"}`;
}

function describeSource({ by, source, reason, max_epochs: most, capabilities }) {
  const changes = [most === undefined ? "" : `at most ${most} epochs`, capabilities ? `for ${capabilities.join(", ")}` : ""];
  return `${source} changed by ${by}: ${changes.filter(Boolean).join(", ")}; ${reason}`;
}

const SENTENCES = {
  mixture: ({ version, state, author, reason }) =>
    `version ${version} ${state}${author ? `, by ${author}: ${reason}` : ""}`,
  benchmark: ({ step, tokens }) => `scores of the checkpoint at step ${whole(step)} (${compact(tokens)} tokens)`,
  attempt: describeAttempt,
  refused: ({ why }) => `refused: ${why}`,
  checkpoint: ({ step }) => `a checkpoint at step ${whole(step)}`,
  cap_ahead: ({ source, expected_step: step }) =>
    `${source} will have given all its epochs at about step ${whole(step)}`,
  exhausted: ({ step, source_epochs: epochs }) =>
    `all epochs given at step ${whole(step)}: ${Object.keys(epochs).join(", ")}`,
  dropped: ({ num_reports: number }) => `the workers could not send ${number} of their reports; figures are missing`,
  targets: describeTargets,
  source: describeSource,
  finished: ({ step }) => `the run finished at step ${whole(step)}`,
};

// An event of a kind that is not known here is shown as it is.
export function describeEvent(kind, data) {
  return (
    SENTENCES[kind]?.(data) ??
    Object.entries(data)
      .map(([name, value]) => `${name}: ${JSON.stringify(value)}`)
      .join(", ")
  );
}

// The line that says how the run stands at this moment.

import { element } from "./dom.js";
import { compact, decimal, percent, whole } from "./text.js";

export function showNow(host, state) {
  const { run } = state;
  const applied = state.appliedVersion;
  const newest = state.versions[0];
  const share = run.horizon_tokens > 0 ? percent(state.newestTokens / run.horizon_tokens) : "";
  host.replaceChildren(
    figure("Run", run.name),
    figure("Step", whole(run.step)),
    figure("Tokens", compact(state.newestTokens), `${share} of ${compact(run.horizon_tokens)}`),
    figure("Phase", run.phase ?? "not begun"),
    figure("Loss", decimal(state.curves.loss?.at(-1)?.mean)),
    figure("Tokens/s", compact(state.tokensPerSecond), run.world_size ? ranks(run.world_size) : ""),
    figure("Version", applied ? whole(applied.version) : "none applied", waiting(newest, applied)),
  );
}

function figure(name, value, more = "") {
  return element("div", {}, element("dt", {}, name), element("dd", {}, value, element("small", {}, more)));
}

const ranks = (number) => `${number} ${number === 1 ? "rank" : "ranks"}`;

function waiting(newest, applied) {
  if (newest && newest.version !== applied?.version) return `${newest.version} is ${newest.state}`;
  return applied ? `since step ${whole(applied.effective_step)}` : "";
}

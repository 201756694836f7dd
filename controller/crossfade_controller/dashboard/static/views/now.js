// How the run stands at this moment.

import { element, showEach } from "../frame/dom.js";
import { compact, decimal, percent, whole } from "../shape/text.js";

export function showNow(host, state) {
  showEach(host, figures(state), ({ name, value, more }) => {
    const figure = element("dd", {}, value, " ", element("small", {}, more));
    return element("div", { title: `${value} ${more}`.trim() }, element("dt", {}, name), figure);
  });
}

function figures(state) {
  const { run } = state;
  const applied = state.appliedVersion;
  const share = run.horizon_tokens > 0 ? percent(state.newestTokens / run.horizon_tokens) : "";
  return [
    figure("Run", run.name),
    figure("Step", whole(state.step)),
    figure("Tokens", compact(state.newestTokens), `${share} of ${compact(run.horizon_tokens)}`),
    figure("Phase", run.finished_at ? "finished" : (state.phase ?? "not begun")),
    figure("Loss", decimal(state.loss)),
    figure("Tokens/s", compact(state.tokensPerSecond)),
    figure("MFU", percent(state.utilisation), state.utilisation === null ? "peak unknown" : ""),
    figure("Ranks", whole(run.world_size), run.attempt === null ? "" : `attempt ${run.attempt}`),
    figure("Version", applied ? whole(applied.version) : "none applied", since(applied)),
    figure("Waiting", ...waiting(state.newestVersion, applied)),
  ];
}

const figure = (name, value, more = "") => ({ name, value, more });

const since = (applied) => (applied ? `since step ${whole(applied.effective_step)}` : "");

function waiting(newest, applied) {
  return newest.version === applied?.version ? ["nothing"] : [`version ${newest.version}`, `is ${newest.state}`];
}

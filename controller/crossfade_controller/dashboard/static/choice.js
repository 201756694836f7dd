// Which run the page shows: the one named in the address, else the newest. It waits for a run that is not there yet.

import { readRuns } from "./api.js";
import { element } from "./dom.js";

const WAIT_MILLISECONDS = 2000;

export async function chooseRun(select, say) {
  const wanted = new URLSearchParams(location.search).get("run");
  select.addEventListener("change", () => location.assign(`?${new URLSearchParams({ run: select.value })}`));
  for (;;) {
    const names = await namesOfRuns(say);
    const chosen = names && (wanted === null ? names[0] : names.find((name) => name === wanted));
    if (chosen !== undefined && chosen !== null) {
      select.replaceChildren(...names.map((name) => element("option", { value: name }, name)));
      select.value = chosen;
      say("");
      return chosen;
    }
    if (names) say(whatIsMissing(wanted, names));
    await new Promise((resolve) => setTimeout(resolve, WAIT_MILLISECONDS));
  }
}

async function namesOfRuns(say) {
  try {
    return (await readRuns()).map(({ name }) => name); // newest first
  } catch (error) {
    say(`The list of runs cannot be read: ${error.message}. Trying again …`);
    return null;
  }
}

function whatIsMissing(wanted, names) {
  if (names.length === 0) return "There is no run yet. `crossfade demo` starts one; POST /v1/runs registers your own.";
  return `There is no run ${wanted}; there is ${names.join(", ")}. Waiting for it …`;
}

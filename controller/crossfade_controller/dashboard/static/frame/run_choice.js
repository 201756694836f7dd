// Which run the page shows: the one named in the address, else the newest. It waits for a run that is not there yet.

import { pause } from "../data/pause.js";
import { session } from "../data/session.js";
import { readAll } from "../data/paged.js";
import { parameter } from "./address.js";
import { element, showEach } from "./dom.js";

const WAIT_MILLISECONDS = 2000;

// Gives the chosen run and all runs, newest first, as {run, runs}.
export async function chooseRun(select, say) {
  const wanted = parameter("run");
  select.addEventListener("change", () => location.assign(`?${new URLSearchParams({ run: select.value })}`));
  for (;;) {
    const runs = await allRuns(say);
    const names = runs?.map(({ name }) => name);
    const run = runs?.find(({ name }) => name === (wanted ?? names[0]));
    if (run !== undefined) {
      showEach(select, names, (each) => element("option", { value: each }, each));
      select.value = run.name;
      say("");
      return { run, runs };
    }
    if (names) say(whatIsMissing(wanted, names));
    await pause(WAIT_MILLISECONDS, [session, "change"]);
  }
}

async function allRuns(say) {
  try {
    return await readAll("/v1/runs");
  } catch (error) {
    if (error.status === 401) say("This controller shows nothing to strangers: log in with a token.");
    else say(`The list of runs cannot be read: ${error.message}. Trying again …`);
    return null;
  }
}

function whatIsMissing(wanted, names) {
  if (names.length === 0) return "There is no run yet. `crossfade demo` starts one; POST /v1/runs registers your own.";
  if (session.who?.run)
    return `Your token is bound to run ${session.who.run} and shows no other: log out, or choose it.`;
  return `There is no run ${wanted}; there is ${names.join(", ")}. Waiting for it …`;
}

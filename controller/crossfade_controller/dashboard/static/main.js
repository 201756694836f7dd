// Choose a run, read it, and keep up with it: each event has what it concerns read again.

import { chooseRun } from "./choice.js";
import { byId } from "./dom.js";
import { Link } from "./link.js";
import { Page } from "./page.js";
import { paced } from "./refresh.js";
import { RunState } from "./state.js";
import { follow } from "./stream.js";
import { aboutRewind } from "./text.js";

const CHANGE_MILLISECONDS = 200;
const PROGRESS_MILLISECONDS = 2000;

function say(text) {
  byId("notice").textContent = text;
  byId("notice").hidden = text === "";
}

function makeReaders(state, page, link) {
  const reader = (read, pauseMilliseconds) => {
    const readAndDraw = async () => {
      await read();
      link.note({ failure: null, ...state.freshness });
      page.show(state);
    };
    return paced(readAndDraw, pauseMilliseconds, (error) => link.note({ failure: error.message }));
  };
  return {
    progress: reader(() => state.readProgress(), PROGRESS_MILLISECONDS),
    versions: reader(() => state.readVersions(), CHANGE_MILLISECONDS),
    benchmarks: reader(() => state.readBenchmarks(), CHANGE_MILLISECONDS),
  };
}

function takeIn(kind, event, readers) {
  const both = [readers.versions, readers.progress];
  const concerns = { mixture: both, attempt: both, benchmark: [readers.benchmarks] };
  (concerns[kind] ?? [readers.progress]).forEach((read) => read());
  if (kind === "refused") say(`Refused: ${event.why}`);
  if (kind === "attempt" && event.rewound) say(aboutRewind(event));
  if (kind === "cap_ahead") say(`${event.source} will have given all its epochs at about step ${event.expected_step}.`);
  if (kind === "exhausted") say(`All epochs given at step ${event.step}: ${Object.keys(event.source_epochs).join(", ")}.`);
  if (kind === "dropped") say(`The workers could not send ${event.num_reports} of their reports; figures are missing.`);
}

const link = new Link(byId("link"));
const name = await chooseRun(byId("run"), say);
document.title = `${name} · Crossfade`;
const readers = makeReaders(new RunState(name), new Page(), link);
follow(name, {
  onOpen: () => {
    link.note({ open: true });
    Object.values(readers).forEach((read) => read());
  },
  onLost: () => link.lost(),
  onEvent: (kind, event) => takeIn(kind, event, readers),
});

// Choose a run, read it, and keep up with it: each event has what it concerns read again.

import { EventLog } from "./data/event_log.js";
import { paced } from "./data/paced.js";
import { RunState } from "./data/run_state.js";
import { session } from "./data/session.js";
import { follow } from "./data/stream.js";
import { rangeParameter, rangeText, setParameters } from "./frame/address.js";
import { byId } from "./frame/dom.js";
import { Link } from "./frame/link.js";
import { arrive, offerLogin } from "./frame/login.js";
import { chooseRun } from "./frame/run_choice.js";
import { Page } from "./page.js";
import { describeEvent } from "./shape/events.js";

const CHANGE_MILLISECONDS = 200;
const PROGRESS_MILLISECONDS = 2000;
const NOTABLE_KINDS = new Set(["refused", "cap_ahead", "exhausted", "dropped"]);

function say(text) {
  byId("notice-text").textContent = text;
  byId("notice").hidden = text === "";
}

function makeReaders(state, events, page, link) {
  const reader = (read, pauseMilliseconds) => {
    const readAndDraw = async () => {
      await read();
      link.note({ failure: null, ...state.freshness });
      page.show();
    };
    return paced(readAndDraw, pauseMilliseconds, (error) => link.note({ failure: error.message }));
  };
  return {
    progress: reader(() => state.readProgress(), PROGRESS_MILLISECONDS),
    curves: reader(() => state.readCurves(), CHANGE_MILLISECONDS),
    versions: reader(() => state.readVersions(), CHANGE_MILLISECONDS),
    benchmarks: reader(() => state.readBenchmarks(), CHANGE_MILLISECONDS),
    events: reader(() => page.eventsOpen && events.read(), CHANGE_MILLISECONDS),
  };
}

function takeIn(kind, event, { state, readers, page }) {
  if (kind === "step") {
    state.progress = event; // told as it passes, and never stored
    page.show();
    readers.progress();
    return;
  }
  if (kind === "mixture") state.history.doubt(event.data.version);
  if (kind === "attempt") state.history.doubtAll(); // what it went back over waits to be applied again
  const both = [readers.versions, readers.progress];
  const concerns = { mixture: both, attempt: [...both, readers.curves], benchmark: [readers.benchmarks] };
  (concerns[kind] ?? [readers.progress]).forEach((read) => read());
  readers.events();
  if (NOTABLE_KINDS.has(kind) || event.data?.rewound) say(describeEvent(kind, event.data));
}

async function start() {
  byId("notice-close").addEventListener("click", () => say(""));
  offerLogin();
  const link = new Link(byId("link"));
  arrive();
  const { run, runs } = await chooseRun(byId("run"), say);
  document.title = `${run.name} · Crossfade`;
  const state = new RunState(run);
  state.range = rangeParameter("tokens");
  const events = new EventLog(run.name);
  const page = new Page(state, {
    runs,
    events,
    onZoom: (range) => {
      setParameters({ tokens: rangeText(range) });
      state.range = range;
      readers.curves();
    },
    onEventsOpen: () => readers.events(),
  });
  const readers = makeReaders(state, events, page, link);
  const readAll = () =>
    [readers.progress, readers.versions, readers.benchmarks, readers.events].forEach((read) => read());
  session.addEventListener("change", readAll);
  follow(run.name, {
    onOpen: () => {
      link.note({ open: true });
      state.history.doubtAll();
      readAll(); // what happened before the events began to flow
    },
    onLost: () => link.lost(),
    onEvent: (kind, event) => takeIn(kind, event, { state, readers, page }),
  });
  readAll();
}

start();

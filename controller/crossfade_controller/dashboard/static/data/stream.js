// The run's events, as they happen, over one request that never ends. After a loss it asks again, a little later each
// time and never at the same moment as every other page, from the event it saw last: none is missed, none comes twice.

import { pathOfRun } from "./api.js";
import { EventParser } from "./event_parser.js";
import { pause } from "./pause.js";
import { session } from "./session.js";

const FIRST_PAUSE_MILLISECONDS = 1000;
const LONGEST_PAUSE_MILLISECONDS = 5000;
const SILENCE_MILLISECONDS = 40_000; // the controller says something every 15 s

// Calls `onOpen` when events flow, `onEvent(kind, event)` for each and `onLost()` when they flow no more.
export async function follow(run, { onOpen, onEvent, onLost }) {
  let lastEventId = null;
  let losses = 0;
  for (;;) {
    const parser = new EventParser();
    parser.lastEventId = lastEventId;
    try {
      await readStream(run, parser, onEvent, () => {
        losses = 0;
        onOpen();
      });
    } catch {
      // however it was lost, the answer is to ask again
    }
    onLost();
    lastEventId = parser.lastEventId;
    await pause(pauseMilliseconds(losses, Math.random()), [session, "change"], [window, "online"]);
    losses += 1;
  }
}

// Between half and one and a half times a pause that doubles with every loss in a row.
export function pauseMilliseconds(losses, chance) {
  return Math.min(LONGEST_PAUSE_MILLISECONDS, FIRST_PAUSE_MILLISECONDS * 2 ** losses) * (0.5 + chance);
}

async function readStream(run, parser, onEvent, onOpen) {
  const silence = new Silence();
  try {
    const resumed = parser.lastEventId === null ? {} : { "Last-Event-ID": parser.lastEventId };
    const path = `${pathOfRun(run)}/events`;
    const headers = { Accept: "text/event-stream", ...session.headersFor(path), ...resumed };
    const response = await fetch(path, { headers, signal: silence.signal, cache: "no-store" });
    if (!response.ok) throw new Error(`the events answered ${response.status}`);
    onOpen();
    const decoder = new TextDecoder();
    for await (const bytes of chunks(response.body)) {
      silence.broken();
      for (const { kind, data } of parser.push(decoder.decode(bytes, { stream: true })))
        onEvent(kind, JSON.parse(data));
    }
  } finally {
    silence.end();
  }
}

// Not every browser lets one walk over a stream.
async function* chunks(body) {
  const reader = body.getReader();
  for (let { done, value } = await reader.read(); !done; { done, value } = await reader.read()) yield value;
}

// A connection on which nothing comes for too long is as good as lost, and so is any once the machine is off the net.
class Silence {
  constructor() {
    this.controller = new AbortController();
    this.signal = this.controller.signal;
    this.abort = () => this.controller.abort();
    window.addEventListener("offline", this.abort);
    this.broken();
  }

  broken() {
    clearTimeout(this.timer);
    this.timer = setTimeout(this.abort, SILENCE_MILLISECONDS);
  }

  end() {
    clearTimeout(this.timer);
    window.removeEventListener("offline", this.abort);
  }
}

// The run's events, as they happen. The browser reconnects by itself and says which event it saw last; where the
// controller refused the connection outright, this opens a new one.

import { pathOfRun } from "./api.js";

const KINDS = ["mixture", "benchmark", "step", "attempt", "refused", "checkpoint", "cap_ahead", "exhausted", "dropped", "finished"];
const REOPEN_MILLISECONDS = 2000;

export function follow(run, { onOpen, onEvent, onLost }) {
  const source = new EventSource(`${pathOfRun(run)}/events`);
  source.addEventListener("open", onOpen);
  source.addEventListener("error", () => {
    onLost();
    if (source.readyState === EventSource.CLOSED) {
      setTimeout(() => follow(run, { onOpen, onEvent, onLost }), REOPEN_MILLISECONDS);
    }
  });
  for (const kind of KINDS) {
    source.addEventListener(kind, (message) => {
      const event = JSON.parse(message.data);
      onEvent(kind, event.data ?? event); // stored events wrap their data; progress is sent as it is
    });
  }
}

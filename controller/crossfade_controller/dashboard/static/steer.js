// The command that changes this run's mixture, ready to be typed.

import { pathOfRun } from "./api.js";

const FACTOR = 1.5;

export function showSteer(host, state) {
  const { version, weights } = state.mixture;
  const change = JSON.stringify({ multiply: { [leastOf(weights)]: FACTOR }, reason: "why you do it" });
  const command = [
    "curl -X PATCH",
    quoted(`${location.origin}${pathOfRun(state.name)}/mixture`),
    `-H 'Content-Type: application/json'`,
    `-H 'If-Match: "${version}"'`,
    `-d ${quoted(change)}`,
  ].join(" \\\n  ");
  if (host.textContent !== command) host.textContent = command;
}

export function offerCopy(button, host, answer) {
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(host.textContent);
      answer.textContent = "Copied.";
    } catch {
      getSelection().selectAllChildren(host);
      answer.textContent = "This browser does not let a page copy: it is selected now.";
    }
  });
}

// The source with the least weight that still has one: 0 cannot be multiplied.
function leastOf(weights) {
  return Object.entries(weights)
    .filter(([, weight]) => weight > 0)
    .reduce((least, entry) => (entry[1] < least[1] ? entry : least))[0];
}

const quoted = (text) => `'${text.replaceAll("'", `'\\''`)}'`;

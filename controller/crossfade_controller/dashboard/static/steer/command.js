// The same change as a command, ready to be typed where there is no browser.

import { pathOfRun } from "../data/api.js";

const REASON = "why you do it";

export function showCommand(host, run, draft) {
  const change = JSON.stringify({ weights: draft.weights, reason: REASON });
  const command = [
    "curl -X POST",
    quoted(`${location.origin}${pathOfRun(run)}/mixtures`),
    `-H "Authorization: Bearer $CROSSFADE_TOKEN"`,
    `-H 'Content-Type: application/json'`,
    `-H 'If-Match: "${draft.base.version}"'`,
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

const quoted = (text) => `'${text.replaceAll("'", `'\\''`)}'`;

// The same change as a command, ready to be typed where there is no browser.

import { pathOfRun } from "../data/api.js";

// `change` is what the panel would send, from the version `base`.
export function showCommand(host, run, base, change) {
  const command = [
    "curl -X POST",
    quoted(`${location.origin}${pathOfRun(run)}/mixtures`),
    `-H "Authorization: Bearer $CROSSFADE_TOKEN"`,
    `-H 'Content-Type: application/json'`,
    `-H 'If-Match: "${base}"'`,
    `-d ${quoted(JSON.stringify(change))}`,
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

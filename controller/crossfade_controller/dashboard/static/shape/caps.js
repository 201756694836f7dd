// When a source will have given all the epochs it may, in words.

import { compact, duration } from "./text.js";

// "at 1.2T tokens, in 3.5 d", or a dash for a cap that does not bind.
export function capText(
  { cap_binds_at_tokens: at, max_epochs: most, consumed_epochs: epochs },
  tokens,
  tokensPerSecond,
) {
  if (at === null) return epochs >= most ? "reached" : "–";
  if (at <= (tokens ?? 0)) return "reached";
  const wait = tokensPerSecond > 0 ? `, in ${duration((at - (tokens ?? 0)) / tokensPerSecond)}` : "";
  return `at ${compact(at)}${wait}`;
}

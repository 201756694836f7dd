// Why a draft cannot be applied yet, in words; null where it can. And what one should know who applies it. Pure.

const NO_OBSTACLE = new Set(["allowed", "changed"]);

export function obstacleOf({ stage, fresh, overtaken, reason, running, bar }) {
  if (bar !== null) return `To apply, ${bar}.`;
  if (running) return "Sending …";
  if (stage === "none") return "";
  if (overtaken) return "Decide first what becomes of your weights.";
  if (!fresh) return "Waiting for the verdict …";
  if (!NO_OBSTACLE.has(stage)) return "It cannot be applied as it is.";
  if (reason === "") return "Say why, then apply.";
  return null;
}

export const noteOf = (stage) => (stage === "changed" ? "Makes what the guard rails allow." : "");

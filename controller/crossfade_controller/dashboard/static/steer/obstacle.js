// Why a draft cannot be applied yet, in words; null where it can. Pure.

export function obstacleOf({ verdict, overtaken, reason, running, maySteer }) {
  if (!maySteer) return "To apply, log in with a token that has the operator scope.";
  if (running) return "Sending …";
  if (verdict.stage === "none") return "";
  if (overtaken) return "Decide first what becomes of your weights.";
  if (verdict.stage === "waiting") return "Waiting for the verdict …";
  if (verdict.stage === "refused" || verdict.stage === "failed") return "It cannot be applied as it is.";
  if (reason === "") return "Say why, then apply.";
  return null;
}

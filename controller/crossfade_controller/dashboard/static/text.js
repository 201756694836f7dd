// How values are written for people.

const COMPACT = new Intl.NumberFormat("en", { notation: "compact", maximumSignificantDigits: 4 });
const WHOLE = new Intl.NumberFormat("en");
const UNKNOWN = "–";

const known = (value) => typeof value === "number" && Number.isFinite(value);

export const compact = (value) => (known(value) ? COMPACT.format(value) : UNKNOWN);
export const whole = (value) => (known(value) ? WHOLE.format(value) : UNKNOWN);
export const decimal = (value, digits = 3) => (known(value) ? value.toFixed(digits) : UNKNOWN);
export const percent = (share) => (known(share) ? `${(share * 100).toFixed(1)} %` : UNKNOWN);

export function ago(seconds) {
  if (seconds < 60) return `${Math.floor(seconds)} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  return `${Math.floor(seconds / 3600)} h ago`;
}

// The way of one version as far as it has come: "accepted → published → applied at step 120".
export function progress(version) {
  switch (version.state) {
    case "accepted":
      return "accepted, not yet in Redis";
    case "published":
      return "accepted → published, not yet applied";
    case "applied":
      return `accepted → published → applied at step ${whole(version.effective_step)}`;
    case "superseded":
      return "superseded before it was applied";
    default:
      return version.state;
  }
}

// What an attempt that went back says of itself.
export function aboutRewind({ attempt, start_step, skipped_tokens }) {
  const skipped = Object.entries(skipped_tokens).map(([source, tokens]) => `${whole(tokens)} of ${source}`);
  const and = skipped.length ? ` and skipped tokens: ${skipped.join(", ")}` : "";
  return `Attempt ${attempt} went back to step ${whole(start_step)}${and}.`;
}

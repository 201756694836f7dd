// How values are written for people.

const COMPACT = new Intl.NumberFormat("en", { notation: "compact", maximumSignificantDigits: 4 });
const WHOLE = new Intl.NumberFormat("en");
const UNKNOWN = "–";
const MINUTE_SECONDS = 60;
const HOUR_SECONDS = 3600;
const DAY_SECONDS = 86_400;

const known = (value) => typeof value === "number" && Number.isFinite(value);

export const compact = (value) => (known(value) ? COMPACT.format(value) : UNKNOWN);
export const whole = (value) => (known(value) ? WHOLE.format(value) : UNKNOWN);
export const decimal = (value, digits = 3) => (known(value) ? value.toFixed(digits) : UNKNOWN);
export const percent = (share) => (known(share) ? `${(share * 100).toFixed(1)} %` : UNKNOWN);

// "+5.0", "−5.0" or "0.0" in points of per cent.
export function signedPoints(share) {
  const points = (Math.abs(share) * 100).toFixed(1);
  if (Number(points) === 0) return "0.0";
  return `${share < 0 ? "−" : "+"}${points}`;
}

export function duration(seconds) {
  if (!known(seconds)) return UNKNOWN;
  if (seconds < MINUTE_SECONDS) return `${Math.floor(seconds)} s`;
  if (seconds < HOUR_SECONDS) return `${Math.floor(seconds / MINUTE_SECONDS)} min`;
  if (seconds < DAY_SECONDS) return `${(seconds / HOUR_SECONDS).toFixed(1)} h`;
  return `${(seconds / DAY_SECONDS).toFixed(1)} d`;
}

export function ago(seconds) {
  if (seconds < MINUTE_SECONDS) return `${Math.floor(seconds)} s ago`;
  if (seconds < HOUR_SECONDS) return `${Math.floor(seconds / MINUTE_SECONDS)} min ago`;
  return `${Math.floor(seconds / HOUR_SECONDS)} h ago`;
}

export const moment = (time) => new Date(time).toLocaleString(undefined, { dateStyle: "short", timeStyle: "short" });

// The way of one version as far as it has come: "accepted → published → applied at step 120".
export function progress(version) {
  switch (version.state) {
    case "published":
      return "accepted → published";
    case "applied":
      return `accepted → published → applied at step ${whole(version.effective_step)}`;
    case "superseded":
      return "superseded by a newer version";
    default:
      return version.state;
  }
}

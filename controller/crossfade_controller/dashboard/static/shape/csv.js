// Plain objects as CSV (RFC 4180); the first one's members are the columns.

export function csv(rows) {
  if (rows.length === 0) return "";
  const columns = Object.keys(rows[0]);
  const lines = rows.map((row) => columns.map((column) => field(row[column])).join(","));
  return [columns.join(","), ...lines, ""].join("\r\n");
}

// Text that a spreadsheet would run as a formula is marked as text.
function field(value) {
  if (value === null || value === undefined) return "";
  if (typeof value !== "string") return String(value);
  const safe = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

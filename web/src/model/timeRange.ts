//! The time range of a page: as text in the URL (`now-1h`, RFC 3339, or µs since the epoch), as
//! words on the button, and as numbers for a chart.

export interface TimeRangeText {
  from: string;
  to: string;
}

export const DEFAULT_RANGE: TimeRangeText = { from: "now-1h", to: "now" };

export const PRESETS: { from: string; label: string }[] = [
  { from: "now-5m", label: "Last 5 minutes" },
  { from: "now-15m", label: "Last 15 minutes" },
  { from: "now-1h", label: "Last hour" },
  { from: "now-3h", label: "Last 3 hours" },
  { from: "now-12h", label: "Last 12 hours" },
  { from: "now-24h", label: "Last 24 hours" },
  { from: "now-2d", label: "Last 2 days" },
  { from: "now-7d", label: "Last 7 days" },
  { from: "now-30d", label: "Last 30 days" },
];

const UNIT_MS: Record<string, number> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };

/** ms since the epoch, or null when the text is no time. */
export function resolveTime(text: string, nowMs: number): number | null {
  const trimmed = text.trim();
  if (trimmed === "now") return nowMs;
  const relative = /^now-(\d+)([smhdw])$/.exec(trimmed);
  if (relative !== null) return nowMs - Number(relative[1]) * UNIT_MS[relative[2]!]!;
  if (/^\d{10,}$/.test(trimmed)) return Number(trimmed) / 1000;
  if (!/^\d{4}-\d{2}-\d{2}/.test(trimmed)) return null;
  const parsed = Date.parse(trimmed.replace(" ", "T"));
  return Number.isNaN(parsed) ? null : parsed;
}

/** Milliseconds are enough for people; the query stays exact where the URL is. */
export const toUrlTime = (ms: number): string => new Date(ms).toISOString();

export function describeRange({ from, to }: TimeRangeText, nowMs: number): string {
  const preset = to === "now" ? PRESETS.find((candidate) => candidate.from === from) : undefined;
  if (preset !== undefined) return preset.label;
  const relative = /^now-(\d+)([smhdw])$/.exec(from);
  if (to === "now" && relative !== null) return `Last ${relative[1]}${relative[2]}`;
  const start = resolveTime(from, nowMs);
  const end = resolveTime(to, nowMs);
  if (start === null || end === null) return `${from} to ${to}`;
  const a = new Date(start);
  const b = new Date(end);
  // The year is left out where it is this one and no other.
  const years = new Set([a.getFullYear(), b.getFullYear(), new Date(nowMs).getFullYear()]).size > 1;
  const day = (d: Date): string => d.toLocaleDateString("en-GB", { day: "numeric", month: "short", ...(years ? { year: "numeric" } : {}) });
  const seconds = end - start < 600_000;
  const time = (d: Date): string => d.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit", ...(seconds ? { second: "2-digit" } : {}) });
  return day(a) === day(b) ? `${day(a)}, ${time(a)} – ${time(b)}` : `${day(a)} ${time(a)} – ${day(b)} ${time(b)}`;
}

//! The time range of a page: as text in the URL (`now-1h`, RFC 3339, or µs since the epoch), as
//! words on the button, and as numbers for a chart.

import { formatTime } from "./format";
import { epochOfWall } from "./timeZone";

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
  const written = trimmed.replace(" ", "T");
  if (/(Z|[+-]\d\d:?\d\d)$/i.test(written.slice(10))) return valid(Date.parse(written));
  const wall = valid(Date.parse(`${written.length === 10 ? `${written}T00:00` : written}Z`));
  return wall === null ? null : epochOfWall(wall);
}

const valid = (ms: number): number | null => (Number.isNaN(ms) ? null : ms);

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
  const [a, b] = [formatTime(start), formatTime(end)];
  // The year is left out where it is this one and no other.
  const years = new Set([a, b, formatTime(nowMs)].map((text) => text.slice(0, 4))).size > 1;
  const day = (text: string): string => `${Number(text.slice(8, 10))} ${MONTHS[Number(text.slice(5, 7)) - 1]}${years ? ` ${text.slice(0, 4)}` : ""}`;
  const time = (text: string): string => text.slice(11, end - start < 600_000 ? 19 : 16);
  return a.slice(0, 10) === b.slice(0, 10) ? `${day(a)}, ${time(a)} – ${time(b)}` : `${day(a)} ${time(a)} – ${day(b)} ${time(b)}`;
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

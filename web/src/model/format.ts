//! How durations, times, counts and sizes read on screen. One place, so that every page agrees.

import { wallMs } from "./timeZone";

const UNITS: [number, string][] = [
  [3_600_000_000_000, "h"],
  [60_000_000_000, "m"],
  [1_000_000_000, "s"],
  [1_000_000, "ms"],
  [1_000, "µs"],
  [1, "ns"],
];

/** Three significant digits at most: `1.24 s`, `87 ms`, `2m 5s`. */
export function formatDuration(ns: number): string {
  if (!(ns > 0)) return ns < 0 ? `-${formatDuration(-ns)}` : "0 ns";
  if (ns >= 60_000_000_000) return formatLong(ns);
  for (const [size, unit] of UNITS) if (ns >= size) return `${threeDigits(ns / size)} ${unit}`;
  return `${threeDigits(ns)} ns`;
}

function formatLong(ns: number): string {
  const seconds = Math.round(ns / 1e9);
  const parts: [number, string][] = [
    [Math.floor(seconds / 86_400), "d"],
    [Math.floor(seconds / 3600) % 24, "h"],
    [Math.floor(seconds / 60) % 60, "m"],
    [seconds % 60, "s"],
  ];
  const first = parts.findIndex(([count]) => count > 0);
  return parts
    .slice(first, first + 2)
    .filter(([count]) => count > 0)
    .map(([count, unit]) => `${count}${unit}`)
    .join(" ");
}

function threeDigits(value: number): string {
  const digits = value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return String(Number(value.toFixed(digits)));
}

/** For a time axis that ends at `toNs`: every label in one unit, with the digits that tell one tick from the next. */
export function axisFormatter(toNs: number, stepNs: number): (ns: number) => string {
  if (toNs >= 120e9 && stepNs >= 1e9) return clock;
  const [size, unit] = UNITS.find(([s]) => s <= 1e9 && toNs >= s * 2) ?? [1, "ns"];
  const digits = Math.min(12, Math.max(0, Math.ceil(Math.log10(size / stepNs) - 1e-9)));
  return (ns) => `${Number((ns / size).toFixed(digits))} ${unit}`;
}

/** `1h 30m 5s`, without the parts that are 0. */
function clock(ns: number): string {
  const seconds = Math.round(ns / 1e9);
  const parts: [number, string][] = [[Math.floor(seconds / 3600), "h"], [Math.floor(seconds / 60) % 60, "m"], [seconds % 60, "s"]];
  return parts.filter(([count]) => count > 0).map(([count, unit]) => `${count}${unit}`).join(" ") || "0 s";
}

/** Between the ticks of an axis. */
export const stepOf = (ticks: readonly number[], range: number): number => (ticks.length > 1 ? ticks[1]! - ticks[0]! : Math.max(1, range));

/** Round positions for about `count` axis labels between two times. */
export function axisTicks(from: number, to: number, count: number): number[] {
  const range = to - from;
  if (!(range > 0) || count < 1) return [];
  const rough = range / count;
  const [unit] = UNITS.find(([size]) => rough >= size) ?? [1];
  const base = unit >= 60_000_000_000 ? [1, 2, 5, 10, 15, 30] : [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000];
  const step = unit * (base.find((b) => b * unit >= rough) ?? base[base.length - 1]! * Math.ceil(rough / (unit * base[base.length - 1]!)));
  const ticks: number[] = [];
  for (let t = Math.ceil(from / step) * step; t <= to; t += step) ticks.push(t);
  return ticks;
}

/** `2026-11-22 14:30:43.123` in the chosen zone. */
export function formatTime(epochMs: number, withMs = true): string {
  // Beyond what a calendar has.
  if (!(Math.abs(epochMs) < 8.64e15)) return "unknown time";
  const text = new Date(wallMs(epochMs)).toISOString().replace("T", " ").replace("Z", "");
  return withMs ? text : text.slice(0, text.indexOf("."));
}

/** A time on an axis: as much of it as tells one step from the next. */
export function formatClock(epochMs: number, stepMs: number): string {
  const text = formatTime(epochMs, true);
  if (stepMs >= 86_400_000) return text.slice(5, 10);
  if (text.slice(11, 19) === "00:00:00") return text.slice(5, 16);
  return stepMs >= 60_000 ? text.slice(11, 16) : stepMs >= 1000 ? text.slice(11, 19) : text.slice(11);
}

/** The same, without the year as long as it is this one. */
export const formatWhen = (epochMs: number, nowMs: number): string => (formatTime(epochMs).slice(0, 4) === formatTime(nowMs).slice(0, 4) ? formatTime(epochMs).slice(5) : formatTime(epochMs));

export const nsToMs = (ns: string): number => Number(BigInt(ns) / 1000n) / 1000;

/** `12 s ago`, `3 min ago`, `5 h ago`, `2 days ago`. */
export function formatAgo(epochMs: number, nowMs: number): string {
  const seconds = Math.round((nowMs - epochMs) / 1000);
  if (seconds < 0) return "in the future";
  if (seconds < 2) return "just now";
  if (seconds < 60) return `${seconds} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ago`;
  const days = Math.floor(seconds / 86_400);
  return days === 1 ? "1 day ago" : `${days} days ago`;
}

/** `1,234`. */
export const formatCount = (n: number): string => n.toLocaleString("en-US");

export const plural = (n: number, one: string, many = `${one}s`): string => `${formatCount(n)} ${n === 1 ? one : many}`;

export function formatBytes(bytes: number): string {
  const units = ["B", "KB", "MB", "GB", "TB"];
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${threeDigits(value)} ${units[unit]}`;
}

//! The zone that times are shown and read in: the browser's, UTC, or any other. A choice is
//! remembered; `tz=` in a URL wins over it without being remembered.

import { signal } from "@preact/signals-core";
import { recall, remember } from "./preferences";

export const LOCAL = "local";
const KEY = "tracewell.zone";

export function isZone(name: string): boolean {
  if (name === LOCAL) return true;
  try {
    new Intl.DateTimeFormat("en", { timeZone: name });
    return name !== "";
  } catch {
    return false;
  }
}

export const zone = signal(LOCAL);

/** With what the URL says, which may be nothing. */
export function startZone(fromUrl: string | null): void {
  zone.value = [fromUrl, recall(KEY)].find((name) => name !== null && isZone(name)) ?? LOCAL;
}

export function chooseZone(name: string): void {
  zone.value = name;
  remember(KEY, name);
}

/** The name that stands beside times. */
export const zoneLabel = (name: string): string => (name === LOCAL ? Intl.DateTimeFormat().resolvedOptions().timeZone : name);

const formats = new Map<string, Intl.DateTimeFormat>();

function formatOf(name: string): Intl.DateTimeFormat {
  let format = formats.get(name);
  if (format === undefined) {
    format = new Intl.DateTimeFormat("en-GB", {
      timeZone: name === LOCAL ? undefined : name, hourCycle: "h23",
      year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit",
    });
    formats.set(name, format);
  }
  return format;
}

/** A time as a clock in the chosen zone shows it, written as ms since the epoch of UTC. */
export function wallMs(epochMs: number): number {
  const name = zone.value;
  // Beyond what a calendar has, no zone knows better.
  if (name === "UTC" || !(Math.abs(epochMs) < 8.64e15)) return epochMs;
  const parts = Object.fromEntries(formatOf(name).formatToParts(epochMs).map(({ type, value }) => [type, Number(value)]));
  return Date.UTC(parts.year!, parts.month! - 1, parts.day, parts.hour, parts.minute, parts.second) + (((epochMs % 1000) + 1000) % 1000);
}

/** The inverse of {@link wallMs}; of the two times that a clock shows twice, the first. */
export function epochOfWall(wall: number): number {
  const guess = wall - (wallMs(wall) - wall);
  const other = wall - (wallMs(guess) - guess);
  return wallMs(other) === wall ? Math.min(other, wallMs(guess) === wall ? guess : other) : guess;
}

// Whether a trace may still grow: its spans come from several processes, each
// of which sends in its own rhythm.

import { nsToMs } from "./format";

/** A trace whose last span is older than this is not expected to change. */
const YOUNG_MS = 60_000;

export interface Arrived {
  startNs: string;
  durationNs: string;
  /** Spans whose parents are not there. */
  orphanCount: number;
}

/** Parents are missing, and may be on their way. */
export function isArriving({ startNs, durationNs, orphanCount }: Arrived, nowMs = Date.now()): boolean {
  const endMs = nsToMs(startNs) + Number(durationNs) / 1e6;
  return orphanCount > 0 && nowMs - endMs < YOUNG_MS;
}

//! Whether a trace may still grow: its spans come from several processes, each of which sends in its
//! own rhythm.

import { nsToMs } from "./format";

/** A trace whose last span is older than this is not expected to change. */
const YOUNG_MS = 180_000;
/** SDKs send every few seconds: a parent that is missing for longer has most likely been lost. */
const ARRIVING_MS = 60_000;

export interface Arrived {
  startNs: string;
  durationNs: string;
  /** Spans whose parents are not there. */
  orphanCount: number;
}

const ageMs = ({ startNs, durationNs }: Arrived, nowMs: number): number => nowMs - nsToMs(startNs) - Number(durationNs) / 1e6;

/** More of it may come: it is worth looking again. */
export const isYoung = (trace: Arrived, nowMs = Date.now()): boolean => ageMs(trace, nowMs) < YOUNG_MS;

/** Parents are missing, and are most likely on their way. */
export const isArriving = (trace: Arrived, nowMs = Date.now()): boolean => trace.orphanCount > 0 && ageMs(trace, nowMs) < ARRIVING_MS;

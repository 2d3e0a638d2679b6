// A skeleton that was asked for before its page was there: at start-up, or when a result is pointed at.

import type { Skeleton } from "../model/columns";
import { skeleton } from "./endpoints";

let ahead: { traceId: string; at: number; answer: Promise<Skeleton> } | null = null;

/** Longer ago than this, the trace may have grown. */
const FRESH_MS = 5000;

export function prefetchSkeleton(traceId: string): void {
  if (ahead?.traceId === traceId && Date.now() - ahead.at < FRESH_MS) return;
  const answer = skeleton(traceId);
  // The page that takes it handles the failure.
  answer.catch(() => undefined);
  ahead = { traceId, at: Date.now(), answer };
}

/** The answer that is under way, once, or a new one. */
export function takeSkeleton(traceId: string): Promise<Skeleton> {
  const taken = ahead;
  ahead = null;
  return taken?.traceId === traceId && Date.now() - taken.at < FRESH_MS ? taken.answer : skeleton(traceId);
}

//! Trying again after a failure that passes: when, and that it is one thing at a time. It exists so
//! that every page waits alike; it must never try again what would fail again, nor after `stop`.

import { signal } from "@preact/signals";
import { ApiError, CutOff, Unreachable } from "./client";

/** How long to wait before asking again, or null for not at all. */
export type RetryPolicy = (error: Error, attempt: number) => number | null;

const FIRST_RETRY_MS = 1000;
const LAST_RETRY_MS = 30_000;
const PASSING = new Set([429, 500, 502, 503, 504]);

/** A server that is away or overloaded comes back; a wrong question stays wrong. */
export const isPassing = (error: Error): boolean => error instanceof Unreachable || error instanceof CutOff || (error instanceof ApiError && PASSING.has(error.status));

export const retryWhenAway: RetryPolicy = (error, attempt) => (isPassing(error) ? Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** attempt) : null);

export class Retry {
  /** When it is tried again by itself, in ms since the epoch. */
  readonly atMs = signal<number | null>(null);
  private attempt = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly policy: RetryPolicy = retryWhenAway) {}

  /** Does it again after a pause that grows with every failure in a row. */
  later(error: Error, act: () => void): void {
    this.stop();
    const waitMs = this.policy(error, this.attempt);
    if (waitMs === null) return;
    this.attempt++;
    this.atMs.value = Date.now() + waitMs;
    this.timer = setTimeout(act, waitMs);
  }

  /** Not by itself any more; the pauses go on growing where they were. */
  stop(): void {
    clearTimeout(this.timer);
    this.atMs.value = null;
  }

  /** It went well, or somebody asks anew: the next pause is the first one again. */
  reset(): void {
    this.stop();
    this.attempt = 0;
  }
}

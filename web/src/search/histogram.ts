//! How many spans match over time, and how many of them failed, counted by the server over all that
//! matches, as it counts. It must never show counts of one query beside another's.

import { signal } from "@preact/signals";
import { CutOff } from "../api/client";
import { histogram } from "../api/endpoints";
import { Retry } from "../api/retry";
import { nsToMs } from "../model/format";

export interface Counts {
  /** ms since the epoch where the first bucket begins. */
  startMs: number;
  stepMs: number;
  spans: Float64Array;
  errors: Float64Array;
}

export interface Total {
  spans: number;
  errors: number;
  partial: string | null;
}

export interface Asked {
  q: string;
  from: string;
  to: string;
}

export class HistogramSession {
  readonly counts = signal<Counts | null>(null);
  readonly total = signal<Total | null>(null);
  readonly busy = signal(false);
  readonly error = signal<Error | null>(null);
  private asked = "";
  private search = 0;
  private abort: AbortController | null = null;
  private readonly retry = new Retry();

  /** Counts for a search, once. */
  run(asked: Asked, search: number): void {
    if (search === this.search || search === 0) return;
    this.search = search;
    const text = JSON.stringify([asked.q, asked.from, asked.to]);
    // The same again: what is there stays until the new counts are.
    if (text !== this.asked) this.counts.value = this.total.value = null;
    this.asked = text;
    this.retry.reset();
    void this.read(asked);
  }

  /** Ends the counting; the same search counts again when somebody looks again. */
  stop(): void {
    this.retry.stop();
    this.abort?.abort();
    if (this.busy.peek() || this.error.peek() !== null) this.search = 0;
    this.busy.value = false;
  }

  private async read(asked: Asked): Promise<void> {
    this.retry.stop();
    this.abort?.abort();
    const abort = new AbortController();
    this.abort = abort;
    this.busy.value = true;
    this.error.value = null;
    try {
      await this.take(asked, abort.signal);
    } catch (reason) {
      if (abort.signal.aborted) return;
      this.error.value = reason as Error;
      this.retry.later(reason as Error, () => void this.read(asked));
    }
    if (this.abort === abort) this.busy.value = false;
  }

  private async take(asked: Asked, aborted: AbortSignal): Promise<void> {
    let counts: Counts | null = null;
    for await (const line of histogram(asked, aborted)) {
      if (aborted.aborted) return;
      if (line.type === "buckets") {
        counts = { startMs: nsToMs(line.startNs), stepMs: Number(line.stepNs) / 1e6, spans: new Float64Array(line.count), errors: new Float64Array(line.count) };
      } else if (line.type === "counts" && counts !== null) {
        for (const [bucket, spans, errors] of line.buckets) {
          counts.spans[bucket] = spans;
          counts.errors[bucket] = errors;
        }
        this.counts.value = { ...counts };
      } else if (line.type === "done") {
        if (counts !== null) this.counts.value = { ...counts };
        this.total.value = { spans: line.spans, errors: line.errors, partial: line.partial };
        return;
      } else if (line.type === "error") throw new Error(line.message);
    }
    throw new CutOff();
  }
}

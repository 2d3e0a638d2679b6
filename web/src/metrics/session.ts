//! One question for figures as it goes: what was answered, whether it is asked, what went wrong. It
//! must never show the figures of one query as those of another.

import { signal } from "@preact/signals";
import { metrics } from "../api/endpoints";
import { Retry } from "../api/retry";
import type { MetricsAnswer } from "../api/types";
import type { SearchParams } from "../location/params";
import { resolveTime } from "../model/timeRange";

export interface Answered {
  answer: MetricsAnswer;
  /** The range that was asked for, in ms since the epoch. */
  range: [number, number];
}

const textOf = ({ q, from, to, step }: SearchParams): string => JSON.stringify([q, from, to, step]);

export class MetricsSession {
  readonly answered = signal<Answered | null>(null);
  readonly busy = signal(false);
  /** What is shown belongs to the question before. */
  readonly stale = signal(false);
  readonly error = signal<Error | null>(null);
  private readonly retry = new Retry();
  /** When it is asked again by itself. */
  readonly retryAtMs = this.retry.atMs;
  wasLeft = false;
  private params: SearchParams | null = null;
  private abort: AbortController | null = null;

  holds(params: SearchParams): boolean {
    return this.params !== null && !this.wasLeft && this.error.peek() === null && textOf(this.params) === textOf(params);
  }

  isSettled(): boolean {
    return !this.busy.value && this.params !== null;
  }

  async run(params: SearchParams): Promise<void> {
    this.stale.value = this.answered.peek() !== null && (this.params === null || textOf(this.params) !== textOf(params));
    this.params = params;
    this.wasLeft = false;
    this.retry.reset();
    await this.ask(params);
  }

  /** What failed, once more. */
  again(): void {
    if (this.params !== null) void this.run(this.params);
  }

  cancel(): void {
    this.retry.stop();
    this.abort?.abort();
    this.abort = null;
    this.busy.value = false;
  }

  /** Nobody looks any more: what was not answered is asked for when somebody comes back. */
  leave(): void {
    this.wasLeft = this.busy.peek() || this.retryAtMs.peek() !== null;
    this.cancel();
  }

  private async ask(params: SearchParams): Promise<void> {
    this.cancel();
    const abort = new AbortController();
    this.abort = abort;
    this.busy.value = true;
    this.error.value = null;
    const now = Date.now();
    const range: [number, number] = [resolveTime(params.from, now) ?? now - 3_600_000, resolveTime(params.to, now) ?? now];
    try {
      const answer = await metrics({ q: params.q, from: params.from, to: params.to, step: params.step }, abort.signal);
      if (abort.signal.aborted) return;
      this.answered.value = { answer, range };
      this.retry.reset();
    } catch (reason) {
      if (abort.signal.aborted) return;
      // Figures of another question beside this one's failure would be taken for its answer.
      if (this.stale.peek()) this.answered.value = null;
      this.error.value = reason as Error;
      this.retry.later(reason as Error, () => void this.ask(params));
    }
    this.stale.value = false;
    this.busy.value = false;
  }
}

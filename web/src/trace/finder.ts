//! Find in a trace: names at once, from the skeleton; everything else from who has the details. It
//! must never say "no match" when it does not know.

import { signal } from "@preact/signals";
import { Retry } from "../api/retry";
import type { DetailSource } from "../model/details";
import type { TraceModel } from "../model/TraceModel";

const DELAY_MS = 160;

export class Finder {
  readonly text = signal("");
  readonly busy = signal(false);
  /** Matches and their ancestors only. */
  readonly only = signal(false);
  /** Why it is not known what matches beside names. */
  readonly problem = signal<Error | null>(null);
  private abort: AbortController | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private readonly retry = new Retry();

  constructor(
    private readonly model: TraceModel,
    private readonly source: DetailSource,
    private readonly onFound: (rows: Uint32Array) => void,
  ) {}

  find(text: string): void {
    this.text.value = text;
    this.stop();
    if (text.trim() === "") {
      this.only.value = false;
      this.model.setMatchesOnly(false);
      this.model.setMatches(new Uint32Array(0));
      return;
    }
    this.model.setMatches(this.model.findNames(text.trim()));
    this.askAfter(DELAY_MS);
  }

  setOnly(only: boolean): void {
    if (only && this.model.matches.length === 0) return;
    this.only.value = only;
    this.model.setMatchesOnly(only);
  }

  /** Asks once more after a failure. */
  again(): void {
    this.stop();
    this.askAfter(0);
  }

  stop(): void {
    clearTimeout(this.timer);
    this.retry.reset();
    this.abort?.abort();
    this.busy.value = false;
    this.problem.value = null;
  }

  private askAfter(delayMs: number): void {
    const abort = new AbortController();
    this.abort = abort;
    this.busy.value = true;
    this.timer = setTimeout(() => void this.ask(abort.signal), delayMs);
  }

  private async ask(aborted: AbortSignal): Promise<void> {
    try {
      const rows = await this.source.find(this.text.peek().trim(), aborted);
      if (aborted.aborted) return;
      this.problem.value = null;
      this.busy.value = false;
      this.model.setMatches(rows);
      if (this.only.peek()) this.model.setMatchesOnly(rows.length > 0);
      this.onFound(rows);
    } catch (error) {
      if (aborted.aborted) return;
      this.problem.value = error as Error;
      this.busy.value = false;
      this.retry.later(error as Error, () => void this.ask(aborted));
    }
  }
}

//! One answer of the server as the pages know it: the data, whether it is being asked for, what went
//! wrong, and when it is asked again. It exists so that asking, keeping, cancelling and trying again
//! are decided in one place. It must never show old data as if it were new, nor ask for what nobody
//! looks at.

import { signal } from "@preact/signals";
import { isAbort } from "./client";
import { Retry, type RetryPolicy } from "./retry";

export interface ResourceState<T> {
  /** What was answered last; with an error beside it, it may be out of date. */
  data: T | null;
  error: Error | null;
  loading: boolean;
  /** When it is asked for again by itself, in ms since the epoch. */
  retryAtMs: number | null;
}

export interface ResourceOptions<T> {
  load: (signal: AbortSignal) => Promise<T>;
  /** An answer this young is not asked for again when somebody else looks. */
  freshMs?: number;
  retry?: RetryPolicy;
}

export class Resource<T> {
  readonly state = signal<ResourceState<T>>({ data: null, error: null, loading: false, retryAtMs: null });
  private readonly load: ResourceOptions<T>["load"];
  private readonly freshMs: number;
  private readonly retry: Retry;
  private users = 0;
  private answeredAtMs = -Infinity;
  private abort: AbortController | null = null;

  constructor({ load, freshMs = 0, retry }: ResourceOptions<T>) {
    this.load = load;
    this.freshMs = freshMs;
    this.retry = new Retry(retry);
  }

  /** Somebody looks at it, until the returned function is called; the last one to leave cancels. */
  watch(): () => void {
    this.users++;
    this.ahead();
    return () => {
      if (--this.users > 0) return;
      this.retry.stop();
      this.abort?.abort();
      this.abort = null;
      this.state.value = { ...this.state.peek(), loading: false, retryAtMs: null };
    };
  }

  /** Asks before anybody looks, when there is nothing fresh. */
  ahead(): void {
    if (this.abort === null && !this.isFresh()) this.refresh();
  }

  isFresh(): boolean {
    return Date.now() - this.answeredAtMs < this.freshMs;
  }

  /** Asks again, now; what is shown stays until the answer is here. */
  refresh(): void {
    this.retry.reset();
    void this.ask();
  }

  /** Asks again, unless the answer is on its way or a pause after a failure is kept. */
  poll(): void {
    const { loading, retryAtMs } = this.state.peek();
    if (!loading && retryAtMs === null) this.refresh();
  }

  private async ask(): Promise<void> {
    this.retry.stop();
    this.abort?.abort();
    const abort = new AbortController();
    this.abort = abort;
    this.state.value = { ...this.state.peek(), loading: true, retryAtMs: null };
    try {
      const data = await this.load(abort.signal);
      if (abort.signal.aborted) return;
      this.answeredAtMs = Date.now();
      this.retry.reset();
      this.state.value = { data, error: null, loading: false, retryAtMs: null };
    } catch (reason) {
      if (abort.signal.aborted || isAbort(reason)) return;
      this.failed(reason as Error);
    } finally {
      if (this.abort === abort) this.abort = null;
    }
  }

  private failed(error: Error): void {
    // For nobody it is not asked again.
    if (this.users > 0) this.retry.later(error, () => void this.ask());
    this.state.value = { ...this.state.peek(), error, loading: false, retryAtMs: this.retry.atMs.peek() };
  }
}

/** Resources by key, the last used `keep` of them. */
export class ResourceCache<T> {
  private readonly kept = new Map<string, Resource<T>>();

  constructor(
    private readonly keep: number,
    private readonly optionsOf: (key: string) => ResourceOptions<T>,
  ) {}

  get(key: string): Resource<T> {
    const found = this.kept.get(key) ?? new Resource(this.optionsOf(key));
    this.kept.delete(key);
    this.kept.set(key, found);
    for (const oldest of this.kept.keys()) {
      if (this.kept.size <= this.keep) break;
      this.kept.delete(oldest);
    }
    return found;
  }
}

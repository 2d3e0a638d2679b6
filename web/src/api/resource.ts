//! One answer of the server as the pages know it: the data, whether it is being asked for, what went
//! wrong, and when it is asked again. It exists so that asking, keeping, cancelling and trying again
//! are decided in one place. It must never show old data as if it were new, nor ask for what nobody
//! looks at.

import { signal } from "@preact/signals";
import { ApiError, CutOff, isAbort, Unreachable } from "./client";

export interface ResourceState<T> {
  /** What was answered last; with an error beside it, it may be out of date. */
  data: T | null;
  error: Error | null;
  loading: boolean;
  /** When it is asked for again by itself, in ms since the epoch. */
  retryAtMs: number | null;
}

/** How long to wait before asking again, or null for not at all. */
export type RetryPolicy = (error: Error, attempt: number) => number | null;

const FIRST_RETRY_MS = 1000;
const LAST_RETRY_MS = 30_000;
const PASSING = new Set([429, 500, 502, 503, 504]);

/** A server that is away or overloaded comes back; a wrong question stays wrong. */
export const isPassing = (error: Error): boolean => error instanceof Unreachable || error instanceof CutOff || (error instanceof ApiError && PASSING.has(error.status));

export const retryWhenAway: RetryPolicy = (error, attempt) => (isPassing(error) ? Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** attempt) : null);

export interface ResourceOptions<T> {
  load: (signal: AbortSignal) => Promise<T>;
  /** An answer this young is not asked for again when somebody else looks. */
  freshMs?: number;
  retry?: RetryPolicy;
}

export class Resource<T> {
  readonly state = signal<ResourceState<T>>({ data: null, error: null, loading: false, retryAtMs: null });
  private readonly options: Required<ResourceOptions<T>>;
  private users = 0;
  private attempt = 0;
  private answeredAtMs = -Infinity;
  private abort: AbortController | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: ResourceOptions<T>) {
    this.options = { freshMs: 0, retry: retryWhenAway, ...options };
  }

  /** Somebody looks at it, until the returned function is called; the last one to leave cancels. */
  watch(): () => void {
    this.users++;
    this.ahead();
    return () => {
      if (--this.users > 0) return;
      clearTimeout(this.timer);
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
    return Date.now() - this.answeredAtMs < this.options.freshMs;
  }

  /** Asks again, now; what is shown stays until the answer is here. */
  refresh(): void {
    this.attempt = 0;
    void this.ask();
  }

  /** Asks again, unless the answer is on its way or a pause after a failure is kept. */
  poll(): void {
    const { loading, retryAtMs } = this.state.peek();
    if (!loading && retryAtMs === null) this.refresh();
  }

  private async ask(): Promise<void> {
    clearTimeout(this.timer);
    this.abort?.abort();
    const abort = new AbortController();
    this.abort = abort;
    this.state.value = { ...this.state.peek(), loading: true, retryAtMs: null };
    try {
      const data = await this.options.load(abort.signal);
      if (abort.signal.aborted) return;
      this.answeredAtMs = Date.now();
      this.attempt = 0;
      this.state.value = { data, error: null, loading: false, retryAtMs: null };
    } catch (reason) {
      if (abort.signal.aborted || isAbort(reason)) return;
      this.failed(reason as Error);
    } finally {
      if (this.abort === abort) this.abort = null;
    }
  }

  private failed(error: Error): void {
    const waitMs = this.users > 0 ? this.options.retry(error, this.attempt) : null;
    this.state.value = { ...this.state.peek(), error, loading: false, retryAtMs: waitMs === null ? null : Date.now() + waitMs };
    if (waitMs === null) return;
    this.attempt++;
    this.timer = setTimeout(() => void this.ask(), waitMs);
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

//! One search as it happens: results that stream in, progress, an error, more by cursor. Each is an
//! instance: two may live side by side. Whoever holds one decides how long it lives.

import { computed, signal } from "@preact/signals";
import { CutOff, isAbort } from "../api/client";
import { search } from "../api/endpoints";
import { isPassing, Retry } from "../api/retry";
import type { SearchDone, SearchProgress, TraceSummary } from "../api/types";
import { MAX_LIMIT, type SearchParams } from "../location/params";
import { resolveTime } from "../model/timeRange";

export type Phase = "idle" | "loading" | "done" | "failed" | "cancelled";

/** New results are put on screen at most this often. */
const FLUSH_MS = 60;

const PLACE_KEY = "tracewell.search";
const textOf = ({ q, from, to, limit, sort }: SearchParams): string => JSON.stringify([q, from, to, limit, sort]);

/** How far the list of this search was loaded and scrolled before the page was loaded again. */
function recallPlace(params: SearchParams): { scrollTop: number; count: number } | null {
  try {
    const kept = JSON.parse(sessionStorage.getItem(PLACE_KEY) ?? "null") as { search: string; scrollTop: number; count: number } | null;
    return kept?.search === textOf(params) ? kept : null;
  } catch {
    return null;
  }
}

export class SearchSession {
  readonly traces = signal<TraceSummary[]>([]);
  readonly phase = signal<Phase>("idle");
  /** What is shown belongs to the search before. */
  readonly stale = signal(false);
  readonly progress = signal<SearchProgress | null>(null);
  readonly done = signal<SearchDone | null>(null);
  readonly error = signal<Error | null>(null);
  /** The searched times in ms, fixed when the search began. */
  readonly range = signal<[number, number]>([0, 0]);
  readonly longestNs = computed(() => this.traces.value.reduce((longest, trace) => Math.max(longest, Number(trace.durationNs)), 1));
  params: SearchParams | null = null;
  scrollTop = 0;
  /** It was under way when the page was left. */
  wasLeft = false;
  /** Another number for every search, also for the same again. */
  readonly startedAtMs = signal(0);
  private readonly retry = new Retry();
  /** When it is tried again by itself. */
  readonly retryAtMs = this.retry.atMs;
  private abort: AbortController | null = null;

  /** Whether these parameters are the ones whose results are here (or coming). */
  holds(params: SearchParams): boolean {
    const mine = this.params;
    if (mine === null || this.wasLeft || this.phase.peek() === "failed") return false;
    return textOf(mine) === textOf(params);
  }

  isSettled(): boolean {
    return this.phase.value === "done" || this.phase.value === "failed";
  }

  /** `quietly`: what is shown stays as it is until the answer is complete. */
  async run(params: SearchParams, { quietly = false }: { quietly?: boolean } = {}): Promise<void> {
    const before = this.params === null ? recallPlace(params) : null;
    this.params = params;
    this.wasLeft = false;
    this.startedAtMs.value = Math.max(Date.now(), this.startedAtMs.peek() + 1);
    this.retry.reset();
    if (!quietly) this.scrollTop = before?.scrollTop ?? 0;
    const now = Date.now();
    this.range.value = [resolveTime(params.from, now) ?? now - 3_600_000, resolveTime(params.to, now) ?? now];
    this.stale.value = !quietly && this.traces.peek().length > 0;
    // Also what had been loaded after the first ones.
    const limit = Math.min(MAX_LIMIT, Math.max(params.limit, before?.count ?? 0, quietly ? this.traces.peek().length : 0));
    await this.read({ ...params, limit }, undefined, quietly);
  }

  /** The traces that come after the ones that are here, in the same order. */
  async more(): Promise<void> {
    const cursor = this.done.peek()?.cursor;
    if (this.params === null || !cursor) return;
    this.retry.reset();
    await this.read(this.params, cursor);
  }

  /** What failed once more: the search, or what was to come after the traces that are here. */
  again(): void {
    if (this.params === null) return;
    const error = this.error.peek();
    // What cannot succeed is not repeated: the search begins anew.
    const isMore = this.done.peek()?.cursor && error !== null && isPassing(error);
    void (isMore ? this.more() : this.run(this.params));
  }

  cancel(): void {
    this.abort?.abort();
    this.retry.stop();
    if (this.phase.peek() === "loading") this.phase.value = "cancelled";
    this.stale.value = false;
  }

  /** Nobody looks any more: what was not answered yet is asked for when somebody comes back. */
  leave(): void {
    const isUnderWay = this.phase.peek() === "loading" || this.retryAtMs.peek() !== null;
    this.cancel();
    this.wasLeft = isUnderWay;
  }

  private async read(params: SearchParams, cursor: string | undefined, quietly = false): Promise<void> {
    this.abort?.abort();
    this.retry.stop();
    const abort = new AbortController();
    this.abort = abort;
    this.phase.value = "loading";
    this.progress.value = null;
    this.error.value = null;
    if (cursor === undefined) this.done.value = null;
    const found: TraceSummary[] = cursor === undefined ? [] : [...this.traces.peek()];
    const known = new Set(found.map(({ traceId }) => traceId));
    let shownAt = 0;
    let complete = false;
    const show = (): void => {
      if (abort.signal.aborted) return;
      this.traces.value = [...found];
      this.stale.value = false;
      shownAt = performance.now();
    };
    try {
      for await (const line of search({ q: params.q, from: params.from, to: params.to, limit: params.limit, sort: params.sort, cursor }, abort.signal)) {
        if (abort.signal.aborted) return;
        if (line.type === "trace" && !known.has(line.traceId)) {
          known.add(line.traceId);
          found.push(line);
          if (!quietly && performance.now() - shownAt > FLUSH_MS) show();
        } else if (line.type === "progress") {
          this.progress.value = line;
        } else if (line.type === "done") {
          this.done.value = line;
          complete = true;
        } else if (line.type === "error") {
          throw new Error(line.message);
        }
      }
      if (!complete) throw new CutOff();
      show();
      this.phase.value = "done";
      this.retry.reset();
    } catch (error) {
      if (abort.signal.aborted || isAbort(error)) return;
      if (found.length > 0) show();
      this.stale.value = false;
      this.error.value = error as Error;
      this.phase.value = "failed";
      this.retry.later(error as Error, () => void this.read(params, cursor, quietly));
    }
  }

  /** For the case that the page is loaded again. */
  keepPlace(): void {
    if (this.params === null) return;
    try {
      sessionStorage.setItem(PLACE_KEY, JSON.stringify({ search: textOf(this.params), scrollTop: this.scrollTop, count: this.traces.peek().length }));
    } catch {
      // Storage is forbidden: the list begins anew.
    }
  }
}

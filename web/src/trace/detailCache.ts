//! The details of a trace's spans that were fetched, by row, and which id a row has: ids are part of
//! the details, the skeleton does not carry them. It must never ask twice for what is on its way, and
//! never say that a span is not there because its answer is not.

import { signal } from "@preact/signals";
import { Retry } from "../api/retry";
import type { DetailSource, SpanDetail } from "../model/details";
import { NO_ROW } from "../model/TraceModel";

/** A request for details carries at most this many rows. */
const BATCH_ROWS = 500;
/** Details that are kept; the oldest go first. */
const MAX_DETAILS = 5000;

export class DetailCache {
  /** Grows whenever more is known. */
  readonly version = signal(0);
  /** Why details could not be fetched. */
  readonly problem = signal<Error | null>(null);
  private readonly retry = new Retry();
  readonly retryAtMs = this.retry.atMs;
  private readonly details = new Map<number, SpanDetail>();
  private readonly ids = new Map<number, string>();
  private readonly asked = new Map<number, Promise<void>>();
  private readonly ended = new AbortController();
  private failedRows: readonly number[] = [];

  constructor(
    private readonly source: DetailSource,
    /** A row that must stay. */
    private readonly selected: () => number,
  ) {}

  get(row: number): SpanDetail | undefined {
    return this.details.get(row);
  }

  spanId(row: number): string | undefined {
    return this.ids.get(row);
  }

  /** Fetches what is not here; resolves when all of it is, also what others asked for. */
  async fetch(rows: readonly number[]): Promise<void> {
    const missing = rows.filter((row) => !this.details.has(row)).slice(0, BATCH_ROWS);
    const mine = missing.filter((row) => !this.asked.has(row));
    if (mine.length > 0) {
      const answer = this.ask(mine);
      for (const row of mine) this.asked.set(row, answer);
    }
    await Promise.all(new Set(missing.map((row) => this.asked.get(row)!)));
  }

  private async ask(rows: readonly number[]): Promise<void> {
    try {
      for (const detail of await this.source.spans([...rows], this.ended.signal)) this.keep(detail);
      this.failedRows = this.failedRows.filter((row) => !rows.includes(row));
      // Others may still wait to be asked for again.
      if (this.failedRows.length === 0) {
        this.retry.reset();
        this.problem.value = null;
      }
      this.version.value++;
    } catch (error) {
      if (this.ended.signal.aborted) return;
      this.failedRows = [...new Set([...this.failedRows, ...rows])];
      this.problem.value = error as Error;
      this.retry.later(error as Error, () => this.again());
    } finally {
      for (const row of rows) this.asked.delete(row);
    }
  }

  private keep(detail: SpanDetail): void {
    this.details.set(detail.row, detail);
    this.ids.set(detail.row, detail.spanId);
    for (const oldest of this.details.keys()) {
      if (this.details.size <= MAX_DETAILS) break;
      if (oldest === this.selected()) continue;
      this.details.delete(oldest);
      this.ids.delete(oldest);
    }
  }

  /** Asks once more for what could not be fetched. */
  again(): void {
    this.retry.stop();
    const selected = this.selected();
    void this.fetch(selected === NO_ROW ? this.failedRows : [...new Set([selected, ...this.failedRows])]);
  }

  /** The row of a span id, or none when the trace has no such span. Fails when that is not known. */
  async rowOf(spanId: string): Promise<number> {
    for (const [row, id] of this.ids) if (id === spanId) return row;
    const row = (await this.source.rowsOf(spanId, this.ended.signal))[0] ?? NO_ROW;
    if (row !== NO_ROW) this.ids.set(row, spanId);
    return row;
  }

  end(): void {
    this.retry.stop();
    this.ended.abort();
  }
}

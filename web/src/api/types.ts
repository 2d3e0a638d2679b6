//! The shapes of the UI API's JSON answers, as docs/internals/ui-api.md defines them.

export interface ApiErrorBody {
  code: string;
  message: string;
  hint?: string;
  /** Character range in the query. */
  span?: [number, number];
}

/** [service index, start fraction, width fraction, is error, depth] */
export type Bar = [number, number, number, 0 | 1, number];

export interface TraceSummary {
  traceId: string;
  rootService: string | null;
  rootName: string | null;
  startNs: string;
  durationNs: string;
  spanCount: number;
  errorCount: number;
  orphanCount: number;
  matchedCount: number;
  matched: string[];
  services: { name: string; spanCount: number; errorCount: number }[];
  bars: Bar[];
}

export interface SearchProgress {
  /** Traces that match so far, when they are ranked. */
  matchedTraces?: number;
  searchedBlocks: number;
  totalBlocks: number;
  searchedBytes: number;
}

export interface SearchDone extends Omit<SearchProgress, "matchedTraces"> {
  /** Traces that match and were ranked; null when the newest were asked for. */
  matchedTraces: number | null;
  elapsedMs: number;
  searchedSpans: number;
  cursor: string | null;
  partial: string | null;
  /** Start of the newest span that matches beyond the end of a search until now. */
  newerNs: string | null;
}

export type SearchLine =
  | ({ type: "trace" } & TraceSummary)
  | ({ type: "progress" } & SearchProgress)
  | ({ type: "done" } & SearchDone)
  | ({ type: "error" } & ApiErrorBody);

export type HistogramLine =
  | { type: "buckets"; startNs: string; stepNs: string; count: number }
  /** [bucket, spans, failed spans], of which each replaces what was said before. */
  | { type: "counts"; buckets: [number, number, number][]; settled: number }
  | ({ type: "progress" } & SearchProgress)
  | ({ type: "done"; spans: number; errors: number; partial: string | null } & SearchProgress)
  | ({ type: "error" } & ApiErrorBody);

export interface ServiceCount {
  name: string;
  spanCount: number;
  errorCount: number;
}

export interface Operation {
  name: string;
  kind: string;
  spanCount: number;
}

export interface OperationList {
  operations: Operation[];
  /** Why there may be more. */
  partial?: string;
}

export interface AttributeKey {
  scope: "span" | "resource" | "event" | "link" | "scope";
  key: string;
  type: string;
}

export interface AttributeSample {
  type: string;
  value: string | number | boolean;
  count: number;
}

export type QueryCheck = { ok: true } | { ok: false; message: string; hint?: string; span?: [number, number] };

export interface ServerStatus {
  version: string;
  uptimeSeconds: number;
  spans: { received: number | string; stored: number | string; rejected: number | string };
  endpoints: { name: string; address: string }[];
  store: { spans: number | string; bytes: number | string; blocks: number; oldestNs: string | null; newestNs: string | null; readOnly?: boolean; degraded?: string | null };
}

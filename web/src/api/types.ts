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
  /** Spans at which a cycle of parents is cut. */
  cycleCount: number;
  /** Spans that wait for a sampling decision and are not stored yet. */
  waitingCount: number;
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

/** What a figure counts: seconds, something a second, or anything. */
export type Unit = "s" | "/s" | "";

export interface Exemplar {
  traceId: string;
  spanId: string;
  timeNs: string;
  value: number;
}

export interface Series {
  labels: { name: string; value: unknown }[];
  /** One for each moment; null where there is no sample. */
  values: (number | null)[];
  exemplars: Exemplar[];
}

export interface MetricsAnswer extends SearchProgress {
  /** Of a histogram each series is a bucket, of a comparison a value of an attribute. */
  kind: "series" | "histogram" | "comparison";
  /** Of the values; of a histogram of its buckets. */
  unit: Unit;
  /** The first moment; samples are of the step that ends there. */
  startNs: string;
  stepNs: string;
  count: number;
  series: Series[];
  elapsedMs: number;
  searchedSpans: number;
  /** False when spans that were stored twice may have been counted twice. */
  exact: boolean;
  partial: string | null;
}

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

/** What a query asks for: traces, or figures over time. */
export type QueryKind = "search" | "metrics";

/** With its kind, if it can be read. */
export type QueryCheck = ({ ok: true } | { ok: false; message: string; hint?: string; span?: [number, number] }) & { kind?: QueryKind };

type Count = number | string;

/** What sends spans on: received = sent + rejected + in flight. */
/** received = passed + dropped + rejected + in flight. */
export interface Processor {
  pipeline: string;
  name: string;
  received: number;
  passed: number;
  dropped: Record<string, number>;
  rejected: number;
  inFlight: number;
  errors: number;
}

export interface Exporter {
  name: string;
  endpoint: string;
  received: number;
  sent: number;
  rejected: Record<string, number>;
  inFlight: number;
  retries: number;
  /** What the peer said last when it took nothing; null once it took something. */
  lastError: string | null;
  /** Of those received, what was found on the disk at the start. */
  restored?: number;
  /** Its queue on the disk, where it has one. */
  queue?: { requests: number; heldBytes: number; limitBytes: number } | null;
}

/** Sends on what connectors count: collected = sent + superseded + rejected + in flight. */
export interface MetricExporter {
  name: string;
  endpoint: string;
  collected: number;
  sent: number;
  superseded: number;
  rejected: Record<string, number>;
  inFlight: number;
  retries: number;
  lastError: string | null;
}

/** A pipeline of a Collector's file. */
export interface Pipeline {
  name: string;
  receivers: string[];
  processors: string[];
  exporters: string[];
}

/** Between two components of a pipeline; null stands for several, where there is no processor. */
export interface Edge {
  pipeline: string;
  from: string | null;
  to: string | null;
  handed: number;
  refused: number;
  waiting: number;
}

/** received + restored + copied = stored + forwarded + counted + discarded + dropped + rejected + in flight. */
export interface GraphSum {
  received: number;
  restored: number;
  copied: number;
  stored: number;
  forwarded: number;
  counted: number;
  discarded: number;
  dropped: Record<string, number>;
  rejected: number;
  inFlight: number;
}

export interface Receiver {
  name: string;
  received: Count;
  stored: Count;
  rejected: Record<string, Count>;
  requests: Record<string, Count>;
  repaired: Record<string, Count>;
}

/** A kind of request that was not taken as it was. */
export interface Complaint {
  receiver: string;
  reason: string;
  peer: string | null;
  userAgent: string | null;
  message: string;
  times: Count;
  lastNs: string;
}

export interface StoreStatus {
  spans: Count;
  bytes: Count;
  memoryBytes?: Count;
  blocks: number;
  removedSpans?: Count;
  oldestNs: string | null;
  newestNs: string | null;
  readOnly?: boolean;
  unhealthy?: string | null;
  degraded?: string | null;
  compaction?: { backlogBlocks: number; backlogBytes: number };
  disk?: { dataDir: string; freeBytes: number | null; totalBytes: number | null; retentionAgeSeconds: number | null; retentionBytes: number | null; retentionFreeBytes: number | null } | null;
}

/** What clients are told to record of an operation, and why. */
export interface AdaptedOperation {
  service: string;
  operation: string;
  targetPerSecond: number;
  probability: number;
  offeredPerSecond: number;
  recordedPerSecond: number;
  reason: string;
}

export interface ServerStatus {
  version: string;
  uptimeSeconds: number;
  spans: { received: Count; stored: Count; rejected: Count; inFlight?: Count };
  endpoints: { name: string; address: string }[];
  /** What people should know of how it is set up. */
  warnings?: string[];
  /** When the configuration was read again the last time, and what is not in force of it. */
  reload?: { atNs: string; error: string | null; notes: string[] } | null;
  store: StoreStatus;
  receivers?: Receiver[];
  processors?: Processor[];
  exporters?: Exporter[];
  metricExporters?: MetricExporter[];
  /** Null where there are no pipelines. */
  graph?: { pipelines: Pipeline[]; connectors: string[]; edges: Edge[]; sum: GraphSum } | null;
  complaints?: Complaint[];
  memory?: { requestsHeldBytes: number; requestsLimitBytes: number };
  queries?: { running: number; waiting: number; runningLimit: number; waitingLimit: number; timeLimitSeconds: number; memoryHeldBytes: number; memoryLimitBytes: number | null };
  openedTraces?: { bytes: number; limitBytes: number };
  adaptiveSampling?: { count: number; operations: AdaptedOperation[] } | null;
}

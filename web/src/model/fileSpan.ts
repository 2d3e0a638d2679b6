//! A span as every reader of files gives it, before anybody knows where in a trace it belongs.

import type { SpanDetail } from "./details";

/** One span of a file; `detail.row` is set when its trace is assembled. */
export interface FileSpan {
  traceId: string;
  service: string;
  start: bigint;
  end: bigint;
  detail: SpanDetail;
}

//! Builds, in the browser, what the server builds for stored traces: rows in depth-first order and
//! their columns, from the spans of an opened file. Spans without their parent become roots and say so.

import { emptyColumns, FLAG, KINDS, type Skeleton } from "./columns";
import type { SpanDetail } from "./details";
import { isFailed } from "./failure";
import { plural } from "./format";
import type { FileSpan } from "./fileSpan";
import { arrange } from "./tree";

export interface AssembledTrace extends Skeleton {
  /** By row. */
  details: SpanDetail[];
}

/** One assembled trace per trace id, newest first. */
export function assembleTraces(spans: readonly FileSpan[]): AssembledTrace[] {
  const byTrace = new Map<string, FileSpan[]>();
  for (const span of spans) {
    const list = byTrace.get(span.traceId);
    if (list) list.push(span);
    else byTrace.set(span.traceId, [span]);
  }
  const traces = [...byTrace.entries()].map(([id, list]) => assemble(id, list));
  return traces.sort((a, b) => (BigInt(b.header.startNs) > BigInt(a.header.startNs) ? 1 : -1));
}

class Dictionary {
  readonly values: string[] = [];
  private readonly index = new Map<string, number>();
  of(value: string): number {
    let i = this.index.get(value);
    if (i === undefined) {
      i = this.values.push(value) - 1;
      this.index.set(value, i);
    }
    return i;
  }
}

const byStart = (a: FileSpan, b: FileSpan): number =>
  a.start < b.start ? -1 : a.start > b.start ? 1 : a.detail.spanId < b.detail.spanId ? -1 : 1;

function assemble(traceId: string, unsorted: FileSpan[]): AssembledTrace {
  const spans = [...unsorted].sort(byStart);
  const { placed: order, root, repeated } = arrange(spans);
  const n = order.length;
  const columns = emptyColumns(n);
  const services = new Dictionary();
  const names = new Dictionary();
  const scopes = new Dictionary();
  let start = spans[0]!.start;
  let end = start;
  for (const span of spans) {
    if (span.start < start) start = span.start;
    if (span.end > end) end = span.end;
  }
  let errors = 0;
  let orphans = 0;
  let cycles = 0;
  let reversed = 0;
  let duplicates = 0;
  let deepest = 0;
  order.forEach(({ span, depth, orphan, cycle }, row) => {
    const { detail } = span;
    detail.row = row;
    let flags = 0;
    if (isFailed(detail)) flags |= FLAG.error;
    if (detail.events.length > 0) flags |= FLAG.events;
    if (detail.links.length > 0) flags |= FLAG.links;
    if (cycle) flags |= FLAG.cycle;
    if (orphan) flags |= FLAG.orphan;
    if (span.end < span.start) {
      flags |= FLAG.negativeDuration;
      reversed++;
    }
    if (repeated.has(span)) {
      flags |= FLAG.duplicateId;
      duplicates++;
    }
    errors += flags & FLAG.error ? 1 : 0;
    orphans += flags & FLAG.orphan ? 1 : 0;
    cycles += flags & FLAG.cycle ? 1 : 0;
    deepest = Math.max(deepest, depth);
    columns.start[row] = Number(span.start - start);
    columns.duration[row] = span.end > span.start ? Number(span.end - span.start) : 0;
    columns.depth[row] = depth;
    columns.name[row] = names.of(detail.name);
    columns.service[row] = services.of(span.service);
    columns.scope[row] = scopes.of(detail.scope.version ? `${detail.scope.name}@${detail.scope.version}` : detail.scope.name);
    columns.kind[row] = Math.max(0, KINDS.indexOf(detail.kind as (typeof KINDS)[number]));
    columns.status[row] = detail.statusCode === "error" ? 2 : detail.statusCode === "ok" ? 1 : 0;
    columns.flags[row] = flags;
    columns.events[row] = Math.min(255, detail.events.length);
  });
  fillSubtrees(columns.depth, columns.subtree);
  const warnings: string[] = [];
  if (orphans > 0) warnings.push(`${plural(orphans, "span refers", "spans refer")} to parents that are not in the file`);
  if (cycles > 0) warnings.push(`the parents of ${plural(cycles, "span")} form a cycle, which is cut there`);
  if (reversed > 0) warnings.push(`${plural(reversed, "span ends", "spans end")} before they start; their duration is shown as 0`);
  if (duplicates > 0) warnings.push(`${plural(duplicates, "span repeats", "spans repeat")} the id of another span`);
  return {
    header: {
      traceId,
      n,
      startNs: String(start),
      durationNs: String(end - start),
      services: services.values,
      names: names.values,
      scopes: scopes.values,
      kinds: [...KINDS],
      rootService: root?.service ?? null,
      rootName: root?.detail.name ?? null,
      errorCount: errors,
      orphanCount: orphans,
      cycleCount: cycles,
      depth: deepest + 1,
      revision: "file",
      warnings,
    },
    columns,
    details: order.map(({ span }) => span.detail),
  };
}

function fillSubtrees(depth: Uint16Array, subtree: Uint32Array): void {
  const open: number[] = [];
  for (let i = 0; i <= depth.length; i++) {
    const here = i < depth.length ? depth[i]! : 0;
    while (open.length > here || (i === depth.length && open.length > 0)) {
      const row = open.pop()!;
      subtree[row] = i - row;
    }
    open.push(i);
  }
}

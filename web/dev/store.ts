// The memory of the development server: traces it was sent or made itself, and a search over them
// that understands what the form's chips can say.

import { type AssembledTrace, assembleTraces } from "../src/model/assemble";
import type { FileSpan } from "../src/model/fileSpan";
import { type Attribute, type SpanDetail, valueText } from "../src/model/details";
import { readOtlp } from "../src/model/files/otlp";
import { parseConditions } from "../src/query/conditions";
import { parseDuration } from "../src/query/literal";
import { unquote } from "../src/query/tokens";
import { FLAG } from "../src/model/columns";
import type { Bar, TraceSummary } from "../src/api/types";

export class DevStore {
  private readonly spans = new Map<string, FileSpan[]>();
  private readonly assembled = new Map<string, AssembledTrace>();
  stored = 0;

  add(request: object): number {
    const spans = readOtlp(request as Record<string, unknown>);
    for (const span of spans) {
      const list = this.spans.get(span.traceId) ?? [];
      list.push(span);
      this.spans.set(span.traceId, list);
      this.assembled.delete(span.traceId);
    }
    this.stored += spans.length;
    return spans.length;
  }

  get(traceId: string): AssembledTrace | undefined {
    let trace = this.assembled.get(traceId);
    const spans = this.spans.get(traceId);
    if (trace === undefined && spans !== undefined) {
      trace = assembleTraces(spans)[0]!;
      trace.header.revision = String(spans.length);
      trace.header.warnings = trace.header.warnings.map((w) => w.replace("that are not in the file", "that never arrived"));
      this.assembled.set(traceId, trace);
    }
    return trace;
  }

  all(): AssembledTrace[] {
    return [...this.spans.keys()].map((id) => this.get(id)!).sort((a, b) => (BigInt(b.header.startNs) > BigInt(a.header.startNs) ? 1 : -1));
  }

  search(q: string, fromMs: number, toMs: number): { trace: AssembledTrace; rows: number[] }[] {
    return this.all()
      .filter(({ header }) => Number(BigInt(header.startNs) / 1_000_000n) >= fromMs && Number(BigInt(header.startNs) / 1_000_000n) <= toMs)
      .map((trace) => ({ trace, rows: matchingRows(trace, q) }))
      .filter(({ rows }) => rows.length > 0);
  }
}

function matchingRows(trace: AssembledTrace, q: string): number[] {
  const conditions = parseConditions(q) ?? [];
  return trace.details.flatMap((detail, row) => {
    const service = trace.header.services[trace.columns.service[row]!]!;
    const holds = conditions.every(({ comparison, text: textOf }) => {
      const failed = (trace.columns.flags[row]! & FLAG.error) !== 0;
      if (textOf === "error" || textOf === "!error") return failed === (textOf === "error");
      if (comparison === undefined) return true;
      const { field, op } = comparison;
      const wanted = unquote(comparison.literal);
      if (field === "status") {
        const status = trace.columns.status[row] === 2;
        return (op === "=") === (wanted === "error" ? status : !status);
      }
      if (field === "duration") return number(trace.columns.duration[row]!, op, parseDuration(wanted) ?? 0);
      if (field === "traceDuration") return number(Number(trace.header.durationNs), op, parseDuration(wanted) ?? 0);
      return text(valueOf(detail, service, field), op, wanted);
    });
    return holds ? [row] : [];
  });
}

function valueOf(detail: SpanDetail, service: string, field: string): string | undefined {
  if (field === "name") return detail.name;
  if (field === "kind") return detail.kind;
  const key = field.replace(/^(span|resource)?\./, "");
  if (key === "service.name") return service;
  const list: Attribute[] = [...(field.startsWith("resource.") ? [] : detail.attributes), ...(field.startsWith("span.") ? [] : detail.resource.attributes)];
  const found = list.find((attribute) => attribute.key === unquote(key));
  return found === undefined ? undefined : valueText(found.value);
}

function text(value: string | undefined, op: string, wanted: string): boolean {
  if (value === undefined) return false;
  if (op === "=") return value === wanted;
  if (op === "!=") return value !== wanted;
  if (op === "=~" || op === "!~") return new RegExp(`^(?:${wanted})$`).test(value) === (op === "=~");
  return number(Number(value), op, Number(wanted));
}

const number = (a: number, op: string, b: number): boolean => (op === ">" ? a > b : op === ">=" ? a >= b : op === "<" ? a < b : op === "<=" ? a <= b : a === b);

export function summarize(trace: AssembledTrace, rows: number[]): TraceSummary {
  const { header, columns } = trace;
  const total = Math.max(1, Number(header.durationNs));
  const services = header.services.map((name) => ({ name, spanCount: 0, errorCount: 0 }));
  for (let i = 0; i < header.n; i++) {
    services[columns.service[i]!]!.spanCount++;
    if (columns.flags[i]! & FLAG.error) services[columns.service[i]!]!.errorCount++;
  }
  const bars: Bar[] = Array.from({ length: Math.min(64, header.n) }, (_, i) => [
    columns.service[i]!, columns.start[i]! / total, columns.duration[i]! / total, (columns.flags[i]! & FLAG.error) as 0 | 1, columns.depth[i]!,
  ]);
  return {
    traceId: header.traceId, rootService: header.rootService, rootName: header.rootName, startNs: header.startNs, durationNs: header.durationNs,
    spanCount: header.n, errorCount: header.errorCount, orphanCount: header.orphanCount, cycleCount: header.cycleCount, waitingCount: 0, matchedCount: rows.length,
    matched: rows.slice(0, 3).map((row) => trace.details[row]!.spanId), services, bars,
  };
}

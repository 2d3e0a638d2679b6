// Figures over time of the development server: enough of the functions to see every chart, over the
// first filter of a query. It never tells whether a query is right.

import type { MetricsAnswer, Series } from "../src/api/types";
import { FLAG } from "../src/model/columns";
import { valueText } from "../src/model/details";
import type { DevStore } from "./store";

interface Span {
  startMs: number;
  seconds: number;
  failed: boolean;
  traceId: string;
  spanId: string;
  field: (name: string) => string | null;
  attributes: Record<string, string>;
}

const SECONDS: Record<string, number> = { ms: 0.001, s: 1, m: 60, h: 3600, d: 86_400 };

function spansOf(store: DevStore, q: string, fromMs: number, toMs: number): Span[] {
  const filter = /\{[^}]*\}/.exec(q)?.[0] ?? "{}";
  return store.search(filter, fromMs, toMs).flatMap(({ trace, rows }) =>
    rows.map((row) => {
      const detail = trace.details[row]!;
      const service = trace.header.services[trace.columns.service[row]!]!;
      const attributes = Object.fromEntries(detail.attributes.map(({ key, value }) => [`span.${key}`, valueText(value)]));
      return {
        startMs: Number(BigInt(trace.header.startNs) / 1_000_000n) + trace.columns.start[row]! / 1e6,
        seconds: trace.columns.duration[row]! / 1e9,
        failed: (trace.columns.flags[row]! & FLAG.error) !== 0,
        traceId: trace.header.traceId,
        spanId: detail.spanId,
        attributes: { ...attributes, "resource.service.name": service, name: detail.name, kind: detail.kind },
        field: (name) => ({ ...attributes, "resource.service.name": service, name: detail.name, kind: detail.kind })[name] ?? null,
      };
    }),
  );
}

export function devMetrics(store: DevStore, q: string, fromMs: number, toMs: number, step: string): MetricsAnswer {
  const [, name = "rate", argument = ""] = /\|\s*(\w+)\s*\(([^)]*)\)/.exec(q) ?? [];
  const [, amount, unit] = /^(\d+)(ms|s|m|h|d)$/.exec(step) ?? [];
  const chosen = [1, 5, 15, 60, 300, 900, 3600].find((s) => (toMs - fromMs) / 1000 / s <= 240) ?? 3600;
  const stepMs = amount === undefined ? chosen * 1000 : Number(amount) * SECONDS[unit!]! * 1000;
  const startMs = Math.floor(fromMs / stepMs) * stepMs;
  const count = Math.ceil(toMs / stepMs) - Math.floor(fromMs / stepMs) + 1;
  const spans = spansOf(store, q, startMs - stepMs, toMs);
  const isDuration = argument.startsWith("duration");
  const answer: MetricsAnswer = {
    kind: name === "compare" ? "comparison" : name === "histogram_over_time" ? "histogram" : "series",
    unit: isDuration ? "s" : name === "rate" ? "/s" : "",
    startNs: `${startMs}000000`, stepNs: `${stepMs}000000`, count, series: [], exact: true, partial: null,
    elapsedMs: 3, searchedBlocks: 4, totalBlocks: 4, searchedBytes: 1234, searchedSpans: store.stored,
  };
  if (name === "compare") return { ...answer, count: 1, stepNs: `${toMs - fromMs}000000`, series: compared(spans) };
  const [, by] = /\)\s*by\s*\(([^)]*)\)/.exec(q) ?? [];
  const groups = new Map<string, { labels: Series["labels"]; spans: Span[] }>();
  for (const span of spans) {
    const labels = (by ?? "").split(",").map((field) => field.trim()).filter((field) => field !== "").map((field) => ({ name: field, value: span.field(field) })).filter(({ value }) => value !== null);
    const group = groups.get(JSON.stringify(labels)) ?? { labels, spans: [] };
    group.spans.push(span);
    groups.set(JSON.stringify(labels), group);
  }
  const place = ({ startMs: at }: Span): number => Math.ceil((at - startMs) / stepMs);
  const steps = (of: readonly Span[]): Span[][] => Array.from({ length: count }, (_, i) => of.filter((span) => place(span) === i));
  const series = (labels: Series["labels"], of: readonly Span[], figure: (spans: Span[]) => number | null): Series => {
    const values = steps(of).map(figure);
    const exemplars = of.filter((_, i) => i % Math.ceil(of.length / 12) === 0).map((span) => ({ traceId: span.traceId, spanId: span.spanId, timeNs: `${Math.round(span.startMs)}000000`, value: isDuration ? span.seconds : (values[place(span)] ?? 0) }));
    return { labels: labels.length > 0 ? labels : [{ name: "__name__", value: name }], values, exemplars };
  };
  const quantiles = name === "quantile_over_time" ? argument.split(",").slice(1).map(Number) : [];
  for (const { labels, spans: of } of groups.values()) {
    if (name === "histogram_over_time") {
      const bound = ({ seconds }: Span): number => 2 ** Math.ceil(Math.log2(Math.max(2, seconds * 1e9))) / 1e9;
      for (const value of new Set(of.map(bound))) answer.series.push({ ...series([...labels, { name: "__bucket", value }], of.filter((span) => bound(span) === value), (some) => some.length), exemplars: [] });
    } else if (quantiles.length > 0) {
      for (const value of quantiles) answer.series.push(series([...labels, { name: "p", value }], of, (some) => (some.length === 0 ? null : some.map(({ seconds }) => seconds).sort((a, b) => a - b)[Math.min(some.length - 1, Math.floor(value * some.length))]!)));
    } else if (/^(min|max|avg|sum)_/.test(name)) {
      answer.series.push(series(labels, of, (some) => (some.length === 0 ? null : Math.max(...some.map(({ seconds }) => seconds)))));
    } else answer.series.push(series(labels, of, (some) => some.length / (name === "rate" ? stepMs / 1000 : 1)));
  }
  return answer;
}

/** What failed against what did not. */
function compared(spans: readonly Span[]): Series[] {
  const counts = new Map<string, number>();
  const add = (type: string, attribute: string, value: string): void => void counts.set(JSON.stringify([type, attribute, value]), (counts.get(JSON.stringify([type, attribute, value])) ?? 0) + 1);
  for (const { failed, attributes } of spans) {
    const side = failed ? "selection" : "baseline";
    for (const [attribute, value] of Object.entries(attributes)) {
      add(side, attribute, value);
      add(`${side}_total`, attribute, "nil");
    }
  }
  return [...counts].map(([key, count]) => {
    const [type, attribute, value] = JSON.parse(key) as [string, string, string];
    return { labels: [{ name: "__meta_type", value: type }, { name: attribute, value }], values: [count], exemplars: [] };
  });
}

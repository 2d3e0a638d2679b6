//! One function per question that the UI asks the server; see docs/internals/ui-api.md.

import { decodeSkeleton, type Skeleton } from "../model/columns";
import type { DetailSource, SpanDetail } from "../model/details";
import type { Explanation } from "../model/explanation";
import { apiUrl, getJson, readNdjson, request, whole } from "./client";
import type { AttributeKey, AttributeSample, HistogramLine, MetricsAnswer, OperationList, QueryCheck, SearchLine, ServerStatus, ServiceCount } from "./types";

const HISTOGRAM_BUCKETS = 120;

export interface SearchRequest {
  q: string;
  from: string;
  to: string;
  limit: number;
  sort?: string;
  cursor?: string;
}

export async function* search(params: SearchRequest, signal?: AbortSignal): AsyncGenerator<SearchLine> {
  const response = await request(apiUrl("api/ui/search", { ...params }), { signal });
  if (response.body !== null) yield* readNdjson<SearchLine>(response.body);
}

export async function* histogram({ q, from, to }: { q: string; from: string; to: string }, signal?: AbortSignal): AsyncGenerator<HistogramLine> {
  const response = await request(apiUrl("api/ui/histogram", { q, from, to, buckets: HISTOGRAM_BUCKETS }), { signal });
  if (response.body !== null) yield* readNdjson<HistogramLine>(response.body);
}

/** How many spans match, and why there may be more. */
export const countSpans = (params: { q: string; from: string; to: string }, signal?: AbortSignal): Promise<{ spans: number; partial: string | null }> => getJson("api/ui/count", params, signal);

/** Figures over time; without a step the server chooses one. */
export const metrics = (params: { q: string; from: string; to: string; step: string }, signal?: AbortSignal): Promise<MetricsAnswer> => getJson("api/ui/metrics", params, signal);

export interface TimeRange {
  from: string;
  to: string;
}

export const services = async (range: TimeRange, signal?: AbortSignal): Promise<ServiceCount[]> =>
  (await getJson<{ services: ServiceCount[] }>("api/ui/services", { ...range }, signal)).services;

export const operations = (service: string, prefix: string, range: TimeRange, signal?: AbortSignal): Promise<OperationList> =>
  getJson("api/ui/operations", { service, prefix, ...range }, signal);

/** Which spans the names and values are of. */
export interface Among extends TimeRange {
  service?: string;
}

export const keys = async (prefix: string, among: Among, signal?: AbortSignal): Promise<AttributeKey[]> =>
  (await getJson<{ keys: AttributeKey[] }>("api/ui/keys", { prefix, limit: 50, ...among }, signal)).keys;

export const values = async (scope: string, key: string, prefix: string, among: Among, signal?: AbortSignal): Promise<AttributeSample[]> =>
  (await getJson<{ values: AttributeSample[] }>("api/ui/values", { scope, key, prefix, limit: 20, ...among }, signal)).values;

export const checkQuery = (q: string, signal?: AbortSignal): Promise<QueryCheck> => getJson("api/ui/query/check", { q }, signal);

export const status = (signal?: AbortSignal): Promise<ServerStatus> => getJson("api/status", {}, signal);

export async function skeleton(traceId: string, signal?: AbortSignal): Promise<Skeleton> {
  const response = await request(apiUrl(`api/ui/traces/${traceId}/skeleton`), { signal });
  return whole(response, async () => decodeSkeleton(await response.arrayBuffer()));
}

/** Details and find of a stored trace. */
export class RemoteSource implements DetailSource {
  constructor(
    private readonly traceId: string,
    private readonly revision: string,
  ) {}

  async spans(rows: number[], signal?: AbortSignal): Promise<SpanDetail[]> {
    const response = await request(apiUrl(`api/ui/traces/${this.traceId}/spans`), {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ revision: this.revision, rows }),
      signal,
    });
    return (await whole(response, (answer) => answer.json() as Promise<{ spans: SpanDetail[] }>)).spans;
  }

  async rowsOf(spanId: string, signal?: AbortSignal): Promise<number[]> {
    return (await getJson<{ rows: number[] }>(`api/ui/traces/${this.traceId}/rows`, { span: spanId, revision: this.revision }, signal)).rows;
  }

  explain(signal?: AbortSignal): Promise<Explanation> {
    return getJson(`api/ui/traces/${this.traceId}/explain`, { revision: this.revision }, signal);
  }

  async find(query: string, signal?: AbortSignal): Promise<Uint32Array> {
    const { rows } = await getJson<{ rows: number[] }>(`api/ui/traces/${this.traceId}/find`, { q: query }, signal);
    return Uint32Array.from(rows);
  }
}

export const otlpDownload = (traceId: string): string => apiUrl(`api/ui/traces/${traceId}/otlp`, { download: 1 });
export const jaegerDownload = (traceId: string): string => apiUrl(`api/traces/${traceId}`, { prettyPrint: "true", download: 1 });

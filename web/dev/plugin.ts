// The development server: a Vite plugin that answers the UI's API from memory, so that `npm run dev`
// needs no binary, or passes requests on to one when TRACEWELL_URL names it. `vite preview` gets
// the same answers, with the content security policy that the binary sends.

import type { IncomingMessage, ServerResponse } from "node:http";
import type { Connect, Plugin } from "vite";
import { encodeSkeleton, FLAG, type Skeleton } from "../src/model/columns";
import { valueText } from "../src/model/details";
import { LocalSource } from "../src/model/LocalSource";
import { resolveTime } from "../src/model/timeRange";
import { tokenize } from "../src/query/tokens";
import { bigDetail, bigTrace } from "./big";
import { shopTrace } from "./shop";
import { devMetrics } from "./metrics";
import { DevStore, summarize } from "./store";

const BIG: Record<string, number> = { "66386": 66_386, "100000": 100_000, "1000000": 1_000_000 };

export function devBackend(): Plugin {
  const server = process.env.TRACEWELL_URL;
  return {
    name: "tracewell-dev-backend",
    config: () => (server === undefined ? {} : { server: { proxy: { "/api": server } }, preview: { proxy: { "/api": server } } }),
    configureServer: ({ middlewares }) => {
      if (server === undefined) middlewares.use(backend());
      middlewares.use(pages);
    },
    configurePreviewServer: ({ middlewares }) => {
      middlewares.use((_request, response, next) => {
        response.setHeader("content-security-policy", "default-src 'self'");
        next();
      });
      if (server === undefined) middlewares.use(backend());
      middlewares.use(pages);
    },
  };
}

/** Every page is the same document. */
const pages: Connect.NextHandleFunction = (request, _response, next) => {
  const path = (request.url ?? "/").split("?")[0]!;
  const isFile = /^\/(api|@|src\/|node_modules\/|assets\/)|\.\w+$/.test(path);
  if (!isFile) request.url = "/index.html";
  next();
};

function backend(): Connect.NextHandleFunction {
  const store = new DevStore();
  if (process.env.TRACEWELL_DEV_EMPTY !== "1") {
    for (let i = 0; i < 160; i++) store.add(shopTrace({ seed: i, startMs: Date.now() - ((i * 3557) % 3500) * 1000 - 5000, failed: i % 9 === 4, lost: i % 23 === 7 }));
  }
  const bigTraces = new Map<string, Skeleton>();
  const big = (id: string): Skeleton | undefined => {
    const n = BIG[id.replace(/^0+/, "")];
    if (n !== undefined && !bigTraces.has(id)) bigTraces.set(id, bigTrace(id, n));
    return bigTraces.get(id);
  };
  return (request, response, next) => {
    const url = new URL(request.url ?? "/", "http://localhost");
    if (!url.pathname.startsWith("/api/") && url.pathname !== "/v1/traces") return next();
    answer(url, request, response, store, big).catch((error: unknown) => json(response, 500, { code: "internal", message: String(error) }));
  };
}

async function answer(url: URL, request: IncomingMessage, response: ServerResponse, store: DevStore, big: (id: string) => Skeleton | undefined): Promise<void> {
  const get = (name: string): string => url.searchParams.get(name) ?? "";
  const path = url.pathname;
  if (path === "/v1/traces") {
    store.add(JSON.parse(await bodyOf(request)) as object);
    return json(response, 200, {});
  }
  if (path === "/api/session") return json(response, 200, { asks: false, passwords: false, name: null, tenants: false, tenant: null, isBound: false });
  if (path === "/api/status") {
    const times = store.all().map(({ header }) => header.startNs);
    return json(response, 200, {
      version: "dev", uptimeSeconds: 1, spans: { received: store.stored, stored: store.stored, rejected: 0 },
      endpoints: [{ name: "OTLP gRPC", address: "127.0.0.1:4317" }, { name: "OTLP HTTP", address: "127.0.0.1:4318" }],
      store: { spans: store.stored, bytes: store.stored * 40, blocks: 1, oldestNs: times.at(-1) ?? null, newestNs: times[0] ?? null },
    });
  }
  const details = store.all().flatMap((trace) => trace.details.map((detail, row) => ({ detail, service: trace.header.services[trace.columns.service[row]!]!, error: (trace.columns.flags[row]! & 1) as number })));
  if (path === "/api/ui/services") {
    const counts = new Map<string, { name: string; spanCount: number; errorCount: number }>();
    for (const { service, error } of details) {
      const entry = counts.get(service) ?? { name: service, spanCount: 0, errorCount: 0 };
      entry.spanCount++;
      entry.errorCount += error;
      counts.set(service, entry);
    }
    return json(response, 200, { services: [...counts.values()].sort((a, b) => a.name.localeCompare(b.name)) });
  }
  if (path === "/api/ui/operations") {
    const counts = new Map<string, { name: string; kind: string; spanCount: number }>();
    for (const { detail, service } of details) {
      if (service !== get("service")) continue;
      const entry = counts.get(detail.name) ?? { name: detail.name, kind: detail.kind, spanCount: 0 };
      entry.spanCount++;
      counts.set(detail.name, entry);
    }
    return json(response, 200, { operations: [...counts.values()] });
  }
  if (path === "/api/ui/keys") {
    const keys = new Map<string, { scope: string; key: string; type: string }>();
    for (const { detail, service } of details) {
      if (get("service") !== "" && get("service") !== service) continue;
      for (const { key, type } of detail.attributes) keys.set(`span.${key}`, { scope: "span", key, type });
      for (const { key, type } of detail.resource.attributes) keys.set(`resource.${key}`, { scope: "resource", key, type });
    }
    return json(response, 200, { keys: [...keys.values()].filter(({ key }) => key.includes(get("prefix"))).sort((a, b) => a.key.localeCompare(b.key)).slice(0, 50) });
  }
  if (path === "/api/ui/values") {
    const counts = new Map<string, { type: string; value: string; count: number }>();
    for (const { detail, service } of details) {
      if (get("service") !== "" && get("service") !== service) continue;
      const intrinsic: Record<string, string> = { name: detail.name, "service.name": service, kind: detail.kind, status: detail.statusCode };
      const list = get("scope") === "intrinsic" ? [{ type: "string", value: intrinsic[get("key")] ?? "" }] : [...detail.attributes, ...detail.resource.attributes].filter(({ key }) => key === get("key"));
      for (const { type, value } of list) {
        const text = valueText(value);
        const entry = counts.get(text) ?? { type, value: text, count: 0 };
        entry.count++;
        counts.set(text, entry);
      }
    }
    return json(response, 200, { values: [...counts.values()].filter(({ value }) => value.startsWith(get("prefix"))).sort((a, b) => b.count - a.count).slice(0, 20) });
  }
  if (path === "/api/ui/query/check") return json(response, 200, check(get("q")));
  if (path === "/api/ui/search") return search(url, response, store);
  if (path === "/api/ui/histogram") return histogram(url, response, store);
  if (path === "/api/ui/metrics") {
    const now = Date.now();
    return json(response, 200, devMetrics(store, get("q"), resolveTime(get("from") || "now-1h", now) ?? 0, resolveTime(get("to") || "now", now) ?? now, get("step")));
  }
  const trace = /^\/api\/(?:ui\/)?traces\/([0-9a-f]{32})(?:\/(\w+))?$/.exec(path);
  if (trace === null) return json(response, 404, { code: "not_found", message: `no such path: ${path}` });
  const [, id, what] = trace as unknown as [string, string, string | undefined];
  const stored = store.get(id);
  const skeleton = stored ?? big(id);
  if (skeleton === undefined) return json(response, 404, { code: "not_found", message: `trace ${id} is not stored` });
  const source = stored === undefined ? undefined : new LocalSource(stored.details, (row) => stored.header.services[stored.columns.service[row]!]!);
  if (what === "skeleton") {
    response.setHeader("content-type", "application/vnd.tracewell.skeleton");
    response.end(Buffer.from(encodeSkeleton(skeleton)));
    return;
  }
  if (what === "spans") {
    const { rows } = JSON.parse(await bodyOf(request)) as { rows: number[] };
    return json(response, 200, { revision: skeleton.header.revision, spans: source ? await source.spans(rows) : rows.map((row) => bigDetail(skeleton, row)) });
  }
  if (what === "rows") {
    const rows = source ? await source.rowsOf(get("span")) : [Number.parseInt(get("span"), 16) - 1].filter((row) => row < skeleton.header.n);
    return json(response, 200, { revision: skeleton.header.revision, rows });
  }
  if (what === "find") {
    if (source) return json(response, 200, { rows: [...(await source.find(get("q")))] });
    const names = skeleton.header.names.map((name) => name.toLowerCase().includes(get("q").toLowerCase()));
    const rows: number[] = [];
    skeleton.columns.name.forEach((name, row) => {
      if (names[name]) rows.push(row);
    });
    return json(response, 200, { rows });
  }
  if (get("download") === "1") response.setHeader("content-disposition", `attachment; filename="${id}.json"`);
  return json(response, 200, { resourceSpans: [] });
}

function check(q: string): object {
  let open = 0;
  for (const { text, from, to } of tokenize(q)) {
    if (text === "{") open++;
    if (text === "}") open--;
    if (open < 0) return { ok: false, message: "unexpected }", span: [from, to] };
    if (text === "===" || text === "~") return { ok: false, message: `unexpected ${text}`, hint: "use =~ for a regular expression", span: [from, to] };
  }
  if (q.trim() !== "" && !/^[{(]/.test(q.trim())) return { ok: false, message: "a query starts with {", hint: 'for example { resource.service.name = "cart" }', span: [0, Math.max(1, q.length)] };
  return open > 0 ? { ok: false, message: "missing }", span: [Math.max(0, q.length - 1), q.length] } : { ok: true };
}

async function search(url: URL, response: ServerResponse, store: DevStore): Promise<void> {
  const get = (name: string, fallback: string): string => url.searchParams.get(name) ?? fallback;
  const q = get("q", "{}");
  const checked = check(q) as { ok: boolean; message?: string };
  if (!checked.ok) return json(response, 400, { code: "bad_query", ...checked });
  const now = Date.now();
  const found = store.search(q, resolveTime(get("from", "now-1h"), now) ?? 0, resolveTime(get("to", "now"), now) ?? now);
  const sort = get("sort", "newest");
  const rank: Record<string, (trace: (typeof found)[number]["trace"]) => number> = {
    longest: ({ header }) => -Number(header.durationNs), shortest: ({ header }) => Number(header.durationNs), errors: ({ header }) => -header.errorCount, spans: ({ header }) => -header.n,
  };
  const by = rank[sort];
  if (by !== undefined) found.sort((a, b) => by(a.trace) - by(b.trace));
  const skip = Number(get("cursor", "0"));
  const limit = Number(get("limit", "20"));
  response.setHeader("content-type", "application/x-ndjson");
  const line = (value: object): void => void response.write(`${JSON.stringify(value)}\n`);
  line({ type: "progress", searchedBlocks: 1, totalBlocks: 4, searchedBytes: 1234 });
  for (const { trace, rows } of found.slice(skip, skip + limit)) line({ type: "trace", ...summarize(trace, rows) });
  line({
    type: "done", elapsedMs: 12, searchedBlocks: 4, totalBlocks: 4, searchedBytes: 456_789, searchedSpans: store.stored,
    cursor: found.length > skip + limit ? String(skip + limit) : null, partial: null, newerNs: null, sort, matchedTraces: by === undefined ? null : found.length,
  });
  response.end();
}

function histogram(url: URL, response: ServerResponse, store: DevStore): void {
  const get = (name: string, fallback: string): string => url.searchParams.get(name) ?? fallback;
  const now = Date.now();
  const [from, to] = [resolveTime(get("from", "now-1h"), now) ?? 0, resolveTime(get("to", "now"), now) ?? now];
  const steps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400, 604_800].map((s) => s * 1000);
  const step = steps.find((ms) => (to - from) / ms < Number(get("buckets", "60")) - 1) ?? 604_800_000;
  const start = Math.floor(from / step) * step;
  const counts = Array.from({ length: Math.ceil((to - start) / step) }, (): [number, number] => [0, 0]);
  for (const { trace, rows } of store.search(get("q", "{}"), from, to)) {
    for (const row of rows) {
      const bucket = counts[Math.floor((Number(BigInt(trace.header.startNs) / 1_000_000n) + trace.columns.start[row]! / 1e6 - start) / step)];
      if (bucket === undefined) continue;
      bucket[0]++;
      bucket[1] += trace.columns.flags[row]! & FLAG.error;
    }
  }
  response.setHeader("content-type", "application/x-ndjson");
  const line = (value: object): void => void response.write(`${JSON.stringify(value)}\n`);
  line({ type: "buckets", startNs: `${start}000000`, stepNs: `${step}000000`, count: counts.length });
  line({ type: "counts", buckets: counts.map(([spans, errors], i) => [i, spans, errors]), settled: 0 });
  const sum = (i: 0 | 1): number => counts.reduce((total, bucket) => total + bucket[i], 0);
  line({ type: "done", spans: sum(0), errors: sum(1), elapsedMs: 3, searchedBlocks: 4, totalBlocks: 4, searchedBytes: 1234, searchedSpans: store.stored, partial: null });
  response.end();
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts).toString("utf8");
}

function json(response: ServerResponse, code: number, body: object): void {
  response.statusCode = code;
  response.setHeader("content-type", "application/json");
  response.end(JSON.stringify(body));
}

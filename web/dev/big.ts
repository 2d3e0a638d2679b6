// Skeletons of any size, made in milliseconds, to see how the trace page does with them.

import { emptyColumns, FLAG, KINDS, type Skeleton } from "../src/model/columns";
import type { SpanDetail } from "../src/model/details";

const SERVICES = ["gateway", "orders", "stock", "pricing", "search", "profile", "billing", "shipping", "mail", "audit", "cache", "postgres"];

export function bigTrace(traceId: string, n: number): Skeleton {
  const columns = emptyColumns(n);
  const names = Array.from({ length: 300 }, (_, i) => ["GET /items", "SELECT", "publish", "render", "validate", "fetch"][i % 6] + ` ${i}`);
  const path: { row: number; end: number }[] = [];
  const total = n * 40_000;
  let state = 7;
  const rnd = (): number => (state = (Math.imul(state, 1103515245) + 12345) >>> 0) / 4294967296;
  let errors = 0;
  let deepest = 0;
  for (let i = 0; i < n; i++) {
    const time = (i / n) * total;
    while (path.length > 1 && (time > path[path.length - 1]!.end || path.length > 14 || rnd() < 0.35)) close(i);
    const parentEnd = path[path.length - 1]?.end ?? total;
    const duration = i === 0 ? total : Math.max(1000, Math.min(parentEnd - time, rnd() ** 3 * total * 0.5 ** path.length));
    columns.start[i] = time;
    columns.duration[i] = duration;
    columns.depth[i] = path.length;
    columns.name[i] = Math.floor(rnd() * names.length);
    columns.service[i] = Math.floor(rnd() * SERVICES.length);
    columns.kind[i] = 1 + Math.floor(rnd() * 3);
    if (rnd() < 0.0005) {
      columns.flags[i] = FLAG.error;
      columns.status[i] = 2;
      errors++;
    }
    deepest = Math.max(deepest, path.length);
    path.push({ row: i, end: time + duration });
  }
  while (path.length > 0) close(n);
  function close(next: number): void {
    const { row } = path.pop()!;
    columns.subtree[row] = next - row;
  }
  return {
    header: {
      traceId, n, startNs: String(BigInt(Date.now() - 600_000) * 1_000_000n), durationNs: String(total),
      services: SERVICES, names, scopes: ["generated"], kinds: [...KINDS], rootService: SERVICES[columns.service[0]!]!, rootName: names[columns.name[0]!]!,
      errorCount: errors, orphanCount: 0, cycleCount: 0, depth: deepest + 1, revision: "1", warnings: [],
    },
    columns,
  };
}

export function bigDetail({ header, columns }: Skeleton, row: number): SpanDetail {
  const parentOf = (): number => {
    for (let i = row - 1; i >= 0; i--) if (columns.depth[i] === columns.depth[row]! - 1) return i;
    return -1;
  };
  const id = (i: number): string => (i + 1).toString(16).padStart(16, "0");
  return {
    row, spanId: id(row), parentSpanId: row === 0 ? null : id(parentOf()), traceState: "", flags: 1,
    name: header.names[columns.name[row]!]!, kind: header.kinds[columns.kind[row]!]!,
    statusCode: columns.status[row] === 2 ? "error" : "unset", statusMessage: columns.status[row] === 2 ? "deadline exceeded" : "",
    startNs: String(BigInt(header.startNs) + BigInt(Math.round(columns.start[row]!))), durationNs: String(Math.round(columns.duration[row]!)),
    attributes: [
      { key: "http.request.method", type: "string", value: "GET" },
      { key: "http.response.status_code", type: "int", value: "200" },
      { key: "item.id", type: "int", value: String(row) },
    ],
    resource: { attributes: [{ key: "service.name", type: "string", value: header.services[columns.service[row]!]! }], schemaUrl: "", droppedAttributes: 0 },
    scope: { name: "generated", version: "", attributes: [], schemaUrl: "" },
    events: [], links: [], droppedAttributes: 0, droppedEvents: 0, droppedLinks: 0, warnings: [],
  };
}

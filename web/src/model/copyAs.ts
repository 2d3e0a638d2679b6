//! A span as text for somewhere else: a ticket, a shell, a database console. Only what the span says;
//! nothing is guessed.

import { type Attribute, type SpanDetail, valueText } from "./details";
import { formatDuration } from "./format";

export interface CopyFormat {
  name: string;
  /** Null where it makes no sense for this span. */
  text: (span: SpanDetail, service: string, traceId: string) => string | null;
}

const find = ({ attributes }: SpanDetail, ...keys: string[]): string | null => {
  const found = attributes.find(({ key }) => keys.includes(key));
  return found === undefined ? null : valueText(found.value);
};

const pairs = (attributes: readonly Attribute[]): [string, string][] => attributes.map(({ key, value }) => [key, valueText(value)]);

const shellQuote = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
const cell = (text: string): string => text.replaceAll("|", "\\|").replaceAll("\n", " ");

function markdown(span: SpanDetail, service: string, traceId: string): string {
  const facts: [string, string][] = [
    ["service", service], ["span", span.name], ["duration", formatDuration(Number(span.durationNs))], ["status", [span.statusCode, span.statusMessage].filter(Boolean).join(": ")],
    ["trace id", traceId], ["span id", span.spanId], ...pairs(span.attributes),
  ];
  return ["| | |", "|---|---|", ...facts.map(([key, value]) => `| ${cell(key)} | ${cell(value)} |`)].join("\n");
}

/** Of a request that the span tells enough about to be made again. */
function curl(span: SpanDetail): string | null {
  const url = find(span, "url.full", "http.url");
  const method = find(span, "http.request.method", "http.method");
  if (url === null || method === null) return null;
  const headers = span.attributes.flatMap(({ key, value }) => {
    const name = /^http\.request\.header\.(.+)$/.exec(key)?.[1];
    return name === undefined ? [] : [`-H ${shellQuote(`${name.replaceAll("_", "-")}: ${Array.isArray(value) ? value.map(valueText).join(", ") : valueText(value)}`)}`];
  });
  return ["curl", "-X", method, ...headers, shellQuote(url)].join(" ");
}

export const COPY_FORMATS: readonly CopyFormat[] = [
  { name: "JSON", text: (span) => JSON.stringify(span, null, 2) },
  { name: "key=value", text: (span) => pairs(span.attributes).map(([key, value]) => `${key}=${/[\s"=]/.test(value) || value === "" ? JSON.stringify(value) : value}`).join("\n") },
  { name: "Markdown", text: markdown },
  { name: "curl", text: curl },
  { name: "SQL", text: (span) => find(span, "db.query.text", "db.statement") },
];

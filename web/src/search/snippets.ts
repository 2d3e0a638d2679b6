//! The shortest programs that send a trace, with the addresses of this server and the headers that it
//! wants filled in.

export interface Snippet {
  name: string;
  code: (server: Wanted) => string;
}

/** Where spans go, and what comes with them. */
export interface Wanted {
  grpc: string;
  http: string;
  headers: Record<string, string>;
}

/** A line for OpenTelemetry's SDKs; nothing without headers. */
function headerLine(headers: Wanted["headers"]): string {
  const pairs = Object.entries(headers).map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
  return pairs.length === 0 ? "" : `OTEL_EXPORTER_OTLP_HEADERS="${pairs.join(",")}" \\\n`;
}

/** The same for the exporter of a Collector. */
function headerBlock(headers: Wanted["headers"]): string {
  const lines = Object.entries(headers).map(([name, value]) => `\n      ${name}: ${JSON.stringify(value)}`);
  return lines.length === 0 ? "" : `\n    headers:${lines.join("")}`;
}

export const SNIPPETS: Snippet[] = [
  {
    name: "Node.js",
    code: ({ http, headers }) => `npm install @opentelemetry/api @opentelemetry/auto-instrumentations-node

# any Node.js program; HTTP, Express, databases and more are traced by themselves
OTEL_SERVICE_NAME=my-service \\
OTEL_EXPORTER_OTLP_ENDPOINT=http://${http} \\
${headerLine(headers)}OTEL_METRICS_EXPORTER=none OTEL_LOGS_EXPORTER=none \\
node --require @opentelemetry/auto-instrumentations-node/register app.js`,
  },
  {
    name: "Python",
    code: ({ http, headers }) => `pip install opentelemetry-distro opentelemetry-exporter-otlp
opentelemetry-bootstrap -a install

# any Python program; Flask, FastAPI, Django, requests and more are traced by themselves
OTEL_SERVICE_NAME=my-service \\
OTEL_EXPORTER_OTLP_ENDPOINT=http://${http} \\
${headerLine(headers)}OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf \\
OTEL_METRICS_EXPORTER=none OTEL_LOGS_EXPORTER=none \\
opentelemetry-instrument python app.py`,
  },
  {
    name: "curl",
    code: ({ http, headers }) => `now=$(date +%s)
curl -sS http://${http}/v1/traces -H 'content-type: application/json'${Object.entries(headers).map(([name, value]) => ` -H '${name}: ${value}'`).join("")} -d '{
  "resourceSpans": [{
    "resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "my-service"}}]},
    "scopeSpans": [{"spans": [{
      "traceId": "'$(od -An -N16 -tx1 /dev/urandom | tr -d ' \\n')'",
      "spanId": "'$(od -An -N8 -tx1 /dev/urandom | tr -d ' \\n')'",
      "name": "hello", "kind": 2,
      "startTimeUnixNano": "'$now'000000000", "endTimeUnixNano": "'$now'120000000"
    }]}]
  }]
}'`,
  },
  {
    name: "Collector",
    code: ({ grpc, headers }) => `# OpenTelemetry Collector: add the exporter and name it in the traces pipeline
exporters:
  otlp/tracewell:
    endpoint: ${grpc}
    tls:
      insecure: true${headerBlock(headers)}

service:
  pipelines:
    traces:
      exporters: [otlp/tracewell]`,
  },
];

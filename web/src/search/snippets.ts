//! The shortest programs that send a trace, with the addresses of this server filled in.

export interface Snippet {
  name: string;
  code: (endpoints: { grpc: string; http: string }) => string;
}

export const SNIPPETS: Snippet[] = [
  {
    name: "Node.js",
    code: ({ http }) => `npm install @opentelemetry/api @opentelemetry/auto-instrumentations-node

# any Node.js program; HTTP, Express, databases and more are traced by themselves
OTEL_SERVICE_NAME=my-service \\
OTEL_EXPORTER_OTLP_ENDPOINT=http://${http} \\
OTEL_METRICS_EXPORTER=none OTEL_LOGS_EXPORTER=none \\
node --require @opentelemetry/auto-instrumentations-node/register app.js`,
  },
  {
    name: "Python",
    code: ({ http }) => `pip install opentelemetry-distro opentelemetry-exporter-otlp
opentelemetry-bootstrap -a install

# any Python program; Flask, FastAPI, Django, requests and more are traced by themselves
OTEL_SERVICE_NAME=my-service \\
OTEL_EXPORTER_OTLP_ENDPOINT=http://${http} \\
OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf \\
OTEL_METRICS_EXPORTER=none OTEL_LOGS_EXPORTER=none \\
opentelemetry-instrument python app.py`,
  },
  {
    name: "curl",
    code: ({ http }) => `now=$(date +%s)
curl -sS http://${http}/v1/traces -H 'content-type: application/json' -d '{
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
    code: ({ grpc }) => `# OpenTelemetry Collector: add the exporter and name it in the traces pipeline
exporters:
  otlp/tracewell:
    endpoint: ${grpc}
    tls:
      insecure: true

service:
  pipelines:
    traces:
      exporters: [otlp/tracewell]`,
  },
];

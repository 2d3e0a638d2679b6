// The set-up that the examples share. The standard variables decide where
// spans go: OTEL_EXPORTER_OTLP_ENDPOINT, and OTEL_EXPORTER_OTLP_PROTOCOL (grpc,
// or http/protobuf when unset). Written out in full: setup-grpc.mjs, setup-http.mjs.
import { defaultResource, resourceFromAttributes } from '@opentelemetry/resources';
import { NodeSDK } from '@opentelemetry/sdk-node';

// Tracewell keeps traces only; without these the SDK would send logs and metrics too.
process.env.OTEL_METRICS_EXPORTER ??= 'none';
process.env.OTEL_LOGS_EXPORTER ??= 'none';

export function start(options = {}) {
  const sdk = new NodeSDK({
    // OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES win over what stands here.
    resource: defaultResource().merge(
      resourceFromAttributes({
        'service.name': 'examples-node',
        'service.version': '1.0.0',
        'deployment.environment.name': 'development',
      }),
    ),
    ...options,
  });
  sdk.start();

  // Spans wait up to five seconds for their batch: a server that is stopped must send them.
  process.once('SIGTERM', async () => {
    // That nobody takes them is no failure of the server.
    await sdk.shutdown().catch((error) => console.error(error.message));
    process.exit(0);
  });
  return sdk;
}

// Where to look at the trace of a span.
export function link(span) {
  return `http://localhost:16686/trace/${span.spanContext().traceId}`;
}

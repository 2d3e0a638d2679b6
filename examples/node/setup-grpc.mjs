// Set-up over OTLP/gRPC, written out: no variable is needed, everything is here.
//
//   node setup-grpc.mjs        sends one span to localhost:4317
import { trace } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-grpc';
import { defaultResource, resourceFromAttributes } from '@opentelemetry/resources';
import { NodeSDK } from '@opentelemetry/sdk-node';
import { BatchSpanProcessor } from '@opentelemetry/sdk-trace';
import { ATTR_SERVICE_NAME, ATTR_SERVICE_VERSION } from '@opentelemetry/semantic-conventions';

// The scheme decides about TLS: http:// is plain text, https:// is not.
const exporter = new OTLPTraceExporter({
  url: process.env.OTEL_EXPORTER_OTLP_ENDPOINT ?? 'http://localhost:4317',
});

const sdk = new NodeSDK({
  resource: defaultResource().merge(
    resourceFromAttributes({
      [ATTR_SERVICE_NAME]: 'my-service',
      [ATTR_SERVICE_VERSION]: '1.0.0',
      'deployment.environment.name': 'production',
    }),
  ),
  spanProcessors: [new BatchSpanProcessor({ exporter })],
});
sdk.start();

const span = trace.getTracer('setup').startSpan('set-up over gRPC');
span.end();

await sdk.shutdown(); // sends what is still waiting
console.log(`http://localhost:16686/trace/${span.spanContext().traceId}`);

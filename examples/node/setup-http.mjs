// Set-up over OTLP/HTTP, written out: no variable is needed, everything is here.
//
//   node setup-http.mjs        sends one span to localhost:4318
import { trace } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { defaultResource, resourceFromAttributes } from '@opentelemetry/resources';
import { NodeSDK } from '@opentelemetry/sdk-node';
import { BatchSpanProcessor } from '@opentelemetry/sdk-trace';
import { ATTR_SERVICE_NAME, ATTR_SERVICE_VERSION } from '@opentelemetry/semantic-conventions';

// A URL given in code is used as it is, so it needs the path of the signal; in
// OTEL_EXPORTER_OTLP_ENDPOINT the SDK itself appends /v1/traces.
const endpoint = process.env.OTEL_EXPORTER_OTLP_ENDPOINT ?? 'http://localhost:4318';
const exporter = new OTLPTraceExporter({ url: `${endpoint}/v1/traces` });

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

const span = trace.getTracer('setup').startSpan('set-up over HTTP');
span.end();

await sdk.shutdown(); // sends what is still waiting
console.log(`http://localhost:16686/trace/${span.spanContext().traceId}`);

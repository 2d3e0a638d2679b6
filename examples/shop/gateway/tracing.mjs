// The set-up of examples/node/tracing.mjs, with the propagators of OTEL_PROPAGATORS.
import { register } from 'node:module';
import { getPropagator } from '@opentelemetry/auto-configuration-propagators';
import { ExpressInstrumentation } from '@opentelemetry/instrumentation-express';
import { HttpInstrumentation } from '@opentelemetry/instrumentation-http';
import { UndiciInstrumentation } from '@opentelemetry/instrumentation-undici';
import { defaultResource, resourceFromAttributes } from '@opentelemetry/resources';
import { NodeSDK } from '@opentelemetry/sdk-node';

register('@opentelemetry/instrumentation/hook.mjs', import.meta.url);
process.env.OTEL_METRICS_EXPORTER ??= 'none';
process.env.OTEL_LOGS_EXPORTER ??= 'none';

const sdk = new NodeSDK({
  resource: defaultResource().merge(
    resourceFromAttributes({ 'service.name': 'gateway', 'service.version': '1.0.0' }),
  ),
  // Knows X-Ray as well, which the SDK's own reading of the variable does not.
  textMapPropagator: getPropagator(),
  instrumentations: [
    // A person's trace begins with a call of the API, not with the style sheet.
    new HttpInstrumentation({
      ignoreIncomingRequestHook: (request) => !request.url.startsWith('/api/'),
    }),
    new ExpressInstrumentation({ ignoreLayersType: ['middleware', 'router', 'request_handler'] }),
    new UndiciInstrumentation(),
  ],
});
sdk.start();

for (const signal of ['SIGTERM', 'SIGINT']) {
  process.once(signal, async () => {
    // That nobody takes the last spans is no failure of the gateway.
    await sdk.shutdown().catch((error) => console.error(error.message));
    process.exit(0);
  });
}

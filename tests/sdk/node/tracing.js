// Loaded with --require before the application: the SDK exactly as its
// documentation sets it up. Endpoint, protocol and service name come from the
// OTEL_* variables, so one file serves every exporter under test.
'use strict';

const { getNodeAutoInstrumentations } = require('@opentelemetry/auto-instrumentations-node');
const { NodeSDK } = require('@opentelemetry/sdk-node');

const sdk = new NodeSDK({ instrumentations: [getNodeAutoInstrumentations()] });
sdk.start();

process.once('SIGTERM', async () => {
  await sdk.shutdown();
  process.exit(0);
});

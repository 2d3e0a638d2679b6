// The SDK with automatic instrumentation; it must be there before the program:
//
//   node --import ./tracing.mjs express.mjs
import { register } from 'node:module';
import { ExpressInstrumentation } from '@opentelemetry/instrumentation-express';
import { HttpInstrumentation } from '@opentelemetry/instrumentation-http';
import { PgInstrumentation } from '@opentelemetry/instrumentation-pg';
import { UndiciInstrumentation } from '@opentelemetry/instrumentation-undici';
import { start } from './sdk.mjs';

// Without this hook, ES modules get Express uninstrumented.
register('@opentelemetry/instrumentation/hook.mjs', import.meta.url);

export const sdk = start({
  instrumentations: [
    new HttpInstrumentation(),
    new ExpressInstrumentation(),
    new PgInstrumentation({ requireParentSpan: true }),
    new UndiciInstrumentation(), // fetch
  ],
});

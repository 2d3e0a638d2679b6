// OpenTelemetry's Jaeger remote sampler: asks again and again what to record.
//
// TARGET is HOST:PORT of the questions. Prints a line whenever what it decides
// has changed.
"use strict";

const { ROOT_CONTEXT, TraceFlags } = require("@opentelemetry/api");
const { JaegerRemoteSampler } = require("@opentelemetry/sampler-jaeger-remote");
const { AlwaysOffSampler, TracerProvider } = require("@opentelemetry/sdk-trace");
const { SHOP, TARGET } = require("./scenario");

const ASK_EVERY_MS = 50;

const sampler = new JaegerRemoteSampler({
  endpoint: `http://${TARGET}`,
  serviceName: SHOP,
  initialSampler: new AlwaysOffSampler(),
  poolingInterval: ASK_EVERY_MS,
});
const tracer = new TracerProvider({ sampler }).getTracer("sampling");

let decided;
setInterval(() => {
  const decision = {};
  for (const name of ["checkout", "health"]) {
    const span = tracer.startSpan(name, {}, ROOT_CONTEXT);
    decision[name] = Boolean(span.spanContext().traceFlags & TraceFlags.SAMPLED);
    span.end();
  }
  const line = JSON.stringify(decision);
  if (line !== decided) console.log((decided = line));
}, ASK_EVERY_MS);

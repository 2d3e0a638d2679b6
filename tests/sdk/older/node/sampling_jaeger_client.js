// jaeger-client's remote sampler: asks again and again what to record.
//
// TARGET is HOST:PORT of the questions, REPORT_TO that of the agent that takes
// spans. Prints a line whenever what it decides has changed.
"use strict";

const { initTracer } = require("jaeger-client");
const { SHOP, TARGET } = require("./scenario");

const ASK_EVERY_MS = 50;

const [agentHost, agentPort] = process.env.REPORT_TO.split(":");
const tracer = initTracer(
  {
    serviceName: SHOP,
    sampler: { type: "remote", param: 0, hostPort: TARGET, refreshIntervalMs: ASK_EVERY_MS },
    reporter: { agentHost, agentPort: Number(agentPort), flushIntervalMs: ASK_EVERY_MS },
  },
  { logger: { info() {}, error: console.error } },
);

let decided;
setInterval(() => {
  const decision = {};
  for (const name of ["checkout", "health"]) {
    const span = tracer.startSpan(name);
    decision[name] = span.context().isSampled();
    span.finish();
  }
  const line = JSON.stringify(decision);
  if (line !== decided) console.log((decided = line));
}, ASK_EVERY_MS);

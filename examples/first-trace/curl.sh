#!/bin/sh
# Sends one trace of two spans to Tracewell as OTLP/JSON, port 4318.
set -eu

hex() { od -An -N"$1" -tx1 /dev/urandom | tr -d ' \n'; }
trace=$(hex 16) checkout=$(hex 8) charge=$(hex 8) now=$(($(date +%s) - 1))

curl --silent --show-error --fail "${OTEL_EXPORTER_OTLP_ENDPOINT:-http://localhost:4318}/v1/traces" \
  --header 'Content-Type: application/json' --data @- <<JSON
{"resourceSpans": [{
  "resource": {"attributes": [
    {"key": "service.name", "value": {"stringValue": "first-trace-curl"}},
    {"key": "service.version", "value": {"stringValue": "1.0.0"}}]},
  "scopeSpans": [{"scope": {"name": "first-trace"}, "spans": [
    {"traceId": "$trace", "spanId": "$checkout", "name": "checkout", "kind": 1,
     "startTimeUnixNano": "${now}000000000", "endTimeUnixNano": "${now}050000000",
     "attributes": [{"key": "order.id", "value": {"intValue": "42"}}]},
    {"traceId": "$trace", "spanId": "$charge", "parentSpanId": "$checkout", "name": "charge card", "kind": 1,
     "startTimeUnixNano": "${now}010000000", "endTimeUnixNano": "${now}040000000"}]}]}]}
JSON
echo
echo "http://localhost:16686/trace/$trace"

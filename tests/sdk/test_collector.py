"""A real Collector sends in every way its exporters know; nothing is lost or changed.

The same request goes to the server directly; its traces must read the same.
"""

import json
from collections.abc import Iterator

import httpx
import pytest

from collector import BINARY, GRPC, HTTP, Collector
from polling import wait_for
from query_api import Generation, QueryApi
from tracewell import Tracewell

START_NS = 1_760_000_000_000_000_000
SPANS = 300

pytestmark = pytest.mark.skipif(
    not BINARY.is_file(), reason="needs Go to build a Collector (tests/sdk/run says more)"
)


def attributes(number: int) -> list[dict]:
    """One of every type, with texts that compress well and one that does not."""
    values: dict[str, dict] = {
        "text": {"stringValue": f"päyment {number % 7}"},
        "long": {"stringValue": "/checkout/step?" + "n=1&" * 50},
        "unique": {"stringValue": f"{number * 2654435761 % 2**32:08x}"},
        "whole": {"intValue": str(number - 5)},
        "large": {"intValue": str(2**63 - 1 - number)},
        "half": {"doubleValue": number / 2},
        "yes": {"boolValue": number % 2 == 0},
        "bytes": {"bytesValue": "AP8B"},
        "list": {"arrayValue": {"values": [{"intValue": "1"}, {"stringValue": "b"}]}},
        "map": {"kvlistValue": {"values": [{"key": "k", "value": {"boolValue": True}}]}},
        "empty": {},
    }
    return [{"key": key, "value": value} for key, value in values.items()]


def request(trace: int) -> bytes:
    """A trace in one request; `trace` is in its id alone."""
    trace_id = f"{trace:032x}"
    spans = []
    for number in range(SPANS):
        at = START_NS + number * 1_001
        span = {
            "traceId": trace_id,
            "spanId": f"{number + 1:016x}",
            "parentSpanId": f"{number // 3:016x}" if number else "",
            "name": f"step {number % 11}",
            "kind": number % 6,
            "startTimeUnixNano": str(at),
            "endTimeUnixNano": str(at + 777),
            "attributes": attributes(number),
            "status": {"code": number % 3, "message": "no" if number % 3 == 2 else ""},
            "traceState": "vendor=1",
            "flags": 257,
        }
        if number % 10 == 0:
            span["events"] = [
                {"timeUnixNano": str(at + 5), "name": "retry", "attributes": attributes(number)}
            ]
            span["links"] = [{"traceId": f"{77:032x}", "spanId": f"{5:016x}", "traceState": "x=y"}]
        spans.append(span)
    scope = {"name": "lib", "version": "1.2", "attributes": attributes(1)}
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": "shop"}}]}
    scopes = [{"scope": scope, "spans": spans, "schemaUrl": "https://opentelemetry.io/schemas/1.26.0"}]
    return json.dumps({"resourceSpans": [{"resource": resource, "scopeSpans": scopes}]}).encode()


@pytest.fixture
def collector(own_server: Tracewell, tmp_path) -> Iterator[Collector]:
    """In front of the test's own server."""
    started = Collector(tmp_path, own_server.otlp_grpc, own_server.otlp_http)
    yield started
    started.kill()


def test_every_compression_of_the_exporters(own_server: Tracewell, collector: Collector) -> None:
    api = QueryApi(own_server.query_http)
    direct = 1
    headers = {"content-type": "application/json"}
    url = f"{own_server.otlp_http}/v1/traces"
    assert httpx.post(url, content=request(direct), headers=headers).status_code == 200
    exports = dict(enumerate(GRPC + HTTP, start=direct + 1))
    for trace, export in exports.items():
        collector.send(export, request(trace))

    def shown(trace: int) -> str | None:
        trace_id = f"{trace:032x}"
        body = api.body(trace_id, Generation.OTLP)
        return body and json.dumps(body).replace(trace_id, "the trace")

    expected = wait_for("what was sent directly", lambda: shown(direct))
    for trace, export in exports.items():
        got = wait_for(f"{export.name}\n{collector.output()}", lambda trace=trace: shown(trace))
        assert got == expected, export.name
    assert collector.stop() == 0
    spans = api.json("/api/status")["spans"]
    sent = SPANS * (len(exports) + 1)
    assert (spans["received"], spans["stored"], spans["rejected"]) == (sent, sent, 0)

"""Our own pipelines in front of a real Collector, and its files run by us.

Traces that went SDK → Tracewell → Collector → Tracewell must read as those that were sent
to the last one directly.
"""

import json
import os
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from collector import BINARY, Collector
from polling import wait_for
from query_api import Generation, QueryApi
from test_collector import SPANS, request
from tracewell import Tracewell

pytestmark = pytest.mark.skipif(
    not BINARY.is_file(), reason="needs Go to build a Collector (tests/sdk/run says more)"
)

CLOSED = [
    word
    for port in ("jaeger-grpc", "jaeger-http", "jaeger-compact", "jaeger-binary", "jaeger-zipkin", "zipkin")
    for word in (f"--{port}-port", "off")
]


def front(directory: Path, backend: str, compression: str) -> Tracewell:
    """A Tracewell that forwards OTLP and keeps nothing."""
    directory.mkdir()
    config = {
        "receivers": {"otlp": {"protocols": {"grpc": {"endpoint": "127.0.0.1:0"}, "http": {"endpoint": "127.0.0.1:0"}}}},
        "processors": {"batch": {"timeout": "20ms"}, "memory_limiter": {"check_interval": "1s", "limit_mib": 256}},
        "exporters": {"otlp": {"endpoint": backend, "tls": {"insecure": True}, "compression": compression}},
        "service": {
            "pipelines": {
                "traces": {"receivers": ["otlp"], "processors": ["memory_limiter", "batch"], "exporters": ["otlp"]}
            }
        },
    }
    # JSON is YAML.
    path = directory / "collector.yaml"
    path.write_text(json.dumps(config))
    return Tracewell(directory, "--config", str(path), *CLOSED)


def test_nothing_is_lost_or_changed_on_the_way_through_us_and_a_collector(
    own_server: Tracewell, tmp_path: Path
) -> None:
    # An address of this test alone: a Collector does not say which port it got.
    number = os.getpid()
    address = f"127.{100 + number % 100}.{number // 256 % 256}.{1 + number % 250}:4317"
    with ExitStack() as ended:
        collector = Collector(tmp_path, own_server.otlp_grpc, own_server.otlp_http, listen=address)
        ended.callback(collector.kill)
        send_through(own_server, collector, address, tmp_path, ended)
        assert collector.stop() == 0


def send_through(
    own_server: Tracewell, collector: Collector, address: str, tmp_path: Path, ended: ExitStack
) -> None:
    """Directly, and through a front of its own for each compression."""
    api = QueryApi(own_server.query_http)
    headers = {"content-type": "application/json"}
    direct = 1
    url = f"{own_server.otlp_http}/v1/traces"
    assert httpx.post(url, content=request(direct), headers=headers).status_code == 200

    def shown(trace: int) -> str | None:
        trace_id = f"{trace:032x}"
        body = api.body(trace_id, Generation.OTLP)
        return body and json.dumps(body).replace(trace_id, "the trace")

    expected = wait_for("what was sent directly", lambda: shown(direct))
    ways = {2: "none", 3: "gzip", 4: "zstd"}
    for trace, compression in ways.items():
        server = front(tmp_path / compression, address, compression)
        ended.callback(server.kill)
        url = f"{server.otlp_http}/v1/traces"
        answer = httpx.post(url, content=request(trace), headers=headers, timeout=30)
        assert answer.status_code == 200, answer.text
        got = wait_for(f"{compression}\n{collector.output()}", lambda trace=trace: shown(trace))
        assert got == expected, compression
        exporter = QueryApi(server.query_http).json("/api/status")["exporters"][0]
        assert (exporter["received"], exporter["sent"], exporter["inFlight"]) == (SPANS, SPANS, 0)
        server.stop()

"""Our own pipelines in front of a real Collector, and its files run by us.

Traces that went SDK → Tracewell → Collector → Tracewell, or through a file, must read as
those that were sent to the last one directly.
"""

import json
import os
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from authority import Authority
from collector import BINARY, HTTP, Collector
from polling import wait_for
from query_api import Generation, QueryApi
from test_collector import SPANS, request
from tracewell import Tracewell

NEEDS_COLLECTOR = pytest.mark.skipif(
    not BINARY.is_file(), reason="needs Go to build a Collector (tests/sdk/run says more)"
)

CLOSED = [
    word
    for port in ("jaeger-grpc", "jaeger-http", "jaeger-compact", "jaeger-binary", "jaeger-zipkin", "zipkin")
    for word in (f"--{port}-port", "off")
]


EXPORTERS = {
    f"grpc-{compression}": ("otlp", {"compression": compression})
    for compression in ("none", "gzip", "zstd")
} | {
    f"{export.encoding}-{export.compression}": (
        "otlphttp",
        {"compression": export.compression, "encoding": export.encoding},
    )
    for export in HTTP
}

FILES = {
    f"{format}-{compression}": {"format": format, "compression": compression}
    for format in ("json", "proto")
    for compression in ("none", "zstd")
}


def front(directory: Path, kind: str, exporter: dict, extensions: dict | None = None) -> Tracewell:
    """A Tracewell that hands OTLP to one exporter and keeps nothing."""
    directory.mkdir()
    config = {
        "receivers": {"otlp": {"protocols": {"grpc": {"endpoint": "127.0.0.1:0"}, "http": {"endpoint": "127.0.0.1:0"}}}},
        "processors": {"batch": {"timeout": "20ms"}, "memory_limiter": {"check_interval": "1s", "limit_mib": 256}},
        "exporters": {kind: exporter},
        "service": {
            "pipelines": {
                "traces": {"receivers": ["otlp"], "processors": ["memory_limiter", "batch"], "exporters": [kind]}
            }
        },
    }
    if extensions:
        config |= {"extensions": extensions}
        config["service"]["extensions"] = list(extensions)
    # JSON is YAML.
    path = directory / "collector.yaml"
    path.write_text(json.dumps(config))
    return Tracewell(directory, "--config", str(path), *CLOSED)


class Sent:
    """A trace that was sent to a server directly; others must read the same there."""

    def __init__(self, server: Tracewell) -> None:
        self._api = QueryApi(server.query_http)
        post(server, 1)
        self._expected = wait_for("what was sent directly", lambda: self._shown(1))

    def _shown(self, trace: int) -> str | None:
        trace_id = f"{trace:032x}"
        body = self._api.body(trace_id, Generation.OTLP)
        return body and json.dumps(body).replace(trace_id, "the trace")

    def assert_same(self, trace: int, what: str) -> None:
        """Once it is there, the trace reads as the one that was sent directly."""
        assert wait_for(what, lambda: self._shown(trace)) == self._expected, what


def post(server: Tracewell, trace: int) -> None:
    """Gives the server a trace, and sees it acknowledged."""
    url = f"{server.otlp_http}/v1/traces"
    headers = {"content-type": "application/json"}
    answer = httpx.post(url, content=request(trace), headers=headers, timeout=30)
    assert answer.status_code == 200, answer.text


def post_through(server: Tracewell, trace: int) -> None:
    """Likewise; when that is acknowledged, the exporter has sent all of it."""
    post(server, trace)
    exporter = QueryApi(server.query_http).json("/api/status")["exporters"][0]
    assert (exporter["received"], exporter["sent"], exporter["inFlight"]) == (SPANS, SPANS, 0)
    server.stop()


def own_address(number: int) -> str:
    """An address of one test alone: a Collector does not say which port it got."""
    process = os.getpid()
    return f"127.{100 + number * 50 + process % 50}.{process // 256 % 256}.{1 + process % 250}"


@NEEDS_COLLECTOR
def test_nothing_is_lost_or_changed_on_the_way_through_us_and_a_collector(
    own_server: Tracewell, tmp_path: Path
) -> None:
    address = own_address(0)
    with ExitStack() as ended:
        collector = Collector(tmp_path, own_server.otlp_grpc, own_server.otlp_http, listen=address)
        ended.callback(collector.kill)
        sent = Sent(own_server)
        for trace, (name, (kind, settings)) in enumerate(EXPORTERS.items(), start=2):
            if kind == "otlp":
                endpoint = {"endpoint": f"{address}:4317", "tls": {"insecure": True}}
            else:
                endpoint = {"endpoint": f"http://{address}:4318"}
            server = front(tmp_path / name, kind, endpoint | settings)
            ended.callback(server.kill)
            post_through(server, trace)
            sent.assert_same(trace, f"{name}\n{collector.output()}")
        assert collector.stop() == 0


@NEEDS_COLLECTOR
def test_a_collector_with_certificates_believes_us_and_we_it(
    own_server: Tracewell, tmp_path: Path
) -> None:
    authority = Authority(tmp_path, "authority")
    theirs, ours = authority.certify("collector"), authority.certify("us")
    address = own_address(1)
    tls = {
        "cert_file": str(theirs.certificate),
        "key_file": str(theirs.key),
        "client_ca_file": str(authority.file),
    }
    towards = {
        "ca_file": str(authority.file),
        "cert_file": str(ours.certificate),
        "key_file": str(ours.key),
        # Its certificate is that of another address.
        "server_name_override": "localhost",
    }
    ways = {"otlp": f"{address}:4317", "otlphttp": f"https://{address}:4318"}
    with ExitStack() as ended:
        collector = Collector(
            tmp_path, own_server.otlp_grpc, own_server.otlp_http, listen=address, tls=tls
        )
        ended.callback(collector.kill)
        sent = Sent(own_server)
        for trace, (kind, endpoint) in enumerate(ways.items(), start=2):
            server = front(tmp_path / kind, kind, {"endpoint": endpoint, "tls": towards})
            ended.callback(server.kill)
            post_through(server, trace)
            sent.assert_same(trace, f"{kind}\n{collector.output()}")


def test_files_are_imported_as_what_was_written(own_server: Tracewell, tmp_path: Path) -> None:
    sent = Sent(own_server)
    for trace, (name, settings) in enumerate(FILES.items(), start=2):
        path = tmp_path / name / "traces"
        server = front(tmp_path / name, "file", {"path": str(path)} | settings)
        try:
            post_through(server, trace)
        finally:
            server.kill()
        ended = own_server.run("import", "--endpoint", own_server.otlp_http, str(path))
        assert ended.returncode == 0, ended.stderr
        sent.assert_same(trace, name)

"""Sealed blocks are Parquet files that other programs read without Tracewell."""

import random
import urllib.request
from collections import defaultdict
from pathlib import Path

import duckdb
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

from tracewell import Tracewell

SERVICES = ["cart", "orders", "größe"]
ROUTES = ["/", "/orders/{id}", "/search"]
START_NS = 1_700_000_000_000_000_000

P95 = """
    SELECT service_name, "span.http.route", quantile_disc(duration_ns, 0.95)
    FROM read_parquet(?) WHERE "span.http.route" IS NOT NULL
    GROUP BY ALL
"""


def text(key: str, value: str) -> KeyValue:
    return KeyValue(key=key, value=AnyValue(string_value=value))


class Sent:
    """What was sent, by span id: service, route (or none) and duration."""

    def __init__(self) -> None:
        self.spans: dict[bytes, tuple[str, str | None, int]] = {}
        self._random = random.Random(7)

    def request(self, spans: int) -> ExportTraceServiceRequest:
        request = ExportTraceServiceRequest()
        of_service = {}
        for service in SERVICES:
            resource_spans = request.resource_spans.add()
            resource_spans.resource.attributes.append(text("service.name", service))
            of_service[service] = resource_spans.scope_spans.add().spans
        for _ in range(spans):
            self._add(of_service)
        return request

    def _add(self, of_service: dict) -> None:
        number = len(self.spans) + 1
        service = self._random.choice(SERVICES)
        route = self._random.choice([*ROUTES, None])
        duration_ns = int(self._random.lognormvariate(16, 1))
        span_id = number.to_bytes(8, "big")
        span = of_service[service].add(
            trace_id=(number // 10 + 1).to_bytes(16, "big"),
            span_id=span_id,
            name="GET",
            kind=2,
            start_time_unix_nano=START_NS + number,
            end_time_unix_nano=START_NS + number + duration_ns,
        )
        span.attributes.append(text("padding", "%032x" % self._random.getrandbits(128)))
        if route:
            span.attributes.append(text("http.route", route))
        self.spans[span_id] = (service, route, duration_ns)


def post(server: Tracewell, request: ExportTraceServiceRequest) -> None:
    url = f"{server.otlp_http}/v1/traces"
    headers = {"Content-Type": "application/x-protobuf"}
    call = urllib.request.Request(url, request.SerializeToString(), headers)
    with urllib.request.urlopen(call, timeout=30) as answer:
        assert answer.status == 200


def blocks(server: Tracewell) -> list[str]:
    return [str(path) for path in sorted((server.data_dir / "blocks").glob("*.parquet"))]


def p95(durations: list[int]) -> int:
    """The smallest value that 95 % of the values do not exceed, as SQL defines it."""
    ordered = sorted(durations)
    return ordered[max(0, -(-len(ordered) * 95 // 100) - 1)]


@pytest.fixture
def small_memory(tmp_path: Path):
    """A server that seals blocks early."""
    server = Tracewell(tmp_path, "--memory-limit", "64MiB")
    yield server
    server.kill()


def test_duckdb_tells_the_p95_duration_by_service_and_route(small_memory: Tracewell) -> None:
    sent = Sent()
    while not blocks(small_memory):
        post(small_memory, sent.request(5_000))
        assert len(sent.spans) < 500_000, "no block was sealed"
    small_memory.kill()
    files = blocks(small_memory)
    stored = [row[0] for row in duckdb.execute("SELECT span_id FROM read_parquet(?)", [files]).fetchall()]
    assert len(stored) == len(set(stored)) > 1_000
    durations = defaultdict(list)
    for span_id in stored:
        service, route, duration_ns = sent.spans[bytes(span_id)]
        if route:
            durations[service, route].append(duration_ns)
    expected = {key: p95(values) for key, values in durations.items()}
    answer = {(row[0], row[1]): row[2] for row in duckdb.execute(P95, [files]).fetchall()}
    assert answer == expected


def test_the_parquet_file_says_who_wrote_it(small_memory: Tracewell) -> None:
    sent = Sent()
    while not blocks(small_memory):
        post(small_memory, sent.request(5_000))
        assert len(sent.spans) < 500_000, "no block was sealed"
    small_memory.kill()
    [first, *_] = blocks(small_memory)
    query = "SELECT key, value FROM parquet_kv_metadata(?)"
    pairs = {bytes(key): bytes(value) for key, value in duckdb.execute(query, [first]).fetchall()}
    assert pairs[b"tracewell.block.version"] == b"1"
    [(created_by,)] = duckdb.execute("SELECT created_by FROM parquet_file_metadata(?)", [first]).fetchall()
    assert created_by.startswith("tracewell")

"""`tracewell sql` asks a real DuckDB what TraceQL is asked, beside the server that goes on."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from test_block_files import Sent, blocks, post, text
from tracewell import BINARY, Tracewell, environment


@pytest.fixture
def server(tmp_path: Path):
    """A server that seals blocks early; what comes last stays in the log."""
    server = Tracewell(tmp_path, "--memory-limit", "64MiB")
    yield server
    server.kill()


def sql(server: Tracewell, *words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """Runs `tracewell sql` with the DuckDB of this Python."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    command = [BINARY, "sql", "--data-dir", server.data_dir, *words]
    return subprocess.run(
        command, env=environment() | {"PATH": path}, capture_output=True, text=True,
        timeout=120, check=False, input=stdin,
    )


def rows(server: Tracewell, query: str) -> list[dict]:
    done = sql(server, query, "--json")
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def counted(server: Tracewell, query: str) -> int:
    """What TraceQL counts."""
    done = server.run("search", query, "--count", "--since", "9000d", "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["spans"]


def eventful() -> ExportTraceServiceRequest:
    """A span with an event, a link and attributes of every kind."""
    request = ExportTraceServiceRequest()
    resource_spans = request.resource_spans.add()
    resource_spans.resource.attributes.append(text("service.name", "eventful"))
    resource_spans.resource.attributes.append(text("k8s.pod.name", "web-0"))
    span = resource_spans.scope_spans.add().spans.add(
        trace_id=b"\x11" * 16, span_id=b"\x22" * 8, name="pay", kind=Span.SPAN_KIND_CLIENT,
        start_time_unix_nano=1_700_000_000_000_000_000,
        end_time_unix_nano=1_700_000_000_250_000_000,
    )
    span.attributes.append(text("currency", "EUR"))
    event = span.events.add(name="exception", time_unix_nano=1_700_000_000_100_000_000)
    event.attributes.append(text("exception.type", "Timeout"))
    span.links.add(trace_id=b"\x33" * 16, span_id=b"\x44" * 8)
    return request


def test_counts_are_those_of_traceql_while_the_server_goes_on(server: Tracewell) -> None:
    sent = Sent()
    while not blocks(server):
        post(server, sent.request(5_000))
        assert len(sent.spans) < 500_000, "no block was sealed"
    post(server, sent.request(100))
    post(server, eventful())
    [whole] = rows(server, "SELECT count(*) AS n, count(DISTINCT span_id) AS ids FROM spans")
    assert whole == {"n": len(sent.spans) + 1, "ids": len(sent.spans) + 1}
    for condition, query in [
        ("service = 'cart'", '{ resource.service.name = "cart" }'),
        ("\"span.http.route\" = '/search'", '{ span.http.route = "/search" }'),
        ("duration_ns > 10000000", "{ duration > 10ms }"),
        ("kind = 'client'", "{ kind = client }"),
        ("kind = 'server' AND status = 'unset' AND NOT failed", "{ kind = server && !error }"),
    ]:
        [found] = rows(server, f"SELECT count(*) AS n FROM spans WHERE {condition}")
        assert found["n"] == counted(server, query), condition
    [event] = rows(server, "SELECT * FROM events")
    assert event == {
        "trace_id": "11" * 16, "span_id": "22" * 8, "time_ns": 1_700_000_000_100_000_000,
        "name": "exception", "attributes": {"exception.type": "Timeout"},
    }
    [link] = rows(server, "SELECT linked_trace_id, linked_span_id FROM links")
    assert link == {"linked_trace_id": "33" * 16, "linked_span_id": "44" * 8}
    [pod] = rows(server, """
        SELECT start, resource->>'$."k8s.pod.name"' AS pod, span->>'currency' AS currency
        FROM spans JOIN attributes USING (trace_id, span_id) WHERE service = 'eventful'
    """)
    assert (pod["pod"], pod["currency"]) == ("web-0", "EUR")
    assert pod["start"].startswith("2023-11-14 22:13:20")
    # Nothing is left of a snapshot.
    assert [path.name for path in server.data_dir.parent.iterdir() if ".sql-" in path.name] == []


def test_what_is_typed_is_answered_and_what_is_wrong_is_said(server: Tracewell) -> None:
    done = sql(server, "SELECT 1")
    assert done.returncode == 1
    assert "there are no spans in" in done.stderr
    post(server, eventful())
    done = sql(server, "--with", "events", stdin="SELECT name\nFROM events;\nSELECT nothing;\n")
    assert done.returncode == 0, done.stderr
    assert "1 span (1 of them from the log); tables: spans, events" in done.stderr
    assert "exception" in done.stdout
    assert "nothing" in done.stderr
    done = sql(server, "SELECT service, name FROM spans", "--csv")
    assert done.stdout == "service,name\neventful,pay\n"
    done = sql(server, "SELECT FROM")
    assert done.returncode == 1
    assert "Parser Error" in done.stderr
    done = sql(server, "SELECT 1", "--snapshot-dir", str(server.data_dir / "inside"))
    assert done.returncode == 2
    assert "cannot take a snapshot" in done.stderr

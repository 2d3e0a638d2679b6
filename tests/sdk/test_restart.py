"""What was acknowledged survives kill -9, unchanged."""

import json
import os
import subprocess
from pathlib import Path

from applications import Applications, Exporters
from conftest import send_traffic, whole_trace
from query_api import Generation, QueryApi
from test_first_trace import FIRST_TRACE, SNIPPETS, trace_id_of
from tracewell import Tracewell
from trees import draw

# Lists whose order means nothing; that of events, links and array values does.
UNORDERED = {"spans", "tags", "fields", "resourceSpans", "scopeSpans", "attributes"}


def canonical(body: dict) -> object:
    """An answer with everything in one order that the API leaves unordered."""
    if "data" in body:
        [trace] = body["data"]
        processes = trace.pop("processes")
        for span in trace["spans"]:
            span["process"] = processes[span.pop("processID")]
    return ordered(body)


def ordered(value: object, name: str = "") -> object:
    """`value`, found under the key `name`, sorted where `UNORDERED` allows it."""
    if isinstance(value, dict):
        return {key: ordered(element, key) for key, element in value.items()}
    if isinstance(value, list):
        elements = [ordered(element) for element in value]
        if name in UNORDERED:
            elements.sort(key=lambda element: json.dumps(element, sort_keys=True))
        return elements
    return value


def test_traces_read_the_same_after_a_crash(own_server: Tracewell, tmp_path: Path) -> None:
    exporters = Exporters("crash", node="http/protobuf", python="grpc")
    applications = Applications(exporters, own_server.otlp_endpoint, tmp_path)
    try:
        traffic = send_traffic(applications)
        # The SDKs flush as they end, so by now all spans were acknowledged.
        assert applications.stop() == {"shop": "", "stock": ""}
    finally:
        applications.kill()

    def stored() -> dict[tuple[str, Generation], object]:
        api = QueryApi(own_server.query_http)
        bodies = {}
        for trace_id, tree in traffic.trees.items():
            for generation in Generation:
                whole_trace(api, trace_id, tree, generation)
                body = api.body(trace_id, generation)
                assert body is not None
                bodies[trace_id, generation] = canonical(body)
        return bodies

    before = stored()
    own_server.kill()
    own_server.start()
    assert stored() == before


def test_a_trace_survives_a_crash_right_after_its_acknowledgement(own_server: Tracewell) -> None:
    # curl ends with 0 only when it has the server's 200 in hand.
    environment = os.environ | {"OTEL_EXPORTER_OTLP_ENDPOINT": own_server.otlp_http}
    sent = []
    for _ in range(5):
        done = subprocess.run(
            SNIPPETS["curl"].command, env=environment, capture_output=True, text=True, check=True
        )
        sent.append(trace_id_of(done.stdout))
    own_server.kill()
    own_server.start()
    api = QueryApi(own_server.query_http)
    for trace_id in sent:
        spans = whole_trace(api, trace_id, FIRST_TRACE, Generation.OTLP)
        assert draw(spans, {"first-trace-curl": "first-trace"}) == FIRST_TRACE

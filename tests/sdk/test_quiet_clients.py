"""A default SDK also sends metrics and logs, and must never log an error over it.

What is thrown away is counted and said once; what is kept is accounted for
span by span.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from applications import NODE_DEFAULT_PROTOCOL, PYTHON_DEFAULT_PROTOCOL, Applications, Exporters
from conftest import EXPORTERS, Traffic, send_traffic
from query_api import QueryApi
from refusing_endpoint import GRPC_METHODS, HTTP_PATHS, RefusingEndpoint
from tracewell import Tracewell


@dataclass
class FinishedRun:
    """A server after one pair of applications sent all three signals and ended properly."""

    server: Tracewell
    exporters: Exporters
    traffic: Traffic
    complaints: dict[str, str]

    def status(self) -> dict:
        """The answer of /api/status."""
        return QueryApi(self.server.query_http).json("/api/status")


def run_to_the_end(
    exporters: Exporters, endpoint: Callable[[str], str], directory: Path
) -> tuple[Traffic, dict[str, str]]:
    """Sends one of each request; returns it with what each SDK complained about."""
    applications = Applications(exporters, endpoint, directory)
    try:
        traffic = send_traffic(applications)
        return traffic, applications.stop()
    finally:
        applications.kill()


@pytest.fixture(scope="module", params=EXPORTERS, ids=lambda exporters: exporters.name)
def finished(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[FinishedRun]:
    """One run per exporter choice, each with a server of its own: its counts are exact."""
    exporters: Exporters = request.param
    directory = tmp_path_factory.mktemp(f"finished-{exporters.name}")
    server = Tracewell(directory)
    try:
        traffic, complaints = run_to_the_end(exporters, server.otlp_endpoint, directory)
        yield FinishedRun(server, exporters, traffic, complaints)
    finally:
        server.kill()


def test_sdks_have_nothing_to_complain_about(finished: FinishedRun) -> None:
    assert finished.complaints == {"shop": "", "stock": ""}


def receiver_of(protocol: str) -> str:
    """The receiver that an exporter's protocol arrives at."""
    return "otlp_grpc" if protocol == "grpc" else "otlp_http"


def spans_sent(finished: FinishedRun) -> Counter[str]:
    """Spans by receiver, counted in the expected drawings."""
    receivers = {
        "shop": receiver_of(finished.exporters.node or NODE_DEFAULT_PROTOCOL),
        "stock": receiver_of(finished.exporters.python or PYTHON_DEFAULT_PROTOCOL),
    }
    trees = finished.traffic.trees.values()
    return Counter(receivers[line.split()[0]] for tree in trees for line in tree.splitlines())


def test_every_span_is_accounted_for_at_its_receiver(finished: FinishedRun) -> None:
    sent = spans_sent(finished)
    status = finished.status()
    receivers = {receiver["name"]: receiver for receiver in status["receivers"]}
    assert receivers.keys() >= {"otlp_grpc", "otlp_http"}
    for name, receiver in receivers.items():
        assert (receiver["received"], receiver["stored"]) == (sent[name], sent[name]), name
        assert (receiver["rejected"], receiver["inFlight"]) == ({}, 0), name
    total = sum(sent.values())
    assert status["spans"] == {"received": total, "stored": total, "rejected": 0, "inFlight": 0}
    assert status["store"]["spans"] == total
    assert status["memory"]["requestsHeldBytes"] == 0


def test_what_is_thrown_away_is_counted_and_said_once(finished: FinishedRun) -> None:
    used = spans_sent(finished).keys()
    for receiver in finished.status()["receivers"]:
        # How many requests there are is up to the SDKs' clocks, but both signals come.
        signals = {"metrics", "logs"} if receiver["name"] in used else set()
        assert receiver["ignored"].keys() == signals
        requests = {outcome: n for outcome, n in receiver["requests"].items() if n}
        assert requests.pop("ignored", 0) == sum(receiver["ignored"].values())
        assert requests.keys() <= {"accepted"}
    said = re.findall(r"a client sends (\w+);", finished.server.output())
    assert sorted(said) == ["logs", "metrics"]


def test_the_status_command_tells_the_same(finished: FinishedRun) -> None:
    answered = finished.status()
    done = finished.server.run("status", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    printed = json.loads(done.stdout)
    for status in (answered, printed):
        # What moves on between two questions.
        assert status.pop("uptimeSeconds") > 0
        assert status.pop("process")["residentBytes"] > 0
        assert status["store"]["disk"].pop("freeBytes") > 0
    assert printed == answered

    done = finished.server.run("status")
    assert (done.returncode, done.stderr) == (0, "")
    rows = dict(re.findall(r"^  (\w.*?) {2,}(.*)$", done.stdout, re.MULTILINE))
    spans = sum(spans_sent(finished).values())
    for name in ("received", "stored"):
        assert rows[name] == f"{spans} spans"
    for name in ("rejected", "in flight"):
        assert rows[name] == "0 spans"
    assert rows["in the store"].startswith(f"{spans} spans, ")
    assert finished.server.otlp_http == f"http://{rows['OTLP HTTP']}"


def test_a_rejected_span_is_in_the_accounts(own_server: Tracewell) -> None:
    good = {
        "traceId": "0af7651916cd43dd8448eb211c80319c",
        "spanId": "b7ad6b7169203331",
        "name": "good",
        "kind": 1,
        "startTimeUnixNano": "1700000000000000000",
        "endTimeUnixNano": "1700000000000000001",
    }
    spans = [good, good | {"spanId": "0000000000000000"}, good | {"traceId": "0af7"}]
    body = {"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]}
    answer = httpx.post(f"{own_server.otlp_http}/v1/traces", json=body)
    assert answer.status_code == 200
    assert answer.json()["partialSuccess"]["rejectedSpans"] == "2"

    status = QueryApi(own_server.query_http).json("/api/status")
    assert status["spans"] == {"received": 3, "stored": 1, "rejected": 2, "inFlight": 0}
    [receiver] = [r for r in status["receivers"] if r["name"] == "otlp_http"]
    assert sum(receiver["rejected"].values()) == 2


@pytest.mark.parametrize("refused", ["metrics", "logs"])
@pytest.mark.parametrize("protocol", ["grpc", "http/protobuf"])
def test_an_sdk_does_complain_of_one_refused_signal(
    protocol: str, refused: str, tmp_path: Path
) -> None:
    endpoint = RefusingEndpoint(refused)
    try:
        exporters = Exporters("refused", node=protocol, python=protocol)
        _, said = run_to_the_end(exporters, endpoint.otlp_endpoint, tmp_path)
    finally:
        endpoint.close()
    # Both SDKs share the endpoint; the words show that each of them met the refusal.
    asked = GRPC_METHODS if protocol == "grpc" else HTTP_PATHS
    assert endpoint.asked == set(asked.values())
    refusal = "UNIMPLEMENTED" if protocol == "grpc" else "Not Found"
    for application, words in said.items():
        assert refusal in words, f"{application} says only: {words!r}"

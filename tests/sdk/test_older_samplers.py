"""Remote samplers of real clients follow a file of strategies while it changes.

OpenTelemetry has no such sampler for Python.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from older_clients import OLDER, PYTHON, client_environment
from polling import wait_for
from processes import Process
from query_api import QueryApi
from tracewell import Tracewell

SERVICE = "shop-sampled"

NOTHING = {"default_strategy": {"type": "probabilistic", "param": 0}}
ALL_BUT_HEALTH = {
    "default_strategy": {"type": "probabilistic", "param": 0},
    "service_strategies": [
        {
            "service": SERVICE,
            "type": "probabilistic",
            "param": 1,
            "operation_strategies": [
                {"operation": "health", "type": "probabilistic", "param": 0}
            ],
        }
    ],
}
RATE = {"service_strategies": [{"service": SERVICE, "type": "ratelimiting", "param": 400}]}

JAEGERS = {
    "jaeger-client-node": ["node", OLDER / "node" / "sampling_jaeger_client.js"],
    "jaeger-client-python": [PYTHON, OLDER / "python" / "sampling_jaeger_client.py"],
}
SAMPLERS = JAEGERS | {
    "opentelemetry-node": ["node", OLDER / "node" / "sampling_opentelemetry.js"],
}


class Strategies:
    """The file that the server was given, replaced at once as editors do."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / "strategies.json"
        self.write(NOTHING)

    def write(self, strategies: dict) -> None:
        """Changes the file; the server looks at it every second."""
        new = self.path.with_suffix(".new")
        new.write_text(json.dumps(strategies))
        new.rename(self.path)


@pytest.fixture
def strategies(tmp_path: Path) -> Strategies:
    """A file that tells everybody to record nothing."""
    return Strategies(tmp_path)


@pytest.fixture
def server(strategies: Strategies, tmp_path: Path) -> Iterator[Tracewell]:
    """A server that answers samplers from the file."""
    server = Tracewell(tmp_path, "--sampling-strategies-file", str(strategies.path))
    yield server
    server.kill()


@pytest.fixture
def sampler(request: pytest.FixtureRequest, server: Tracewell, tmp_path: Path) -> Iterator[Process]:
    """A client that asks every 50 ms and says what it decides."""
    addresses = server.addresses
    env = client_environment({"shop": SERVICE, "stock": ""}, addresses["sampling-http"])
    is_python = "python" in request.param
    env["REPORT_TO"] = addresses["jaeger-compact" if is_python else "jaeger-binary"]
    client = Process(request.param, SAMPLERS[request.param], tmp_path / "client.log", env)
    yield client
    client.kill()


def decides(sampler: Process, **decision: bool) -> None:
    """Waits until the client's last word is this decision."""
    wait_for(f"{decision} of {sampler.name}", lambda: last_word(sampler) == decision)


def last_word(sampler: Process) -> dict[str, bool] | None:
    """What the client has decided last; its line may be half written."""
    complete = sampler.output().rpartition("\n")[0]
    return json.loads(complete.splitlines()[-1]) if complete else None


@pytest.mark.parametrize("sampler", SAMPLERS, indirect=True)
def test_a_sampler_follows_the_file(sampler: Process, strategies: Strategies) -> None:
    decides(sampler, checkout=False, health=False)
    strategies.write(ALL_BUT_HEALTH)
    decides(sampler, checkout=True, health=False)
    strategies.write(NOTHING)
    decides(sampler, checkout=False, health=False)
    strategies.write({"default_strategy": {"type": "probabilistic", "param": 1}})
    decides(sampler, checkout=True, health=True)


@pytest.mark.parametrize("sampler", SAMPLERS, indirect=True)
def test_a_broken_file_changes_nothing(
    sampler: Process, strategies: Strategies, server: Tracewell
) -> None:
    strategies.write(ALL_BUT_HEALTH)
    decides(sampler, checkout=True, health=False)
    strategies.path.write_text('{"default_strategy": ')
    wait_for("the log to name the file", lambda: str(strategies.path) in server.output())
    strategies.write(NOTHING)
    decides(sampler, checkout=False, health=False)
    # Not one other decision in between, such as the default of everything.
    decisions = [json.loads(line) for line in sampler.output().splitlines()]
    assert {"checkout": True, "health": True} not in decisions


@pytest.mark.parametrize("sampler", JAEGERS, indirect=True)
def test_jaegers_clients_send_what_they_were_told_to(
    sampler: Process, strategies: Strategies, server: Tracewell
) -> None:
    api = QueryApi(server.query_http)

    def operations(sampler_type: str) -> set[str]:
        """Of which operations spans came that this sort of sampler has let through."""
        tags = json.dumps({"sampler.type": sampler_type})
        traces = api.search(service=SERVICE, tags=tags, limit="1500")
        return {span["operationName"] for trace in traces for span in trace["spans"]}

    strategies.write(ALL_BUT_HEALTH)
    wait_for("spans by share", lambda: operations("probabilistic") == {"checkout"})
    strategies.write(RATE)
    wait_for(
        "spans by rate of both", lambda: operations("ratelimiting") == {"checkout", "health"}
    )
    assert operations("probabilistic") == {"checkout"}, sampler.name

"""Fixtures: one server for the whole run, one pair of applications per exporter choice."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

import expected_traces as expected
from applications import Applications, Exporters
from polling import wait_for
from query_api import Generation, QueryApi, Span
from tracewell import Tracewell
from trees import size

EXPORTERS = [
    Exporters("grpc", node="grpc", python="grpc"),
    Exporters("http-protobuf", node="http/protobuf", python="http/protobuf"),
    # Python has no JSON exporter.
    Exporters("http-json", node="http/json", python="http/protobuf"),
    # Nothing but an endpoint: HTTP protobuf from Node.js, gRPC from Python.
    Exporters("defaults", node=None, python=None),
]


@pytest.fixture(scope="session")
def tracewell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tracewell]:
    """A server that all tests may share, as every service has a name of its own."""
    server = Tracewell(tmp_path_factory.mktemp("tracewell"))
    yield server
    server.kill()


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[Tracewell]:
    """A server that one test has to itself: to kill it, or to count exactly."""
    server = Tracewell(tmp_path)
    yield server
    server.kill()


@pytest.fixture(scope="session")
def api(tracewell: Tracewell) -> QueryApi:
    """The shared server's query side."""
    return QueryApi(tracewell.query_http)


@dataclass
class Traffic:
    """The traces that one pair of applications produced."""

    applications: Applications
    checkout: str
    shop_failure: str
    shop_not_found: str
    stock_failure: str

    @property
    def trees(self) -> dict[str, str]:
        """The expected drawing of each trace, by trace id."""
        return {
            self.checkout: expected.CHECKOUT,
            self.shop_failure: expected.SHOP_FAILURE,
            self.shop_not_found: expected.SHOP_NOT_FOUND,
            self.stock_failure: expected.STOCK_FAILURE,
        }

    @property
    def roles(self) -> dict[str, str]:
        """What the expected trees call the two services."""
        return {
            self.applications.shop_service: "shop",
            self.applications.stock_service: "stock",
        }


def send_traffic(applications: Applications) -> Traffic:
    """One request of each sort; the checkout comes first, while no connection is open."""
    shop, stock = applications.shop_url, applications.stock_url
    return Traffic(
        applications,
        checkout=applications.request(f"{shop}/checkout/a-1", 200),
        shop_failure=applications.request(f"{shop}/fail", 500),
        shop_not_found=applications.request(f"{shop}/nowhere", 404),
        stock_failure=applications.request(f"{stock}/fail", 500),
    )


@pytest.fixture(scope="session", params=EXPORTERS, ids=lambda exporters: exporters.name)
def traffic(
    request: pytest.FixtureRequest,
    tracewell: Tracewell,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Traffic]:
    """Both applications running with these exporters, their requests already sent."""
    exporters: Exporters = request.param
    directory: Path = tmp_path_factory.mktemp(exporters.name)
    applications = Applications(exporters, tracewell.otlp_endpoint, directory)
    yield send_traffic(applications)
    applications.kill()


@pytest.fixture(scope="session")
def stored_traffic(traffic: Traffic, api: QueryApi) -> Traffic:
    """The traffic once every span of it can be read."""
    for trace_id, tree in traffic.trees.items():
        whole_trace(api, trace_id, tree, Generation.CLASSIC)
    return traffic


def whole_trace(api: QueryApi, trace_id: str, tree: str, generation: Generation) -> list[Span]:
    """Waits until the trace has as many spans as `tree`; more is for the test to notice."""

    def probe() -> list[Span] | None:
        spans = api.trace(trace_id, generation)
        return spans if len(spans) >= size(tree) else None

    return wait_for(f"{size(tree)} spans of trace {trace_id}", probe)

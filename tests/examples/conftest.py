"""Fixtures: one Tracewell and one PostgreSQL for the run, and the ways to run an example."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

# What starts a server, waits and reads traces is that of the SDK tests. Appended:
# both folders have a conftest.
sys.path.append(str(Path(__file__).resolve().parents[1] / "sdk"))

from postgres import Postgres  # noqa: E402
from programs import Language, Programs, node_2, node_3, python  # noqa: E402
from query_api import QueryApi  # noqa: E402
from tracewell import Tracewell  # noqa: E402


@pytest.fixture(scope="session")
def tracewell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tracewell]:
    """A server that all tests share: every trace is looked up by its id."""
    server = Tracewell(tmp_path_factory.mktemp("tracewell"), "--durability", "none")
    yield server
    server.kill()


@pytest.fixture(scope="session")
def api(tracewell: Tracewell) -> QueryApi:
    """The shared server's query side."""
    return QueryApi(tracewell.query_http)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A database for all tests; what a test creates in it is temporary."""
    server = Postgres()
    yield server
    server.stop()


@pytest.fixture(scope="session", params=[node_2, node_3, python], ids=lambda make: make.__name__)
def language(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Language:
    """One after the other: each language, and each line of its SDK."""
    return request.param(tmp_path_factory.mktemp(request.param.__name__))


@pytest.fixture(scope="session")
def programs(
    language: Language, tracewell: Tracewell, api: QueryApi, postgres: Postgres
) -> Programs:
    """The examples of this language."""
    return Programs(language, tracewell, api, postgres.url)

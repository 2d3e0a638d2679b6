"""Fixtures: one Tracewell and one PostgreSQL for the run, and the ways to run an example."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

# What starts a server, waits and reads traces is that of the SDK tests; the database
# is that of the demo. Appended: both folders of tests have a conftest.
REPOSITORY = Path(__file__).resolve().parents[2]
sys.path += [str(REPOSITORY / "tests" / "sdk"), str(REPOSITORY / "examples" / "shop")]

from local_postgres import LocalPostgres  # noqa: E402
from programs import Language, Programs, node_2, node_3, python, rust  # noqa: E402
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
def postgres() -> Iterator[LocalPostgres]:
    """A database for all tests, with the shop's tables; examples create temporary ones, and a
    service one of its own."""
    server = LocalPostgres()
    server.load(REPOSITORY / "examples" / "shop" / "schema.sql")
    yield server
    server.stop()


@pytest.fixture(
    scope="session", params=[node_2, node_3, python, rust], ids=lambda make: make.__name__
)
def language(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Language:
    """One after the other: each language, and each line of its SDK."""
    return request.param(tmp_path_factory.mktemp(request.param.__name__))


@pytest.fixture(scope="session")
def programs(
    language: Language, tracewell: Tracewell, api: QueryApi, postgres: LocalPostgres
) -> Programs:
    """The examples of this language."""
    return Programs(language, tracewell, api, postgres.url)

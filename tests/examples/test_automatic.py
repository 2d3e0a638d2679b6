"""Automatic instrumentation: what it records without a line in the application."""

import pytest

from programs import Programs, assert_has, only


def test_express_and_its_database_call(programs: Programs) -> None:
    if programs.language.sdk_language != "nodejs":
        pytest.skip("Express is Node.js's")
    run = programs.run("express", instrumented=True)
    assert '[{"id":1,"name":"Ada"}]' in run.output
    spans = run.trace(
        """
- client GET
  - server GET /api/users
    - internal request handler
      - client pg-pool.connect
        - client pg.connect
      - client pg.query:SELECT postgres
"""
    )
    server = only(spans, "GET /api/users")
    assert_has(
        server,
        http__request__method="GET",
        http__route="/api/users",
        http__response__status_code=200,
        url__path="/api/users",
    )
    query = only(spans, "pg.query:SELECT postgres")
    assert_has(query, db__system__name="postgresql", db__namespace="postgres")
    text = str(query.attributes["db.query.text"])
    assert text.startswith("SELECT id, name FROM") and "Ada" not in text
    assert {span.status for span in spans} == {"unset"}


def test_fastapi_and_its_database_call(programs: Programs) -> None:
    if programs.language.name != "python":
        pytest.skip("FastAPI is Python's")
    run = programs.run("fastapi-app")
    assert "[{'id': 1, 'name': 'Ada'}]" in run.output
    spans = run.trace(
        """
- server GET /api/users
  - client SELECT
  - internal GET /api/users http send
  - internal GET /api/users http send
"""
    )
    # Python's instrumentations still speak the older names by default.
    assert_has(
        only(spans, "GET /api/users"),
        http__method="GET",
        http__route="/api/users",
        http__status_code=200,
    )
    query = only(spans, "SELECT")
    assert_has(query, db__system="postgresql", db__name="postgres")
    text = str(query.attributes["db.statement"])
    assert text.startswith("SELECT id, name FROM") and "Ada" not in text
    assert {span.status for span in spans} == {"unset"}


def test_flask_and_its_database_call(programs: Programs) -> None:
    if programs.language.name != "python":
        pytest.skip("Flask is Python's")
    spans = programs.run("flask-app").trace(
        """
- client GET
  - server GET /api/users/<int:user_id>
    - client SELECT
"""
    )
    assert_has(
        only(spans, "GET /api/users/<int:user_id>"),
        http__method="GET",
        http__route="/api/users/<int:user_id>",
        http__status_code=200,
    )
    assert_has(only(spans, "SELECT"), db__system="postgresql", db__statement="SELECT %s::text")
    assert {span.status for span in spans} == {"unset"}


def test_axum_and_its_database_call(programs: Programs) -> None:
    if programs.language.name != "rust":
        pytest.skip("axum is Rust's")
    run = programs.run("axum-app")
    assert '[{"id":1,"name":"Ada"}]' in run.output
    spans = run.trace(
        """
- client GET /api/users
  - server GET /api/users
    - client SELECT
"""
    )
    assert_has(
        only(spans, "GET /api/users", kind="server"),
        http__request__method="GET",
        http__route="/api/users",
        http__response__status_code=200,
        url__path="/api/users",
    )
    query = only(spans, "SELECT")
    assert_has(query, db__system__name="postgresql", db__namespace="postgres")
    text = str(query.attributes["db.query.text"])
    assert text.startswith("SELECT id, name FROM") and "Ada" not in text
    assert {span.status for span in spans} == {"unset"}

"""Spans made by hand: order, database, HTTP client."""

from programs import Programs, assert_has, named, only


def test_manual_spans_are_children_and_tell_a_failure(programs: Programs) -> None:
    run = programs.run("manual")
    spans = run.trace(
        """
- internal processOrder
  - internal processPayment
  - internal sendConfirmation
  - internal validateOrder
"""
    )
    root = only(spans, "processOrder")
    assert root.scope == ("my-service", "1.0.0")
    assert_has(root, order__id="A-17")
    assert {span.status for span in spans} == {"unset"}
    [event] = only(spans, "processPayment").events
    assert (event.name, event.attributes) == ("card.checked", {"card.limit": 500})

    failed = run.trace(
        """
- internal processOrder
  - internal processPayment
  - internal validateOrder
""",
        number=1,
    )
    for name in ("processOrder", "processPayment"):
        span = only(failed, name)
        assert span.status == "error"
        assert "card limit exceeded" in span.status_message
        [exception] = [event for event in span.events if event.name == "exception"]
        assert exception.attributes["exception.message"] == "card limit exceeded"
        # An error in Rust is a value; it does not know where it has been.
        has_stack = programs.language.name != "rust"
        assert bool(exception.attributes.get("exception.stacktrace")) is has_stack
    assert only(failed, "validateOrder").status == "unset"


def test_a_database_call_has_text_without_values_and_the_code_of_an_error(
    programs: Programs,
) -> None:
    spans = programs.run("database").trace(
        """
- internal list tables
  - client SELECT missing
  - client SELECT pg_class
"""
    )
    found = only(spans, "SELECT pg_class")
    assert_has(
        found,
        db__system__name="postgresql",
        db__namespace="postgres",
        db__operation__name="SELECT",
        db__collection__name="pg_class",
        db__response__returned_rows=2,
    )
    text = str(found.attributes["db.query.text"])
    assert text.startswith("SELECT relname") and "pg_type" not in text
    assert (found.status, found.events) == ("unset", [])

    missing = only(spans, "SELECT missing")
    assert missing.status == "error"
    assert 'relation "missing" does not exist' in missing.status_message
    # PostgreSQL's code for a table that is not there.
    assert_has(missing, db__response__status_code="42P01", error__type="42P01")
    assert [event.name for event in missing.events] == ["exception"]


def test_an_http_call_carries_its_context_and_tells_how_it_ended(programs: Programs) -> None:
    run = programs.run("http-client")
    spans = run.trace(
        """
- internal three requests
  - client GET
  - client GET
  - client GET
"""
    )
    good, missing, refused = named(spans, "GET")
    assert f"the server received 00-{run.trace_ids[0]}-{good.span_id}-" in run.output
    assert_has(
        good,
        http__request__method="GET",
        http__response__status_code=200,
        server__address="127.0.0.1",
    )
    assert str(good.attributes["url.full"]).endswith("/users")
    assert good.attributes["server.port"] == int(
        str(good.attributes["url.full"]).split(":")[2][:-6]
    )
    assert good.status == "unset"

    assert_has(missing, http__response__status_code=404, error__type="404")
    assert (missing.status, missing.status_message, missing.events) == ("error", "", [])

    assert refused.status == "error"
    assert "http.response.status_code" not in refused.attributes
    assert refused.attributes["error.type"] in {"ECONNREFUSED", "ConnectError", "connect"}
    assert [event.name for event in refused.events] == ["exception"]

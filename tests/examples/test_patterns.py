"""The patterns: request and response, database operations, an unreliable service."""

from programs import Programs, assert_has, named, only
from query_api import Span


def test_a_callers_mistake_is_no_error_and_a_failure_says_why(programs: Programs) -> None:
    route = "/orders/:id" if programs.language.sdk_language == "nodejs" else "/orders/{id}"
    run = programs.run("pattern-request-response")
    spans = run.trace(
        f"""
- internal three requests
  - server GET {route}
  - server GET {route}
  - server GET {route}
"""
    )
    by_status = {
        span.attributes["http.response.status_code"]: span for span in named(spans, f"GET {route}")
    }
    assert by_status.keys() == {200, 404, 500}
    for status in (200, 404):
        assert (by_status[status].status, by_status[status].events) == ("unset", [])
    failed = by_status[500]
    assert (failed.status, failed.status_message) == ("error", "total is not a number")
    assert_has(
        failed,
        error__type="TotalNotANumber" if programs.language.name == "rust" else "TypeError",
        http__request__method="GET",
        http__route=route,
        url__path="/orders/500",
    )
    assert [event.name for event in failed.events] == ["exception"]
    # The details stay in the trace.
    assert "internal error" in run.output and "total is not a number" not in run.output


def test_a_transaction_says_how_it_ended(programs: Programs) -> None:
    run = programs.run("pattern-database", instrumented=True)
    sees_begin_and_end = programs.language.sdk_language != "python"
    for number, (name, outcome) in enumerate(
        [("transfer", "committed"), ("overdraw", "rolled back")]
    ):
        spans = run.spans_until(run.trace_ids[number], name)
        root = only(spans, name)
        assert_has(root, db__transaction__outcome=outcome)
        statements = [
            str(span.attributes.get("db.query.text") or span.attributes.get("db.statement"))
            for span in sorted(spans, key=lambda span: span.start_ns)
            if span.kind == "client" and span.parent_id == root.span_id
        ]
        words = [text.split()[0] for text in statements if text != "None"]
        # Python's driver begins and ends the transaction, unseen by what records.
        core = ["CREATE", "INSERT", "UPDATE", "UPDATE"]
        last = "COMMIT" if name == "transfer" else "ROLLBACK"
        assert words == (["BEGIN", *core, last] if sees_begin_and_end else core)
        failed = [span for span in spans if span.status == "error"]
        if name == "transfer":
            assert failed == []
            assert_has(root, transfer__rows=1)
        else:
            assert len(failed) == 2 and root in failed
            assert "accounts_cents_check" in root.status_message


def test_each_attempt_is_a_span_and_a_call_that_succeeds_is_no_error(programs: Programs) -> None:
    run = programs.run("pattern-external-service", instrumented=True)
    recovered = run.spans_until(run.trace_ids[0], "call rates")
    call = only(recovered, "call rates")
    assert call.status == "unset"
    assert_has(call, peer__service="rates")
    [retry] = call.events
    assert (retry.name, retry.attributes["retry.attempt"]) == ("retry", 1)
    attempts = attempts_of(recovered, call.span_id)
    assert [attempt.status for attempt in attempts] == ["error", "unset"]
    codes = [
        attempt.attributes.get("http.response.status_code")
        or attempt.attributes.get("http.status_code")
        for attempt in attempts
    ]
    assert codes == [503, 200]

    given_up = run.spans_until(run.trace_ids[1], "call rates")
    call = only(given_up, "call rates")
    assert call.status == "error"
    assert [event.name for event in call.events] == ["retry", "exception"]
    attempts = attempts_of(given_up, call.span_id)
    assert [attempt.status for attempt in attempts] == ["error", "error"]


def attempts_of(spans: list[Span], parent_id: str) -> list[Span]:
    """The calls that were made, first to last."""
    calls = [span for span in spans if span.kind == "client" and span.parent_id == parent_id]
    return sorted(calls, key=lambda span: span.start_ns)

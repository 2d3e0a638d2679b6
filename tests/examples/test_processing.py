"""Span processors: batches, and work beside the application."""

import re

import pytest
from programs import Programs, named


def test_batches_leave_full_and_the_rest_at_shutdown(programs: Programs) -> None:
    run = programs.run("batch")
    spans = run.spans(run.trace_ids[0], 1200)
    assert len(spans) == 1200
    assert {span.attributes["import.row"] for span in named(spans, "row")} == set(range(1, 1200))
    if programs.language.name == "rust":
        assert "sent 1200, lost 0" in run.output
        return
    sizes = [int(size) for size in re.findall(r"^batch of (\d+)$", run.output, re.MULTILINE)]
    assert sum(sizes) == 1200 and max(sizes) == 512


def test_an_asynchronous_processor_loses_nothing_at_shutdown(programs: Programs) -> None:
    # In Rust there is no processor to write: what masks a statement also makes its span.
    kind = "client" if programs.language.name == "rust" else "internal"
    spans = programs.run("async-processing").trace(
        f"""
- internal report
  - {kind} SELECT users
  - {kind} SELECT users
"""
    )
    texts = {span.attributes["db.query.text"] for span in named(spans, "SELECT users")}
    assert texts == {"SELECT * FROM users WHERE name = ? AND id = ?"}


def test_processors_scrub_drop_and_copy_baggage(programs: Programs) -> None:
    if programs.language.name != "rust":
        pytest.skip("SDKs have a class for it, and the other examples show it")
    run = programs.run("processors")
    spans = run.trace("- internal log in\n  - internal check password")
    check = named(spans, "check password")[0]
    assert check.attributes["user.password"] == "REDACTED"
    assert {span.attributes["tenant.id"] for span in spans} == {"acme"}
    assert "dropped by a processor: 1 span" in run.output

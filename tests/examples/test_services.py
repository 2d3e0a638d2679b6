"""The services of examples/rust/services: their traces, and the README that explains them."""

import re
import signal
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from conftest import REPOSITORY
from local_postgres import LocalPostgres
from polling import wait_for
from programs import assert_has, named, only
from query_api import Generation, QueryApi, Span
from services import Services, trace_parent
from tracewell import Tracewell
from trees import draw, size


@pytest.fixture(scope="module")
def cinema(
    tmp_path_factory: pytest.TempPathFactory, tracewell: Tracewell, postgres: LocalPostgres
) -> Iterator[Services]:
    """Booking and seats, one behind the other, and a webhook."""
    endpoint = tracewell.otlp_endpoint("http/protobuf")
    with Services(tmp_path_factory.mktemp("cinema"), endpoint, postgres.url) as services:
        yield services


def whole(api: QueryApi, trace_id: str, tree: str) -> list[Span]:
    """Waits for a trace, and compares it with a drawing of it."""
    tree = tree.strip("\n")

    def probe() -> list[Span] | None:
        spans = api.trace(trace_id, Generation.OTLP)
        # `missing parent` is the line of the caller, which is this test.
        return spans if len(spans) >= size(tree) - tree.count("missing parent") else None

    spans = wait_for(f"the trace {trace_id}", probe)
    assert draw(spans, {span.service: span.service for span in spans}) == tree
    return spans


def exceptions(span: Span) -> list[object]:
    """What the exceptions on a span say."""
    found = [event for event in span.events if event.name == "exception"]
    return [event.attributes["exception.message"] for event in found]


def test_a_booking_is_one_trace_through_both_services(cinema: Services, api: QueryApi) -> None:
    trace_id, headers = trace_parent()
    answer = cinema.book("Casablanca", 2, headers)
    assert (answer.status_code, answer.json()["left"]) == (201, 118)
    spans = whole(
        api,
        trace_id,
        """
missing parent
  booking server POST /bookings
    booking client cinema.Seats/Reserve
      seats server cinema.Seats/Reserve
        seats internal take
    booking internal store
      booking client BEGIN
      booking client COMMIT
      booking client DELETE bookings
      booking client INSERT bookings
      booking internal acquire connection
    booking internal tell
      booking client POST /booked
""",
    )
    assert {span.status for span in spans} == {"unset"}
    request = only(spans, "POST /bookings")
    assert_has(
        request,
        cinema__show="Casablanca",
        booking__id=answer.json()["id"],
        http__route="/bookings",
        http__response__status_code=201,
    )
    asked = only(spans, "cinema.Seats/Reserve", kind="client")
    assert_has(asked, server__address="127.0.0.1", rpc__response__status_code="OK")
    answered = only(spans, "cinema.Seats/Reserve", kind="server")
    assert_has(answered, cinema__show="Casablanca", cinema__seats__before=120)
    insert = only(spans, "INSERT bookings")
    assert_has(insert, db__system__name="postgresql", db__response__returned_rows=1)
    assert "Casablanca" not in str(insert.attributes["db.query.text"])
    assert_has(only(spans, "store"), seats=2)
    told = only(spans, "POST /booked")
    assert cinema.webhook.received(trace_id) == f"00-{trace_id}-{told.span_id}-01"


def test_a_refusal_is_the_callers_and_no_error_of_the_service(
    cinema: Services, api: QueryApi
) -> None:
    trace_id, headers = trace_parent()
    answer = cinema.book("Metropolis", 4, headers)
    assert (answer.status_code, answer.text) == (409, "the seats: 3 seats are left")
    spans = whole(api, trace_id, REFUSED)
    assert only(spans, "POST /bookings").status == "unset"
    asked = only(spans, "cinema.Seats/Reserve", kind="client")
    assert asked.status == "error"
    assert_has(asked, rpc__response__status_code="FAILED_PRECONDITION")
    assert only(spans, "cinema.Seats/Reserve", kind="server").status == "unset"


REFUSED = """
missing parent
  booking server POST /bookings
    booking client cinema.Seats/Reserve
      seats server cinema.Seats/Reserve
        seats internal take
"""


def test_a_failure_is_on_the_request_of_each_service_and_in_no_answer(
    cinema: Services, api: QueryApi
) -> None:
    trace_id, headers = trace_parent()
    answer = cinema.book("Nosferatu", 1, headers)
    assert (answer.status_code, answer.text) == (500, "")
    spans = whole(api, trace_id, REFUSED)
    answered = only(spans, "cinema.Seats/Reserve", kind="server")
    assert exceptions(answered) == ["the hall of Nosferatu is `dark`; write a number of seats"]
    assert answered.status == "error"
    request = only(spans, "POST /bookings")
    assert exceptions(request) == ["the seats: the plan of the hall cannot be read"]
    assert request.status == "error"
    assert_has(request, http__response__status_code=500, cinema__show="Nosferatu")


def test_a_booking_is_read_from_the_database(cinema: Services, api: QueryApi) -> None:
    trace_id, headers = trace_parent()
    assert httpx.get(f"{cinema.url}/bookings/-1", headers=headers).status_code == 404
    spans = whole(
        api,
        trace_id,
        """
missing parent
  booking server GET /bookings/{id}
    booking client SELECT bookings
""",
    )
    assert {span.status for span in spans} == {"unset"}


def test_the_client_of_the_seats_is_a_service_of_its_own(
    cinema: Services, api: QueryApi
) -> None:
    done = cinema.reserve("Casablanca", "0")
    assert done.returncode == 0 and "seats are left" in done.stdout, done.stderr
    found = api.search(service="box-office", lookback="1h")
    [trace_id] = [trace["traceID"] for trace in found]
    whole(
        api,
        trace_id,
        """
box-office internal reserve seats
  box-office client cinema.Seats/Reserve
    seats server cinema.Seats/Reserve
      seats internal take
""",
    )


def test_services_that_are_asked_to_end_send_what_waits(
    tmp_path: Path, tracewell: Tracewell, postgres: LocalPostgres, api: QueryApi
) -> None:
    endpoint = tracewell.otlp_endpoint("http/protobuf")
    trace_id, headers = trace_parent()
    # Longer than this test: nothing leaves before the end.
    patient = {"OTEL_BSP_SCHEDULE_DELAY": "600000"}
    with Services(tmp_path, endpoint, postgres.url, **patient) as services:
        assert services.book("Metropolis", 4, headers).status_code == 409
        # One ends by itself; the other by the signal, as it would without tracing.
        assert services.stop() == {"booking": 0, "seats": -signal.SIGTERM}
    whole(api, trace_id, REFUSED)


def test_a_wrong_setting_stops_no_service(
    tmp_path: Path, tracewell: Tracewell, postgres: LocalPostgres, api: QueryApi
) -> None:
    endpoint = tracewell.otlp_endpoint("http/protobuf")
    trace_id, headers = trace_parent()
    wrong = {"OTEL_BSP_MAX_QUEUE_SIZE": "many"}
    with Services(tmp_path, endpoint, postgres.url, **wrong) as services:
        assert services.book("Metropolis", 4, headers).status_code == 409
        assert "OTEL_BSP_MAX_QUEUE_SIZE is `many`" in (tmp_path / "seats.log").read_text()
        whole(api, trace_id, REFUSED)


def test_a_batch_loses_nothing_of_what_it_did_or_of_what_went_wrong(
    tmp_path: Path, cinema: Services, api: QueryApi
) -> None:
    # More than the queue of a service holds.
    count = 3000
    lines = [f"{booking},{booking * 10}" for booking in range(count)]
    lines[1000:1003] = ["1000 without a comma", "1001,ten", "1002,-5"]
    file = tmp_path / "bookings.csv"
    file.write_text("\n".join(lines))
    trace_id, headers = trace_parent()
    done = cinema.settle(file, TRACEPARENT=headers["traceparent"])
    assert done.returncode == 1
    assert f"{count - 3} settled, 3 failed" in done.stdout
    assert f"{2 * count - 1} spans sent, 0 lost" in done.stdout
    assert "a booking of -5 cents" in done.stderr

    # It has ended, so all is there, or lost.
    spans = api.trace(trace_id, Generation.OTLP)
    day = only(spans, "settlement")
    assert day.parent_id == headers["traceparent"].split("-")[2]
    assert_has(day, bookings__settled=count - 3, bookings__failed=3)
    settled, receipts = named(spans, "settle booking"), named(spans, "make receipt")
    assert {span.parent_id for span in settled} == {day.span_id}
    assert (len(settled), len(receipts), len(spans)) == (count, count - 2, 2 * count - 1)
    assert {span.parent_id for span in receipts} <= {span.span_id for span in settled}

    failed = [span for span in settled if span.status == "error"]
    said = sorted(str(message) for span in failed for message in exceptions(span))
    assert said[0] == "line `1000 without a comma` has no comma; write BOOKING,CENTS"
    assert said[1] == "the cents are no number: invalid digit found in string"
    assert said[2].startswith("the receipt was not made: ") and len(said) == 3
    [panicked] = [span for span in receipts if span.status == "error"]
    assert exceptions(panicked) == ["a booking of -5 cents"]
    assert_has(panicked, booking__cents=-5)


CRATE = REPOSITORY / "crates" / "instrument"
SERVICES = REPOSITORY / "examples" / "rust" / "services"
# Methods of the standard library that have namesakes in the crate.
OF_OTHERS = {"iter", "len"}


def test_the_readme_of_the_crate_explains_every_line() -> None:
    # Every name that they use of the crate, and every method that it could be of.
    services = "\n".join(source.read_text() for source in SERVICES.glob("*/src/*.rs"))
    crate = "\n".join(source.read_text() for source in (CRATE / "src").rglob("*.rs"))
    readme = (CRATE / "README.md").read_text()
    imported = re.findall(r"\btracewell_instrument::([^;(]+)", services)
    traits = "".join(re.findall(r"^pub trait .*?^}", crate, re.MULTILINE | re.DOTALL))
    methods = set(re.findall(r"\bpub (?:async )?fn (\w+)", crate))
    methods |= set(re.findall(r"\bfn (\w+)", traits))
    called = set(re.findall(r"[.:](\w+)\(", services)) & methods
    names = set(re.findall(r"\w+", " ".join(imported))) | called - OF_OTHERS
    assert sorted(name for name in names if not re.search(rf"\b{name}\b", readme)) == []


@pytest.mark.parametrize("service", ["booking", "seats", "settlement"])
def test_a_services_readme_points_to_sections_that_are_there(service: str) -> None:
    headings = re.findall(r"^## (.+)$", (CRATE / "README.md").read_text(), re.MULTILINE)
    lines = (SERVICES / service / "README.md").read_text().splitlines()
    rows = [line.split("|") for line in lines if re.match(r"\| \w.*\*", line)]
    assert rows, service
    for row in rows:
        named = re.findall(r"\*([^*]+)\*", row[3])
        assert named and set(named) <= set(headings), row[1]

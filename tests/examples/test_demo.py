"""`make demo`: within a minute its slow and failing requests are found, and Ctrl-C ends it all."""

import re
import signal
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import httpx
import pytest

from polling import wait_for
from processes import Process
from query_api import Generation, QueryApi, Span
from shop import SHOP, inventory_binary
from tracewell import BINARY, environment


class Demo(Process):
    """The demo as the person at the keyboard has it."""

    def interrupt(self) -> int:
        """Ctrl-C; returns the exit code."""
        self._popen.send_signal(signal.SIGINT)
        return self._popen.wait(40)

    def descendants(self) -> list[int]:
        """The ids of all processes that it has started, and of theirs."""
        parents = {}
        for status in Path("/proc").glob("[0-9]*/status"):
            try:
                fields = dict(line.split(":\t", 1) for line in status.read_text().splitlines())
            except OSError:
                continue  # it has ended since
            parents[int(fields["Pid"])] = int(fields["PPid"])

        def descends(pid: int) -> bool:
            while pid in parents:
                pid = parents[pid]
                if pid == self._popen.pid:
                    return True
            return False

        return [pid for pid in parents if descends(pid)]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """The demo on free ports, its own installations replaced by those of the tests."""
    directory = tmp_path_factory.mktemp("demo")
    env = environment() | {
        "TRACEWELL_BIN": str(BINARY),
        "ORDERS_PYTHON": sys.executable,
        "INVENTORY_BIN": str(inventory_binary() or ""),
        "PAUSE_MS": "20",
    }
    process = Demo("demo", [SHOP / "demo", "--any-ports"], directory / "log", env, SHOP)
    yield process
    process.stop(deadline_s=40)


def address(demo: Demo, name: str) -> str:
    """What the demo prints behind a name, once all is started."""
    demo.wait_for_line(r"Ctrl-C ends everything\.", deadline_s=60)
    return re.search(rf"^{name} +(\S+)", demo.output(), re.MULTILINE)[1]


@pytest.fixture(scope="module")
def api(demo: Demo) -> QueryApi:
    """The query side of the demo's own Tracewell."""
    return QueryApi(address(demo, "traces").removesuffix("/search"))


def trace_of(
    api: QueryApi, operation: str, has: Callable[[list[Span]], bool], **conditions: str
) -> list[Span]:
    """A trace of the traffic that begins with this operation, once it has what is asked for.

    The services send on their own schedules, so a trace may be found before it is whole.
    """

    def probe() -> list[Span] | None:
        found = api.search(service="gateway", operation=operation, lookback="1h", **conditions)
        traces = [api.trace(trace["traceID"], Generation.OTLP) for trace in found]
        return next((spans for spans in traces if has(spans)), None)

    return wait_for(f"a trace of {operation}", probe, deadline_s=30)


def texts(spans: list[Span]) -> Counter[str]:
    """How often each statement was sent."""
    return Counter(str(span.attributes.get("db.query.text")) for span in spans)


def test_a_slow_request_is_found_by_its_duration(api: QueryApi) -> None:
    def has(spans: list[Span]) -> bool:
        return any("pg_sleep" in text for text in texts(spans))

    spans = trace_of(api, "GET /api/report", has, minDuration="1s")
    [slow] = [s for s in spans if "pg_sleep" in str(s.attributes.get("db.query.text"))]
    assert slow.duration_ns > 1_000_000_000


def test_a_failing_request_is_found_by_its_error(api: QueryApi) -> None:
    def has(spans: list[Span]) -> bool:
        return any(span.name == "charge card" for span in spans)

    spans = trace_of(api, "POST /api/orders", has, tags='{"error":"true"}')
    [charge] = [span for span in spans if span.name == "charge card"]
    assert charge.status == "error"
    assert "gift cards cannot be charged" in charge.status_message


def test_one_query_per_order_is_seen(api: QueryApi) -> None:
    def has(spans: list[Span]) -> bool:
        return texts(spans)["SELECT name FROM products WHERE sku = %s"] == 24

    trace_of(api, "GET /api/customers/:customer/orders", has)


def test_three_calls_wait_for_each_other(api: QueryApi) -> None:
    def calls(spans: list[Span]) -> list[Span]:
        found = [s for s in spans if s.service == "gateway" and s.kind == "client"]
        return sorted(found, key=lambda span: span.start_ns)

    spans = trace_of(api, "GET /api/products/:sku", lambda spans: len(calls(spans)) == 3)
    # Node.js knows the start of a span to a millisecond, its duration exactly.
    start_error_ns = 1_000_000
    for earlier, later in pairwise(calls(spans)):
        assert earlier.start_ns + earlier.duration_ns <= later.start_ns + start_error_ns


def test_the_front_page_links_to_the_traces(demo: Demo) -> None:
    shop, traces = address(demo, "shop"), address(demo, "traces")
    page = httpx.get(f"{shop}/")
    assert page.status_code == 200 and "Tea shop" in page.text
    assert httpx.get(f"{shop}/config.json").json() == {"tracewell": traces.removesuffix("/search")}
    answer = httpx.get(f"{shop}/api/products")
    assert re.fullmatch("[0-9a-f]{32}", answer.headers["x-trace-id"])
    assert {"sku": "mug", "name": "Mug", "cents": 900} in answer.json()


def test_nothing_is_left_behind(demo: Demo, api: QueryApi) -> None:
    # Last in this file: it ends the demo.
    children = demo.descendants()
    # Tracewell, PostgreSQL with its own, orders, gateway, traffic.
    assert len(children) >= 5
    assert demo.interrupt() == 0, demo.output()
    assert [pid for pid in children if Path(f"/proc/{pid}").exists()] == []

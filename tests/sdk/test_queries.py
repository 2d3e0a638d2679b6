"""Searches over real traces against an oracle that shares no code with Tracewell."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from oracle import spans as data
from oracle.cases import figures, searches
from oracle.language import Query
from oracle.metrics import SECOND_NS, Metrics, Range, Series
from tracewell import REPOSITORY, Tracewell

TRACES = REPOSITORY.parent / "shared" / "data" / "traces"
TICKET_SPANS = 12_000
PAGE = 1000

Found = dict[str, list[int]]
"""How many spans each spanset has, by trace id."""


@dataclass
class Asked:
    """The same traces twice."""

    server: str
    traces: list[data.Trace]

    def answer(self, query: str) -> Found:
        """What Tracewell says."""
        found: Found = {}
        cursor: str | None = ""
        while cursor is not None:
            parameters = {"q": query, "from": "0", "limit": PAGE} | ({"cursor": cursor} if cursor else {})
            response = httpx.get(f"{self.server}/api/ui/search", params=parameters, timeout=50)
            assert response.status_code == 200, f"{query}: {response.text}"
            lines = [json.loads(line) for line in response.text.splitlines()]
            assert lines[-1]["type"] == "done", f"{query}: {lines[-1]}"
            assert lines[-1]["partial"] is None, f"{query}: {lines[-1]}"
            for line in lines:
                if line["type"] == "trace":
                    spansets = line.get("spansets")
                    sizes = [s["matched"] for s in spansets] if spansets else [line["matchedCount"]]
                    found[line["traceId"]] = sorted(sizes)
            cursor = lines[-1]["cursor"]
        return found

    def right(self, query: Query) -> Found:
        """What the oracle says."""
        sizes = {
            trace.spans[0].trace: sorted(len(spans) for spans in query.spansets(trace))
            for trace in self.traces
        }
        return {trace: counts for trace, counts in sizes.items() if counts}

    def range(self) -> Range:
        """About ten steps over the spans of TrainTicket, which are the oldest."""
        starts = sorted(span.start for trace in self.traces for span in trace.spans)
        first, last = starts[0], starts[len(starts) * 3 // 4]
        step = (last - first) // 10 // SECOND_NS * SECOND_NS
        return Range(first // step * step, last // step * step, step)

    def series(self, query: str, over: Range) -> Series:
        """What Tracewell says of figures over time."""
        parameters: dict[str, str | int] = {
            "q": query,
            # An end on a step is the last moment.
            "start": over.start,
            "end": over.end,
            "step": f"{over.step // SECOND_NS}s",
        }
        url = f"{self.server}/tempo/api/metrics/query_range"
        response = httpx.get(url, params=parameters, timeout=50)
        assert response.status_code == 200, f"{query}: {response.text}"
        return {
            frozenset(
                (label["key"], next(iter(label["value"].values())))
                for label in series["labels"]
                if label["key"] != "__name__"
            ): {
                int(sample["timestampMs"]) * 1_000_000: sample.get("value", 0.0)
                for sample in series["samples"]
            }
            for series in response.json()["series"]
        }


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asked]:
    """A server with the first traces of TrainTicket and all of the OpenTelemetry Demo's."""
    if not TRACES.is_dir():
        pytest.skip(f"no public traces at {TRACES}")
    requests = [*data.train_ticket(TRACES, TICKET_SPANS), *data.demo(TRACES)]
    # Of a trace in which ids repeat the tree depends on more than ids and times.
    unclear = {trace.spans[0].trace for trace in data.read(requests) if trace.is_ambiguous}
    data.leave_out(requests, unclear)
    server = Tracewell(tmp_path_factory.mktemp("queries"))
    try:
        for request in requests:
            response = httpx.post(
                f"{server.otlp_http}/v1/traces",
                content=request.SerializeToString(),
                headers={"content-type": "application/x-protobuf"},
                timeout=50,
            )
            assert response.status_code == 200, response.text
        asked = Asked(server.query_http, data.read(requests))
        assert len(asked.answer("{ }")) == len(asked.traces)
        yield asked
    finally:
        server.kill()


@pytest.mark.parametrize("query", searches(), ids=lambda query: query.text)
def test_finds_what_the_oracle_finds(asked: Asked, query: Query) -> None:
    """Every trace, with as many spans in every spanset."""
    assert asked.answer(query.text) == asked.right(query)


@pytest.mark.parametrize("query", list(figures()), ids=lambda query: query.text)
def test_series_are_what_the_oracle_calculates(asked: Asked, query: Metrics) -> None:
    """The same labels, moments and values."""
    over = asked.range()
    answer, right = asked.series(query.text, over), query.series(asked.traces, over)
    assert answer.keys() == right.keys()
    for labels, samples in right.items():
        assert answer[labels] == pytest.approx(samples, rel=1e-9), labels

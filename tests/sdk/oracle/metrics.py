"""Metrics queries that are built of Python objects: their text, and their series, calculated span by
span (docs/traceql.md, "Metrics").
"""

import math
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from oracle.language import OPERATORS, Field, Query, written
from oracle.spans import Span, Trace, Value

SECOND_NS = 1_000_000_000

Labels = frozenset[tuple[str, Value]]
Samples = dict[int, float]
"""By moment, in ns."""
Series = dict[Labels, Samples]


@dataclass
class Range:
    """From a moment to another; both are multiples of the step, all in ns."""

    start: int
    end: int
    step: int

    def moments(self) -> list[int]:
        return list(range(self.start, self.end + 1, self.step))

    def moment(self, time: int) -> int | None:
        """The one that a span counts for which starts then."""
        moment = -(-time // self.step) * self.step
        return moment if self.start <= moment <= self.end else None


@dataclass
class Metrics:
    """A metrics query."""

    text: str
    series: Callable[[list[Trace], Range], Series]

    def best(self, name: str, count: int) -> "Metrics":
        """`topk` or `bottomk`; leaves out moments at which equals would have to be chosen from."""

        def series(traces: list[Trace], over: Range) -> Series:
            result: Series = defaultdict(dict)
            of = self.series(traces, over)
            for moment in over.moments():
                here = [(samples[moment], labels) for labels, samples in of.items() if moment in samples]
                here.sort(key=lambda pair: pair[0], reverse=name == "topk")
                if len(here) > count and here[count - 1][0] == here[count][0]:
                    raise AssertionError(f"{self.text}: {name}({count}) has to choose among equals")
                for value, labels in here[:count]:
                    result[labels][moment] = value
            return dict(result)

        return Metrics(f"{self.text} | {name}({count})", series)

    def limited(self, symbol: str, limit: float) -> "Metrics":
        def series(traces: list[Trace], over: Range) -> Series:
            return _kept(self.series(traces, over), lambda value: OPERATORS[symbol](value, limit))

        return Metrics(f"{self.text} {symbol} {written(limit)}", series)

    def divided_by(self, other: "Metrics") -> "Metrics":
        def series(traces: list[Trace], over: Range) -> Series:
            left, right = self.series(traces, over), other.series(traces, over)
            result: Series = {}
            for labels in left.keys() & right.keys():
                of = right[labels]
                moments = [m for m in left[labels] if of.get(m)]
                result[labels] = {m: left[labels][m] / of[m] for m in moments}
            return {labels: samples for labels, samples in result.items() if samples}

        return Metrics(f"({self.text}) / ({other.text})", series)


def _kept(series: Series, keeps: Callable[[float], bool]) -> Series:
    kept = {
        labels: {moment: value for moment, value in samples.items() if keeps(value)}
        for labels, samples in series.items()
    }
    return {labels: samples for labels, samples in kept.items() if samples}


def _folded(
    query: Query, by: Iterable[Field], traces: list[Trace], over: Range
) -> dict[Labels, dict[int, list[Span]]]:
    groups: dict[Labels, dict[int, list[Span]]] = defaultdict(lambda: defaultdict(list))
    fields = list(by)
    for trace in traces:
        for span in query.found(trace):
            moment = over.moment(span.start)
            if moment is None:
                continue
            values = [(field.text, field.one(span)) for field in fields]
            labels = [(name, value) for name, value in values if value is not None]
            if fields and not labels:
                labels = [(fields[0].text, "nil")]
            groups[frozenset(labels)][moment].append(span)
    return groups


def _by(fields: Iterable[Field]) -> str:
    names = [field.text for field in fields]
    return f" by ({', '.join(names)})" if names else ""


def _counted(name: str, query: Query, by: tuple[Field, ...], scale: Callable[[Range], float]) -> Metrics:
    """What is counted is 0 at a moment at which nothing is."""

    def series(traces: list[Trace], over: Range) -> Series:
        return {
            labels: {m: len(moments.get(m, [])) * scale(over) for m in over.moments()}
            for labels, moments in _folded(query, by, traces, over).items()
        }

    return Metrics(f"{query.text} | {name}(){_by(by)}", series)


def rate(query: Query, *by: Field) -> Metrics:
    return _counted("rate", query, by, lambda over: SECOND_NS / over.step)


def count(query: Query, *by: Field) -> Metrics:
    return _counted("count_over_time", query, by, lambda _: 1.0)


STATISTICS: dict[str, Callable[[list[float]], float]] = {
    "min": min,
    "max": max,
    "sum": sum,
    "avg": lambda numbers: sum(numbers) / len(numbers),
}


def _numbers(field: Field, spans: list[Span], unit: float) -> list[float]:
    values = [field.one(span) for span in spans]
    return [v * unit for v in values if isinstance(v, int | float) and not isinstance(v, bool)]


def statistic(name: str, query: Query, field: Field, *by: Field) -> Metrics:
    """Of durations in seconds."""

    def series(traces: list[Trace], over: Range) -> Series:
        result: Series = {}
        for labels, moments in _folded(query, by, traces, over).items():
            numbers = {m: _numbers(field, spans, unit(field)) for m, spans in moments.items()}
            samples = {m: STATISTICS[name](of) for m, of in numbers.items() if of}
            if samples:
                result[labels] = samples
        return result

    return Metrics(f"{query.text} | {name}_over_time({field.text}){_by(by)}", series)


def unit(field: Field) -> float:
    return 1 / SECOND_NS if field.text == "duration" else 1.0


def _edge(number: float) -> float:
    """The power of two that is not below it."""
    return 0.0 if number <= 0 else 2.0 ** math.ceil(math.log2(number))


def histogram(query: Query, field: Field, *by: Field) -> Metrics:
    def series(traces: list[Trace], over: Range) -> Series:
        result: Series = {}
        for labels, moments in _folded(query, by, traces, over).items():
            for moment, spans in moments.items():
                for number in _numbers(field, spans, 1):
                    bucket = ("__bucket", _edge(number) * unit(field))
                    with_bucket = labels | {bucket}
                    of = result.setdefault(with_bucket, dict.fromkeys(over.moments(), 0.0))
                    of[moment] += 1
        return result

    return Metrics(f"{query.text} | histogram_over_time({field.text}){_by(by)}", series)


def quantiles(query: Query, field: Field, shares: list[float], *by: Field) -> Metrics:
    """As Tempo has them: from the powers of two, evenly on their scale within one."""

    def series(traces: list[Trace], over: Range) -> Series:
        result: Series = defaultdict(dict)
        for labels, moments in _folded(query, by, traces, over).items():
            for moment, spans in moments.items():
                counts: dict[float, int] = defaultdict(int)
                for number in _numbers(field, spans, 1):
                    counts[_edge(number)] += 1
                for share in shares if counts else []:
                    value = _quantile(sorted(counts.items()), share) * unit(field)
                    result[labels | {("p", share)}][moment] = value
        return dict(result)

    arguments = ", ".join([field.text, *(written(share) for share in shares)])
    return Metrics(f"{query.text} | quantile_over_time({arguments}){_by(by)}", series)


def _quantile(counts: list[tuple[float, int]], share: float) -> float:
    every = sum(count for _, count in counts)
    wanted = min(max(math.ceil(share * every), 1), every)
    before = 0
    for edge, count_here in counts:
        if before + count_here >= wanted:
            return edge * 2.0 ** ((wanted - before) / count_here - 1)
        before += count_here
    raise AssertionError("no counts")

"""Queries that are built of Python objects: each has its text, which Tracewell gets, and what it
means, which is calculated here, span by span.
"""

import json
import operator
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from oracle.spans import Span, Trace, Value

Number = int | float

OPERATORS: dict[str, Callable[[object, object], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "=~": lambda value, pattern: re.fullmatch(str(pattern), str(value), re.DOTALL) is not None,
    "!~": lambda value, pattern: re.fullmatch(str(pattern), str(value), re.DOTALL) is None,
}


class Word(str):
    """A status or a kind."""


class Duration(int):
    """Nanoseconds."""


def ms(count: float) -> Duration:
    return Duration(count * 1_000_000)


def written(literal: Value) -> str:
    """As it stands in a query."""
    match literal:
        case Word():
            return str(literal)
        case Duration():
            return f"{int(literal)}ns"
        case _:
            return json.dumps(literal, ensure_ascii=False)


def _type(value: Value) -> str:
    match value:
        case bool():
            return "bool"
        case int() | float():
            return "number"
        case Word():
            return "word"
        case _:
            return type(value).__name__


@dataclass
class Cond:
    """A condition on one span."""

    text: str
    holds: Callable[[Span], bool]

    def __and__(self, other: "Cond") -> "Cond":
        return Cond(f"({self.text} && {other.text})", lambda s: self.holds(s) and other.holds(s))

    def __or__(self, other: "Cond") -> "Cond":
        return Cond(f"({self.text} || {other.text})", lambda s: self.holds(s) or other.holds(s))

    def __invert__(self) -> "Cond":
        return Cond(f"!({self.text})", lambda s: not self.holds(s))


@dataclass
class Field:
    """A field: all values it may have, for conditions, and the one where one is needed."""

    text: str
    all: Callable[[Span], Iterable[Value]]
    one: Callable[[Span], Value]

    def op(self, symbol: str, literal: Value) -> Cond:
        test, wanted = OPERATORS[symbol], _type(literal)
        decide = all if symbol in ("!=", "!~") else any

        def holds(span: Span) -> bool:
            for value in self.all(span):
                items = value if isinstance(value, list) else [value]
                fitting = [item for item in items if _type(item) == wanted]
                if fitting and decide(test(item, literal) for item in fitting):
                    return True
            return False

        return Cond(f"{self.text} {symbol} {written(literal)}", holds)

    def is_(self, literal: Value) -> Cond:
        return self.op("=", literal)

    def is_there(self) -> Cond:
        return Cond(f"{self.text} != nil", lambda s: any(v is not None for v in self.all(s)))

    def is_missing(self) -> Cond:
        return Cond(f"{self.text} = nil", lambda s: all(v is None for v in self.all(s)))

    def beside(self, symbol: str, other: "Field") -> Cond:
        """This field compared with another one."""
        test = OPERATORS[symbol]

        def holds(span: Span) -> bool:
            left, right = self.one(span), other.one(span)
            return left is not None and _type(left) == _type(right) and test(left, right)

        return Cond(f"{self.text} {symbol} {other.text}", holds)


def single(text: str, value: Callable[[Span], Value]) -> Field:
    """A field with one value at most."""
    return Field(text, lambda span: [value(span)], value)


def of_span(key: str) -> Field:
    return single(f"span.{key}", lambda s: s.span.get(key))


def of_resource(key: str) -> Field:
    return single(f"resource.{key}", lambda s: s.resource.get(key))


def of_events(key: str) -> Field:
    def values(span: Span) -> list[Value]:
        return [e.attributes[key] for e in span.events if key in e.attributes]

    return Field(f"event.{key}", values, lambda s: next(iter(values(s)), None))


def unscoped(key: str) -> Field:
    """An attribute of any place; the value is that of the first (docs/adr/014)."""

    def values(span: Span) -> Iterator[Value]:
        for attributes in (span.span, span.resource):
            if key in attributes:
                yield attributes[key]
        for place in [*span.events, *span.links]:
            if key in place.attributes:
                yield place.attributes[key]

    return Field(f".{key}", values, lambda s: s.span.get(key, s.resource.get(key)))


def of_parent(field: Field) -> Field:
    """The same of the parent."""
    name = field.text.removeprefix(".")
    return Field(
        f"parent.{name}",
        lambda s: field.all(s.parent) if s.parent is not None else [],
        lambda s: field.one(s.parent) if s.parent is not None else None,
    )


SERVICE = of_resource("service.name")
NAME = single("name", lambda s: s.name)
DURATION = single("duration", lambda s: s.duration)
KIND = single("kind", lambda s: Word(s.kind))
STATUS = single("status", lambda s: Word(s.status))
MESSAGE = single("statusMessage", lambda s: s.message)
CHILD_COUNT = single("span:childCount", lambda s: len(s.children))
SCOPE_NAME = single("instrumentation:name", lambda s: s.scope_name)
EVENT_NAME = Field("event:name", lambda s: [e.name for e in s.events], lambda s: None)
EVENT_TIME = Field("event:timeSinceStart", lambda s: [e.time - s.start for e in s.events], lambda s: None)
PARENT_ID = Field("span:parentID", lambda s: [s.parent_id or None], lambda s: s.parent_id or None)


@dataclass
class Query:
    """A search: its text, and the spansets it leaves of a trace."""

    text: str
    spansets: Callable[[Trace], list[list[Span]]]

    def found(self, trace: Trace) -> list[Span]:
        """The spans of all spansets."""
        return list(dict.fromkeys(span for spans in self.spansets(trace) for span in spans))

    def _combined(self, symbol: str, other: "Query", of: Callable[[Trace], list[Span]]) -> "Query":
        def spansets(trace: Trace) -> list[list[Span]]:
            spans = of(trace)
            return [spans] if spans else []

        left = f"({self.text})" if "|" in self.text else self.text
        return Query(f"({left} {symbol} {other.text})", spansets)

    def and_(self, other: "Query") -> "Query":
        def of(trace: Trace) -> list[Span]:
            left, right = self.found(trace), other.found(trace)
            return list(dict.fromkeys(left + right)) if left and right else []

        return self._combined("&&", other, of)

    def or_(self, other: "Query") -> "Query":
        return self._combined(
            "||", other, lambda t: list(dict.fromkeys(self.found(t) + other.found(t)))
        )

    def related(self, symbol: str, other: "Query") -> "Query":
        """`symbol`: `>`, `>>`, `<`, `<<` or `~`, also with `!` or `&` before it."""
        mode = symbol[0] if symbol[0] in "!&" else ""
        reach = REACHES[symbol.removeprefix(mode)]

        def of(trace: Trace) -> list[Span]:
            left, right = set(self.found(trace)), other.found(trace)
            if mode == "!":
                return [span for span in right if left.isdisjoint(reach(span))]
            hits = [span for span in right if not left.isdisjoint(reach(span))]
            if mode == "&":
                return list({there for span in hits for there in reach(span)} & left | set(hits))
            return hits

        return self._combined(symbol, other, of)

    def stage(self, text: str, step: Callable[[list[list[Span]]], list[list[Span]]]) -> "Query":
        return Query(f"{self.text} | {text}", lambda t: step(self.spansets(t)))

    def by(self, field: Field) -> "Query":
        def step(spansets: list[list[Span]]) -> list[list[Span]]:
            result: list[list[Span]] = []
            for spans in spansets:
                groups: dict[tuple[str, Value], list[Span]] = {}
                for span in spans:
                    value = field.one(span)
                    groups.setdefault((_type(value), value), []).append(span)
                result += groups.values()
            return result

        return self.stage(f"by({field.text})", step)

    def having(self, aggregate: "Aggregate", symbol: str, literal: Value) -> "Query":
        test = OPERATORS[symbol]

        def step(spansets: list[list[Span]]) -> list[list[Span]]:
            return [
                spans
                for spans in spansets
                if (value := aggregate.of(spans)) is not None and test(value, literal)
            ]

        return self.stage(f"{aggregate.text} {symbol} {written(literal)}", step)

    def coalesce(self) -> "Query":
        def step(spansets: list[list[Span]]) -> list[list[Span]]:
            spans = list(dict.fromkeys(span for spans in spansets for span in spans))
            return [spans] if spans else []

        return self.stage("coalesce()", step)

    def narrowed(self, cond: Cond) -> "Query":
        def step(spansets: list[list[Span]]) -> list[list[Span]]:
            kept = [[span for span in spans if cond.holds(span)] for spans in spansets]
            return [spans for spans in kept if spans]

        return self.stage(f"{{ {cond.text} }}", step)

    def select(self, *fields: Field) -> "Query":
        return self.stage(f"select({', '.join(field.text for field in fields)})", lambda s: s)


REACHES: dict[str, Callable[[Span], Iterable[Span]]] = {
    ">": lambda span: [] if span.parent is None else [span.parent],
    ">>": Span.ancestors,
    "<": lambda span: span.children,
    "<<": Span.descendants,
    "~": Span.siblings,
}


def spans(cond: Cond | None = None) -> Query:
    """A filter."""
    if cond is None:
        return Query("{ }", lambda t: [t.spans])

    def spansets(trace: Trace) -> list[list[Span]]:
        found = [span for span in trace.spans if cond.holds(span)]
        return [found] if found else []

    return Query(f"{{ {cond.text} }}", spansets)


@dataclass
class Aggregate:
    """One number of many spans, if there is one."""

    text: str
    of: Callable[[list[Span]], Number | None]


COUNT = Aggregate("count()", len)


def _aggregate(name: str, field: Field, of: Callable[[list[Number]], Number]) -> Aggregate:
    def value(spans: list[Span]) -> Number | None:
        values = [field.one(span) for span in spans]
        numbers = [v for v in values if isinstance(v, int | float) and not isinstance(v, bool)]
        return of(numbers) if numbers else None

    return Aggregate(f"{name}({field.text})", value)


def least(field: Field) -> Aggregate:
    return _aggregate("min", field, min)


def greatest(field: Field) -> Aggregate:
    return _aggregate("max", field, max)


def mean(field: Field) -> Aggregate:
    return _aggregate("avg", field, lambda numbers: sum(numbers) / len(numbers))


def total(field: Field) -> Aggregate:
    return _aggregate("sum", field, sum)

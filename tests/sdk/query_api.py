"""Reads a trace through Jaeger's two JSON generations into one shape.

The tests assert on `Span`, so whatever holds must hold in both answers. Only
what a generation cannot express differs: see `Generation`.
"""

import base64
import json
from collections import Counter
from dataclasses import dataclass, field
from enum import Enum

import httpx

Value = str | int | float | bool | bytes | list["Value"]

KINDS = {0: "unspecified", 1: "internal", 2: "server", 3: "client", 4: "producer", 5: "consumer"}
STATUSES = {0: "unset", 1: "ok", 2: "error"}

# Jaeger's classic JSON has no place for these but the tag list.
DERIVED_TAGS = {
    "otel.scope.name",
    "otel.scope.version",
    "otel.status_code",
    "otel.status_description",
    "span.kind",
}
# Stands beside the status ERROR, even where there is a tag `error` of the span's own.
ERROR_TAG = {"key": "error", "type": "bool", "value": True}


class Generation(Enum):
    """Which of Jaeger's JSON shapes an answer has."""

    CLASSIC = "/api/traces/{id}"
    OTLP = "/api/v3/traces/{id}"

    def shown(self, value: Value) -> Value:
        """How this generation shows an attribute that was sent as `value`."""
        if self is Generation.CLASSIC and isinstance(value, list):
            return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
        return value


@dataclass
class Event:
    """A span event."""

    name: str
    attributes: dict[str, Value]
    time_ns: int = field(default=0, compare=False)


@dataclass
class Span:
    """A span as a reader of the API sees it. Times in nanoseconds since 1970."""

    span_id: str
    parent_id: str
    name: str
    kind: str
    service: str
    resource: dict[str, Value]
    scope: tuple[str, ...]
    attributes: dict[str, Value]
    events: list[Event]
    status: str
    status_message: str
    start_ns: int
    duration_ns: int
    warnings: list[str] = field(default_factory=list)
    flags: int | None = None
    # Trace id and span id of what is referred to, besides the parent.
    links: list[tuple[str, str]] = field(default_factory=list)


class QueryApi:
    """The query side of a server."""

    def __init__(self, url: str) -> None:
        self._http = httpx.Client(base_url=url, timeout=10)

    def get(self, path: str, **parameters: str) -> httpx.Response:
        """One GET, whatever its outcome."""
        return self._http.get(path, params=parameters)

    def json(self, path: str, **parameters: str) -> dict:
        """The JSON body of an answer that must be 200."""
        response = self.get(path, **parameters)
        assert response.status_code == 200, f"{response.url}: {response.text}"
        return response.json()

    def search(self, **parameters: str) -> list[dict]:
        """The traces of a classic search."""
        return self.json("/api/traces", **parameters)["data"]

    def body(self, trace_id: str, generation: Generation) -> dict | None:
        """A trace exactly as the API gives it; None when it is not there."""
        response = self.get(generation.value.format(id=trace_id))
        if response.status_code == 404:
            return None
        assert response.status_code == 200, f"{response.status_code} {response.text}"
        return response.json()

    def trace(self, trace_id: str, generation: Generation) -> list[Span]:
        """The spans of a trace; none when it is not there."""
        body = self.body(trace_id, generation)
        if body is None:
            return []
        if generation is Generation.OTLP:
            return read_otlp(body["result"], trace_id)
        [trace] = body["data"]
        return read_classic(trace, trace_id)


def read_classic(trace: dict, trace_id: str) -> list[Span]:
    """Spans of one trace in Jaeger's own JSON."""
    # There, a trace of 64 bits has an id of 16 digits.
    assert trace["traceID"].zfill(32) == trace_id
    spans = []
    for span in trace["spans"]:
        assert span["traceID"] == trace["traceID"]
        parents = [r for r in span["references"] if r["refType"] == "CHILD_OF"]
        assert len(parents) <= 1 and all(r["traceID"] == span["traceID"] for r in parents)
        others = [r for r in span["references"] if r not in parents]
        tags = tag_values([tag for tag in span["tags"] if tag != ERROR_TAG])
        process = trace["processes"][span["processID"]]
        status = str(tags.get("otel.status_code", "unset")).lower()
        assert (ERROR_TAG in span["tags"]) == (status == "error"), span["tags"]
        scope = tuple(str(tags.get(f"otel.scope.{part}", "")) for part in ("name", "version"))
        events = []
        for log in span["logs"]:
            fields = tag_values(log["fields"])
            events.append(Event(str(fields.pop("event")), fields, log["timestamp"] * 1000))
        spans.append(
            Span(
                span_id=span["spanID"],
                parent_id=parents[0]["spanID"] if parents else "",
                name=span["operationName"],
                kind=str(tags.get("span.kind", "unspecified")),
                service=process["serviceName"],
                resource=tag_values(process["tags"]) | {"service.name": process["serviceName"]},
                scope=scope,
                attributes={k: v for k, v in tags.items() if k not in DERIVED_TAGS},
                events=events,
                status=status,
                status_message=str(tags.get("otel.status_description", "")),
                start_ns=span["startTime"] * 1000,
                duration_ns=span["duration"] * 1000,
                warnings=span["warnings"] or [],
                links=[(link["traceID"].zfill(32), link["spanID"]) for link in others],
            )
        )
    return spans


def tag_values(tags: list[dict]) -> dict[str, Value]:
    """Jaeger's typed tags; the declared type must be the JSON type of the value."""
    repeated = [key for key, n in Counter(tag["key"] for tag in tags).items() if n > 1]
    assert not repeated, f"tags given twice: {repeated}"
    values: dict[str, Value] = {}
    for tag in tags:
        kind, value = tag["type"], tag["value"]
        if kind == "float64":
            assert isinstance(value, int | float) and not isinstance(value, bool), tag
            value = float(value)
        elif kind == "int64":
            # Beyond 2^53 a JSON number would lose digits, so it comes as text.
            assert isinstance(value, int | str) and not isinstance(value, bool), tag
            value = int(value)
        else:
            expected = {"string": str, "bool": bool, "binary": str}[kind]
            assert isinstance(value, expected), tag
            value = base64.b64decode(value) if kind == "binary" else value
        values[tag["key"]] = value
    return values


def read_otlp(traces: dict, trace_id: str) -> list[Span]:
    """Spans of one trace in OTLP's JSON."""
    spans = []
    for group in traces["resourceSpans"]:
        resource = otlp_values(group["resource"]["attributes"])
        for scope_group in group["scopeSpans"]:
            scope = scope_group.get("scope", {})
            for span in scope_group["spans"]:
                assert span["traceId"] == trace_id
                status = span.get("status", {})
                start_ns = int(span["startTimeUnixNano"])
                events = [
                    Event(
                        event["name"],
                        otlp_values(event.get("attributes", [])),
                        int(event["timeUnixNano"]),
                    )
                    for event in span.get("events", [])
                ]
                spans.append(
                    Span(
                        span_id=span["spanId"],
                        parent_id=span.get("parentSpanId", ""),
                        name=span["name"],
                        kind=KINDS[span["kind"]],
                        service=str(resource["service.name"]),
                        resource=resource,
                        scope=(scope.get("name", ""), scope.get("version", "")),
                        attributes=otlp_values(span.get("attributes", [])),
                        events=events,
                        status=STATUSES[status.get("code", 0)],
                        status_message=status.get("message", ""),
                        start_ns=start_ns,
                        duration_ns=int(span["endTimeUnixNano"]) - start_ns,
                        flags=span.get("flags", 0),
                        links=[(link["traceId"], link["spanId"]) for link in span.get("links", [])],
                    )
                )
    return spans


def otlp_values(attributes: list[dict]) -> dict[str, Value]:
    """OTLP's attributes; a key must appear once."""
    values = {attribute["key"]: otlp_value(attribute["value"]) for attribute in attributes}
    assert len(values) == len(attributes), f"attributes given twice: {attributes}"
    return values


def otlp_value(value: dict) -> Value:
    """One AnyValue; 64-bit integers must come as decimal text."""
    [(kind, content)] = value.items()
    if kind == "intValue":
        assert isinstance(content, str), value
        return int(content)
    if kind == "arrayValue":
        return [otlp_value(element) for element in content.get("values", [])]
    if kind == "doubleValue":
        return float(content)
    if kind == "bytesValue":
        return base64.b64decode(content)
    expected = {"stringValue": str, "boolValue": bool}[kind]
    assert isinstance(content, expected), value
    return content

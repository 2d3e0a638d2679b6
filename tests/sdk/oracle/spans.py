"""Spans of real traces as plain objects, and who is whose parent (docs/adr/012)."""

import gzip
import json
import struct
from base64 import b64encode
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from google.protobuf.json_format import ParseDict
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span as Sent

Value = str | bool | int | float | list["Value"] | None
Attributes = dict[str, Value]

KINDS = ["unspecified", "internal", "server", "client", "producer", "consumer"]
STATUSES = ["unset", "ok", "error"]


@dataclass
class Event:
    name: str
    time: int
    attributes: Attributes


@dataclass
class Link:
    trace: str
    span: str
    attributes: Attributes


@dataclass(eq=False)
class Span:
    """One span; times in ns."""

    trace: str
    id: str
    parent_id: str
    name: str
    kind: str
    start: int
    end: int
    status: str
    message: str
    span: Attributes
    resource: Attributes
    scope_name: str
    scope_version: str
    events: list[Event]
    links: list[Link]
    parent: "Span | None" = None
    children: list["Span"] = field(default_factory=list)

    @property
    def service(self) -> Value:
        return self.resource.get("service.name")

    @property
    def duration(self) -> int:
        return max(self.end - self.start, 0)

    def ancestors(self) -> Iterator["Span"]:
        above = self.parent
        while above is not None:
            yield above
            above = above.parent

    def descendants(self) -> Iterator["Span"]:
        for child in self.children:
            yield child
            yield from child.descendants()

    def siblings(self) -> Iterator["Span"]:
        if self.parent is not None:
            yield from (span for span in self.parent.children if span is not self)


class Trace:
    """All spans of one trace, in their tree."""

    def __init__(self, spans: list[Span]) -> None:
        self.spans = sorted(spans, key=lambda span: (span.start, span.id))
        ids = [span.id for span in spans]
        # Which of several is the parent depends on what else they hold.
        self.is_ambiguous = len(set(ids)) < len(ids)
        first = {span.id: span for span in reversed(self.spans)}
        for span in self.spans:
            parent = first.get(span.parent_id)
            if parent is not None and parent is not span and span not in parent.ancestors():
                span.parent = parent
                parent.children.append(span)
        roots = [span for span in self.spans if span.parent_id == ""]
        self.root = roots[0] if roots else None
        start = min(span.start for span in spans)
        self.duration = max(max(span.end, span.start) for span in spans) - start


def _value(value: AnyValue) -> Value:
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [_value(item) for item in value.array_value.values]
    return None if kind is None else getattr(value, kind)


def _attributes(pairs: "list[KeyValue]") -> Attributes:
    attributes: Attributes = {}
    for pair in pairs:
        attributes.setdefault(pair.key, _value(pair.value))
    return attributes


def _span(sent: Sent, resource: Attributes, scope_name: str, scope_version: str) -> Span:
    return Span(
        trace=sent.trace_id.hex(),
        id=sent.span_id.hex(),
        parent_id=sent.parent_span_id.hex(),
        name=sent.name,
        kind=KINDS[sent.kind],
        start=sent.start_time_unix_nano,
        end=sent.end_time_unix_nano,
        status=STATUSES[sent.status.code],
        message=sent.status.message,
        span=_attributes(sent.attributes),
        resource=resource,
        scope_name=scope_name,
        scope_version=scope_version,
        events=[
            Event(event.name, event.time_unix_nano, _attributes(event.attributes))
            for event in sent.events
        ],
        links=[
            Link(link.trace_id.hex(), link.span_id.hex(), _attributes(link.attributes))
            for link in sent.links
        ],
    )


def read(requests: list[ExportTraceServiceRequest]) -> list[Trace]:
    """The traces in these requests, each span once (docs/adr/011)."""
    seen: set[bytes] = set()
    traces: dict[str, list[Span]] = defaultdict(list)
    for request in requests:
        for of_resource in request.resource_spans:
            resource = _attributes(of_resource.resource.attributes)
            head = of_resource.resource.SerializeToString() + of_resource.schema_url.encode()
            for of_scope in of_resource.scope_spans:
                scope = of_scope.scope
                for sent in of_scope.spans:
                    whole = head + scope.SerializeToString() + sent.SerializeToString()
                    if whole not in seen:
                        seen.add(whole)
                        span = _span(sent, resource, scope.name, scope.version)
                        traces[span.trace].append(span)
    return [Trace(spans) for spans in traces.values()]


def leave_out(requests: list[ExportTraceServiceRequest], traces: set[str]) -> None:
    """Takes the spans of these traces out of the requests."""
    for request in requests:
        for of_resource in request.resource_spans:
            for of_scope in of_resource.scope_spans:
                kept = [sent for sent in of_scope.spans if sent.trace_id.hex() not in traces]
                del of_scope.spans[:]
                of_scope.spans.extend(kept)


def train_ticket(directory: Path, at_least: int) -> list[ExportTraceServiceRequest]:
    """The first requests of TrainTicket in which something failed, with at least so many spans."""
    requests, spans = [], 0
    with gzip.open(directory / "trainticket-2023-01-29_30.otlp.pb.gz") as file:
        while spans < at_least and (head := file.read(4)):
            body = file.read(struct.unpack(">I", head)[0])
            request = ExportTraceServiceRequest.FromString(body)
            statuses = [
                sent.status.code
                for of_resource in request.resource_spans
                for of_scope in of_resource.scope_spans
                for sent in of_scope.spans
            ]
            if any(STATUSES[status] == "error" for status in statuses):
                spans += len(statuses)
                requests.append(request)
    return requests


def demo(directory: Path) -> list[ExportTraceServiceRequest]:
    """What the OpenTelemetry Demo sent."""
    with gzip.open(directory / "otel-demo" / "otel-tui_test_data.jsonl.gz", "rt") as file:
        sent = [json.loads(line) for line in file]
    return [_request(line) for line in sent if "resourceSpans" in line]


def _request(line: dict[str, object]) -> ExportTraceServiceRequest:
    """OTLP JSON writes ids in hexadecimal, where protobuf's JSON has base64."""
    return ParseDict(_with_base64_ids(line), ExportTraceServiceRequest(), ignore_unknown_fields=True)


def _with_base64_ids(value: object) -> object:
    if isinstance(value, list):
        return [_with_base64_ids(item) for item in value]
    if isinstance(value, dict):
        return {
            key: _in_base64(item)
            if key in ("traceId", "spanId", "parentSpanId") and isinstance(item, str)
            else _with_base64_ids(item)
            for key, item in value.items()
        }
    return value


def _in_base64(text: str) -> str:
    return b64encode(bytes.fromhex(text)).decode()

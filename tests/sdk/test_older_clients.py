"""Libraries from before OTLP, each over its own protocol: is every span as it was told?

Every client sends live; every span is asked back over both generations of
Jaeger's JSON and compared whole.
"""

from collections import Counter

import pytest

from older_clients import CLIENTS, Story, tell_to
from older_spans import TICK_NS, Told, expected
from polling import wait_for
from query_api import Generation, QueryApi, Span, Value
from tracewell import Tracewell

# What jaeger-client finds out about its machine.
OF_THE_MACHINE = {"host.name", "ip", "client-uuid", "jaeger.hostname"}

# Jaeger's gRPC exporter for Python computes with floats of seconds.
TIME_ERROR_NS = {"otel-py-jaeger-grpc": 1000}

# The account of each port's receiver in /api/status.
RECEIVERS = {
    "jaeger-grpc": "jaeger_grpc",
    "jaeger-http": "jaeger_thrift_http",
    "jaeger-compact": "jaeger_thrift_compact",
    "jaeger-binary": "jaeger_thrift_binary",
    "jaeger-zipkin": "jaeger_zipkin_compact",
    "zipkin": "zipkin",
}

both_generations = pytest.mark.parametrize("generation", Generation, ids=lambda g: g.name.lower())


@pytest.fixture(scope="module", params=CLIENTS, ids=lambda client: client.name)
def story(request: pytest.FixtureRequest, tracewell: Tracewell) -> Story:
    """What one client has told the shared server."""
    return tell_to(request.param, tracewell)


def stored(api: QueryApi, story: Story, generation: Generation) -> list[Span]:
    """Waits until as many spans are there as are expected; more is for the test to notice."""
    wanted = len(expected(story))

    def probe() -> list[Span] | None:
        spans = api.trace(story.trace_id, generation)
        return spans if len(spans) >= wanted else None

    return wait_for(f"{wanted} spans of {story.client.name}", probe)


def typed(attributes: dict[str, Value]) -> dict[str, str]:
    """Attributes in a form in which 1, 1.0, True and "1" all differ."""
    return {key: repr(value) for key, value in attributes.items()}


def without_machine(attributes: dict[str, Value]) -> dict[str, Value]:
    """What is the same wherever the test runs."""
    return {key: value for key, value in attributes.items() if key not in OF_THE_MACHINE}


def as_told(story: Story, told: Told, name: str) -> dict[str, object]:
    """A span of the story as `as_stored` shows one, with its ids filled in."""
    return {
        "id": story.ids[name],
        "parent": story.ids.get(told.parent, ""),
        "service": story.client.services[told.role],
        "name": told.name,
        "kind": told.kind,
        "attributes": typed(told.attributes),
        "events": [(name, typed(attributes)) for _, name, attributes in told.events],
        "links": [(story.trace_id, story.ids[link]) for link in told.links],
        "status": (told.status, told.status_message),
        "resource": typed(told.resource),
        "scope": told.scope,
    }


def as_stored(span: Span) -> dict[str, object]:
    """What there is to compare but times, flags, and what the machine is called."""
    resource = {k: v for k, v in span.resource.items() if k != "service.name"}
    return {
        "id": span.span_id,
        "parent": span.parent_id,
        "service": span.service,
        "name": span.name,
        "kind": span.kind,
        "attributes": typed(without_machine(span.attributes)),
        "events": [(event.name, typed(event.attributes)) for event in span.events],
        "links": span.links,
        "status": (span.status, span.status_message),
        "resource": typed(without_machine(resource)),
        "scope": span.scope,
    }


def in_order(story: Story) -> list[tuple[str, Told]]:
    """The spans expected, by start; those of two that share an id have different ones."""
    return sorted(expected(story).items(), key=lambda item: item[1].start)


@both_generations
def test_every_span_is_as_it_was_told(story: Story, api: QueryApi, generation: Generation) -> None:
    spans = stored(api, story, generation)
    found = [as_stored(span) for span in sorted(spans, key=lambda span: span.start_ns)]
    assert found == [as_told(story, told, name) for name, told in in_order(story)]
    assert [span.warnings for span in spans if span.warnings] == []


@both_generations
def test_every_time_is_as_it_was_told(story: Story, api: QueryApi, generation: Generation) -> None:
    spans = sorted(stored(api, story, generation), key=lambda span: span.start_ns)
    error_ns = TIME_ERROR_NS.get(story.client.name, 0)
    told_spans = in_order(story)
    assert len(spans) == len(told_spans)
    for span, (_, told) in zip(spans, told_spans, strict=True):
        wanted = [told.start, told.start + told.ticks, *(tick for tick, _, _ in told.events)]
        found = [span.start_ns, span.start_ns + span.duration_ns]
        found += [event.time_ns for event in span.events]
        for at_ns, tick in zip(found, wanted, strict=True):
            assert abs(at_ns - (story.start_s * 10**9 + tick * TICK_NS)) <= error_ns, span.name


def test_flags_are_kept(story: Story, api: QueryApi) -> None:
    spans = sorted(stored(api, story, Generation.OTLP), key=lambda span: span.start_ns)
    assert [span.flags for span in spans] == [told.flags for _, told in in_order(story)]


@both_generations
def test_jaegers_clients_name_their_machine(
    story: Story, api: QueryApi, generation: Generation
) -> None:
    named = {
        "jaeger-node-udp": {"host.name", "ip", "client-uuid"},
        "jaeger-node-http": {"host.name", "ip", "client-uuid"},
        "jaeger-python-udp": {"host.name", "ip"},
        # Beside the span's own tags: Zipkin has no process.
        "zipkin-udp": {"jaeger.hostname"},
    }
    found: dict[str, Value] = {}
    for span in stored(api, story, generation):
        found |= span.resource | span.attributes
    of_machine = {key: found[key] for key in OF_THE_MACHINE & found.keys()}
    assert of_machine.keys() == named.get(story.client.name, set())
    assert all(isinstance(value, str) and value for value in of_machine.values())


def test_dependencies_count_the_call_once(story: Story, api: QueryApi) -> None:
    spans = expected(story)
    stored(api, story, Generation.OTLP)
    # The server's half is one call, whether or not it has the client's id; what
    # comes later is called by its parent and by another span that it is linked to.
    notify = spans.get("notify")
    calls = 1 + len({notify.parent, *notify.links} if notify else ())
    shop, stock = story.client.services.values()
    end_ms = (story.start_s + 60) * 1000
    edges = api.json("/api/dependencies", endTs=str(end_ms), lookback="3600000")["data"]
    found = [edge for edge in edges if {edge["parent"], edge["child"]} & {shop, stock}]
    assert found == [{"parent": shop, "child": stock, "callCount": calls}]




def test_every_span_is_accounted_for_at_its_receiver(own_server: Tracewell) -> None:
    sent: Counter[str] = Counter()
    for client in CLIENTS:
        sent[RECEIVERS[client.port]] += len(expected(tell_to(client, own_server)))
    api = QueryApi(own_server.query_http)
    # Datagrams are on their way when their client has ended.
    wait_for("all spans", lambda: api.json("/api/status")["spans"]["stored"] >= sum(sent.values()))

    status = api.json("/api/status")
    assert status["spans"]["rejected"] == status["spans"]["inFlight"] == 0
    assert status["complaints"] == []
    receivers = {receiver["name"]: receiver for receiver in status["receivers"]}
    stored_by = {name: one["stored"] for name, one in receivers.items() if one["received"]}
    assert stored_by == sent

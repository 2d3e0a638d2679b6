"""One request through Express and FastAPI, read back span by span.

Every test runs for each exporter of both SDKs, and most for both generations
of Jaeger's JSON: what was sent must be told alike by each.
"""

import pytest

import expected_traces as expected
from conftest import Traffic, whole_trace
from query_api import Event, Generation, QueryApi, Span, Value
from trees import draw

both_generations = pytest.mark.parametrize("generation", Generation, ids=lambda g: g.name.lower())


def typed(attributes: dict[str, Value], generation: Generation) -> dict[str, str]:
    """Attributes in a form in which 1, 1.0, True and "1" all differ."""
    return {key: repr(generation.shown(value)) for key, value in attributes.items()}


def only(spans: list[Span], name: str, **properties: str) -> Span:
    """The one span with this name and these properties."""
    found = [
        span
        for span in spans
        if span.name == name and all(getattr(span, k) == v for k, v in properties.items())
    ]
    assert len(found) == 1, f"{len(found)} spans named {name} with {properties}"
    return found[0]


def assert_contains(span: Span, attributes: dict[str, Value], generation: Generation) -> None:
    """The span has these attributes with these types, among others."""
    present = {key: span.attributes[key] for key in attributes if key in span.attributes}
    # What was read is already in the generation's form.
    assert typed(present, Generation.OTLP) == typed(attributes, generation), span.name


@both_generations
def test_one_request_is_one_tree_across_both_services(
    traffic: Traffic, api: QueryApi, generation: Generation
) -> None:
    spans = whole_trace(api, traffic.checkout, expected.CHECKOUT, generation)
    assert draw(spans, traffic.roles) == expected.CHECKOUT
    assert [span.warnings for span in spans if span.warnings] == []
    assert {span.status for span in spans if span.name != "reserve stock"} == {"unset"}


@both_generations
def test_manual_spans_keep_every_attribute_type_and_event(
    traffic: Traffic, api: QueryApi, generation: Generation
) -> None:
    spans = whole_trace(api, traffic.checkout, expected.CHECKOUT, generation)

    reserve = only(spans, "reserve stock")
    assert reserve.scope == ("shop", "2.1.0")
    assert (reserve.status, reserve.status_message) == ("ok", "")
    assert typed(reserve.attributes, Generation.OTLP) == typed(expected.RESERVE_STOCK, generation)
    assert reserve.events == [
        Event("stock.requested", {"stock.warehouse": "north", "stock.attempt": 1})
    ]

    count = only(spans, "count shelves")
    assert count.scope == ("stock", "0.9.0")
    assert typed(count.attributes, Generation.OTLP) == typed(expected.COUNT_SHELVES, generation)
    assert count.events == [Event("shelf.counted", {"shelf.items": 15})]

    if generation is Generation.OTLP:
        # Bits as the SDKs send them: sampled, and "whether the parent is remote is known".
        assert (reserve.flags, count.flags) == (0x101, 0x100)


@both_generations
def test_automatic_spans_keep_their_key_attributes(
    traffic: Traffic, api: QueryApi, generation: Generation
) -> None:
    spans = whole_trace(api, traffic.checkout, expected.CHECKOUT, generation)
    applications = traffic.applications
    shop, stock = applications.shop_service, applications.stock_service

    def port(url: str) -> int:
        return int(url.rsplit(":", 1)[1])

    # Node.js speaks the new semantic conventions, Python still the old ones.
    assert_contains(
        only(spans, "GET /checkout/:sku"),
        {
            "http.request.method": "GET",
            "http.response.status_code": 200,
            "http.route": "/checkout/:sku",
            "url.path": "/checkout/a-1",
            "server.port": port(applications.shop_url),
        },
        generation,
    )
    assert_contains(
        only(spans, "GET", service=shop),
        {
            "url.full": f"{applications.stock_url}/stock/a-1",
            "server.port": port(applications.stock_url),
            "http.response.status_code": 200,
        },
        generation,
    )
    # One key, two types in one trace.
    assert_contains(
        only(spans, "tcp.connect"),
        {"server.port": str(port(applications.stock_url))},
        generation,
    )
    assert_contains(
        only(spans, "GET /stock/{sku}"),
        {
            "http.method": "GET",
            "http.status_code": 200,
            "http.route": "/stock/{sku}",
            "http.target": "/stock/a-1",
        },
        generation,
    )
    assert_contains(
        only(spans, "GET", service=stock),
        {"http.url": f"{applications.shop_url}/price/a-1", "http.status_code": 200},
        generation,
    )


@both_generations
def test_resources_name_service_and_sdk(
    traffic: Traffic, api: QueryApi, generation: Generation
) -> None:
    spans = whole_trace(api, traffic.checkout, expected.CHECKOUT, generation)
    for service, language in [
        (traffic.applications.shop_service, "nodejs"),
        (traffic.applications.stock_service, "python"),
    ]:
        resources = [span.resource for span in spans if span.service == service]
        assert all(resource == resources[0] for resource in resources)
        wanted = {
            "service.name": service,
            "service.version": "1.2.3",
            "deployment.environment.name": "test",
            "telemetry.sdk.language": language,
            "telemetry.sdk.name": "opentelemetry",
        }
        assert resources[0].items() >= wanted.items()


def test_both_generations_agree_on_times(traffic: Traffic, api: QueryApi) -> None:
    classic, otlp = (
        {
            span.span_id: (span.start_ns // 1000, span.duration_ns // 1000)
            for span in whole_trace(api, traffic.checkout, expected.CHECKOUT, generation)
        }
        for generation in Generation
    )
    assert classic == otlp


@both_generations
def test_a_failing_express_route_keeps_its_exception_and_status(
    traffic: Traffic, api: QueryApi, generation: Generation
) -> None:
    spans = whole_trace(api, traffic.shop_failure, expected.SHOP_FAILURE, generation)
    assert draw(spans, traffic.roles) == expected.SHOP_FAILURE

    charge = only(spans, "charge card")
    assert (charge.status, charge.status_message) == ("error", "card limit exceeded")
    [event] = charge.events
    assert event.name == "exception"
    assert event.attributes["exception.type"] == "RangeError"
    assert event.attributes["exception.message"] == "card limit exceeded"
    stack = str(event.attributes["exception.stacktrace"])
    assert stack.startswith("RangeError: card limit exceeded\n    at ") and "shop.js" in stack

    root = only(spans, "GET /fail")
    assert (root.status, root.status_message) == ("error", "")
    assert_contains(root, {"http.response.status_code": 500}, generation)
    # The router's span only carries the exception: its status stays unset.
    marked = [s for s in spans if s.name == "middleware - patched" and s.events]
    assert [(s.status, s.events[0].name) for s in marked] == [("unset", "exception")]


@both_generations
def test_a_request_for_nothing_is_no_error(
    traffic: Traffic, api: QueryApi, generation: Generation
) -> None:
    spans = whole_trace(api, traffic.shop_not_found, expected.SHOP_NOT_FOUND, generation)
    assert draw(spans, traffic.roles) == expected.SHOP_NOT_FOUND
    root = only(spans, "GET")
    assert root.status == "unset"
    assert_contains(root, {"http.response.status_code": 404, "url.path": "/nowhere"}, generation)


@both_generations
def test_a_failing_fastapi_route_keeps_its_exception_and_status(
    traffic: Traffic, api: QueryApi, generation: Generation
) -> None:
    spans = whole_trace(api, traffic.stock_failure, expected.STOCK_FAILURE, generation)
    assert draw(spans, traffic.roles) == expected.STOCK_FAILURE

    shelf = only(spans, "open shelf")
    assert (shelf.status, shelf.status_message) == ("error", "KeyError: 'shelf is locked'")
    [event] = shelf.events
    assert event.name == "exception"
    assert event.attributes["exception.type"] == "KeyError"
    assert "stock.py" in str(event.attributes["exception.stacktrace"])

    root = only(spans, "GET /fail")
    assert root.status == "error"
    assert_contains(root, {"http.status_code": 500}, generation)

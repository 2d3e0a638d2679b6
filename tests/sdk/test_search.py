"""The traces of the two applications are found by what is in them.

Every search is asked in each of the ways in which Jaeger's clients ask.
"""

import json
import time

import pytest

import expected_traces as expected
from conftest import Traffic, whole_trace
from jaeger_search import Asked, Conditions, search
from query_api import Generation, QueryApi, Span
from trees import size

however_asked = pytest.mark.parametrize("asked", Asked, ids=lambda asked: asked.name.lower())

# (service, operation, tags, the requests that are found)
CONDITIONS = [
    ("shop", None, {}, {"checkout", "shop_failure", "shop_not_found"}),
    ("stock", None, {}, {"checkout", "stock_failure"}),
    ("shop", "GET /checkout/:sku", {}, {"checkout"}),
    ("stock", "count shelves", {}, {"checkout"}),
    # The other service has that operation.
    ("shop", "count shelves", {}, set()),
    # Values are text, whatever the attribute's type is.
    ("shop", None, {"shop.sku": "a-1"}, {"checkout"}),
    ("shop", None, {"shop.quantity": "3", "shop.express": "true"}, {"checkout"}),
    ("shop", None, {"shop.discount": "0.25"}, {"checkout"}),
    ("stock", None, {"stock.shelf": "-7", "stock.cold": "false"}, {"checkout"}),
    ("shop", None, {"shop.quantity": "3", "shop.express": "false"}, set()),
    ("shop", None, {"http.response.status_code": "404"}, {"shop_not_found"}),
    # Old and new names of the semantic conventions find each other.
    ("stock", None, {"http.response.status_code": "500"}, {"stock_failure"}),
    ("shop", None, {"http.status_code": "404"}, {"shop_not_found"}),
    # What Jaeger has as tags, OpenTelemetry has as fields.
    ("shop", None, {"error": "true"}, {"shop_failure"}),
    ("stock", None, {"error": "true"}, {"stock_failure"}),
    ("shop", None, {"span.kind": "client"}, {"checkout"}),
    ("shop", None, {"otel.status_code": "OK"}, {"checkout"}),
    ("shop", None, {"otel.status_description": "card limit exceeded"}, {"shop_failure"}),
    ("stock", None, {"otel.scope.name": "stock"}, {"checkout", "stock_failure"}),
    # A tag may be in the process or in a log, and each in another place.
    ("stock", None, {"telemetry.sdk.language": "python"}, {"checkout", "stock_failure"}),
    ("shop", None, {"stock.warehouse": "north"}, {"checkout"}),
    ("shop", None, {"exception.type": "RangeError"}, {"shop_failure"}),
    ("shop", "reserve stock", {"service.version": "1.2.3", "stock.attempt": "1"}, {"checkout"}),
    # Each of these is in the trace, but no span has them all.
    ("shop", "reserve stock", {"http.route": "/checkout/:sku"}, set()),
    ("shop", None, {"shop.sku": "a-1", "http.response.status_code": "200"}, set()),
    ("shop", None, {"stock.sku": "a-1"}, set()),
]


@however_asked
def test_searches_find_the_requests(stored_traffic: Traffic, api: QueryApi, asked: Asked) -> None:
    services = {role: service for service, role in stored_traffic.roles.items()}
    trees = stored_traffic.trees
    for role, operation, tags, wanted in CONDITIONS:
        conditions = Conditions(services[role], operation, tags)
        # Whole traces come back, the other service's spans included.
        ids = {getattr(stored_traffic, name) for name in wanted}
        expectation = {trace_id: size(trees[trace_id]) for trace_id in ids}
        assert search(api, asked, conditions) == expectation, conditions


def span_named(api: QueryApi, traffic: Traffic, name: str) -> Span:
    """The span of the checkout that has this name."""
    spans = whole_trace(api, traffic.checkout, expected.CHECKOUT, Generation.OTLP)
    [span] = [span for span in spans if span.name == name]
    return span


@however_asked
@pytest.mark.parametrize("name", ["GET /checkout/:sku", "reserve stock"])
def test_durations_bound_the_span_that_meets_the_other_conditions(
    stored_traffic: Traffic, api: QueryApi, name: str, asked: Asked
) -> None:
    span = span_named(api, stored_traffic, name)
    took_us = span.duration_ns // 1000
    for least, most, is_found in [
        (took_us, None, True),
        (took_us + 1, None, False),
        (None, took_us + 1, True),
        # The trace has shorter spans, but not of this name.
        (None, took_us - 1, False),
        (took_us, took_us + 1, True),
    ]:
        conditions = Conditions(span.service, name, {}, min_duration_us=least, max_duration_us=most)
        found = search(api, asked, conditions).keys()
        assert found == ({stored_traffic.checkout} if is_found else set()), conditions


@however_asked
def test_all_conditions_together(stored_traffic: Traffic, api: QueryApi, asked: Asked) -> None:
    span = span_named(api, stored_traffic, "reserve stock")
    took_us = span.duration_ns // 1000
    conditions = Conditions(
        span.service,
        "reserve stock",
        {"shop.sku": "a-1", "deployment.environment.name": "test"},
        min_duration_us=took_us,
        max_duration_us=took_us + 1,
        start_us=(span.start_ns // 1000, span.start_ns // 1000 + 1),
        limit=5,
    )
    assert search(api, asked, conditions).keys() == {stored_traffic.checkout}
    conditions.tags["shop.sku"] = "a-2"
    assert search(api, asked, conditions) == {}


@however_asked
def test_the_time_range_takes_what_runs_in_it(
    stored_traffic: Traffic, api: QueryApi, asked: Asked
) -> None:
    span = span_named(api, stored_traffic, "reserve stock")
    start_us = span.start_ns // 1000
    end_us = (span.start_ns + span.duration_ns) // 1000 + 1
    assert end_us - start_us > 2
    for first, last, is_found in [
        (start_us, start_us + 1, True),
        # It started before, and goes on in this range.
        (start_us + 1, start_us + 60_000_000, True),
        (end_us, end_us + 60_000_000, False),
        (start_us - 60_000_000, start_us - 1, False),
    ]:
        conditions = Conditions(span.service, span.name, start_us=(first, last))
        found = search(api, asked, conditions).keys()
        assert found == ({stored_traffic.checkout} if is_found else set()), conditions


@however_asked
def test_a_limit_leaves_the_newest_traces(
    stored_traffic: Traffic, api: QueryApi, asked: Asked
) -> None:
    newest_first = ["shop_not_found", "shop_failure", "checkout"]
    ids = [getattr(stored_traffic, name) for name in newest_first]
    for limit in (1, 2, 3):
        conditions = Conditions(stored_traffic.applications.shop_service, limit=limit)
        assert list(search(api, asked, conditions)) == ids[:limit]


def test_tags_may_come_one_by_one(stored_traffic: Traffic, api: QueryApi) -> None:
    service = stored_traffic.applications.shop_service
    tags = json.dumps({"shop.quantity": "3"})
    found = api.search(service=service, tags=tags, tag="shop.express:true")
    assert [trace["traceID"] for trace in found] == [stored_traffic.checkout]


def test_services_and_their_operations_are_listed(stored_traffic: Traffic, api: QueryApi) -> None:
    services = stored_traffic.roles
    assert set(api.json("/api/services")["data"]) >= services.keys()
    assert set(api.json("/api/v3/services")["services"]) >= services.keys()
    lines = [line.split() for tree in stored_traffic.trees.values() for line in tree.splitlines()]
    for service, role in services.items():
        # A line is: role, kind, name of several words.
        wanted = {(" ".join(name), kind) for r, kind, *name in lines if r == role}
        for listed in (
            api.json("/api/operations", service=service)["data"],
            api.json("/api/v3/operations", service=service)["operations"],
        ):
            assert len(listed) == len(wanted)
            assert {(entry["name"], entry["spanKind"]) for entry in listed} == wanted
        names = api.json(f"/api/services/{service}/operations")["data"]
        assert sorted(names) == sorted({name for name, _ in wanted})


def test_each_service_depends_on_the_other(stored_traffic: Traffic, api: QueryApi) -> None:
    end_ms = int(time.time() * 1000) + 60_000
    answer = api.json("/api/dependencies", endTs=str(end_ms), lookback="3600000")
    shop, stock = (
        stored_traffic.applications.shop_service,
        stored_traffic.applications.stock_service,
    )
    calls = {(edge["parent"], edge["child"]): edge["callCount"] for edge in answer["data"]}
    ours = {edge: count for edge, count in calls.items() if {*edge} & {shop, stock}}
    assert ours == {(shop, stock): 1, (stock, shop): 1}

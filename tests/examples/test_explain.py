"""The shop's planted faults are each named by a finding; its healthy requests have none."""

from collections.abc import Iterator

import pytest

from local_postgres import LocalPostgres
from polling import wait_for
from query_api import QueryApi
from shop import Shop, running_shop
from tracewell import Tracewell

# What a machine does that has no time for the shop is true, and not the shop's fault.
OF_THE_MACHINE = {"idle-gap", "slow-call"}


@pytest.fixture(scope="module")
def shop(
    tmp_path_factory: pytest.TempPathFactory, tracewell: Tracewell, postgres: LocalPostgres
) -> Iterator[Shop]:
    """The shop, as `make demo` starts it."""
    directory = tmp_path_factory.mktemp("explained") / "logs"
    endpoint = tracewell.otlp_endpoint("http/protobuf")
    with running_shop(directory, endpoint, postgres.url, "tracecontext,baggage") as shop:
        yield shop


def explained(api: QueryApi, trace_id: str, spans: int) -> dict:
    """The explanation of a trace that has at least so many spans, its root among them."""

    def probe() -> dict | None:
        answer = api.get(f"/api/ui/traces/{trace_id}/explain")
        if answer.status_code == 404:
            return None
        assert answer.status_code == 200, answer.text
        found = answer.json()
        is_whole = found["spanCount"] >= spans and found["root"]["service"] == "gateway"
        return found if is_whole else None

    return wait_for(f"the whole trace {trace_id}", probe)


def finding(found: dict, kind: str) -> dict:
    """The one finding of that kind."""
    [finding] = [one for one in found["findings"] if one["kind"] == kind] or [None]
    assert finding is not None, f"no {kind} in {found['findings']}"
    assert finding["spanCount"] == len(finding["spanIds"]) > 0
    return finding


def test_the_slow_report_is_one_call(shop: Shop, api: QueryApi) -> None:
    found = explained(api, shop.request("GET", "/api/report", 200), 4)
    slow = finding(found, "slow-call")
    assert "pg_sleep" in slow["says"]
    assert int(slow["costNs"]) > 1_000_000_000


def test_the_gift_card_names_where_its_error_began(shop: Shop, api: QueryApi) -> None:
    order = {"customer": "ada", "sku": "gift-card", "quantity": 1}
    found = explained(api, shop.request("POST", "/api/orders", 502, **order), 7)
    origin = finding(found, "error-surfaced")
    assert "charge card" in origin["says"]
    assert "gift cards cannot be charged to a card" in origin["says"]


def test_the_list_of_orders_asks_for_each(shop: Shop, api: QueryApi) -> None:
    orders = 20
    for _ in range(orders):
        shop.request("POST", "/api/orders", 201, customer="grace", sku="mug", quantity=1)
    found = explained(api, shop.request("GET", "/api/customers/grace/orders", 200), orders + 4)
    many = finding(found, "n-plus-one")
    assert "SELECT name FROM products" in many["says"]
    assert many["spanCount"] == orders


def test_the_page_of_a_product_calls_one_after_another(shop: Shop, api: QueryApi) -> None:
    found = explained(api, shop.request("GET", "/api/products/mug", 200), 10)
    staircase = finding(found, "sequential-calls")
    assert staircase["spanCount"] == 3
    assert "/stock/" in staircase["says"]


@pytest.mark.parametrize(
    ("method", "path", "status", "order", "spans"),
    [
        ("GET", "/api/products", 200, {}, 4),
        ("POST", "/api/orders", 201, {"customer": "bob", "sku": "mug", "quantity": 1}, 9),
        # Sold out: a refusal is no fault.
        ("POST", "/api/orders", 409, {"customer": "bob", "sku": "samovar", "quantity": 1}, 7),
        ("GET", "/api/products/unicorn", 404, {}, 4),
    ],
)
def test_healthy_requests_have_no_finding(
    shop: Shop, api: QueryApi, method: str, path: str, status: int, order: dict, spans: int
) -> None:
    found = explained(api, shop.request(method, path, status, **order), spans)
    odd = [one for one in found["findings"] if one["kind"] not in OF_THE_MACHINE]
    assert odd == []

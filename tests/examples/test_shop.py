"""The shop: one request through every service is one trace, whichever headers carry it."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from local_postgres import LocalPostgres
from polling import wait_for
from programs import assert_has, only
from query_api import Generation, QueryApi, Span
from shop import Shop, running_shop
from tracewell import Tracewell
from trees import draw, size

PROPAGATORS = ["tracecontext,baggage", "b3", "b3multi", "jaeger", "xray"]


@pytest.fixture(scope="module", params=PROPAGATORS)
def shop(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    tracewell: Tracewell,
    postgres: LocalPostgres,
) -> Iterator[Shop]:
    """The shop with one format after the other."""
    directory = tmp_path_factory.mktemp("shop") / "logs"
    endpoint = tracewell.otlp_endpoint("http/protobuf")
    with running_shop(directory, endpoint, postgres.url, request.param) as shop:
        yield shop


ORDER = """
gateway server POST /api/orders
  gateway client POST
    orders server POST /orders
      orders client INSERT
      orders client POST
        {inventory} server POST /reserve
      orders client SELECT
      orders internal charge card
"""


def below(spans: list[Span], top: Span) -> list[Span]:
    """All descendants of a span."""
    children = [span for span in spans if span.parent_id == top.span_id]
    return children + [deeper for child in children for deeper in below(spans, child)]


def test_an_order_is_one_trace_from_the_gateway_to_the_database(shop: Shop, api: QueryApi) -> None:
    trace_id = shop.request("POST", "/api/orders", 201, customer="ada", sku="mug", quantity=2)

    def probe() -> list[Span] | None:
        spans = api.trace(trace_id, Generation.OTLP)
        has_update = any("UPDATE stock" in str(s.attributes.get("db.query.text")) for s in spans)
        return spans if has_update and len(spans) > size(ORDER) else None

    spans = wait_for(f"the whole order {trace_id}", probe)
    reserve = only(spans, "POST /reserve")
    # What the inventory records of its database is its own affair, but for the statement.
    statements = below(spans, reserve)
    upper = [span for span in spans if span not in statements]
    drawn = draw(upper, {span.service: span.service for span in spans})
    assert drawn == ORDER.format(inventory=shop.inventory).strip()

    [update] = [s for s in statements if "UPDATE stock" in str(s.attributes.get("db.query.text"))]
    assert (update.kind, update.service) == ("client", shop.inventory)
    assert_has(update, db__system__name="postgresql")
    assert "mug" not in str(update.attributes["db.query.text"])

    assert {span.status for span in spans} == {"unset"}
    root = only(spans, "POST /api/orders")
    assert_has(root, http__response__status_code=201, shop__customer="ada", shop__sku="mug")
    for name in ("POST /orders", "POST /reserve"):
        route = name.removeprefix("POST ")
        assert_has(only(spans, name), http__route=route, http__request__method="POST")
    assert_has(reserve, http__response__status_code=200)


def test_a_refusal_reaches_the_customer_with_its_status(shop: Shop, api: QueryApi) -> None:
    trace_id = shop.request("POST", "/api/orders", 409, customer="ada", sku="samovar", quantity=1)

    def probe() -> list[Span] | None:
        spans = api.trace(trace_id, Generation.OTLP)
        return spans if any(span.name == "POST /api/orders" for span in spans) else None

    spans = wait_for(f"the refused order {trace_id}", probe)
    root = only(spans, "POST /api/orders")
    assert root.attributes["http.response.status_code"] == 409
    # A refusal is no failure of the service that refuses.
    assert root.status == "unset"


def test_an_unknown_product_is_404_through_every_service(shop: Shop) -> None:
    shop.request("GET", "/api/products/unicorn", 404)


def test_a_wrong_order_is_told_what_is_wrong(shop: Shop) -> None:
    # As `curl -d` sends it: JSON under the content type of a form.
    wrong = httpx.post(
        f"{shop.url}/api/orders",
        content='{"customer": "ada", "quantity": 0}',
        headers={"content-type": "application/x-www-form-urlencoded"},
    )
    said = wrong.json()["error"]
    assert wrong.status_code == 422, said
    assert "sku: " in said and "quantity: " in said, said


def test_services_end_well_where_nobody_takes_their_spans(
    tmp_path: Path, postgres: LocalPostgres
) -> None:
    nobody = "http://127.0.0.1:1"
    with running_shop(tmp_path / "logs", nobody, postgres.url, "tracecontext") as shop:
        shop.request("POST", "/api/orders", 201, customer="ada", sku="mug", quantity=1)
        codes = shop.stop()
    assert set(codes.values()) == {0}, codes

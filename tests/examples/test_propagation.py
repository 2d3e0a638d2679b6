"""Context and baggage over headers and messages."""

from programs import Programs, assert_has, only


def test_context_goes_through_headers_and_messages(programs: Programs) -> None:
    spans = programs.run("propagation").trace(
        """
- internal place order
  - producer send orders
    - consumer process orders
  - server elsewhere
"""
    )
    assert_has(only(spans, "send orders"), messaging__destination__name="orders")
    assert_has(only(spans, "process orders"), order__id="A-17")


def test_middleware_continues_the_callers_trace(programs: Programs) -> None:
    spans = programs.run("middleware").trace(
        """
- client caller
  - server GET /users/:id
    - internal load user
""".replace(":id", ":id" if programs.language.sdk_language == "nodejs" else "{id}")
    )
    [server] = [span for span in spans if span.kind == "server"]
    assert_has(
        server,
        http__request__method="GET",
        http__route=server.name.removeprefix("GET "),
        http__response__status_code=200,
        url__path="/users/7",
    )


def test_baggage_travels_and_only_the_named_keys_reach_spans(programs: Programs) -> None:
    run = programs.run("baggage")
    spans = run.trace("- internal front\n  - server back")
    front, back = only(spans, "front"), only(spans, "back")
    assert front.attributes == {"tenant.id": "acme"}
    # The tier was read on the other side, but is not written down.
    assert back.attributes == {"tenant.id": "acme", "order.priority": 1}
    assert "tenant.id=acme" in run.output and "user.tier=gold%2C" in run.output

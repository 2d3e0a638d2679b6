"""jaeger-client, the OpenTracing library that Jaeger had for Python.

It sends over UDP only. TARGET is the agent's HOST:PORT.
"""

import time

import opentracing
from jaeger_client import Config, Tracer
from opentracing import Format

from scenario import SHOP, STOCK, TARGET, said, seconds

HOST, PORT = TARGET.split(":")


def tracer_of(service: str) -> Tracer:
    """A tracer that records everything and shares ids of calls, as Zipkin does."""
    config = Config(
        {
            "sampler": {"type": "const", "param": 1},
            "local_agent": {"reporting_host": HOST, "reporting_port": PORT},
            "tags": {"service.version": "1.2.3", "replicas": 2},
        },
        service_name=service,
        validate=True,
    )
    tracer = config.new_tracer()
    tracer.one_span_per_rpc = True
    return tracer


shop, stock = tracer_of(SHOP), tracer_of(STOCK)

cart = shop.start_span(
    "GET /cart",
    start_time=seconds(0),
    tags={
        "span.kind": "server",
        "http.status_code": 200,
        "cart.total": 12.5,
        "cart.empty": False,
        "cart.owner": "Zoë 🛒",
        "cart.number": 2**62 + 1,
    },
)
cart.log_kv({"event": "cart opened", "items": 3, "guest": True}, timestamp=seconds(1))
cart.log_kv({"message": "no event, only a message"}, timestamp=seconds(2))

reserve = shop.start_span(
    "reserve",
    start_time=seconds(1),
    child_of=cart,
    tags={"span.kind": "client", "peer.service": STOCK},
)
headers: dict[str, str] = {}
shop.inject(reserve.context, Format.HTTP_HEADERS, headers)

# The server's half has the client's id, as in Zipkin.
served = stock.start_span(
    "reserve",
    start_time=seconds(2),
    child_of=stock.extract(Format.HTTP_HEADERS, headers),
    tags={"span.kind": "server"},
)
count = stock.start_span("count shelves", start_time=seconds(3), child_of=served)
count.set_tag("error", True)
count.log_kv(
    {"event": "error", "error.kind": "KeyError", "message": "shelf is locked"},
    timestamp=seconds(4),
)
count.finish(seconds(4))
served.finish(seconds(5))
reserve.finish(seconds(6))
cart.finish(seconds(8))

notify = stock.start_span(
    "notify", start_time=seconds(9), references=[opentracing.follows_from(cart.context)]
)
notify.finish(seconds(11))

said(
    f"{cart.trace_id:032x}",
    {
        name: f"{span.span_id:016x}"
        for name, span in [
            ("cart", cart),
            ("reserve", reserve),
            ("served", served),
            ("count", count),
            ("notify", notify),
        ]
    },
)
for closed in (shop.close(), stock.close()):
    # A future of another thread's loop, which can only be looked at.
    while not closed.done():
        time.sleep(0.01)

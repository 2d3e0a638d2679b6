"""jaeger-client as it was until 2017: it sends Zipkin's spans over UDP.

TARGET is the agent's HOST:PORT.
"""

import threading
import time

from tornado import gen

# Gone from tornado since; in what is used of it here, both are the same.
gen.engine = gen.coroutine

from jaeger_client import ConstSampler, Tracer  # noqa: E402
from jaeger_client.local_agent_net import LocalAgentSender  # noqa: E402
from jaeger_client.reporter import Reporter  # noqa: E402

from scenario import SHOP, STOCK, TARGET, said, seconds  # noqa: E402

HOST, PORT = TARGET.split(":")


def tracer_of(service: str) -> Tracer:
    """A tracer that records everything and shares ids of calls, as Zipkin does."""
    agent = LocalAgentSender(host=HOST, sampling_port=0, reporting_port=int(PORT))
    reporter = Reporter(channel=agent, flush_interval=0.05)
    return Tracer(service, reporter, ConstSampler(True), one_span_per_rpc=True)


shop, stock = tracer_of(SHOP), tracer_of(STOCK)

cart = shop.start_span(
    "GET /cart",
    start_time=seconds(0),
    tags={
        "span.kind": "server",
        "http.status_code": 200,
        "cart.owner": "Zoë 🛒",
        "peer.ipv4": "10.9.8.7",
        "peer.port": 40001,
    },
)
cart.log_kv({"event": "cart opened"}, timestamp=seconds(1))
reserve = shop.start_span(
    "reserve",
    start_time=seconds(1),
    child_of=cart,
    tags={
        "span.kind": "client",
        "peer.service": STOCK,
        "peer.ipv4": "10.1.2.4",
        "peer.port": 8081,
    },
)

# The server's half has the client's id. Its codec of headers needs Python 2.
served = stock.start_span(
    "reserve",
    start_time=seconds(2),
    child_of=reserve.context,
    tags={"span.kind": "server"},
)
count = stock.start_span("count shelves", start_time=seconds(3), child_of=served)
count.set_tag("error", True)
count.finish(seconds(4))
served.finish(seconds(5))
reserve.finish(seconds(6))
cart.finish(seconds(8))

spans = {"cart": cart, "reserve": reserve, "served": served, "count": count}
said(f"{cart.trace_id:x}", {name: f"{span.span_id:x}" for name, span in spans.items()})
for tracer in (shop, stock):
    # Closing drops what its other thread has not yet taken: finished spans, in
    # order, and then this.
    taken = threading.Event()
    tracer.reporter.io_loop.add_callback(taken.set)
    taken.wait()
for closed in (shop.close(), stock.close()):
    # A future of another thread's loop, which can only be looked at.
    while not closed.done():
        time.sleep(0.01)

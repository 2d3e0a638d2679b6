"""py_zipkin, the library that Zipkin has for Python.

    python py_zipkin_http.py V1_THRIFT|V1_JSON|V2_JSON|V2_PROTO3

TARGET is Zipkin's HOST:PORT.
"""

import sys
import time

from py_zipkin import Encoding, Kind
from py_zipkin.exception import ZipkinError
from py_zipkin.request_helpers import create_http_headers, extract_zipkin_attrs_from_headers
from py_zipkin.transport import SimpleHTTPTransport
from py_zipkin.zipkin import zipkin_span

from scenario import SHOP, STOCK, TARGET, said, seconds

ENCODING = Encoding[sys.argv[1]]


class Transport(SimpleHTTPTransport):
    """The library's own, which in this version cannot send the text that JSON is."""

    def send(self, payload: str | bytes) -> None:
        """Sends one list of spans."""
        super().send(payload.encode() if isinstance(payload, str) else payload)


HOST, PORT = TARGET.split(":")
TRANSPORT = Transport(HOST, int(PORT))


class Clock:
    """The time that py_zipkin is told: its root spans take no other."""

    def __init__(self) -> None:
        self.tick = 0.0
        time.time = self.now

    def now(self) -> float:
        """What the library takes for the time of day."""
        return seconds(self.tick)


clock = Clock()
ids: dict[str, str] = {}


def span_of(service: str, name: str, **options: object) -> zipkin_span:
    """A span that begins now, in a trace that is going on unless told otherwise."""
    return zipkin_span(service_name=service, span_name=name, encoding=ENCODING, **options)


def serve(headers: dict[str, str]) -> None:
    """What the other process does, until tick 5."""
    clock.tick = 2
    attributes = extract_zipkin_attrs_from_headers(headers)
    with span_of(
        STOCK,
        "reserve",
        zipkin_attrs=attributes,
        transport_handler=TRANSPORT,
        kind=Kind.SERVER,
        host="10.1.2.4",
        port=8081,
    ) as served:
        ids["served"] = served.zipkin_attrs.span_id
        clock.tick = 3
        try:
            with span_of(STOCK, "count shelves") as count:
                ids["count"] = count.zipkin_attrs.span_id
                clock.tick = 4
                raise ZipkinError("shelf is locked")
        except ZipkinError:
            pass
        clock.tick = 5


with span_of(
    SHOP,
    "GET /cart",
    transport_handler=TRANSPORT,
    sample_rate=100.0,
    kind=Kind.SERVER,
    host="10.1.2.3",
    port=8080,
    use_128bit_trace_id=True,
    binary_annotations={"http.status_code": "200", "cart.owner": "Zoë 🛒"},
) as cart:
    ids["cart"] = cart.zipkin_attrs.span_id
    cart.add_annotation("cart opened", seconds(1))
    clock.tick = 1
    with span_of(SHOP, "reserve", kind=Kind.CLIENT) as reserve:
        ids["reserve"] = reserve.zipkin_attrs.span_id
        reserve.add_sa_binary_annotation(8081, STOCK, "10.1.2.4")
        headers = create_http_headers()
        clock.tick = 6
    clock.tick = 8

# Each trace context of this library is one process's, so the other one follows.
serve(headers)
said(cart.zipkin_attrs.trace_id, ids)

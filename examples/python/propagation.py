"""Context over any carrier: here HTTP headers and the messages of a queue. What
inject writes, extract of any other process reads.

    python propagation.py
"""

from opentelemetry import propagate, trace
from opentelemetry.context import Context
from opentelemetry.trace import SpanKind

from sdk import link, start

start()
tracer = trace.get_tracer("queue", "1.0.0")


def inject_headers(headers: dict[str, str]) -> None:
    """Writes the context that is active into the headers of a call."""
    propagate.inject(headers)


def extract_headers(headers: dict[str, str]) -> Context:
    """The caller's context. Header names have any case, extract looks for lower-case ones."""
    lowered = {name.lower(): value for name, value in headers.items()}
    # From an empty context: one that happens to be active must not become the parent.
    return propagate.extract(lowered, context=Context())


queue: list[dict] = []


def send(order: str) -> None:
    attributes = {"messaging.destination.name": "orders"}
    with tracer.start_as_current_span("send orders", kind=SpanKind.PRODUCER, attributes=attributes):
        headers: dict[str, str] = {}
        inject_headers(headers)
        queue.append({"order": order, "headers": headers})


def receive(message: dict) -> None:
    sender = extract_headers(message["headers"])
    with tracer.start_as_current_span("process orders", sender, kind=SpanKind.CONSUMER) as span:
        span.set_attribute("order.id", message["order"])


with tracer.start_as_current_span("place order") as root:
    print(link(root))
    send("A-17")

    headers: dict[str, str] = {}
    inject_headers(headers)
    shouted = {name.title(): value for name, value in headers.items()}
    with tracer.start_as_current_span("elsewhere", extract_headers(shouted), kind=SpanKind.SERVER):
        pass

for message in queue:  # outside of the span: only the message carries the context
    receive(message)

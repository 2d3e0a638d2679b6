"""Baggage: a few values that travel with the context through every service. Nothing
puts them on spans; the processor below does, for the keys it is told. Baggage goes
to whoever is called, so never put secrets in it.

    python baggage.py
"""

from opentelemetry import baggage, context, propagate, trace
from opentelemetry.context import Context
from opentelemetry.sdk.trace import Span, SpanProcessor
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind

from sdk import link, otlp_exporter, start


class BaggageSpanProcessor(SpanProcessor):
    def __init__(self, *keys: str) -> None:
        self.keys = keys

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        for key in self.keys:
            value = baggage.get_baggage(key, parent_context)
            if isinstance(value, str):
                span.set_attribute(key, value)


start(processors=[BaggageSpanProcessor("tenant.id"), BatchSpanProcessor(otlp_exporter())])
tracer = trace.get_tracer("baggage", "1.0.0")

headers: dict[str, str] = {}
carried = baggage.set_baggage("tenant.id", "acme")
carried = baggage.set_baggage("user.tier", "gold, since 2024", carried)  # escaped in the header
token = context.attach(carried)
with tracer.start_as_current_span("front") as front:
    print(link(front))
    propagate.inject(headers)
context.detach(token)
print(headers["baggage"])

# In the next service:
received = propagate.extract(headers, context=Context())
with tracer.start_as_current_span("back", received, kind=SpanKind.SERVER) as back:
    if str(baggage.get_baggage("user.tier", received)).startswith("gold"):
        back.set_attribute("order.priority", 1)

"""Manual spans: what is started inside a span is its child, a failure ends it in error.

python manual.py
"""

import time

from opentelemetry import trace

from sdk import link, start

start()
tracer = trace.get_tracer("my-service", "1.0.0")


def process_order(order_id: str, card_limit: int) -> None:
    # The span records an exception that leaves it and sets its status: doing so
    # by hand as well would record it twice.
    with tracer.start_as_current_span("processOrder", attributes={"order.id": order_id}) as span:
        print(link(span))
        with tracer.start_as_current_span("validateOrder"):
            time.sleep(0.005)
        with tracer.start_as_current_span("processPayment") as payment:
            payment.add_event("card.checked", {"card.limit": card_limit})
            if card_limit < 100:
                raise ValueError("card limit exceeded")
        with tracer.start_as_current_span("sendConfirmation"):
            time.sleep(0.005)


process_order("A-17", 500)
try:
    process_order("A-18", 50)
except ValueError as error:
    print(f"A-18 failed: {error}")

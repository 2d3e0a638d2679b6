"""The FastAPI half of the two applications that tests/sdk drives.

Started under `opentelemetry-instrument`, so the SDK is set up by the
OTEL_* variables alone; only the manual spans are made here.

GET /stock/{sku}  manual span, then a call back to the Express application
GET /fail         a manual span left by an exception; answered with 500
"""

import asyncio
import logging
import os
import signal
import socket
import sys

import httpx
import uvicorn
from fastapi import FastAPI, Response
from opentelemetry import trace

tracer = trace.get_tracer("stock", "0.9.0")
log = logging.getLogger("stock")
app = FastAPI()


@app.get("/stock/{sku}")
async def stock(sku: str, response: Response) -> dict:
    with tracer.start_as_current_span(
        "count shelves",
        attributes={
            "stock.sku": sku,
            "stock.shelf": -7,
            "stock.fill": 0.5,
            "stock.cold": False,
            "stock.rows": ["a", "b"],
            "stock.counts": [4, 5, 6],
        },
    ) as span:
        span.add_event("shelf.counted", {"shelf.items": 15})
    async with httpx.AsyncClient() as client:
        price = (await client.get(f"{os.environ['SHOP_URL']}/price/{sku}")).json()
    log.warning("counted %s", sku)
    return {"sku": sku, "items": 15, **price}


@app.get("/fail")
async def fail(response: Response) -> dict:
    context = trace.get_current_span().get_span_context()
    response.headers["x-trace-id"] = trace.format_trace_id(context.trace_id)
    try:
        with tracer.start_as_current_span("open shelf"):
            raise KeyError("shelf is locked")
    except KeyError:
        response.status_code = 500
        return {"error": "shelf is locked"}


def main() -> None:
    # The logging instrumentation takes the root logger over, so the SDK's own
    # complaints would reach nobody; the test reads them from standard error.
    logging.getLogger("opentelemetry").addHandler(logging.StreamHandler())
    # uvicorn raises the signal again once it has stopped; leaving by sys.exit
    # instead of dying of it lets the SDK flush.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    listener = socket.create_server(("127.0.0.1", int(os.environ.get("PORT", "0"))))
    print(f"listening on {listener.getsockname()[1]}", flush=True)
    server = uvicorn.Server(uvicorn.Config(app, log_level="error"))
    asyncio.run(server.serve(sockets=[listener]))


if __name__ == "__main__":
    main()

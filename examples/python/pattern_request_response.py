"""Request and response: one SERVER span per request that says how it ended, around any
handler. 4xx is the caller's mistake and no error of this service; 5xx is one, and
carries the exception that caused it.

    python pattern_request_response.py
"""

import asyncio
from collections.abc import Awaitable, Callable

import httpx
from opentelemetry import propagate, trace
from opentelemetry.context import Context
from opentelemetry.trace import SpanKind, Status, StatusCode
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from sdk import link, start

start()
tracer = trace.get_tracer("http-server", "1.0.0")


def traced(
    route: str, handle: Callable[[Request], Awaitable[dict]]
) -> Callable[[Request], Awaitable[JSONResponse]]:
    async def answer(request: Request) -> JSONResponse:
        caller = propagate.extract(request.headers, context=Context())
        attributes = {
            "http.request.method": request.method,
            "http.route": route,
            "url.path": request.url.path,
        }
        with tracer.start_as_current_span(
            f"{request.method} {route}", caller, kind=SpanKind.SERVER, attributes=attributes
        ) as span:
            try:
                response = JSONResponse(await handle(request))
            except HTTPException as error:
                response = JSONResponse({"error": error.detail}, error.status_code)
            except Exception as error:
                span.record_exception(error)
                span.set_status(Status(StatusCode.ERROR, str(error)))
                span.set_attribute("error.type", type(error).__name__)
                # The reason is in the trace; a stranger gets no details.
                response = JSONResponse({"error": "internal error"}, 500)
            span.set_attribute("http.response.status_code", response.status_code)
            return response

    return answer


async def order(request: Request) -> dict:
    if request.path_params["id"] == "404":
        raise HTTPException(404, "no such order")
    if request.path_params["id"] == "500":
        raise TypeError("total is not a number")
    return {"id": request.path_params["id"]}


app = Starlette(routes=[Route("/orders/{id}", traced("/orders/{id}", order))])


async def main() -> None:
    transport = httpx.ASGITransport(app)  # the application without a socket
    async with httpx.AsyncClient(transport=transport, base_url="http://app") as client:
        with tracer.start_as_current_span("three requests") as span:
            print(link(span))
            headers: dict[str, str] = {}
            propagate.inject(headers)
            for order_id in ("17", "404", "500"):
                response = await client.get(f"/orders/{order_id}", headers=headers)
                print(response.status_code, response.text)


asyncio.run(main())

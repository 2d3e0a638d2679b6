"""ASGI middleware that continues the caller's trace, by hand: what the FastAPI
instrumentation of fastapi_app.py does, for frameworks without one.

    python middleware.py
"""

import asyncio

import httpx
from opentelemetry import propagate, trace
from opentelemetry.context import Context
from opentelemetry.trace import SpanKind, Status, StatusCode
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from sdk import link, start

start()
tracer = trace.get_tracer("asgi-middleware", "1.0.0")


class Tracing:
    def __init__(self, app) -> None:
        self.app = app

    async def __call__(self, scope, receive, send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        headers = {
            name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]
        }
        caller = propagate.extract(headers, context=Context())
        method = scope["method"]
        attributes = {"http.request.method": method, "url.path": scope["path"]}
        with tracer.start_as_current_span(
            method, caller, kind=SpanKind.SERVER, attributes=attributes
        ) as span:

            async def send_traced(message) -> None:
                if message["type"] == "http.response.start":
                    span.set_attribute("http.response.status_code", message["status"])
                    if message["status"] >= 500:
                        span.set_status(Status(StatusCode.ERROR))
                await send(message)

            await self.app(scope, receive, send_traced)
            # Known only now: the route, never the path, which has a value per user.
            if route := scope.get("route"):
                span.update_name(f"{method} {route.path}")
                span.set_attribute("http.route", route.path)


async def user(request: Request) -> JSONResponse:
    with tracer.start_as_current_span("load user"):  # a child of the request's span
        return JSONResponse({"id": request.path_params["id"]})


app = Starlette(routes=[Route("/users/{id}", user)])
app.add_middleware(Tracing)


async def main() -> None:
    transport = httpx.ASGITransport(app)  # the application without a socket
    async with httpx.AsyncClient(transport=transport, base_url="http://app") as client:
        with tracer.start_as_current_span("caller", kind=SpanKind.CLIENT) as span:
            print(link(span))
            headers: dict[str, str] = {}
            propagate.inject(headers)
            await client.get("/users/7", headers=headers)


asyncio.run(main())

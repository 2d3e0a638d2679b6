"""A CLIENT span around an HTTP call, by hand, with the context in the request's
headers: what to write for a client that has no instrumentation. (httpx has one,
see fastapi_app.py.)

    python http_client.py
"""

import asyncio
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import httpx
from opentelemetry import propagate, trace
from opentelemetry.trace import SpanKind, Status, StatusCode

from sdk import link, start

start()
tracer = trace.get_tracer("http-client", "1.0.0")


async def make_request(
    url: str, method: str = "GET", headers: dict | None = None
) -> httpx.Response:
    target = httpx.URL(url)
    attributes = {
        "http.request.method": method,
        "url.full": url,
        "server.address": target.host,
        "server.port": target.port,
    }
    with tracer.start_as_current_span(method, kind=SpanKind.CLIENT, attributes=attributes) as span:
        headers = dict(headers or {})  # the caller's own is left as it was
        propagate.inject(headers)
        try:
            async with httpx.AsyncClient() as client:
                response = await client.request(method, url, headers=headers)
        except httpx.HTTPError as error:
            span.set_attribute("error.type", type(error).__name__)
            raise  # the span records it and sets the status
        span.set_attribute("http.response.status_code", response.status_code)
        if response.status_code >= 400:
            # No description: the code says it all. For a server, only 5xx is an error.
            span.set_attribute("error.type", str(response.status_code))
            span.set_status(Status(StatusCode.ERROR))
        return response


class Echo(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(404 if self.path == "/missing" else 200)
        self.end_headers()
        self.wfile.write(self.headers["traceparent"].encode())

    def log_message(self, *_args: object) -> None:
        pass


async def main() -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    Thread(target=server.serve_forever).start()
    base = f"http://127.0.0.1:{server.server_port}"
    with tracer.start_as_current_span("three requests") as span:
        print(link(span))
        answer = await make_request(f"{base}/users", headers={"accept": "text/plain"})
        print("the server received", answer.text)
        await make_request(f"{base}/missing")
        server.shutdown()
        server.server_close()
        try:
            await make_request(f"{base}/nobody-listens")
        except httpx.HTTPError as error:
            print(error)


asyncio.run(main())

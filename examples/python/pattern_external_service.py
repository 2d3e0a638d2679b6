"""An external service that is slow or fails now and then: one span for the call as the
application sees it, and in it one span for each attempt, made by httpx's
instrumentation. A call that succeeds in the end is no error.

    python pattern_external_service.py
"""

import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread

import httpx
from opentelemetry import trace
from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor

from sdk import link, start

start()
HTTPXClientInstrumentor().instrument()
tracer = trace.get_tracer("external-service", "1.0.0")


def call_external_service(name: str, url: str, attempts: int = 3, timeout_s: float = 2.0) -> dict:
    # An exception that leaves the span is recorded and sets its status.
    with tracer.start_as_current_span(f"call {name}", attributes={"peer.service": name}) as span:
        print(link(span))
        attempt = 1
        while True:
            try:
                response = httpx.get(url, timeout=timeout_s)
                if response.status_code >= 500:
                    raise httpx.HTTPError(f"{name} answered {response.status_code}")
                return response.json()
            except httpx.HTTPError as error:
                if attempt == attempts:
                    raise
                span.add_event("retry", {"retry.attempt": attempt, "retry.reason": str(error)})
                time.sleep(0.01 * 2**attempt)
                attempt += 1


class Rates(BaseHTTPRequestHandler):
    requests = 0
    over = Event()

    def do_GET(self) -> None:
        Rates.requests += 1
        if self.path == "/hangs":
            self.over.wait()  # does not answer in time; then nobody listens any more
            return
        self.send_response(503 if Rates.requests == 1 else 200)
        self.end_headers()
        self.wfile.write(b'{"rate": 1.17}')

    def log_message(self, *_args: object) -> None:
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Rates)
Thread(target=server.serve_forever).start()
base = f"http://127.0.0.1:{server.server_port}"
print(call_external_service("rates", f"{base}/rates"))
try:
    call_external_service("rates", f"{base}/hangs", attempts=2, timeout_s=0.1)
except httpx.HTTPError as error:
    print(type(error).__name__)
Rates.over.set()
server.shutdown()

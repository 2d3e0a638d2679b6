"""An OTLP endpoint that refuses one signal, to see what a refused SDK says.

Without it, "the SDK complained about nothing" could as well mean that nothing
was sent, or that complaints go unseen.
"""

import threading
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import grpc

HTTP_PATHS = {"trace": "/v1/traces", "metrics": "/v1/metrics", "logs": "/v1/logs"}
GRPC_METHODS = {
    "trace": "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
    "metrics": "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
    "logs": "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
}


class RefusingEndpoint:
    """Answers 404 over HTTP and UNIMPLEMENTED over gRPC to one signal, success to the rest.

    `asked` holds the paths and methods that were called.
    """

    def __init__(self, refused: str) -> None:
        asked: set[str] = set()
        self.asked = asked

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                asked.add(self.path)
                self.send_response(404 if self.path == HTTP_PATHS[refused] else 200)
                self.send_header("content-type", "application/x-protobuf")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                """Says nothing: the test reads `asked`."""

        class Methods(grpc.GenericRpcHandler):
            def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler | None:
                asked.add(details.method)
                if details.method == GRPC_METHODS[refused]:
                    return None  # the library then answers UNIMPLEMENTED
                # An empty message is a full success of every signal.
                return grpc.unary_unary_rpc_method_handler(lambda request, context: b"")

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        threading.Thread(target=self._http.serve_forever, daemon=True).start()
        self._grpc = grpc.server(ThreadPoolExecutor(2), handlers=[Methods()])
        self._grpc_port = self._grpc.add_insecure_port("127.0.0.1:0")
        self._grpc.start()

    def otlp_endpoint(self, protocol: str) -> str:
        """The value of OTEL_EXPORTER_OTLP_ENDPOINT for an exporter's protocol."""
        port = self._grpc_port if protocol == "grpc" else self._http.server_address[1]
        return f"http://127.0.0.1:{port}"

    def close(self) -> None:
        """Stops listening."""
        self._http.shutdown()
        self._http.server_close()
        self._grpc.stop(grace=None).wait()

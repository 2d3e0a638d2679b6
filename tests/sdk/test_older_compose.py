"""A docker-compose file of Jaeger 1 with nothing changed but the image.

Its environment is given to the binary as it stands there, and each port that it
publishes must answer the client that it is for. These ports are fixed, so the
server has a loopback address of its own, of which there are 16 million.
"""

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as OtlpGrpc
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as OtlpHttp
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter

from older_clients import CLIENTS, tell
from polling import wait_for
from processes import Process
from query_api import Generation, QueryApi
from tracewell import BINARY, READY, environment


@dataclass(frozen=True)
class Service:
    """What a service of a compose file says about its container."""

    environment: dict[str, str]
    # As in `ports:`, of which both halves are alike.
    ports: tuple[str, ...]
    # Variables that ask for what they do not get.
    asks_in_vain: tuple[str, ...] = ()


# The service `jaeger` of a compose file as guides have it.
ALL_IN_ONE = Service(
    {"COLLECTOR_OTLP_ENABLED": "true"},
    ("5775/udp", "6831/udp", "6832/udp", "5778", "16686", "14268", "14250", "9411"),
)
# The services `jaeger-collector` and `jaeger-query` of one for production, in
# one process, which keeps the spans itself whatever storage the file names. Not
# there: 14269 and 16687, ports of administration, and 14267, which Jaeger gave
# up in version 1.18.
COLLECTOR_AND_QUERY = Service(
    {
        "COLLECTOR_ZIPKIN_HOST_PORT": ":9411",
        "COLLECTOR_OTLP_ENABLED": "true",
        "SPAN_STORAGE_TYPE": "elasticsearch",
        "ES_SERVER_URLS": "http://elasticsearch:9200",
    },
    ("14268", "9411", "4317", "4318", "16686"),
    ("SPAN_STORAGE_TYPE",),
)
SERVICES = {"all-in-one": ALL_IN_ONE, "collector-and-query": COLLECTOR_AND_QUERY}

# Who sends to which port; the others are asked.
SENDERS = {
    "5775/udp": "zipkin-udp",
    "6831/udp": "jaeger-python-udp",
    "6832/udp": "jaeger-node-udp",
    "9411": "zipkin-js-v2-json",
    "14250": "otel-py-jaeger-grpc",
    "14268": "jaeger-node-http",
}


@dataclass
class Container:
    """A server that runs as the compose file says, and where."""

    service: Service
    host: str
    process: Process

    def url(self, port: str) -> str:
        """The address of a port of HTTP."""
        return f"http://{self.host}:{port}"


@pytest.fixture(params=SERVICES)
def container(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Container]:
    """A server with that environment, no flags, and all ports as they are by default."""
    service = SERVICES[request.param]
    host = f"127.{random.randint(1, 254)}.{random.randint(1, 254)}.{random.randint(2, 254)}"
    # An image opens its ports to the network and has a place for its data.
    of_the_image = {"TRACEWELL_LISTEN": host, "TRACEWELL_DATA_DIR": str(tmp_path / "data")}
    env = environment() | of_the_image | service.environment
    process = Process("tracewell", [BINARY], tmp_path / "tracewell.log", env, tmp_path)
    try:
        process.wait_for_line(READY)
        yield Container(service, host, process)
    finally:
        process.kill()


def test_every_published_port_answers(container: Container) -> None:
    api = QueryApi(container.url("16686"))
    sent: set[str] = set()
    for port in container.service.ports:
        if port in SENDERS:
            [client] = [client for client in CLIENTS if client.name == SENDERS[port]]
            story = tell(client, f"{container.host}:{port.removesuffix('/udp')}")
            wait_for_spans(api, story.trace_id, set(story.ids.values()))
            sent |= set(client.services.values())
        elif port == "4317":
            send_otlp(api, OtlpGrpc(container.url(port), insecure=True), "otlp-grpc")
            sent.add("otlp-grpc")
        elif port == "4318":
            send_otlp(api, OtlpHttp(container.url(port) + "/v1/traces"), "otlp-http")
            sent.add("otlp-http")
        elif port == "5778":
            answer = httpx.get(container.url(port) + "/sampling", params={"service": "shop"})
            assert answer.json()["probabilisticSampling"] == {"samplingRate": 1}
        else:
            assert port == "16686"
            assert "text/html" in httpx.get(container.url(port) + "/search").headers["content-type"]
    assert set(api.json("/api/services")["data"]) == sent

    said = re.findall(r"^.*warning: (\w+)=", container.process.output(), re.MULTILINE)
    assert tuple(said) == container.service.asks_in_vain


def send_otlp(api: QueryApi, exporter: SpanExporter, service: str) -> None:
    """Sends one span with an SDK of today."""
    provider = TracerProvider(resource=Resource({"service.name": service}))
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    span = provider.get_tracer("compose").start_span("hello")
    span.end()
    provider.shutdown()
    ids = span.get_span_context()
    wait_for_spans(api, f"{ids.trace_id:032x}", {f"{ids.span_id:016x}"})


def wait_for_spans(api: QueryApi, trace_id: str, span_ids: set[str]) -> None:
    """Waits until the trace has these spans and no others."""

    def probe() -> bool:
        return {span.span_id for span in api.trace(trace_id, Generation.CLASSIC)} == span_ids

    wait_for(f"the spans of trace {trace_id}", probe)

"""The clients from before OTLP, and how each is set up to send to a server.

Each tells the same story (`older_spans.py`) in one run and ends.
"""

import json
import os
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tracewell import Tracewell

OLDER = Path(__file__).resolve().parent / "older"
PYTHON = OLDER / "python" / ".venv" / "bin" / "python"
# jaeger-client twice in one virtual environment is not possible.
ZIPKIN_UDP = OLDER / "python-zipkin-udp"


@dataclass(frozen=True)
class OlderClient:
    """A program of `older/` with its arguments, and the port that it sends to."""

    name: str
    command: tuple[str, ...]
    port: str
    # What makes the port's address the client's setting.
    target: str = "{}"

    @property
    def services(self) -> dict[str, str]:
        """The names of its two services, by role."""
        return {role: f"{role}-{self.name}" for role in ("shop", "stock")}


def node(name: str, script: str, argument: str, port: str, target: str = "{}") -> OlderClient:
    """A client that runs in Node.js."""
    return OlderClient(name, ("node", str(OLDER / "node" / script), argument), port, target)


def python(name: str, script: str, argument: str, port: str, target: str = "{}") -> OlderClient:
    """A client that runs in Python, in the old clients' own virtual environment."""
    command = (str(PYTHON), str(OLDER / "python" / script), argument)
    return OlderClient(name, command, port, target)


JAEGER_URL = "http://{}/api/traces"
ZIPKIN_URL = "http://{}/api/v2/spans"

CLIENTS = [
    node("jaeger-node-udp", "jaeger_client.js", "udp", "jaeger-binary"),
    node("jaeger-node-http", "jaeger_client.js", "http", "jaeger-http", JAEGER_URL),
    python("jaeger-python-udp", "jaeger_client_udp.py", "", "jaeger-compact"),
    OlderClient(
        "zipkin-udp",
        (str(ZIPKIN_UDP / ".venv/bin/python"), str(ZIPKIN_UDP / "jaeger_client_zipkin.py")),
        "jaeger-zipkin",
    ),
    node("zipkin-js-v2-json", "zipkin_js.js", "v2-json", "zipkin", "http://{}"),
    node("zipkin-js-v1-json", "zipkin_js.js", "v1-json", "zipkin", "http://{}"),
    node("zipkin-js-v1-thrift", "zipkin_js.js", "v1-thrift", "zipkin", "http://{}"),
    python("py-zipkin-v1-thrift", "py_zipkin_http.py", "V1_THRIFT", "zipkin"),
    python("py-zipkin-v1-json", "py_zipkin_http.py", "V1_JSON", "zipkin"),
    python("py-zipkin-v2-json", "py_zipkin_http.py", "V2_JSON", "zipkin"),
    python("py-zipkin-v2-proto", "py_zipkin_http.py", "V2_PROTO3", "zipkin"),
    node("otel-node-jaeger-udp", "opentelemetry.js", "jaeger-udp", "jaeger-binary"),
    node("otel-node-jaeger-http", "opentelemetry.js", "jaeger-http", "jaeger-http", JAEGER_URL),
    node("otel-node-zipkin", "opentelemetry.js", "zipkin", "zipkin", ZIPKIN_URL),
    python("otel-py-jaeger-udp", "opentelemetry_exporters.py", "jaeger-udp", "jaeger-compact"),
    python(
        "otel-py-jaeger-http",
        "opentelemetry_exporters.py",
        "jaeger-http",
        "jaeger-http",
        JAEGER_URL + "?format=jaeger.thrift",
    ),
    python("otel-py-jaeger-grpc", "opentelemetry_exporters.py", "jaeger-grpc", "jaeger-grpc"),
    python(
        "otel-py-zipkin-json", "opentelemetry_exporters.py", "zipkin-json", "zipkin", ZIPKIN_URL
    ),
    python(
        "otel-py-zipkin-proto", "opentelemetry_exporters.py", "zipkin-proto", "zipkin", ZIPKIN_URL
    ),
]


@dataclass
class Story:
    """What a client says that it has sent."""

    client: OlderClient
    start_s: int
    trace_id: str
    # Span ids by the story's names.
    ids: dict[str, str]


def client_environment(services: Mapping[str, str], target: str) -> dict[str, str]:
    """The settings of a program of `older/`, and nothing of the developer's own."""
    prefixes = ("OTEL_", "JAEGER_", "TRACEWELL_", "PYTHON")
    env = {k: v for k, v in os.environ.items() if not k.startswith(prefixes)}
    return env | {
        "SHOP": services["shop"],
        "STOCK": services["stock"],
        "TARGET": target,
        "START_S": str(int(time.time())),
        "NO_PROXY": "127.0.0.0/8,localhost",
        # The exporters of Jaeger's protocols say that they are deprecated.
        "PYTHONWARNINGS": "ignore",
        # Where `scenario` is, also for programs beside that folder.
        "PYTHONPATH": str(OLDER / "python"),
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def tell(client: OlderClient, address: str) -> Story:
    """Runs the client against an address; it must succeed and complain about nothing."""
    env = client_environment(client.services, client.target.format(address))
    done = subprocess.run(
        client.command, env=env, capture_output=True, text=True, timeout=30, check=False
    )
    assert (done.returncode, done.stderr) == (0, ""), f"{client.name}: {done.stdout}{done.stderr}"
    said = json.loads(done.stdout)
    # Some clients only have 64 bits for a trace, and some leave zeros out.
    ids = {name: span_id.zfill(16) for name, span_id in said["spans"].items()}
    return Story(client, int(env["START_S"]), said["trace"].zfill(32), ids)


def tell_to(client: OlderClient, server: Tracewell) -> Story:
    """Runs the client against the port of the server that it is made for."""
    return tell(client, server.addresses[client.port])

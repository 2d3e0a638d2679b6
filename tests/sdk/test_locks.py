"""SDKs send to a locked server with their own options for TLS and headers.

Every port is asked in `crates/server/tests/it/locks`; here are the clients that
applications have.
"""

import json
import re
import ssl
from collections.abc import Iterator
from pathlib import Path

import grpc
import httpx
import pytest

from applications import Applications, Exporters
from authority import Authority, Certified
from conftest import Traffic, send_traffic
from polling import wait_for
from tracewell import Tracewell

WRITER = "0123456789abcdef-writer"
READER = "0123456789abcdef-reader"
NEW_WRITER = "fedcba9876543210-writer"

EXPORTERS = [
    Exporters("locked-grpc", node="grpc", python="grpc"),
    Exporters("locked-http-protobuf", node="http/protobuf", python="http/protobuf"),
    Exporters("locked-http-json", node="http/json", python="http/protobuf"),
]


class Locked:
    """A server that wants TLS, a certificate of the client, and a token."""

    def __init__(self, directory: Path) -> None:
        self.ours, self.others = Authority(directory, "ours"), Authority(directory, "others")
        self.mine, self.client = self.ours.certify("server"), self.ours.certify("client")
        self.tokens = directory / "tokens"
        self.knows(WRITER)
        self.server = Tracewell(
            directory,
            *("--tls-cert-file", str(self.mine.certificate), "--tls-key-file", str(self.mine.key)),
            *("--tls-client-ca-file", str(self.ours.file)),
            *("--access-tokens-file", str(self.tokens)),
        )

    def knows(self, writer: str) -> None:
        """Who may send from now on."""
        self.tokens.write_text(f"write {writer} sdk\nread {READER} test\n")

    def options(self, token: str, authority: Authority, client: Certified) -> dict[str, str]:
        """What an SDK is told, in the variables that all of them know."""
        return {
            "OTEL_EXPORTER_OTLP_HEADERS": f"authorization=Bearer%20{token}",
            "OTEL_EXPORTER_OTLP_CERTIFICATE": str(authority.file),
            "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE": str(client.certificate),
            "OTEL_EXPORTER_OTLP_CLIENT_KEY": str(client.key),
            # Agreeing upon TLS takes its time on a busy machine.
            "OTEL_METRIC_EXPORT_INTERVAL": "10000",
            "OTEL_METRIC_EXPORT_TIMEOUT": "10000",
        }

    def get(self, path: str) -> dict:
        """What the query API answers."""
        return self.ask(path).json()

    def failed_handshakes(self) -> int:
        """Connections that did not come through TLS so far."""
        found = re.search(r"^tracewell_tls_failed_handshakes_total (\d+)", self.metrics(), re.M)
        assert found is not None
        return int(found[1])

    def metrics(self) -> str:
        """What Prometheus would read."""
        return self.ask("/metrics").text

    def ask(self, path: str) -> httpx.Response:
        """Asks as somebody who may read."""
        context = ssl.create_default_context(cafile=str(self.ours.file))
        context.load_cert_chain(self.client.certificate, self.client.key)
        answer = httpx.get(
            self.server.query_http + path,
            headers={"authorization": f"Bearer {READER}"},
            verify=context,
        )
        assert answer.status_code == 200, answer.text
        return answer

    def spans(self) -> dict[str, int]:
        """The account of all spans."""
        return self.get("/api/status")["spans"]

    def denied(self) -> int:
        """Requests that were turned away so far."""
        receivers = self.get("/api/status")["receivers"]
        return sum(receiver["requests"]["denied"] for receiver in receivers)


@pytest.fixture
def locked(tmp_path: Path) -> Iterator[Locked]:
    """A server of its own, as each test changes what it knows."""
    locked = Locked(tmp_path)
    yield locked
    locked.server.kill()


def send(
    locked: Locked, exporters: Exporters, directory: Path, options: dict[str, str]
) -> tuple[Traffic, dict[str, str]]:
    """One of each request; what became of it, and what the SDKs complained about."""
    directory.mkdir()
    applications = Applications(exporters, locked.server.otlp_endpoint, directory, options)
    try:
        return send_traffic(applications), applications.stop()
    finally:
        applications.kill()


@pytest.mark.parametrize("exporters", EXPORTERS, ids=lambda exporters: exporters.name)
@pytest.mark.timeout(120)
def test_sdks_come_in_with_their_own_options(
    locked: Locked, exporters: Exporters, tmp_path: Path
) -> None:
    good = locked.options(WRITER, locked.ours, locked.client)
    traffic, complaints = send(locked, exporters, tmp_path / "good", good)
    assert complaints == {"shop": "", "stock": ""}
    for trace_id in traffic.trees:
        wait_for(f"trace {trace_id}", lambda wanted=trace_id: locked.get(f"/api/traces/{wanted}"))
    stored = locked.spans()["stored"]
    assert stored > 0
    assert locked.denied() == 0

    # Another token is refused, and the SDKs say so.
    wrong = locked.options("not-a-token-at-all", locked.ours, locked.client)
    _, complaints = send(locked, exporters, tmp_path / "wrong", wrong)
    assert locked.denied() > 0
    assert all(complaints.values()), complaints
    # Nor does anything come from a client that trusts another authority, or has
    # a certificate of another.
    for name, options in {
        "distrusting": locked.options(WRITER, locked.others, locked.client),
        "foreign": locked.options(WRITER, locked.ours, locked.others.certify("client")),
    }.items():
        before = locked.failed_handshakes()
        directory = tmp_path / name
        directory.mkdir()
        applications = Applications(exporters, locked.server.otlp_endpoint, directory, options)
        try:
            send_traffic(applications)
            # Both of them; ending in good order would take them too long.
            wait_for(f"{name} clients", lambda since=before: locked.failed_handshakes() > since + 1)
        finally:
            applications.kill()
    assert locked.spans()["stored"] == stored


@pytest.mark.timeout(120)
def test_secrets_are_rotated_under_running_applications(locked: Locked, tmp_path: Path) -> None:
    directory = tmp_path / "applications"
    directory.mkdir()
    options = locked.options(WRITER, locked.ours, locked.client)
    applications = Applications(EXPORTERS[1], locked.server.otlp_endpoint, directory, options)
    try:
        send_traffic(applications)
        before = wait_for("the first spans", lambda: locked.spans()["stored"])
        # Another certificate of the same authority: nobody notices.
        locked.ours.certify("server")
        wait_for("the new certificate", lambda: "read again" in locked.server.output())
        send_traffic(applications)
        wait_for("more spans", lambda: locked.spans()["stored"] > before)
        assert locked.denied() == 0
        # Another token: the old one is refused with the next export.
        locked.knows(NEW_WRITER)

        def is_denied() -> bool:
            send_traffic(applications)
            return locked.denied() > 0

        wait_for("a denial", is_denied, 30.0)
    finally:
        applications.kill()
    new = locked.options(NEW_WRITER, locked.ours, locked.client)
    traffic, complaints = send(locked, EXPORTERS[0], tmp_path / "new", new)
    assert complaints == {"shop": "", "stock": ""}
    for trace_id in traffic.trees:
        wait_for(f"trace {trace_id}", lambda wanted=trace_id: locked.get(f"/api/traces/{wanted}"))


def test_grpc_says_why_on_every_port(locked: Locked) -> None:
    credentials = grpc.ssl_channel_credentials(
        locked.ours.file.read_bytes(),
        locked.client.key.read_bytes(),
        locked.client.certificate.read_bytes(),
    )
    trace_service = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
    for port, method, right, weaker in [
        ("otlp-grpc", trace_service, WRITER, READER),
        ("jaeger-grpc", "/jaeger.api_v2.CollectorService/PostSpans", WRITER, READER),
        ("sampling-grpc", "/jaeger.api_v2.SamplingManager/GetSamplingStrategy", WRITER, READER),
        ("query-grpc", "/jaeger.api_v2.QueryService/GetServices", READER, WRITER),
        ("query-grpc", "/jaeger.api_v3.QueryService/GetServices", READER, WRITER),
        ("tempo", "/tempopb.StreamingQuerier/SearchTags", READER, WRITER),
    ]:
        with grpc.secure_channel(locked.server.addresses[port], credentials) as channel:
            call = channel.unary_unary(method)

            def code(token: str | None, call: grpc.UnaryUnaryMultiCallable = call) -> str:
                metadata = [("authorization", f"Bearer {token}")] if token else []
                try:
                    call(b"", metadata=metadata, timeout=20)
                except grpc.RpcError as error:
                    return error.code().name
                return "OK"

            assert code(None) == "UNAUTHENTICATED", port
            assert code("not-a-token-at-all") == "UNAUTHENTICATED", port
            assert code(weaker) == "PERMISSION_DENIED", port
            assert code(right) == "OK", port
    # Anybody may ask for health, who comes through TLS.
    with grpc.secure_channel(locked.server.addresses["query-grpc"], credentials) as channel:
        assert channel.unary_unary("/grpc.health.v1.Health/Check")(b"", timeout=20)


def test_no_secret_is_in_what_the_server_says(locked: Locked) -> None:
    locked.get("/api/status")
    said = locked.server.output() + json.dumps(locked.get("/api/status"))
    for secret in (WRITER, READER, locked.mine.key.read_text()):
        assert secret not in said

"""The real Tracewell binary on free ports and a data directory of its own."""

import os
import subprocess
from pathlib import Path

from processes import Process

REPOSITORY = Path(__file__).resolve().parents[2]
BINARY = Path(os.environ.get("TRACEWELL_BIN", REPOSITORY / "target" / "debug" / "tracewell"))

READY = (
    r"ready otlp-grpc=(?P<otlp_grpc>\S+) otlp-http=(?P<otlp_http>\S+)"
    r" query-http=(?P<query_http>\S+) query-grpc=(?P<query_grpc>\S+)(?P<others>.*)"
)

PORTS = [
    "otlp-grpc",
    "otlp-http",
    "query-http",
    "query-grpc",
    "jaeger-grpc",
    "jaeger-http",
    "jaeger-compact",
    "jaeger-binary",
    "jaeger-zipkin",
    "zipkin",
    "sampling-http",
    "sampling-grpc",
    "tempo",
]


def environment() -> dict[str, str]:
    """This process's environment without settings of the developer's own."""
    return {k: v for k, v in os.environ.items() if not k.startswith(("TRACEWELL_", "OTEL_"))}


class Tracewell:
    """A running server. The addresses are URLs, valid once it is constructed."""

    def __init__(self, directory: Path, *options: str) -> None:
        if not BINARY.is_file():
            raise AssertionError(f"no Tracewell at {BINARY}: build it or set TRACEWELL_BIN")
        self._directory = directory
        self._options = options
        self._starts = 0
        self.start()

    def start(self) -> None:
        """Starts the server; on a directory used before it finds its data again."""
        self._starts += 1
        command: list[str | Path] = [BINARY, "--data-dir", self.data_dir]
        for name in PORTS:
            if f"--{name}-port" not in self._options:
                command += [f"--{name}-port", "0"]
        command += self._options
        log = self._directory / f"tracewell-{self._starts}.log"
        self._process = Process("tracewell", command, log, environment(), self._directory)
        try:
            ready = self._process.wait_for_line(READY)
        except AssertionError:
            self._process.kill()
            raise
        def url(address: str) -> str:
            if "--tls-cert-file" not in self._options:
                return f"http://{address}"
            # Node.js warns of TLS to a server that is named by its address.
            return "https://" + address.replace("127.0.0.1", "localhost")

        self.otlp_grpc = url(ready["otlp_grpc"])
        self.otlp_http = url(ready["otlp_http"])
        self.query_http = url(ready["query_http"])
        pairs = (pair.split("=") for pair in ready[0].split()[1:])
        self.addresses: dict[str, str] = dict(pairs)

    @property
    def data_dir(self) -> Path:
        """Where the spans are."""
        return self._directory / "data"

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Runs `tracewell WORDS` against this server, as a person would in a wide terminal."""
        env = environment() | {"TRACEWELL_SERVER": self.query_http, "COLUMNS": "200"}
        return subprocess.run(
            [BINARY, *words], env=env, capture_output=True, text=True, timeout=30, check=False
        )

    def output(self) -> str:
        """What the server has printed since its last start."""
        return self._process.output()

    def stop(self) -> int:
        """Ends the server properly and returns its exit code."""
        return self._process.stop()

    def kill(self) -> None:
        """Ends the server as a power cut would: no chance to write anything."""
        self._process.kill()

    def otlp_endpoint(self, protocol: str) -> str:
        """The value of OTEL_EXPORTER_OTLP_ENDPOINT for an exporter's protocol."""
        return self.otlp_grpc if protocol == "grpc" else self.otlp_http

"""A real OpenTelemetry Collector in front of the server: one pipeline per way to export.

Each pipeline listens on a Unix socket of its own, so that no port is taken.
"""

import json
import os
from dataclasses import dataclass
from pathlib import Path

import httpx

from processes import Process

BINARY = Path(os.environ.get("TRACEWELL_TEST_COLLECTOR", ""))


@dataclass(frozen=True)
class Export:
    """One configuration of one exporter."""

    exporter: str
    compression: str
    encoding: str = "proto"

    @property
    def name(self) -> str:
        """Also the name of its pipeline."""
        return f"{self.exporter}-{self.encoding}-{self.compression}"


GRPC = [Export("otlp", compression) for compression in ("none", "gzip", "snappy", "zstd")]
HTTP = [
    Export("otlphttp", compression, encoding)
    for encoding in ("proto", "json")
    for compression in ("none", "gzip", "zlib", "deflate", "snappy", "x-snappy-framed", "zstd", "lz4")
]


class Collector:
    """A running Collector that forwards whatever it gets to one server."""

    def __init__(
        self, directory: Path, grpc: str, http: str, listen: str | None = None, tls: dict | None = None
    ) -> None:
        self._directory = directory
        config = directory / "collector.json"
        written = self._config(grpc, http)
        if listen is not None:
            self._listen_too(written, listen, tls)
        config.write_text(json.dumps(written))
        command: list[str | Path] = [BINARY, "--config", f"file:{config}"]
        self._process = Process("collector", command, directory / "collector.log", os.environ)
        self._process.wait_for_line(r".*Everything is ready.*")

    def _config(self, grpc: str, http: str) -> dict:
        receivers, exporters, pipelines = {}, {}, {}
        for export in GRPC + HTTP:
            http_in = {"transport": "unix", "endpoint": str(self._socket(export))}
            receivers[f"otlp/{export.name}"] = {"protocols": {"http": http_in}}
            out: dict = {"compression": export.compression}
            if export.exporter == "otlp":
                out |= {"endpoint": grpc, "tls": {"insecure": True}}
            else:
                out |= {"endpoint": http, "encoding": export.encoding}
            exporters[f"{export.exporter}/{export.name}"] = out
            pipelines[f"traces/{export.name}"] = {
                "receivers": [f"otlp/{export.name}"],
                "exporters": [f"{export.exporter}/{export.name}"],
            }
        telemetry = {"metrics": {"level": "none"}}
        service = {"telemetry": telemetry, "pipelines": pipelines}
        return {"receivers": receivers, "exporters": exporters, "service": service}

    @staticmethod
    def _listen_too(config: dict, address: str, tls: dict | None) -> None:
        """One more pipeline, from OTLP at a TCP address: gRPC at port 4317, HTTP at 4318."""
        endpoints = {"grpc": f"{address}:4317", "http": f"{address}:4318"}
        more = {"tls": tls} if tls else {}
        protocols = {name: {"endpoint": endpoint} | more for name, endpoint in endpoints.items()}
        config["receivers"]["otlp/tcp"] = {"protocols": protocols}
        config["service"]["pipelines"]["traces/tcp"] = {
            "receivers": ["otlp/tcp"],
            "exporters": [f"otlp/{GRPC[0].name}"],
        }

    def _socket(self, export: Export) -> Path:
        return self._directory / f"{export.name}.sock"

    def send(self, export: Export, body: bytes) -> None:
        """Gives the pipeline one OTLP/JSON request."""
        transport = httpx.HTTPTransport(uds=str(self._socket(export)))
        headers = {"content-type": "application/json"}
        with httpx.Client(transport=transport) as client:
            answer = client.post("http://collector/v1/traces", content=body, headers=headers)
        assert answer.status_code == 200, answer.text

    def output(self) -> str:
        """What it has printed."""
        return self._process.output()

    def stop(self) -> int:
        """Ends it properly: what it still has is sent first."""
        return self._process.stop()

    def kill(self) -> None:
        """Ends it at once."""
        self._process.kill()

"""The two instrumented applications, set up by the standard OTEL_* variables only."""

import os
import socket
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx

from processes import Process

HERE = Path(__file__).resolve().parent

# What an SDK exports with when OTEL_EXPORTER_OTLP_PROTOCOL is not set.
NODE_DEFAULT_PROTOCOL = "http/protobuf"
PYTHON_DEFAULT_PROTOCOL = "grpc"

LISTENING = r"listening on \d+"


@dataclass(frozen=True)
class Exporters:
    """Which protocol each SDK sends with; None leaves the SDK at its default."""

    name: str
    node: str | None
    python: str | None


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def sdk_environment(service: str, protocol: str | None, endpoint: str) -> dict[str, str]:
    """The process environment with nothing of OpenTelemetry but what is given here."""
    env = {k: v for k, v in os.environ.items() if not k.startswith("OTEL_")}
    # Python's `requests` takes these for more than what its caller says.
    env = {k: v for k, v in env.items() if not k.endswith("CA_BUNDLE")}
    env |= {
        "OTEL_SERVICE_NAME": service,
        "OTEL_RESOURCE_ATTRIBUTES": "service.version=1.2.3,deployment.environment.name=test",
        "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint,
        # Shorter than the defaults so that all three signals leave in the test's time.
        "OTEL_BSP_SCHEDULE_DELAY": "100",
        "OTEL_BLRP_SCHEDULE_DELAY": "100",
        "OTEL_METRIC_EXPORT_INTERVAL": "500",
        "OTEL_METRIC_EXPORT_TIMEOUT": "500",
        # Without a level the Node.js SDK says nothing, whatever fails.
        "OTEL_LOG_LEVEL": "info",
        "NO_PROXY": "127.0.0.1,localhost",
    }
    if protocol is not None:
        env["OTEL_EXPORTER_OTLP_PROTOCOL"] = protocol
    return env


class Applications:
    """An Express application and a FastAPI application that call each other."""

    def __init__(
        self,
        exporters: Exporters,
        endpoint: Callable[[str], str],
        directory: Path,
        options: Mapping[str, str] | None = None,
    ) -> None:
        """`options`: more of the standard variables, for both."""
        options = options or {}
        suffix = exporters.name
        self.shop_service, self.stock_service = f"shop-{suffix}", f"stock-{suffix}"
        shop_port, stock_port = free_port(), free_port()
        self.shop_url = f"http://127.0.0.1:{shop_port}"
        self.stock_url = f"http://127.0.0.1:{stock_port}"

        node_endpoint = endpoint(exporters.node or NODE_DEFAULT_PROTOCOL)
        env = sdk_environment(self.shop_service, exporters.node, node_endpoint)
        env |= {"PORT": str(shop_port), "STOCK_URL": self.stock_url, **options}
        command = ["node", "--require", "./tracing.js", "shop.js"]
        self._shop = Process("shop", command, directory / "shop.log", env, HERE / "node")

        python_endpoint = endpoint(exporters.python or PYTHON_DEFAULT_PROTOCOL)
        env = sdk_environment(self.stock_service, exporters.python, python_endpoint)
        env |= {"PORT": str(stock_port), "SHOP_URL": self.shop_url, **options}
        instrument = Path(sys.executable).parent / "opentelemetry-instrument"
        command = [str(instrument), sys.executable, "stock.py"]
        self._stock = Process("stock", command, directory / "stock.log", env, HERE / "python")

        try:
            self._shop.wait_for_line(LISTENING)
            self._stock.wait_for_line(LISTENING)
        except AssertionError:
            self.kill()
            raise

    def request(self, url: str, expected_status: int) -> str:
        """Sends one request; returns the id of the trace it became."""
        # A connection of its own, so that no request depends on an earlier one.
        response = httpx.get(url, headers={"connection": "close"}, timeout=10)
        assert response.status_code == expected_status, response.text
        return response.headers["x-trace-id"]

    def stop(self) -> dict[str, str]:
        """Ends both, which makes the SDKs flush; returns what each complained about.

        That is whatever it printed besides its address, and an exit code but 0.
        """
        complaints = {}
        for process in (self._shop, self._stock):
            code = process.stop()
            lines = process.output().splitlines()
            said = [line for line in lines if not line.startswith("listening on ")]
            complaints[process.name] = "\n".join(said + [f"exit code {code}"] * (code != 0))
        return complaints

    def kill(self) -> None:
        """Ends both at once, for a test that has failed or does not need the flush."""
        self._shop.kill()
        self._stock.kill()

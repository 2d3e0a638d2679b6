"""Starts Tracewell and the whole shop, prints where they are, and ends all of it on Ctrl-C.

    examples/shop/demo [--any-ports]       (or `make demo`)

Standard library only. TRACEWELL_BIN names the binary, ORDERS_PYTHON the Python that has
orders/requirements.txt, INVENTORY_BIN the inventory if it is built.
"""

import argparse
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from local_postgres import LocalPostgres, free_port

SHOP = Path(__file__).resolve().parent
SHOP_PORT = 8080
START_LIMIT_S = 60
STOP_LIMIT_S = 10

# Ports of protocols that the shop does not speak.
NOT_USED = [
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
READY = r"ready otlp-grpc=(\S+) otlp-http=(?P<otlp>\S+) query-http=(?P<ui>\S+) .*"


class Demo:
    """What has been started, to be stopped in the opposite order."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._children: list[tuple[str, subprocess.Popen]] = []

    def start(
        self, name: str, command: list[str | Path], cwd: Path, ready: str | None, **env: str
    ) -> re.Match[str] | None:
        """Starts a program; waits for a line that matches `ready`."""
        log = self.directory / f"{name}.log"
        with log.open("wb") as output:
            child = subprocess.Popen(
                [str(word) for word in command],
                cwd=cwd,
                env=os.environ | env,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        self._children.append((name, child))
        limit = time.monotonic() + START_LIMIT_S
        while ready is not None:
            if found := re.search(f"^{ready}$", log.read_text(errors="replace"), re.MULTILINE):
                return found
            if child.poll() is not None or time.monotonic() > limit:
                raise SystemExit(f"{name} did not start:\n{log.read_text(errors='replace')}")
            time.sleep(0.05)
        return None

    def ended(self) -> str | None:
        """The name of a program that has ended by itself."""
        return next((name for name, child in self._children if child.poll() is not None), None)

    def stop(self) -> None:
        """Ends all: traffic first, Tracewell last, so that the last spans still arrive."""
        for name, child in reversed(self._children):
            child.terminate()
            try:
                child.wait(STOP_LIMIT_S)
            except subprocess.TimeoutExpired:
                print(f"{name} does not end, killing it", file=sys.stderr)
                child.kill()
                child.wait()


def start_all(demo: Demo, postgres: LocalPostgres, any_ports: bool) -> tuple[str, str]:
    """Returns the addresses of the shop and of Tracewell."""
    postgres.load(SHOP / "schema.sql")

    ports = ["--otlp-grpc-port", "0", "--otlp-http-port", "0", "--query-grpc-port", "0"]
    ports += ["--query-http-port", "0"] if any_ports else []
    for name in NOT_USED:
        ports += [f"--{name}-port", "off"]
    tracewell = [os.environ["TRACEWELL_BIN"], "--data-dir", demo.directory / "traces", *ports]
    addresses = demo.start("tracewell", tracewell, demo.directory, READY)
    ui = f"http://{addresses['ui']}"
    env = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://{addresses['otlp']}",
        "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
        # Traces are there a second after the click, not after five.
        "OTEL_BSP_SCHEDULE_DELAY": "500",
        "DATABASE_URL": postgres.url,
        "TRACEWELL_URL": ui,
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    listening = r"listening on (\d+)"

    orders_port = str(free_port())
    orders_url = f"http://127.0.0.1:{orders_port}"
    inventory_url = orders_url  # which has a stand-in
    if inventory := os.environ.get("INVENTORY_BIN"):
        found = demo.start(
            "inventory",
            [inventory],
            SHOP,
            listening,
            **env,
            PORT="0",
            OTEL_SERVICE_NAME="inventory",
        )
        inventory_url = f"http://127.0.0.1:{found[1]}"
    env["INVENTORY_URL"] = inventory_url
    python = os.environ.get("ORDERS_PYTHON", sys.executable)
    demo.start(
        "orders", [python, "orders.py"], SHOP / "orders", listening,
        **env, PORT=orders_port, OTEL_SERVICE_NAME="orders",
    )  # fmt: skip
    env["ORDERS_URL"] = orders_url
    gateway = ["node", "--import", "./tracing.mjs", "gateway.mjs"]
    found = demo.start(
        "gateway", gateway, SHOP / "gateway", listening,
        **env, PORT="0" if any_ports else str(SHOP_PORT), OTEL_SERVICE_NAME="gateway",
    )  # fmt: skip
    shop = f"http://127.0.0.1:{found[1]}"
    demo.start("traffic", ["node", "traffic.mjs", shop], SHOP / "gateway", None)
    return shop, ui


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--any-ports", action="store_true", help=f"free ports instead of {SHOP_PORT} and 16686"
    )
    arguments = parser.parse_args()

    over = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: over.set())

    directory = Path(tempfile.mkdtemp(prefix="tracewell-demo-"))
    demo = Demo(directory)
    postgres = None
    try:
        postgres = LocalPostgres()
        shop, ui = start_all(demo, postgres, arguments.any_ports)
        print(f"shop       {shop}")
        print(f"traces     {ui}/search")
        print(f"slow       {ui}/search?q=%7B%20duration%20%3E%201s%20%7D")
        print(f"failing    {ui}/search?q=%7B%20status%20%3D%20error%20%7D")
        print("Ctrl-C ends everything.", flush=True)
        while not over.wait(1):
            if name := demo.ended():
                print(
                    f"{name} has ended:\n{(directory / f'{name}.log').read_text()}", file=sys.stderr
                )
                return 1
        return 0
    finally:
        demo.stop()
        if postgres:
            postgres.stop()
        shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())

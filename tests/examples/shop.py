"""The shop as processes: gateway, orders, and the inventory where it is built."""

import os
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
from applications import LISTENING, free_port, sdk_environment
from processes import Process
from tracewell import REPOSITORY

SHOP = REPOSITORY / "examples" / "shop"


def inventory_binary() -> Path | None:
    """What INVENTORY_BIN names; None where it is not built."""
    named = os.environ.get("INVENTORY_BIN")
    return Path(named) if named else None


class Shop:
    """A running shop; whoever makes a request reads the trace by the id it returns."""

    def __init__(self, url: str, processes: list[Process]) -> None:
        self.url = url
        self._processes = processes
        # Without it, the orders service plays its part.
        names = [process.name for process in processes]
        self.inventory = "inventory" if "inventory" in names else "orders"

    def request(self, method: str, path: str, status: int, **json: object) -> str:
        """One request with an expected answer; returns its trace id."""
        response = httpx.request(method, f"{self.url}{path}", json=json or None, timeout=20)
        assert response.status_code == status, response.text
        return response.headers["x-trace-id"]

    def stop(self) -> dict[str, int]:
        """Asks all services to end; their exit codes."""
        with ThreadPoolExecutor() as pool:
            codes = pool.map(lambda process: process.stop(deadline_s=40), self._processes)
        return dict(zip([process.name for process in self._processes], codes, strict=True))


@contextmanager
def running_shop(
    directory: Path, otlp_endpoint: str, database_url: str, propagators: str
) -> Iterator[Shop]:
    """The shop, sending there over HTTP, with these propagators in each of its services."""
    directory.mkdir()
    processes: list[Process] = []

    def start(name: str, command: list[str], cwd: Path, **variables: str) -> str:
        env = sdk_environment(name, "http/protobuf", otlp_endpoint)
        env |= {"OTEL_PROPAGATORS": propagators, "DATABASE_URL": database_url, **variables}
        process = Process(name, command, directory / f"{name}.log", env, cwd)
        processes.append(process)
        return f"http://127.0.0.1:{process.wait_for_line(LISTENING)[0].split()[-1]}"

    try:
        orders_port = str(free_port())
        inventory = inventory_binary()
        inventory_url = f"http://127.0.0.1:{orders_port}"
        if inventory is not None:
            inventory_url = start("inventory", [str(inventory)], SHOP, PORT="0")
        orders = start(
            "orders", [sys.executable, "orders.py"], SHOP / "orders",
            PORT=orders_port, INVENTORY_URL=inventory_url,
        )  # fmt: skip
        gateway = start(
            "gateway", ["node", "--import", "./tracing.mjs", "gateway.mjs"], SHOP / "gateway",
            PORT="0", ORDERS_URL=orders, INVENTORY_URL=inventory_url,
        )  # fmt: skip
        yield Shop(gateway, processes)
    finally:
        for process in reversed(processes):
            process.kill()

"""A real broker of Kafka: one node, on free ports, with a data directory of its own."""

import os
import socket
import subprocess
from pathlib import Path

from polling import wait_for
from processes import Process

# Where `kafka/prepare` put it; nothing where it could not.
LIBRARIES = Path(os.environ.get("TRACEWELL_TEST_KAFKA", "/nowhere"))

CLUSTER = "AAAAAAAAAAAAAAAAAAAAAA"


def free_ports(count: int) -> list[int]:
    """Ports that were free a moment ago, each another one."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [server.getsockname()[1] for server in sockets]
    for server in sockets:
        server.close()
    return ports


class Broker:
    """A running broker that makes topics of three partitions when they are asked for."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir()
        port, controller = free_ports(2)
        self.address = f"127.0.0.1:{port}"
        settings = {
            "process.roles": "broker,controller",
            "node.id": "1",
            "controller.quorum.voters": f"1@127.0.0.1:{controller}",
            "listeners": f"PLAINTEXT://{self.address},CONTROLLER://127.0.0.1:{controller}",
            "advertised.listeners": f"PLAINTEXT://{self.address}",
            "controller.listener.names": "CONTROLLER",
            "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
            "log.dirs": str(directory / "data"),
            "num.partitions": "3",
            "offsets.topic.replication.factor": "1",
        }
        self._settings = directory / "server.properties"
        self._settings.write_text("".join(f"{key}={value}\n" for key, value in settings.items()))
        self._log = directory / "broker.log"
        subprocess.run(
            [*self._java("128m"), "kafka.tools.StorageTool", "format", "-t", CLUSTER, "-c", self._settings],
            check=True,
            capture_output=True,
        )
        self.start()

    def _java(self, memory: str) -> list[str]:
        return ["java", f"-Xmx{memory}", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", f"{LIBRARIES}/*"]

    def start(self) -> None:
        """Starts it, or starts it again on what it has."""
        command = [*self._java("384m"), "kafka.Kafka", self._settings]
        self._process = Process("kafka", command, self._log, os.environ)
        wait_for("the broker", self._is_open, 120.0)

    def _is_open(self) -> bool | None:
        host, port = self.address.split(":")
        try:
            socket.create_connection((host, int(port)), 1.0).close()
        except OSError:
            return None
        return True

    def kill(self) -> None:
        """Ends it at once."""
        self._process.kill()

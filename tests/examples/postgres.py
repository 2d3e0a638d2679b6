"""A real PostgreSQL in a temporary folder, on a free port, gone when the tests are."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
from pathlib import Path

from applications import free_port
from polling import wait_for

ACCOUNT = "nobody"  # PostgreSQL refuses to run as root


class Postgres:
    """A running server with the database `postgres` and the user `tracewell`, without a password."""

    def __init__(self) -> None:
        programs = Path(os.environ["POSTGRES_BIN"])
        # Not below pytest's own folder: the other account could not enter that.
        self._directory = Path(tempfile.mkdtemp(prefix="tracewell-postgres-"))
        account: dict[str, str | list[str]] = {}
        if os.geteuid() == 0:
            shutil.chown(self._directory, ACCOUNT)
            account = {"user": ACCOUNT, "extra_groups": []}
        data = self._directory / "data"
        initdb = [programs / "initdb", "-D", data, "-U", "tracewell", "--auth=trust", "-E", "UTF8"]
        subprocess.run(
            [*initdb, "--no-sync", "--locale=C"],
            check=True, capture_output=True, cwd=self._directory, timeout=60, **account,
        )  # fmt: skip
        self.port = free_port()
        options = ["-c", "listen_addresses=127.0.0.1", "-c", "fsync=off", "-k", ""]
        with (self._directory / "log").open("wb") as log:
            self._process = subprocess.Popen(
                [programs / "postgres", "-D", data, "-p", str(self.port), *options],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self._directory, **account,
            )  # fmt: skip
        self.url = f"postgres://tracewell@127.0.0.1:{self.port}/postgres"
        wait_for("PostgreSQL to listen", self._listens, deadline_s=30)

    def _listens(self) -> bool:
        log = (self._directory / "log").read_text(errors="replace")
        assert self._process.poll() is None, f"postgres ended:\n{log}"
        if "ready to accept connections" not in log:
            return False
        socket.create_connection(("127.0.0.1", self.port), timeout=5).close()
        return True

    def stop(self) -> None:
        """Ends the server at once, open connections or not, and removes its files."""
        self._process.send_signal(signal.SIGINT)
        self._process.wait(30)
        shutil.rmtree(self._directory, ignore_errors=True)

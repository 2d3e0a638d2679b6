"""A PostgreSQL of one's own: in a temporary folder, on a free port, gone when stopped.

Standard library only, as `make demo` starts it before anything is installed.
POSTGRES_BIN names the folder of initdb and postgres (xtask/postgres prints it).
"""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

ACCOUNT = "nobody"  # PostgreSQL refuses to run as root
START_LIMIT_S = 30


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


class LocalPostgres:
    """A running server: database `postgres`, user `tracewell`, no password."""

    def __init__(self) -> None:
        self._programs = Path(os.environ["POSTGRES_BIN"])
        # Directly under the folder for temporary files: the other account could not
        # enter one that belongs to root.
        self.directory = Path(tempfile.mkdtemp(prefix="tracewell-postgres-"))
        self._account: dict = {}
        if os.geteuid() == 0:
            shutil.chown(self.directory, ACCOUNT)
            self._account = {"user": ACCOUNT, "extra_groups": []}
        self._data = self.directory / "data"
        self._log = self.directory / "log"
        self._process: subprocess.Popen | None = None
        try:
            self._create()
            self._start()
        except BaseException:
            self.stop()
            raise

    def _create(self) -> None:
        options = ["-U", "tracewell", "--auth=trust", "-E", "UTF8", "--locale=C", "--no-sync"]
        subprocess.run(
            [self._programs / "initdb", "-D", self._data, *options],
            cwd=self.directory,
            stdout=subprocess.DEVNULL,
            check=True,
            timeout=60,
            **self._account,
        )

    def _start(self) -> None:
        self.port = free_port()
        # No socket file, and no waiting for the disk: it is all thrown away.
        options = ["-p", str(self.port), "-k", ""]
        options += ["-c", "listen_addresses=127.0.0.1", "-c", "fsync=off"]
        # Should we be killed, and stop never be called, the kernel ends it (Linux).
        setpriv = shutil.which("setpriv")
        ends_with_us = [setpriv, "--pdeathsig", "INT", "--"] if setpriv else []
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [*ends_with_us, self._programs / "postgres", "-D", self._data, *options],
                cwd=self.directory,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # Ctrl-C in a terminal is for whoever started us, who then calls stop.
                start_new_session=True,
                **self._account,
            )
        limit = time.monotonic() + START_LIMIT_S
        while "ready to accept connections" not in self._log.read_text(errors="replace"):
            if self._process.poll() is not None or time.monotonic() > limit:
                raise RuntimeError(f"postgres did not start:\n{self._log.read_text()}")
            time.sleep(0.05)

    @property
    def url(self) -> str:
        """What DATABASE_URL is set to."""
        return f"postgres://tracewell@127.0.0.1:{self.port}/postgres"

    def load(self, script: Path) -> None:
        """Runs an SQL file."""
        subprocess.run(
            [self._programs / "psql", "-q", "-v", "ON_ERROR_STOP=1", "-f", script, self.url],
            check=True,
            stdout=subprocess.DEVNULL,
            timeout=60,
        )

    def stop(self) -> None:
        """Ends the server at once, open connections or not, and removes its files."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(30)
        shutil.rmtree(self.directory, ignore_errors=True)

"""The services of examples/rust/services as processes, and the webhook that one of them calls."""

import secrets
import subprocess
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import httpx
from applications import LISTENING, sdk_environment
from polling import wait_for
from processes import Process
from programs import EXAMPLES, rust

HERE = EXAMPLES / "rust"


def trace_parent() -> tuple[str, dict[str, str]]:
    """A new trace's id, and the headers of a request in it."""
    trace_id = secrets.token_hex(16)
    return trace_id, {"traceparent": f"00-{trace_id}-{secrets.token_hex(8)}-01"}


class Webhook:
    """Answers every request with 200, and keeps the contexts that it was sent."""

    def __init__(self) -> None:
        contexts = self._contexts = []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                contexts.append(self.headers["traceparent"])
                self.rfile.read(int(self.headers["content-length"]))
                self.send_response(200)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}/booked"

    def received(self, trace_id: str) -> str:
        """Waits for the context of this trace, as it was written."""

        def probe() -> str | None:
            return next((it for it in self._contexts if it and trace_id in it), None)

        return wait_for(f"a call in {trace_id}", probe)

    def stop(self) -> None:
        """No request is answered any more."""
        self._server.shutdown()
        self._server.server_close()


class Services:
    """Seats, booking before them, and what calls them and ends at once."""

    def __init__(
        self, directory: Path, otlp_endpoint: str, database_url: str, **variables: str
    ) -> None:
        self._directory = directory
        self._env = sdk_environment("", "http/protobuf", otlp_endpoint)
        # Without a name from outside: the one in the code is the default.
        del self._env["OTEL_SERVICE_NAME"]
        self._env |= {"PORT": "0", "SHOWS": "Casablanca=120,Metropolis=3,Nosferatu=dark"}
        self._env |= variables
        self._processes: list[Process] = []
        self.webhook = Webhook()
        try:
            self._env["SEATS_URL"] = self._start("seats")
            self.url = self._start("booking", DATABASE_URL=database_url, WEBHOOK=self.webhook.url)
        except BaseException:
            self.__exit__()
            raise

    def _command(self, name: str) -> str:
        return rust(self._directory).command(name, False)[0]

    def _start(self, name: str, **variables: str) -> str:
        log = self._directory / f"{name}.log"
        process = Process(name, [self._command(name)], log, self._env | variables, HERE)
        self._processes.append(process)
        return f"http://127.0.0.1:{process.wait_for_line(LISTENING)[0].split()[-1]}"

    def _run(self, *command: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command, env=self._env | variables, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip

    def book(self, show: str, seats: int, headers: dict[str, str]) -> httpx.Response:
        """Asks for a booking."""
        wanted = {"show": show, "seats": seats}
        return httpx.post(f"{self.url}/bookings", json=wanted, headers=headers, timeout=20)

    def reserve(self, show: str, seats: str) -> subprocess.CompletedProcess[str]:
        """Runs the client of the seats to its end."""
        return self._run(self._command("seats"), "reserve", show, seats)

    def settle(self, file: Path, **variables: str) -> subprocess.CompletedProcess[str]:
        """Runs the batch to its end."""
        return self._run(self._command("settlement"), str(file), **variables)

    def stop(self) -> dict[str, int]:
        """Asks both services to end; their exit codes."""
        with ThreadPoolExecutor() as pool:
            codes = pool.map(lambda process: process.stop(deadline_s=40), self._processes)
        return dict(zip([process.name for process in self._processes], codes, strict=True))

    def __enter__(self) -> "Services":
        return self

    def __exit__(self, *_error: object) -> None:
        for process in reversed(self._processes):
            process.kill()
        self.webhook.stop()

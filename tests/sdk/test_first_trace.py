"""The snippets of docs/getting-started.md do what the page says, and are on it."""

import os
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from polling import wait_for
from query_api import Generation, QueryApi
from tracewell import REPOSITORY, Tracewell
from trees import draw

EXAMPLES = REPOSITORY / "examples" / "first-trace"
GUIDE = REPOSITORY / "docs" / "getting-started.md"

# The promise of the guide: from the end of the program to the search page.
VISIBLE_WITHIN_S = 2.0

FIRST_TRACE = "first-trace internal checkout\n  first-trace internal charge card"


@dataclass(frozen=True)
class Snippet:
    """One way of sending the first trace."""

    source: Path
    command: list[str | Path]
    protocol: str
    sdk_language: str | None


def cargo_target() -> Path:
    """Where `run` has built the Rust snippet."""
    return Path(os.environ.get("CARGO_TARGET_DIR", REPOSITORY / "target"))


SNIPPETS = {
    "node": Snippet(
        EXAMPLES / "node" / "first-trace.js",
        ["node", EXAMPLES / "node" / "first-trace.js"],
        "http/protobuf",
        "nodejs",
    ),
    "python": Snippet(
        EXAMPLES / "python" / "first_trace.py",
        [sys.executable, EXAMPLES / "python" / "first_trace.py"],
        "grpc",
        "python",
    ),
    "rust": Snippet(
        EXAMPLES / "rust" / "src" / "main.rs",
        [cargo_target() / "debug" / "first-trace"],
        "http/protobuf",
        "rust",
    ),
    "curl": Snippet(EXAMPLES / "curl.sh", [EXAMPLES / "curl.sh"], "http/json", None),
}

each_snippet = pytest.mark.parametrize("language", SNIPPETS)


def trace_id_of(output: str) -> str:
    """The trace id in the address that a snippet prints."""
    [trace_id] = re.findall(r"^http://localhost:16686/trace/([0-9a-f]{32})$", output, re.MULTILINE)
    return trace_id


@each_snippet
def test_the_first_trace_is_found_within_two_seconds(
    language: str, tracewell: Tracewell, api: QueryApi
) -> None:
    snippet = SNIPPETS[language]
    env = {k: v for k, v in os.environ.items() if not k.startswith("OTEL_")}
    env["OTEL_EXPORTER_OTLP_ENDPOINT"] = tracewell.otlp_endpoint(snippet.protocol)
    done = subprocess.run(
        snippet.command, env=env, capture_output=True, text=True, timeout=30, check=False
    )
    ended = time.monotonic()
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    trace_id = trace_id_of(done.stdout)

    service = f"first-trace-{language}"
    wait_for(
        f"{service} in a search",
        lambda: trace_id in {trace["traceID"] for trace in api.search(service=service)},
        VISIBLE_WITHIN_S - (time.monotonic() - ended),
    )
    for generation in Generation:
        spans = api.trace(trace_id, generation)
        assert draw(spans, {service: "first-trace"}) == FIRST_TRACE
        [checkout] = [span for span in spans if span.name == "checkout"]
        assert checkout.attributes == {"order.id": 42}
        assert checkout.resource["service.version"] == "1.0.0"
        assert checkout.resource.get("telemetry.sdk.language") == snippet.sdk_language


@each_snippet
def test_the_guide_shows_the_file_that_is_tested(language: str) -> None:
    source = SNIPPETS[language].source
    blocks = re.findall(r"^```\w+\n(.*?)^```$", GUIDE.read_text(), re.MULTILINE | re.DOTALL)
    assert source.read_text() in blocks, f"{GUIDE.name} differs from {source}"


def test_the_guide_shows_the_manifest_of_the_rust_project() -> None:
    manifest = (EXAMPLES / "rust" / "Cargo.toml").read_text()
    [dependencies] = re.findall(r"^\[dependencies\]\n.*?\n\n", manifest, re.MULTILINE | re.DOTALL)
    assert f"```toml\n{dependencies.rstrip()}\n```" in GUIDE.read_text()

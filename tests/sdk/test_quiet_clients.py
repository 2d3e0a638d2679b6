"""A default SDK also sends metrics and logs, and must never log an error over it."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from applications import Applications, Exporters
from conftest import EXPORTERS, send_traffic
from refusing_endpoint import GRPC_METHODS, HTTP_PATHS, RefusingEndpoint
from tracewell import Tracewell


def complaints(
    exporters: Exporters, endpoint: Callable[[str], str], directory: Path
) -> dict[str, str]:
    """What each SDK says of a run that sent all three signals and ended properly."""
    applications = Applications(exporters, endpoint, directory)
    try:
        send_traffic(applications)
        return applications.stop()
    finally:
        applications.kill()


@pytest.mark.parametrize("exporters", EXPORTERS, ids=lambda exporters: exporters.name)
def test_sdks_have_nothing_to_complain_about(
    exporters: Exporters, tracewell: Tracewell, tmp_path: Path
) -> None:
    exporters = replace(exporters, name=f"quiet-{exporters.name}")
    said = complaints(exporters, tracewell.otlp_endpoint, tmp_path)
    assert said == {"shop": "", "stock": ""}


@pytest.mark.parametrize("refused", ["metrics", "logs"])
@pytest.mark.parametrize("protocol", ["grpc", "http/protobuf"])
def test_an_sdk_does_complain_of_one_refused_signal(
    protocol: str, refused: str, tmp_path: Path
) -> None:
    endpoint = RefusingEndpoint(refused)
    try:
        exporters = Exporters("refused", node=protocol, python=protocol)
        said = complaints(exporters, endpoint.otlp_endpoint, tmp_path)
    finally:
        endpoint.close()
    # Both SDKs share the endpoint; the words show that each of them met the refusal.
    asked = GRPC_METHODS if protocol == "grpc" else HTTP_PATHS
    assert endpoint.asked == set(asked.values())
    refusal = "UNIMPLEMENTED" if protocol == "grpc" else "Not Found"
    for application, words in said.items():
        assert refusal in words, f"{application} says only: {words!r}"

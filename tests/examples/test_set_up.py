"""The two set-ups that are written out: resource, exporter, one span."""

import subprocess
from pathlib import Path

import pytest

from applications import sdk_environment
from programs import Programs, only, rust


@pytest.mark.parametrize("protocol", ["grpc", "http"])
def test_one_span_arrives_with_its_resource(programs: Programs, protocol: str) -> None:
    # No service name from outside: what stands in the example must be what arrives.
    wire = "grpc" if protocol == "grpc" else "http/protobuf"
    run = programs.run(f"setup-{protocol}", protocol=wire, service=None)
    spans = run.trace(f"- internal set-up over {'gRPC' if protocol == 'grpc' else 'HTTP'}")
    [span] = spans
    assert (span.scope[0], span.status) == ("setup", "unset")
    wanted = {
        "service.name": "my-service",
        "service.version": "1.0.0",
        "deployment.environment.name": "production",
        "telemetry.sdk.language": programs.language.sdk_language,
        "telemetry.sdk.name": programs.language.sdk_name,
    }
    assert span.resource.items() >= wanted.items()
    # The line that this run is meant to prove.
    assert str(span.resource["telemetry.sdk.version"]).startswith(programs.language.sdk_line)


def test_the_shared_set_up_follows_the_standard_variables(programs: Programs) -> None:
    run = programs.run("manual", protocol="grpc", service="named-outside")
    [root, *_] = [span for span in run.spans(run.trace_ids[0], 4) if not span.parent_id]
    wanted = {
        "service.name": "named-outside",
        "service.version": "1.2.3",
        "deployment.environment.name": "test",
    }
    assert root.resource.items() >= wanted.items()
    assert only(run.spans(run.trace_ids[0], 4), "processOrder").service == "named-outside"


def test_json_over_http_is_the_third_protocol(programs: Programs) -> None:
    if programs.language.name != "rust":
        pytest.skip("of the SDKs' protocols, Rust's is our own")
    run = programs.run("manual", protocol="http/json")
    spans = run.spans(run.trace_ids[0], 4)
    assert only(spans, "processPayment").parent_id == only(spans, "processOrder").span_id
    assert only(spans, "processOrder").attributes["order.id"] == "A-17"


def test_https_without_its_feature_is_an_error_that_names_it(tmp_path: Path) -> None:
    # Here, as the crate's own tests have the feature; the examples do not.
    language = rust(tmp_path)
    done = subprocess.run(
        language.command("manual", False),
        env=sdk_environment("manual", "http/protobuf", "https://127.0.0.1:1"),
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "features = [\"tls\"] or use an http endpoint" in done.stderr

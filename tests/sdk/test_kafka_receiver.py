"""The receiver `kafka` behind a real broker: what others wrote, and what we did."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from kafka import KafkaProducer

from broker import LIBRARIES, Broker
from polling import wait_for
from query_api import Generation, QueryApi
from test_collector import SPANS, request
from test_pipelines import CLOSED, Sent, front, post
from tracewell import Tracewell

pytestmark = pytest.mark.skipif(
    not LIBRARIES.is_dir(), reason="needs Java and Maven for a broker (tests/sdk/run says more)"
)

PORT = {"endpoint": "127.0.0.1:0"}


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """One for all tests: each has topics of its own."""
    broker = Broker(tmp_path_factory.mktemp("kafka") / "broker")
    yield broker
    broker.kill()


def reader(directory: Path, broker: Broker, topic: str, encoding: str = "otlp_proto", **more: object) -> Tracewell:
    """A Tracewell that stores what stands in a topic."""
    directory.mkdir()
    kafka = {
        "brokers": [broker.address],
        "traces": {"topics": [topic], "encoding": encoding},
        "initial_offset": "earliest",
        "autocommit": {"interval": "50ms"},
    } | more
    config = {
        "receivers": {"otlp": {"protocols": {"grpc": PORT, "http": PORT}}, "kafka": kafka},
        "exporters": {"tracewell": None},
        "service": {"pipelines": {"traces": {"receivers": ["otlp", "kafka"], "exporters": ["tracewell"]}}},
    }
    path = directory / "collector.yaml"
    path.write_text(json.dumps(config))
    return Tracewell(directory, "--config", str(path), *CLOSED)


def write(broker: Broker, topic: str, traces: range) -> None:
    """Puts a record of OTLP's JSON into the topic for each trace, by a client of somebody else."""
    producer = KafkaProducer(bootstrap_servers=broker.address, acks="all", retries=20)
    for trace in traces:
        producer.send(topic, request(trace)).get(60)
    producer.close()


def spans(server: Tracewell, trace: int) -> int:
    """How many spans of a trace are there."""
    found = QueryApi(server.query_http).body(f"{trace:032x}", Generation.CLASSIC)
    return len(found["data"][0]["spans"]) if found else 0


def all_are_there(server: Tracewell, traces: range) -> bool:
    return all(spans(server, trace) == SPANS for trace in traces)


def account(server: Tracewell) -> dict:
    receivers = QueryApi(server.query_http).json("/api/status")["receivers"]
    return next((receiver for receiver in receivers if receiver["name"] == "kafka"), {})


@pytest.mark.parametrize(
    ("encoding", "compression"),
    [
        ("otlp_proto", "zstd"),
        ("otlp_json", "gzip"),
        ("jaeger_proto", "snappy"),
        ("zipkin_proto", "none"),
        ("zipkin_json", "none"),
    ],
)
def test_what_our_exporter_wrote_is_read(broker: Broker, tmp_path: Path, encoding: str, compression: str) -> None:
    topic = f"read-{encoding}"
    exporter = {
        "brokers": [broker.address],
        "traces": {"topic": topic, "encoding": encoding},
        "timeout": "20s",
        "producer": {"compression": compression},
    }
    writing = front(tmp_path / "front", "kafka", exporter)
    try:
        post(writing, 2)
    finally:
        writing.kill()
    server = reader(tmp_path / "reader", broker, topic, encoding)
    try:
        wait_for("the trace", lambda: spans(server, 2) == SPANS, 60.0)
        if encoding.startswith("otlp"):
            Sent(server).assert_same(2, encoding)
        now = account(server)
        assert (now["received"], now["stored"], now["inFlight"]) == (SPANS, SPANS, 0)
    finally:
        server.kill()


def test_it_goes_on_where_it_was_and_passes_over_what_is_no_record_of_spans(broker: Broker, tmp_path: Path) -> None:
    topic = "goes-on"
    write(broker, topic, range(1, 4))
    server = reader(tmp_path / "reader", broker, topic, "otlp_json")
    try:
        wait_for("what was there", lambda: all_are_there(server, range(1, 4)), 60.0)
        assert server.stop() == 0
        producer = KafkaProducer(bootstrap_servers=broker.address, acks="all")
        producer.send(topic, b"no JSON at all").get(60)
        producer.close()
        write(broker, topic, range(4, 7))
        server.start()
        wait_for("what came meanwhile", lambda: all_are_there(server, range(4, 7)), 60.0)
        wait_for("the bad record", lambda: account(server)["requests"].get("undecodable") == 1, 60.0)
        assert account(server)["received"] == 3 * SPANS, "nothing is read twice after an end in order"
    finally:
        server.kill()


def test_a_topic_that_comes_later_is_read_from_its_first_record(broker: Broker, tmp_path: Path) -> None:
    server = reader(tmp_path / "reader", broker, "comes-later", "otlp_json", initial_offset="latest")
    try:
        wait_for("its absence", lambda: "no topic comes-later" in server.output(), 60.0)
        write(broker, "comes-later", range(1, 3))
        wait_for("its traces", lambda: all_are_there(server, range(1, 3)), 60.0)
    finally:
        server.kill()


def test_nothing_is_lost_with_a_reader_and_a_broker_that_are_killed(broker: Broker, tmp_path: Path) -> None:
    topic = "killed"
    write(broker, topic, range(1, 2))
    server = reader(tmp_path / "reader", broker, topic, "otlp_json")
    try:
        for part in range(3):
            write(broker, topic, range(2 + part * 10, 12 + part * 10))
            server.kill()
            server.start()
        broker.kill()
        broker.start()
        write(broker, topic, range(32, 42))
        wait_for("all traces", lambda: all_are_there(server, range(1, 42)), 120.0)
    finally:
        server.kill()

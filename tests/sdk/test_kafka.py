"""The exporter `kafka` before a real broker, read back by a client of somebody else.

What stands in the records is sent to a Tracewell as it is, and must read there as the
trace that was sent directly.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from kafka import KafkaConsumer, TopicPartition

from broker import LIBRARIES, Broker
from polling import wait_for
from query_api import QueryApi
from test_collector import SPANS, request
from test_pipelines import Sent, front, post, post_through
from tracewell import Tracewell

pytestmark = pytest.mark.skipif(
    not LIBRARIES.is_dir(), reason="needs Java and Maven for a broker (tests/sdk/run says more)"
)

PATHS = {
    "otlp_proto": ("/v1/traces", "application/x-protobuf"),
    "otlp_json": ("/v1/traces", "application/json"),
}

COMPRESSIONS = ["none", "gzip", "snappy", "zstd"]


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """One for all tests: each has topics of its own."""
    broker = Broker(tmp_path_factory.mktemp("kafka") / "broker")
    yield broker
    broker.kill()


def records(broker: Broker, topic: str) -> list[tuple[int, str | None, bytes]]:
    """Everything in a topic: partition, key and value."""
    consumer = KafkaConsumer(bootstrap_servers=broker.address, auto_offset_reset="earliest", enable_auto_commit=False)
    partitions = [TopicPartition(topic, number) for number in consumer.partitions_for_topic(topic) or ()]
    consumer.assign(partitions)
    consumer.seek_to_beginning(*partitions)
    ends = consumer.end_offsets(partitions)
    found = []

    def all_of_it() -> bool | None:
        for of_partition in consumer.poll(timeout_ms=200).values():
            for record in of_partition:
                found.append((record.partition, record.key and record.key.decode(), record.value))
        is_read = all(consumer.position(partition) >= ends[partition] for partition in partitions)
        return True if is_read else None

    wait_for(f"the records of {topic}", all_of_it, 60.0)
    consumer.close()
    return found


def kafka(broker: Broker, topic: str, **more: object) -> dict:
    """The section of an exporter."""
    return {"brokers": [broker.address], "traces": {"topic": topic}, "timeout": "20s"} | more


def test_records_are_requests_of_otlp_in_every_compression(
    own_server: Tracewell, broker: Broker, tmp_path: Path
) -> None:
    sent = Sent(own_server)
    ways = [(encoding, compression) for encoding in PATHS for compression in COMPRESSIONS]
    for trace, (encoding, compression) in enumerate(ways, start=2):
        name = f"{encoding}-{compression}"
        producer = {"compression": compression, "required_acks": 1}
        exporter = kafka(broker, name, traces={"topic": name, "encoding": encoding}, producer=producer)
        server = front(tmp_path / name, "kafka", exporter)
        try:
            post_through(server, trace)
        finally:
            server.kill()
        path, media_type = PATHS[encoding]
        for _, key, value in records(broker, name):
            assert key is None
            url, headers = f"{own_server.otlp_http}{path}", {"content-type": media_type}
            assert httpx.post(url, content=value, headers=headers).status_code == 200
        sent.assert_same(trace, name)


@pytest.mark.parametrize("encoding", ["otlp_proto", "zipkin_json", "jaeger_proto"])
def test_traces_stay_together_in_the_partition_that_the_collector_chooses(
    broker: Broker, tmp_path: Path, encoding: str
) -> None:
    topic = f"by-trace-{encoding}"
    exporter = kafka(broker, topic, traces={"topic": topic, "encoding": encoding}, partition_traces_by_id=True)
    server = front(tmp_path / "front", "kafka", exporter)
    traces = range(1, 13)
    try:
        for trace in traces:
            post(server, trace)
    finally:
        server.kill()
    found = records(broker, topic)
    assert {key for _, key, _ in found} == {f"{trace:032x}" for trace in traces}
    for partition, key, value in found:
        assert key is not None
        assert partition == sarama(key.encode(), 3), key
        if encoding == "zipkin_json":
            # Zipkin's ids may be short.
            assert {span["traceId"].zfill(32) for span in json.loads(value)} == {key}
        if encoding == "jaeger_proto":
            # The first field is the id; there is a record for each span.
            assert value[:2] == b"\x0a\x10" and value[2:18].hex() == key
    per_trace = SPANS if encoding == "jaeger_proto" else 1
    assert len(found) == 12 * per_trace
    assert len({partition for partition, _, _ in found}) > 1


def sarama(key: bytes, partitions: int) -> int:
    """Where Sarama's hash puts a key: the remainder has the sign of the hash, and loses it."""
    hash = 0x811C9DC5
    for byte in key:
        hash = (hash ^ byte) * 0x01000193 & 0xFFFFFFFF
    signed = hash - (1 << 32) if hash >> 31 else hash
    return abs(signed) % partitions


def test_nothing_that_was_acknowledged_is_lost_with_a_broker_that_is_killed(
    own_server: Tracewell, broker: Broker, tmp_path: Path
) -> None:
    storage = {"directory": str(tmp_path / "queue")}
    exporter = kafka(
        broker,
        "after-the-kill",
        timeout="3s",
        sending_queue={"storage": "file_storage"},
        retry_on_failure={"initial_interval": "100ms", "max_interval": "500ms"},
    )
    server = front(tmp_path / "front", "kafka", exporter, {"file_storage": storage})
    try:
        post(server, 1)
        broker.kill()
        for trace in range(2, 12):
            post(server, trace)
        broker.start()
        account = QueryApi(server.query_http)

        def is_sent() -> bool | None:
            account_now = account.json("/api/status")["exporters"][0]
            return True if account_now["inFlight"] == 0 else None

        wait_for("the queue to empty", is_sent, 120.0)
    finally:
        server.kill()
    for _, _, value in records(broker, "after-the-kill"):
        url = f"{own_server.otlp_http}/v1/traces"
        headers = {"content-type": "application/x-protobuf"}
        assert httpx.post(url, content=value, headers=headers).status_code == 200
    api = QueryApi(own_server.query_http)
    for trace in range(1, 12):
        assert api.json(f"/api/traces/{trace:032x}")["data"], trace


def test_what_is_too_large_for_a_message_goes_in_pieces(broker: Broker, tmp_path: Path) -> None:
    exporter = kafka(broker, "large", producer={"max_message_bytes": 100_000})
    server = front(tmp_path / "front", "kafka", exporter)
    body = json.loads(request(1))
    spans = body["resourceSpans"][0]["scopeSpans"][0]["spans"]
    one = spans[0]
    spans[:] = [
        one | {"spanId": f"{number + 1:016x}", "attributes": [{"key": "text", "value": {"stringValue": "x" * 5_000}}]}
        for number in range(100)
    ]
    del body["resourceSpans"][1:]
    try:
        answer = httpx.post(f"{server.otlp_http}/v1/traces", json=body, timeout=60)
        assert answer.status_code == 200, answer.text
    finally:
        server.kill()
    found = records(broker, "large")
    assert len(found) > 5
    assert max(len(value) for _, _, value in found) <= 100_000

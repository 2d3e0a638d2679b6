"""What the story of `older/` becomes, by client, written out whole.

A request "GET /cart" at the shop asks the stock to reserve, which counts its
shelves and fails; later the stock notifies. Each library tells this with what
it has: types, logs, kinds, links, shared ids.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from older_clients import Story
from query_api import Value

TICK_NS = 10**9 // 64


@dataclass
class Told:
    """One span of the story. Times in ticks of 1/64 s after its start."""

    role: str
    name: str
    kind: str
    parent: str
    start: int
    ticks: int
    attributes: dict[str, Value] = field(default_factory=dict)
    events: list[tuple[int, str, dict[str, Value]]] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    status: str = "unset"
    status_message: str = ""
    resource: dict[str, Value] = field(default_factory=dict)
    scope: tuple[str, str] = ("", "")
    flags: int = 1


Spans = dict[str, Told]

OWNER = "Zoë 🛒"
BIG = 2**62 + 1


def calls(*, shares_ids: bool, root_name: str = "GET /cart") -> Spans:
    """The call and what it causes: the part that all libraries can tell."""
    return {
        "cart": Told("shop", root_name, "server", "", 0, 8),
        "reserve": Told("shop", "reserve", "client", "cart", 1, 5),
        # Whoever shares the id of the client also has its parent.
        "served": Told(
            "stock", "reserve", "server", "cart" if shares_ids else "reserve", 2, 3
        ),
        "count": Told("stock", "count shelves", "unspecified", "served", 3, 1),
    }


def jaeger_client(story: Story, numbers: Callable[[int], Value], error_kind: str) -> Spans:
    """Both OpenTracing libraries of Jaeger."""
    spans = calls(shares_ids=True) | {
        "notify": Told("stock", "notify", "unspecified", "cart", 9, 2, links=["cart"])
    }
    spans["cart"].attributes = {
        "sampler.type": "const",
        "sampler.param": True,
        "http.status_code": numbers(200),
        "cart.total": 12.5,
        "cart.empty": False,
        "cart.owner": OWNER,
    }
    spans["cart"].events = [
        (1, "cart opened", {"items": numbers(3), "guest": True}),
        (2, "no event, only a message", {}),
    ]
    spans["reserve"].attributes = {"peer.service": story.client.services["stock"]}
    count = spans["count"]
    count.status = "error"
    count.events = [(4, "error", {"error.kind": error_kind, "message": "shelf is locked"})]
    for span in spans.values():
        span.resource = {"service.version": "1.2.3", "replicas": numbers(2)}
    return spans


def jaeger_node(story: Story) -> Spans:
    """JavaScript has one type of number, and objects."""
    spans = jaeger_client(story, float, "RangeError")
    spans["cart"].attributes |= {
        "cart.raw": bytes([0, 159, 255]),
        "cart.lines": '[{"sku":"a-1"}]',
    }
    for span in spans.values():
        span.resource["opencensus.exporterversion"] = "Jaeger-Node-3.19.0"
    return spans


def jaeger_python(story: Story) -> Spans:
    """Python has whole numbers."""
    spans = jaeger_client(story, int, "KeyError")
    spans["cart"].attributes["cart.number"] = BIG
    for span in spans.values():
        span.resource["opencensus.exporterversion"] = "Jaeger-Python-4.8.0"
    return spans


def zipkin_js(story: Story) -> Spans:
    """Names in small letters; everything is text."""
    spans = calls(shares_ids=True, root_name="get /cart") | {
        "notify": Told("stock", "notify", "producer", "cart", 9, 2),
        "mail": Told("stock", "mail", "consumer", "notify", 12, 2),
    }
    spans["cart"].attributes = {
        "http.status_code": "200",
        "cart.owner": OWNER,
        "net.host.ip": "10.1.2.3",
        "net.host.port": 8080,
        "net.peer.ip": "10.9.8.7",
        "net.peer.port": 40001,
    }
    spans["cart"].events = [(1, "cart opened", {})]
    spans["reserve"].attributes = {
        "net.peer.ip": "10.1.2.4",
        "net.peer.port": 8081,
        "peer.service": story.client.services["stock"],
    }
    fails(spans["count"], "shelf is locked")
    for span in spans.values():
        span.resource = {"service.version": "1.2.3"}
        span.flags = 0
    return spans


def zipkin_js_thrift(story: Story) -> Spans:
    """The encoder knows no messages, and writes the low byte of each UTF-16 unit."""
    spans = zipkin_js(story)
    spans["notify"].kind = spans["mail"].kind = "unspecified"
    spans["cart"].attributes["cart.owner"] = "Zo\ufffd =\ufffd"
    return spans


def py_zipkin(story: Story) -> Spans:
    """All encodings tell the same."""
    spans = calls(shares_ids=True)
    shop = {"net.host.ip": "10.1.2.3", "net.host.port": 8080}
    stock = {"net.host.ip": "10.1.2.4", "net.host.port": 8081}
    for span in spans.values():
        span.attributes = dict(shop if span.role == "shop" else stock)
        span.flags = 0
    spans["cart"].attributes |= {"http.status_code": "200", "cart.owner": OWNER}
    spans["cart"].events = [(1, "cart opened", {})]
    spans["reserve"].attributes |= {
        "net.peer.ip": "10.1.2.4",
        "net.peer.port": 8081,
        "peer.service": story.client.services["stock"],
    }
    fails(spans["count"], "ZipkinError: shelf is locked")
    return spans


def zipkin_udp(story: Story) -> Spans:
    """jaeger-client while it was a client of Zipkin: text, and a tag for what is local."""
    spans = calls(shares_ids=True)
    for span in spans.values():
        span.attributes = {"net.host.ip": "127.0.0.1"}
        span.flags = 0
    # A server's half says who made it, a client's does not.
    for name in ("cart", "served"):
        spans[name].attributes["jaeger.version"] = "Python-3.7.1"
    spans["cart"].attributes |= {
        "sampler.type": "const",
        "sampler.param": "True",
        "http.status_code": "200",
        "cart.owner": OWNER,
        "net.peer.ip": "10.9.8.7",
        "net.peer.port": 40001,
    }
    spans["cart"].events = [(1, "cart opened", {})]
    spans["reserve"].attributes |= {
        "net.peer.ip": "10.1.2.4",
        "net.peer.port": 8081,
        "peer.service": story.client.services["stock"],
    }
    fails(spans["count"], "True")
    spans["count"].attributes["lc"] = story.client.services["stock"]
    return spans


def fails(span: Told, text: str) -> None:
    """Zipkin's way to say that a span failed: a tag, which stays."""
    span.status, span.status_message = "error", text
    span.attributes["error"] = text


def opentelemetry() -> Spans:
    """What OpenTelemetry's SDKs record, before an exporter takes from it."""
    spans = calls(shares_ids=False) | {
        "notify": Told("stock", "notify", "producer", "cart", 9, 2, links=["reserve"])
    }
    spans["cart"].attributes = {
        "http.response.status_code": 200,
        "cart.total": 12.5,
        "cart.empty": False,
        "cart.owner": OWNER,
    }
    spans["cart"].events = [(1, "cart opened", {"items": 3, "guest": True})]
    spans["served"].status = "ok"
    spans["count"].status, spans["count"].status_message = "error", "shelf is locked"
    for span in spans.values():
        span.scope = ("scenario", "2.1.0")
    return spans


def otel_node_jaeger(story: Story) -> Spans:
    """The resource stands in the tags; numbers are floats; lists are joined."""
    spans = opentelemetry()
    spans["cart"].attributes |= {"http.response.status_code": 200.0, "cart.skus": "a-1,b-2"}
    spans["cart"].events = [(1, "cart opened", {"items": 3.0, "guest": True})]
    return with_resource_in_tags(story, spans)


def with_resource_in_tags(story: Story, spans: Spans) -> Spans:
    """As exporters do that have no process tags."""
    for span in spans.values():
        service = story.client.services[span.role]
        span.attributes |= {"service.name": service, "service.version": "1.2.3"}
    return spans


def otel_node_zipkin(_story: Story) -> Spans:
    """Everything is text; scope, links and attributes of events are not sent."""
    spans = opentelemetry()
    spans["cart"].attributes = {
        "http.response.status_code": "200",
        "cart.total": "12.5",
        "cart.empty": "false",
        "cart.owner": OWNER,
        "cart.skus": "a-1,b-2",
    }
    spans["cart"].events = [(1, "cart opened", {})]
    spans["notify"].links = []
    for span in spans.values():
        span.scope, span.flags = ("", ""), 0
        span.resource = {"service.version": "1.2.3"}
    return spans


def otel_py_jaeger(story: Story) -> Spans:
    """Over Thrift the resource stands in the tags alone."""
    spans = opentelemetry()
    spans["cart"].attributes |= {"cart.number": BIG, "cart.skus": "('a-1', 'b-2')"}
    spans["count"].kind = "internal"
    return with_resource_in_tags(story, spans)


def otel_py_jaeger_grpc(story: Story) -> Spans:
    """Over gRPC the resource stands in the process as well."""
    spans = otel_py_jaeger(story)
    for span in spans.values():
        span.resource = {"service.version": "1.2.3"}
    return spans


def otel_py_zipkin(_story: Story) -> Spans:
    """Everything is text, events have their attributes, and what is sampled is `debug`."""
    spans = opentelemetry()
    spans["cart"].attributes = {
        "http.response.status_code": "200",
        "cart.total": "12.5",
        "cart.empty": "false",
        "cart.owner": OWNER,
        "cart.number": str(BIG),
        "cart.skus": '["a-1","b-2"]',
    }
    spans["notify"].links = []
    for span in spans.values():
        span.resource = {"service.version": "1.2.3"}
    return spans


# By the beginning of the client's name; the first that fits.
EXPECTED: dict[str, Callable[[Story], Spans]] = {
    "jaeger-node": jaeger_node,
    "jaeger-python": jaeger_python,
    "zipkin-js-v1-thrift": zipkin_js_thrift,
    "zipkin-js": zipkin_js,
    "py-zipkin": py_zipkin,
    "zipkin-udp": zipkin_udp,
    "otel-node-jaeger": otel_node_jaeger,
    "otel-node-zipkin": otel_node_zipkin,
    "otel-py-jaeger-grpc": otel_py_jaeger_grpc,
    "otel-py-jaeger": otel_py_jaeger,
    "otel-py-zipkin": otel_py_zipkin,
}


def expected(story: Story) -> Spans:
    """The spans that this story must have become, by the story's names of them."""
    [told, *_] = (
        told for begin, told in EXPECTED.items() if story.client.name.startswith(begin)
    )
    return told(story)

"""The questions: every kind of condition, relation and stage, over what the data sets hold."""

from collections.abc import Iterator

from oracle import metrics
from oracle.language import (
    CHILD_COUNT,
    COUNT,
    DURATION,
    EVENT_NAME,
    EVENT_TIME,
    KIND,
    MESSAGE,
    NAME,
    PARENT_ID,
    SCOPE_NAME,
    SERVICE,
    STATUS,
    Cond,
    Query,
    Word,
    greatest,
    least,
    mean,
    ms,
    of_events,
    of_parent,
    of_resource,
    of_span,
    spans,
    total,
    unscoped,
)

TICKET_SERVICES = ["ts-route-service", "ts-order-service", "ts-payment-service", "ts-gateway-service"]
DEMO_SERVICES = ["frontend", "checkoutservice", "frontend-proxy", "flagd"]
SERVICES = [*TICKET_SERVICES, *DEMO_SERVICES]

FAILED = STATUS.is_(Word("error"))
SERVER = KIND.is_(Word("server"))
CLIENT = KIND.is_(Word("client"))
EXCEPTION = EVENT_NAME.is_("exception")
DATABASE = of_span("db.system").is_there()


def conditions() -> Iterator[Cond]:
    """Conditions on one span."""
    for service in SERVICES:
        yield SERVICE.is_(service)
        yield SERVICE.is_(service) & FAILED
        yield SERVICE.is_(service) & DURATION.op(">", ms(20))
        yield unscoped("service.name").is_(service) & ~SERVER
    for name in ["SELECT Order", "HTTP GET", "GET", "resolveBoolean", "absent"]:
        yield NAME.is_(name)
    for pattern in ["SELECT .*", ".*Controller\\..*", "HTTP (GET|POST)", "^oteldemo.*", "(?i)get"]:
        yield NAME.op("=~", pattern)
        yield NAME.op("!~", pattern) & DURATION.op(">=", ms(200))
    for kind in ["internal", "server", "client"]:
        yield KIND.is_(Word(kind)) & DURATION.op(">", ms(100))
    for symbol in ["<", "<=", ">", ">=", "=", "!="]:
        yield DURATION.op(symbol, ms(250)) & SERVER
        yield of_span("rpc.grpc.status_code").op(symbol, 0)
        yield of_span("http.status_code").op(symbol, 404)
    yield of_span("http.status_code").is_("200")
    for key in ["db.operation", "http.route", "app.synthetic_request", "rpc.service", "upstream_cluster"]:
        yield of_span(key).is_there()
        yield of_span(key).is_missing() & FAILED
    yield of_span("app.synthetic_request").is_(True)
    yield of_span("app.synthetic_request").op("!=", True)
    yield of_span("app.ads.count").op(">", 1)
    yield of_span("db.operation").is_("INSERT") | of_span("db.operation").is_("UPDATE")
    yield of_span("db.sql.table").op("=~", "ts\\.orders.*") & of_span("db.operation").op("!=", "SELECT")
    yield of_span("error").is_("true")
    yield of_resource("k8s.pod.name").op("=~", "ts-order.*") & DURATION.op(">", ms(50))
    yield of_resource("process.command_args").is_there()
    yield of_resource("telemetry.sdk.language").op(">", "java")
    yield EXCEPTION
    yield ~EXCEPTION & FAILED
    yield EVENT_NAME.op("=~", "Product Found.*")
    yield EVENT_TIME.op(">", ms(500))
    yield of_events("log.severity").is_("ERROR")
    yield of_events("log.message").op("=~", ".*[Ff]ail.*")
    yield of_events("exception.message").is_there()
    yield MESSAGE.op("!=", "")
    yield SCOPE_NAME.is_("@opentelemetry/instrumentation-http")
    yield SCOPE_NAME.op("=~", "opentelemetry\\..*")
    yield CHILD_COUNT.op(">", 5)
    yield CHILD_COUNT.is_(0) & SERVER
    yield PARENT_ID.is_missing()
    yield PARENT_ID.is_there() & FAILED
    yield of_parent(SERVICE).is_("ts-gateway-service")
    yield of_parent(of_span("http.method")).is_("POST") & FAILED
    yield SERVICE.beside("!=", of_parent(SERVICE))
    yield of_span("http.method").beside("=", of_parent(of_span("http.method")))
    yield unscoped("http.url").beside("!=", of_parent(unscoped("http.url")))


def relations() -> Iterator[Query]:
    """Spans by what stands above, below and beside them."""
    pairs = [
        (SERVICE.is_("ts-gateway-service"), FAILED),
        (SERVER, DATABASE & DURATION.op(">", ms(1))),
        (NAME.is_("HTTP POST"), NAME.op("=~", ".*Controller.*")),
        (EXCEPTION, FAILED),
        (SERVICE.is_("frontend"), CLIENT),
        (DURATION.op(">", ms(500)), DURATION.op(">", ms(400))),
    ]
    for left, right in pairs:
        for symbol in [">", ">>", "<", "<<", "~"]:
            for mode in ["", "!", "&"]:
                yield spans(left).related(mode + symbol, spans(right))
        yield spans(left).and_(spans(right))
        yield spans(left).or_(spans(right))
    gateway, order = spans(SERVICE.is_("ts-gateway-service")), spans(SERVICE.is_("ts-order-service"))
    yield gateway.related(">>", order).related(">>", spans(FAILED))
    yield gateway.related(">>", order.related(">", spans(DATABASE)))
    yield gateway.related(">>", order).and_(spans(EXCEPTION))
    yield spans(FAILED).related("<<", spans(PARENT_ID.is_missing()))
    yield spans(SERVER).having(COUNT, ">", 20).related(">>", spans(FAILED))


def pipelines() -> Iterator[Query]:
    """What stages leave."""
    for literal in [1, 5, 100]:
        yield spans().having(COUNT, ">", literal * 3)
        yield spans(SERVER).having(COUNT, "<=", literal)
        yield spans(FAILED).having(COUNT, "<=", literal)
    for aggregate in [least, greatest, mean, total]:
        yield spans(CLIENT).having(aggregate(DURATION), ">", ms(30))
        yield spans(SERVER).by(SERVICE).having(aggregate(DURATION), ">", ms(100))
        yield spans().having(aggregate(of_span("rpc.grpc.status_code")), ">=", 0)
        yield spans(of_span("app.ads.count").is_there()).having(aggregate(of_span("app.ads.count")), "<", 3)
    for field in [SERVICE, KIND, STATUS, NAME, of_span("db.operation"), CHILD_COUNT]:
        yield spans(FAILED).by(field)
        yield spans().by(field).having(COUNT, ">", 15)
        yield spans(DATABASE).by(field).having(COUNT, ">", 5).coalesce()
    yield spans(SERVER).narrowed(FAILED)
    yield spans(SERVER).by(SERVICE).narrowed(FAILED).having(COUNT, ">=", 1)
    yield spans(FAILED).by(SERVICE).by(NAME)
    yield spans(FAILED).by(SERVICE).coalesce().having(COUNT, ">", 2)
    yield spans(FAILED).select(SERVICE, of_span("http.route"), MESSAGE)
    yield spans(SERVER).related(">>", spans(FAILED)).by(SERVICE).having(COUNT, ">=", 1)


def figures() -> Iterator[metrics.Metrics]:
    """What is counted over time."""
    every, failed, server = spans(), spans(FAILED), spans(SERVER)
    for query in [every, failed, spans(DATABASE), server.related(">>", failed)]:
        for by in [(), (SERVICE,), (SERVICE, KIND), (of_span("db.operation"),)]:
            yield metrics.count(query, *by)
            yield metrics.rate(query, *by)
    for name in metrics.STATISTICS:
        yield metrics.statistic(name, every, DURATION)
        yield metrics.statistic(name, server, DURATION, SERVICE)
        yield metrics.statistic(name, every, CHILD_COUNT, KIND)
    for by in [(), (SERVICE,), (of_span("db.operation"), KIND)]:
        yield metrics.histogram(every, DURATION, *by)
        yield metrics.quantiles(every, DURATION, [0.5, 0.99], *by)
        yield metrics.quantiles(failed, DURATION, [0.0, 0.9, 1.0], *by)
    yield metrics.rate(failed, SERVICE).divided_by(metrics.rate(every, SERVICE))
    yield metrics.count(every).divided_by(metrics.count(server))
    yield metrics.count(every, SERVICE).limited(">", 100)
    yield metrics.statistic("sum", every, DURATION, SERVICE).best("topk", 3)
    yield metrics.statistic("max", server, DURATION, SERVICE).best("bottomk", 2)


def searches() -> list[Query]:
    """All of them, each once."""
    every = [*(spans(cond) for cond in conditions()), *relations(), *pipelines()]
    return list({query.text: query for query in every}.values())

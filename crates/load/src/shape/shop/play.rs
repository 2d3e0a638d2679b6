//! Plays a request against a virtual clock: spans open, time passes, spans
//! close. A failure at a leaf travels up to the span that started the request.
//!
//! What a kind of call looks like in each convention is decided here and only
//! here. Nothing here knows which requests the shop serves.

use super::super::super::random::Random;
use super::super::{
    CLIENT, CONSUMER, Digits, Event, INTERNAL, PRODUCER, SERVER, Span, Trace, Value, text,
};
use super::Convention::{New, Old};
use super::{INSTANCES, TEAMS, owned};

/// What is the same in a whole trace.
const USER: Digits = Digits::Trace(0);
const ORDER: Digits = Digits::Trace(1);
const PRODUCT: Digits = Digits::Trace(2);

/// A request while it runs.
pub(super) struct Play<'a> {
    pub(super) random: &'a mut Random,
    instances: [usize; TEAMS.len()],
    clock_ns: u64,
    /// Open spans, innermost last.
    open: Vec<usize>,
    /// Whether a failure is still to happen in this trace.
    fails: bool,
    trace: Trace,
}

impl<'a> Play<'a> {
    /// A request that has not begun; `instances` serve it, and if it `fails`,
    /// one of its leaves will.
    pub(super) fn new(
        random: &'a mut Random,
        instances: [usize; TEAMS.len()],
        fails: bool,
    ) -> Self {
        Self {
            random,
            instances,
            clock_ns: 0,
            open: Vec::new(),
            fails,
            trace: Trace::default(),
        }
    }

    /// The spans of the request.
    pub(super) fn finish(self) -> Trace {
        self.trace
    }

    /// A service handles an HTTP request.
    pub(super) fn serve(
        &mut self,
        service: usize,
        method: &str,
        route: &str,
        handle: impl FnOnce(&mut Self),
    ) {
        let attributes = match TEAMS[service].convention {
            Old => owned([
                ("http.method", text(method)),
                ("http.route", text(route)),
                ("http.target", text(route)),
                ("http.scheme", text("http")),
                ("http.flavor", text("1.1")),
                ("net.host.name", text(TEAMS[service].service)),
                ("net.host.port", Value::Int(8080)),
                ("http.user_agent", text("shop-internal/1.0")),
                (
                    "enduser.id",
                    Value::Digits {
                        prefix: "user-",
                        width: 6,
                        source: USER,
                    },
                ),
            ]),
            New => owned([
                ("http.request.method", text(method)),
                ("http.route", text(route)),
                ("url.path", text(route)),
                ("url.scheme", text("http")),
                ("network.protocol.version", text("1.1")),
                ("server.address", text(TEAMS[service].service)),
                ("server.port", Value::Int(8080)),
                ("user_agent.original", text("shop-internal/1.0")),
                (
                    "user.id",
                    Value::Digits {
                        prefix: "user-",
                        width: 6,
                        source: USER,
                    },
                ),
            ]),
        };
        self.open(service, SERVER, format!("{method} {route}"), attributes);
        self.work_ms(0.6);
        handle(self);
        self.work_ms(0.4);
        self.end_http(service, if method == "POST" { 201 } else { 200 });
    }

    /// A service calls another over HTTP.
    pub(super) fn call(
        &mut self,
        from: usize,
        to: usize,
        method: &str,
        route: &str,
        handle: impl FnOnce(&mut Self),
    ) {
        let peer = TEAMS[to].service;
        let url = format!("http://{peer}:8080{route}");
        let (attributes, name) = match TEAMS[from].convention {
            Old => (
                owned([
                    ("http.method", text(method)),
                    ("http.url", text(url)),
                    ("net.peer.name", text(peer)),
                    ("net.peer.port", Value::Int(8080)),
                ]),
                format!("HTTP {method}"),
            ),
            New => (
                owned([
                    ("http.request.method", text(method)),
                    ("url.full", text(url)),
                    ("server.address", text(peer)),
                    ("server.port", Value::Int(8080)),
                ]),
                method.to_owned(),
            ),
        };
        self.open(from, CLIENT, name, attributes);
        self.work_ms(0.3);
        self.serve(to, method, route, handle);
        self.work_ms(0.3);
        self.end_http(from, 200);
    }

    /// Sets the status code, by what happened below, and closes the span.
    fn end_http(&mut self, service: usize, success: i64) {
        let index = self.innermost();
        let has_failed = self.trace.spans[index].error.is_some();
        let key = match TEAMS[service].convention {
            Old => "http.status_code",
            New => "http.response.status_code",
        };
        let code = Value::Int(if has_failed { 500 } else { success });
        self.trace.spans[index]
            .attributes
            .push((key.to_owned(), code));
        self.close();
    }

    /// A service asks its database.
    pub(super) fn sql(&mut self, service: usize, verb: &'static str, table: &'static str) {
        let statement = match verb {
            "INSERT" => {
                format!("INSERT INTO {table} (id, user_id, created_at) VALUES ($1, $2, $3)")
            }
            "UPDATE" => format!("UPDATE {table} SET state = $1, updated_at = $2 WHERE id = $3"),
            _ => format!("SELECT * FROM {table} WHERE product_id = $1 ORDER BY id LIMIT $2"),
        };
        let host = format!("{}-db.shop.svc", TEAMS[service].service);
        let attributes = match TEAMS[service].convention {
            Old => owned([
                ("db.system", text("postgresql")),
                ("db.name", text("shop")),
                ("db.operation", text(verb)),
                ("db.sql.table", text(table)),
                ("db.statement", text(statement)),
                ("net.peer.name", text(host)),
                (
                    "app.product_id",
                    Value::Digits {
                        prefix: "sku-",
                        width: 5,
                        source: PRODUCT,
                    },
                ),
            ]),
            New => owned([
                ("db.system.name", text("postgresql")),
                ("db.namespace", text("shop")),
                ("db.operation.name", text(verb)),
                ("db.collection.name", text(table)),
                ("db.query.text", text(statement)),
                ("server.address", text(host)),
                ("server.port", Value::Int(5432)),
            ]),
        };
        self.open(service, CLIENT, format!("{verb} shop.{table}"), attributes);
        self.work_ms(1.8);
        if self.fails && self.random.chance(25.0) {
            self.fail(
                "PSQLException",
                "canceling statement due to statement timeout",
            );
        }
        self.close();
    }

    /// A service asks its cache.
    pub(super) fn redis(&mut self, service: usize, command: &'static str) {
        let key = Value::Digits {
            prefix: "session:",
            width: 8,
            source: USER,
        };
        let system = match TEAMS[service].convention {
            Old => "db.system",
            New => "db.system.name",
        };
        let is_hit = self.random.chance(85.0);
        let attributes = owned([
            (system, text("redis")),
            ("db.operation.name", text(command)),
            ("db.redis.key", key),
            ("cache.hit", Value::Bool(is_hit)),
        ]);
        self.open(service, CLIENT, command.to_owned(), attributes);
        self.work_ms(0.25);
        self.close();
    }

    /// A service sends a message.
    pub(super) fn publish(
        &mut self,
        service: usize,
        topic: &'static str,
        then: impl FnOnce(&mut Self),
    ) {
        let attributes = owned([
            ("messaging.system", text("kafka")),
            ("messaging.destination.name", text(topic)),
            ("messaging.operation.type", text("send")),
            (
                "messaging.kafka.message.key",
                Value::Digits {
                    prefix: "order-",
                    width: 9,
                    source: ORDER,
                },
            ),
        ]);
        self.open(service, PRODUCER, format!("send {topic}"), attributes);
        self.work_ms(1.1);
        then(self);
        self.close();
    }

    /// A service handles a message, some time after it was sent.
    pub(super) fn consume(
        &mut self,
        service: usize,
        topic: &'static str,
        handle: impl FnOnce(&mut Self),
    ) {
        self.work_ms(12.0);
        let partition = self.random.below(12) as i64;
        let attributes = owned([
            ("messaging.system", text("kafka")),
            ("messaging.destination.name", text(topic)),
            ("messaging.operation.type", text("process")),
            (
                "messaging.destination.partition.id",
                text(partition.to_string()),
            ),
            (
                "messaging.kafka.message.key",
                Value::Digits {
                    prefix: "order-",
                    width: 9,
                    source: ORDER,
                },
            ),
        ]);
        self.open(service, CONSUMER, format!("process {topic}"), attributes);
        let index = self.innermost();
        self.trace.spans[index].has_link = self.random.chance(10.0);
        handle(self);
        self.close();
    }

    /// The innermost service does something worth a span.
    pub(super) fn inner(&mut self, name: &str, median_ms: f64) {
        let Some(outer) = self.open.last() else {
            return;
        };
        let service = self.trace.spans[*outer].service / INSTANCES;
        let share = self.random.below(1_000) as f64 / 1_000.0;
        let attributes = owned([("app.cpu_share", Value::Double(share))]);
        self.open(service, INTERNAL, name.to_owned(), attributes);
        self.work_ms(median_ms);
        if self.fails && self.random.chance(60.0) {
            self.fail("TimeoutError", "upstream did not answer within 2000 ms");
        }
        self.close();
    }

    /// Time passes.
    pub(super) fn work_ms(&mut self, median_ms: f64) {
        self.clock_ns += (self.random.log_normal(median_ms, 0.6) * 1e6) as u64;
    }

    /// A span begins.
    pub(super) fn open(
        &mut self,
        service: usize,
        kind: u8,
        name: String,
        attributes: Vec<(String, Value)>,
    ) {
        let span = Span {
            service: service * INSTANCES + self.instances[service],
            parent: self.open.last().copied(),
            name,
            kind,
            start_ns: self.clock_ns,
            end_ns: self.clock_ns,
            attributes,
            counted: Vec::new(),
            events: Vec::new(),
            has_link: false,
            error: None,
        };
        self.open.push(self.trace.spans.len());
        self.trace.spans.push(span);
    }

    /// The innermost span fails, with an exception; callers see a 500.
    fn fail(&mut self, class: &str, message: &str) {
        self.fails = false;
        let stack =
            format!("{class}: {message}\n    at handle (app:214)\n    at dispatch (app:87)");
        let index = self.innermost();
        self.trace.spans[index].events.push(Event {
            name: "exception",
            time_ns: self.clock_ns,
            attributes: owned([
                ("exception.type", text(class)),
                ("exception.message", text(message)),
                ("exception.stacktrace", text(stack)),
            ]),
        });
        for index in &self.open {
            self.trace.spans[*index].error = Some(message.to_owned());
        }
    }

    /// The innermost span ends.
    pub(super) fn close(&mut self) {
        if let Some(index) = self.open.pop() {
            self.trace.spans[index].end_ns = self.clock_ns;
        }
    }

    fn innermost(&self) -> usize {
        self.open
            .last()
            .copied()
            .expect("called between open and close")
    }
}

//! A web shop: what a company's traces look like when teams instrument at
//! different times, so that old and new semantic conventions stand side by side.
//!
//! A request is played against a virtual clock: spans open, time passes, spans
//! close. A failure at a leaf travels up to the span that started the request.

use super::super::random::Random;
use super::{
    CLIENT, CONSUMER, Digits, Event, INTERNAL, PRODUCER, SERVER, Service, Span, Trace, Value, text,
};

/// How a service names its attributes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Convention {
    /// Before the HTTP conventions became stable: `http.method`.
    Old,
    /// Since then: `http.request.method`.
    New,
}

struct Team {
    service: &'static str,
    version: &'static str,
    language: &'static str,
    convention: Convention,
    scope: (&'static str, &'static str),
}

const fn team(
    service: &'static str,
    version: &'static str,
    language: &'static str,
    convention: Convention,
    scope: (&'static str, &'static str),
) -> Team {
    Team {
        service,
        version,
        language,
        convention,
        scope,
    }
}

use Convention::{New, Old};

const TEAMS: [Team; 9] = [
    team(
        "storefront",
        "4.12.0",
        "nodejs",
        New,
        ("@opentelemetry/instrumentation-http", "0.205.0"),
    ),
    team(
        "catalog",
        "2.3.1",
        "java",
        Old,
        ("io.opentelemetry.tomcat-10.0", "1.33.0-alpha"),
    ),
    team(
        "cart",
        "1.9.4",
        "go",
        New,
        ("go.opentelemetry.io/contrib/otelhttp", "0.63.0"),
    ),
    team(
        "payment",
        "3.0.2",
        "java",
        New,
        ("io.opentelemetry.spring-webmvc-6.0", "2.20.0-alpha"),
    ),
    team(
        "inventory",
        "0.41.0",
        "python",
        Old,
        ("opentelemetry.instrumentation.flask", "0.44b0"),
    ),
    team(
        "orders",
        "1.2.0",
        "go",
        New,
        ("go.opentelemetry.io/contrib/otelhttp", "0.63.0"),
    ),
    team(
        "shipping",
        "0.8.8",
        "rust",
        New,
        ("tracewell-instrument", "0.1.0"),
    ),
    team(
        "notification",
        "2.0.0",
        "python",
        Old,
        ("opentelemetry.instrumentation.celery", "0.44b0"),
    ),
    team("auth", "5.1.0", "dotnet", New, ("Microsoft.AspNetCore", "")),
];
const STOREFRONT: usize = 0;
const CATALOG: usize = 1;
const CART: usize = 2;
const PAYMENT: usize = 3;
const INVENTORY: usize = 4;
const ORDERS: usize = 5;
const SHIPPING: usize = 6;
const NOTIFICATION: usize = 7;
const AUTH: usize = 8;

/// Processes of each service.
const INSTANCES: usize = 2;

/// What is the same in a whole trace.
const USER: Digits = Digits::Trace(0);
const ORDER: Digits = Digits::Trace(1);
const PRODUCT: Digits = Digits::Trace(2);

pub(super) fn services(random: &mut Random) -> Vec<Service> {
    let mut services = Vec::new();
    for team in &TEAMS {
        for instance in 0..INSTANCES {
            let environment = match team.convention {
                Old => "deployment.environment",
                New => "deployment.environment.name",
            };
            let pod = format!("{}-{:08x}-{instance}", team.service, random.next() >> 32);
            let attributes = [
                ("service.name", text(team.service)),
                ("service.namespace", text("shop")),
                ("service.version", text(team.version)),
                ("service.instance.id", text(format!("{pod}.shop"))),
                (environment, text("production")),
                ("telemetry.sdk.name", text("opentelemetry")),
                ("telemetry.sdk.language", text(team.language)),
                ("telemetry.sdk.version", text("1.38.0")),
                ("host.name", text(format!("node-{:02}", random.below(12)))),
                ("k8s.pod.name", text(pod)),
                ("process.pid", Value::Int(random.below(40_000) as i64 + 1)),
            ];
            services.push(Service {
                attributes: owned(attributes),
                scope_name: team.scope.0,
                scope_version: team.scope.1,
            });
        }
    }
    services
}

pub(super) fn trace(random: &mut Random) -> Trace {
    let instances = std::array::from_fn(|_| random.below(INSTANCES));
    // One request in sixty fails somewhere on its way.
    let fails = random.chance(1.7);
    let mut play = Play {
        random,
        instances,
        clock_ns: 0,
        open: Vec::new(),
        fails,
        trace: Trace::default(),
    };
    match play.random.below(1_000) {
        0..100 => play.health_check(),
        100..520 => play.browse(),
        520..700 => play.log_in(),
        700..880 => play.add_to_cart(),
        880..992 => play.check_out(),
        _ => play.rebuild_recommendations(),
    }
    play.trace
}

struct Play<'a> {
    random: &'a mut Random,
    instances: [usize; TEAMS.len()],
    clock_ns: u64,
    /// Open spans, innermost last.
    open: Vec<usize>,
    /// Whether a failure is still to happen in this trace.
    fails: bool,
    trace: Trace,
}

impl Play<'_> {
    fn health_check(&mut self) {
        let service = self.random.below(TEAMS.len());
        self.serve(service, "GET", "/healthz", |play| play.work_ms(0.3));
    }

    fn browse(&mut self) {
        self.serve(STOREFRONT, "GET", "/products/{id}", |play| {
            play.redis(STOREFRONT, "GET");
            play.call(STOREFRONT, CATALOG, "GET", "/api/products/{id}", |play| {
                play.sql(CATALOG, "SELECT", "products");
                for _ in 0..play.random.below(4) {
                    play.sql(CATALOG, "SELECT", "product_images");
                }
            });
            play.call(STOREFRONT, INVENTORY, "GET", "/stock/{id}", |play| {
                play.sql(INVENTORY, "SELECT", "stock");
            });
            if play.random.chance(40.0) {
                play.inner("render page", 6.0);
            }
        });
    }

    fn log_in(&mut self) {
        self.serve(STOREFRONT, "POST", "/login", |play| {
            play.call(STOREFRONT, AUTH, "POST", "/oauth/token", |play| {
                play.sql(AUTH, "SELECT", "accounts");
                play.inner("verify password", 45.0);
                play.redis(AUTH, "SETEX");
            });
        });
    }

    fn add_to_cart(&mut self) {
        self.serve(STOREFRONT, "POST", "/cart/items", |play| {
            play.call(STOREFRONT, AUTH, "GET", "/oauth/introspect", |play| {
                play.redis(AUTH, "GET")
            });
            play.call(STOREFRONT, CART, "POST", "/v1/carts/{id}/items", |play| {
                play.redis(CART, "HGETALL");
                play.call(CART, CATALOG, "GET", "/api/products/{id}", |play| {
                    play.sql(CATALOG, "SELECT", "products");
                });
                play.redis(CART, "HSET");
            });
        });
    }

    fn check_out(&mut self) {
        self.serve(STOREFRONT, "POST", "/checkout", |play| {
            play.call(STOREFRONT, AUTH, "GET", "/oauth/introspect", |play| {
                play.redis(AUTH, "GET")
            });
            play.call(STOREFRONT, ORDERS, "POST", "/v1/orders", |play| {
                play.call(ORDERS, CART, "GET", "/v1/carts/{id}", |play| {
                    play.redis(CART, "HGETALL")
                });
                for _ in 0..=play.random.below(5) {
                    play.call(ORDERS, INVENTORY, "POST", "/reservations", |play| {
                        play.sql(INVENTORY, "UPDATE", "stock");
                    });
                }
                play.call(ORDERS, PAYMENT, "POST", "/payments", |play| {
                    play.sql(PAYMENT, "INSERT", "payments");
                    play.inner("authorize card", 120.0);
                    play.sql(PAYMENT, "UPDATE", "payments");
                });
                play.sql(ORDERS, "INSERT", "orders");
                play.publish(ORDERS, "orders.created", |play| {
                    play.consume(SHIPPING, "orders.created", |play| {
                        play.sql(SHIPPING, "INSERT", "parcels");
                        play.inner("choose carrier", 9.0);
                    });
                    play.consume(NOTIFICATION, "orders.created", |play| {
                        play.inner("render mail", 14.0);
                        play.call(
                            NOTIFICATION,
                            STOREFRONT,
                            "GET",
                            "/internal/orders/{id}",
                            |play| {
                                play.work_ms(2.0);
                            },
                        );
                    });
                });
            });
        });
    }

    /// The nightly job that asks once for each product: the big traces.
    fn rebuild_recommendations(&mut self) {
        self.open(
            CATALOG,
            INTERNAL,
            "rebuild recommendations".to_owned(),
            Vec::new(),
        );
        self.sql(CATALOG, "SELECT", "products");
        for _ in 0..60 + self.random.below(240) {
            self.sql(CATALOG, "SELECT", "recommendations");
        }
        self.close();
    }

    fn serve(&mut self, service: usize, method: &str, route: &str, handle: impl FnOnce(&mut Self)) {
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

    fn call(
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

    fn sql(&mut self, service: usize, verb: &'static str, table: &'static str) {
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

    fn redis(&mut self, service: usize, command: &'static str) {
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

    fn publish(&mut self, service: usize, topic: &'static str, then: impl FnOnce(&mut Self)) {
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

    fn consume(&mut self, service: usize, topic: &'static str, handle: impl FnOnce(&mut Self)) {
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

    fn inner(&mut self, name: &str, median_ms: f64) {
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
    fn work_ms(&mut self, median_ms: f64) {
        self.clock_ns += (self.random.log_normal(median_ms, 0.6) * 1e6) as u64;
    }

    fn open(&mut self, service: usize, kind: u8, name: String, attributes: Vec<(String, Value)>) {
        let span = Span {
            service: service * INSTANCES + self.instances[service],
            parent: self.open.last().copied(),
            name,
            kind,
            start_ns: self.clock_ns,
            end_ns: self.clock_ns,
            attributes,
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

    fn close(&mut self) {
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

fn owned<const N: usize>(attributes: [(&str, Value); N]) -> Vec<(String, Value)> {
    attributes
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value))
        .collect()
}

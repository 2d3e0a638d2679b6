//! A web shop: what a company's traces look like when teams instrument at
//! different times, so that old and new semantic conventions stand side by side.
//!
//! This file says who the services are and what a request does; [`play`] turns
//! that into spans.

mod play;

use super::super::random::Random;
use super::{INTERNAL, Service, Trace, Value, text};
use play::Play;

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
    let mut play = Play::new(random, instances, fails);
    match play.random.below(1_000) {
        0..100 => play.health_check(),
        100..520 => play.browse(),
        520..700 => play.log_in(),
        700..880 => play.add_to_cart(),
        880..992 => play.check_out(),
        _ => play.rebuild_recommendations(),
    }
    play.finish()
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
}

fn owned<const N: usize>(attributes: [(&str, Value); N]) -> Vec<(String, Value)> {
    attributes
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value))
        .collect()
}

//! What each span asks of others: the same question has the same number.
//!
//! A question is a statement, a route or a method **without its values**; where
//! a span shows the values too, the whole text has a number of its own. Old and
//! new attribute names mean the same (`model::semconv`).

use std::collections::HashMap;

use tracewell_model::batch::view::ValueRef;
use tracewell_model::filter::Place;
use tracewell_model::semconv::aliases;
use tracewell_model::values::attribute_values;
use tracewell_model::{SpanBatch, SpanKind};

use crate::spelling;
use crate::trace::Trace;

/// Over what it is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Protocol {
    Database,
    Http,
    Rpc,
    Messaging,
    /// A client span that says no more.
    Other,
}

/// What a span asks of another service, a database or a queue.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Call {
    pub(crate) protocol: Protocol,
    /// The question without its values.
    pub(crate) question: u32,
    /// The whole text, if the span shows it.
    pub(crate) exact: Option<u32>,
    /// Asked for something, and changed nothing, as far as its name says.
    pub(crate) is_read: bool,
}

/// The calls of a trace, by place.
#[derive(Default)]
pub(crate) struct Calls {
    at: Vec<Option<Call>>,
    texts: Texts,
}

impl Calls {
    pub(crate) fn new(trace: &Trace<'_>) -> Self {
        let attributes = Attributes::new(trace.batch());
        let mut calls = Self::default();
        for place in trace.places() {
            let call = calls.read(trace, &attributes, place);
            calls.at.push(call);
        }
        calls
    }

    /// The call of a span.
    pub(crate) fn at(&self, place: u32) -> Option<&Call> {
        self.at.get(place as usize)?.as_ref()
    }

    /// A question or a whole text.
    pub(crate) fn text(&self, number: u32) -> &str {
        &self.texts.texts[number as usize]
    }

    fn read(&mut self, trace: &Trace<'_>, has: &Attributes<'_>, place: u32) -> Option<Call> {
        let (row, at) = (trace.row(place), place as usize);
        let name = trace.name[at];
        let kind = trace.kind[at];
        if matches!(kind, SpanKind::Server | SpanKind::Consumer) {
            return None;
        }
        if let Some(system) = has.db_system[row].or(has.statement[row].map(|_| "")) {
            return self.database(system, has, row, name);
        }
        if kind == SpanKind::Producer {
            let destination = has.destination[row].unwrap_or(name);
            let question = self.texts.number(&format!("publish {destination}"));
            return Some(Call {
                protocol: Protocol::Messaging,
                question,
                exact: None,
                is_read: false,
            });
        }
        if kind != SpanKind::Client {
            return None;
        }
        if let Some(method) = has.http_method[row] {
            return Some(self.http(trace, has, place, method));
        }
        let callee = callee(trace, place).map_or("", |server| trace.service[server as usize]);
        let is_rpc = has.rpc_system[row].is_some() || has.rpc_method[row].is_some();
        let method = has.rpc_method[row].unwrap_or(name);
        let what = match has.rpc_service[row] {
            Some(service) => format!("{service}/{method}"),
            None => format!("{callee} {method}").trim_start().to_owned(),
        };
        let last = method.rsplit(['/', '.']).next().unwrap_or(method);
        Some(Call {
            protocol: if is_rpc {
                Protocol::Rpc
            } else {
                Protocol::Other
            },
            question: self.texts.number(&what),
            exact: None,
            is_read: is_rpc && READING_METHODS.iter().any(|verb| begins_with(last, verb)),
        })
    }

    fn database(
        &mut self,
        system: &str,
        has: &Attributes<'_>,
        row: usize,
        name: &str,
    ) -> Option<Call> {
        let (question, exact, verb) = match has.statement[row] {
            Some(text) if !text.trim().is_empty() => {
                let (question, shows_values) = spelling::statement(text);
                let exact = shows_values.then(|| {
                    let namespace = has.namespace[row].unwrap_or("");
                    self.texts.number(&format!("{system} {namespace} {text}"))
                });
                let verb = first_word(text).to_owned();
                (question, exact, verb)
            }
            _ => {
                let operation = has.operation[row].unwrap_or(name);
                let collection = has.collection[row].unwrap_or("");
                let what = format!("{operation} {collection}").trim_end().to_owned();
                (what, None, first_word(operation).to_owned())
            }
        };
        let is = |words: &[&str]| words.iter().any(|word| verb.eq_ignore_ascii_case(word));
        // Connections and transactions are no questions.
        if is(CONTROL_VERBS) || question.eq_ignore_ascii_case("select ?") {
            return None;
        }
        Some(Call {
            protocol: Protocol::Database,
            question: self.texts.number(&question),
            exact,
            is_read: is(READING_VERBS),
        })
    }

    fn http(&mut self, trace: &Trace<'_>, has: &Attributes<'_>, place: u32, method: &str) -> Call {
        let row = trace.row(place);
        let url = has.url[row].or(has.path[row]);
        let server = callee(trace, place);
        let route = has.template[row]
            .map(str::to_owned)
            .or_else(|| has.route[trace.row(server?)].map(str::to_owned))
            .or_else(|| url.map(spelling::path))
            .unwrap_or_else(|| trace.name[place as usize].to_owned());
        let host = match (server, url.map_or("", spelling::host)) {
            (Some(server), _) => trace.service[server as usize],
            (None, "") => has.server_address[row].unwrap_or(""),
            (None, host) => host,
        };
        let exact = url.map(|url| {
            let text = format!("{method} {host} {url}");
            self.texts.number(&text)
        });
        Call {
            protocol: Protocol::Http,
            question: self.texts.number(&format!("{method} {host}{route}")),
            exact,
            is_read: ["GET", "HEAD"]
                .iter()
                .any(|read| method.eq_ignore_ascii_case(read)),
        }
    }
}

/// The other side of a call, if it is here.
pub(crate) fn callee(trace: &Trace<'_>, place: u32) -> Option<u32> {
    let is_other = |kind| matches!(kind, SpanKind::Server | SpanKind::Consumer);
    trace
        .children(place)
        .find(|child| is_other(trace.kind[*child as usize]))
}

/// Verbs of statements and commands that read.
const READING_VERBS: &[&str] = &[
    "select",
    "find",
    "get",
    "mget",
    "hget",
    "hgetall",
    "hmget",
    "aggregate",
    "count",
    "query",
    "exists",
    "lrange",
    "smembers",
    "zrange",
    "search",
    "scan",
];

/// Verbs that ask for nothing.
const CONTROL_VERBS: &[&str] = &[
    "begin",
    "start",
    "commit",
    "rollback",
    "set",
    "savepoint",
    "release",
    "connect",
    "ping",
    "auth",
    "close",
    "use",
    "discard",
    "deallocate",
    "isolation",
];

/// How methods that read begin.
const READING_METHODS: &[&str] = &["get", "list", "find", "search", "read", "query", "fetch"];

fn begins_with(name: &str, verb: &str) -> bool {
    name.get(..verb.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(verb))
}

fn first_word(text: &str) -> &str {
    let end = |text: &str| {
        text.find(|c: char| !c.is_alphanumeric())
            .unwrap_or(text.len())
    };
    let text = text.trim_start();
    &text[..end(text)]
}

/// Distinct texts with their numbers.
#[derive(Default)]
struct Texts {
    numbers: HashMap<String, u32, foldhash::quality::RandomState>,
    texts: Vec<String>,
}

impl Texts {
    fn number(&mut self, text: &str) -> u32 {
        if let Some(number) = self.numbers.get(text) {
            return *number;
        }
        let number = self.texts.len() as u32;
        self.numbers.insert(text.to_owned(), number);
        self.texts.push(text.to_owned());
        number
    }
}

/// The attributes that name a call, by row of the batch.
struct Attributes<'a> {
    db_system: Vec<Option<&'a str>>,
    statement: Vec<Option<&'a str>>,
    operation: Vec<Option<&'a str>>,
    collection: Vec<Option<&'a str>>,
    namespace: Vec<Option<&'a str>>,
    http_method: Vec<Option<&'a str>>,
    url: Vec<Option<&'a str>>,
    path: Vec<Option<&'a str>>,
    template: Vec<Option<&'a str>>,
    route: Vec<Option<&'a str>>,
    server_address: Vec<Option<&'a str>>,
    rpc_system: Vec<Option<&'a str>>,
    rpc_service: Vec<Option<&'a str>>,
    rpc_method: Vec<Option<&'a str>>,
    destination: Vec<Option<&'a str>>,
}

impl<'a> Attributes<'a> {
    fn new(batch: &'a SpanBatch) -> Self {
        let of = |key| texts_of(batch, &[key]);
        Self {
            db_system: of("db.system.name"),
            statement: texts_of(batch, &["db.query.text", "sql.query"]),
            operation: of("db.operation.name"),
            collection: of("db.collection.name"),
            namespace: of("db.namespace"),
            http_method: of("http.request.method"),
            url: of("url.full"),
            path: texts_of(batch, &["url.path", "http.path"]),
            template: of("url.template"),
            route: of("http.route"),
            server_address: of("server.address"),
            rpc_system: of("rpc.system.name"),
            rpc_service: of("rpc.service"),
            rpc_method: of("rpc.method"),
            destination: of("messaging.destination.name"),
        }
    }
}

/// The texts of a span's attribute under any of its names, by row.
pub(crate) fn texts_of<'a>(batch: &'a SpanBatch, keys: &[&str]) -> Vec<Option<&'a str>> {
    let values = values_of(batch, keys).into_iter();
    let text = |value| match value {
        Some(ValueRef::Str(text)) => Some(text),
        _ => None,
    };
    values.map(text).collect()
}

/// The values of a span's attribute under any of its names, by row.
pub(crate) fn values_of<'a>(batch: &'a SpanBatch, keys: &[&str]) -> Vec<Option<ValueRef<'a>>> {
    let names = keys.iter().flat_map(|key| aliases(key));
    let names: Vec<Box<str>> = names.map(Into::into).collect();
    attribute_values(batch, Place::Span, &names)
}

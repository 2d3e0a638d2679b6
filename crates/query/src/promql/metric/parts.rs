//! The spans that a metric counts, and the fields behind its labels.
//!
//! Calls come from the called span where it is there, and **at the edges of what is
//! traced from who calls**: there nobody else tells of them.

use crate::lower;
use crate::traceql::{
    AttributeScope, CompareOp, Expr, Field, Intrinsic, Literal, SourceRange, ValueExpr,
};
use tracewell_model::SpanKind;
use tracewell_model::values::Value;

/// Spans that have their labels from the same fields.
#[derive(Debug, Clone)]
pub(in super::super) struct Part {
    /// Conditions that all hold.
    pub(in super::super) spans: Vec<Expr>,
    pub(in super::super) labels: Vec<(String, Origin)>,
}

/// Where the value of a label comes from.
#[derive(Debug, Clone)]
pub(in super::super) enum Origin {
    Constant(&'static str),
    /// The first of these that a span has.
    Fields(Vec<Field>, Shown),
}

/// How a value becomes a label.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Shown {
    /// As it is.
    Text,
    /// `SPAN_KIND_SERVER`
    Kind,
    /// `STATUS_CODE_ERROR`
    Status,
    /// Of a span that was called.
    ConnectionType,
}

impl Shown {
    pub(in super::super) fn text(self, value: &Value<'_>) -> String {
        let upper = |prefix: &str, name: &str| format!("{prefix}_{}", name.to_uppercase());
        match (self, value) {
            (Self::ConnectionType, Value::Kind(SpanKind::Consumer)) => MESSAGING.to_owned(),
            (Self::ConnectionType, _) => String::new(),
            (_, Value::Kind(kind)) => upper("SPAN_KIND", kind.name()),
            (_, Value::Status(status)) => upper("STATUS_CODE", status.name()),
            (_, Value::Str(text)) => text.clone().into_owned(),
            (_, Value::Int(number)) => number.to_string(),
            (_, Value::Double(number)) => number.to_string(),
            (_, Value::DurationNs(ns)) => Literal::DurationNs(*ns).to_string(),
            (_, Value::Bool(value)) => value.to_string(),
            // Lists and maps are no labels.
            (_, Value::Any(_)) => String::new(),
        }
    }
}

const MESSAGING: &str = "messaging_system";
const DATABASE: &str = "database";
const VIRTUAL: &str = "virtual_node";

pub(super) fn of_spans(service: &str) -> Part {
    let kind = Origin::Fields(vec![Field::Intrinsic(Intrinsic::Kind)], Shown::Kind);
    let status = Origin::Fields(vec![Field::Intrinsic(Intrinsic::Status)], Shown::Status);
    Part {
        spans: Vec::new(),
        labels: vec![
            (service.to_owned(), text(lower::service_name())),
            (
                "span_name".to_owned(),
                text(Field::Intrinsic(Intrinsic::Name)),
            ),
            ("span_kind".to_owned(), kind),
            ("status_code".to_owned(), status),
        ],
    }
}

/// A span whose parent is of another service.
pub(super) fn between_services() -> Part {
    let of_parent = |key: &str| Field::ParentAttribute {
        scope: AttributeScope::Resource,
        key: key.to_owned(),
    };
    let caller = of_parent("service.name");
    let is_call = Expr::CompareValues {
        left: ValueExpr::Field(caller.clone()),
        op: CompareOp::NotEqual,
        right: ValueExpr::Field(lower::service_name()),
        source: SourceRange::default(),
    };
    let kind = vec![Field::Intrinsic(Intrinsic::Kind)];
    Part {
        spans: vec![is_call],
        labels: vec![
            ("client".to_owned(), text(caller)),
            ("server".to_owned(), text(lower::service_name())),
            (
                "connection_type".to_owned(),
                Origin::Fields(kind, Shown::ConnectionType),
            ),
            (
                "client_service_namespace".to_owned(),
                text(of_parent("service.namespace")),
            ),
            (
                "server_service_namespace".to_owned(),
                text(resource("service.namespace")),
            ),
        ],
    }
}

/// A server that nobody is known to have called.
pub(super) fn from_outside() -> Part {
    let has_no_parent = Expr::Missing {
        field: Field::Intrinsic(Intrinsic::ParentId),
        source: SourceRange::default(),
    };
    Part {
        spans: vec![is_kind(SpanKind::Server), has_no_parent],
        labels: vec![
            ("client".to_owned(), Origin::Constant("user")),
            ("server".to_owned(), text(lower::service_name())),
            ("connection_type".to_owned(), Origin::Constant(VIRTUAL)),
            (
                "server_service_namespace".to_owned(),
                text(resource("service.namespace")),
            ),
        ],
    }
}

/// What tells that a database was called; other names of them are known.
const DATABASE_KEYS: [&str; 2] = ["db.system.name", "db.namespace"];

/// A client that calls a database, which sends no spans.
pub(super) fn to_database() -> Part {
    let names = ["peer.service", "server.address", "network.peer.address"];
    let names = names.iter().chain(DATABASE_KEYS.iter().rev());
    let server = Origin::Fields(names.map(|key| span(key)).collect(), Shown::Text);
    Part {
        spans: vec![is_kind(SpanKind::Client), calls_database()],
        labels: vec![
            ("client".to_owned(), text(lower::service_name())),
            ("server".to_owned(), server),
            ("connection_type".to_owned(), Origin::Constant(DATABASE)),
            (
                "client_service_namespace".to_owned(),
                text(resource("service.namespace")),
            ),
        ],
    }
}

/// A client that says whom it calls, of whom there are no spans.
pub(super) fn to_others() -> Part {
    let childless = Expr::compare(
        Field::Intrinsic(Intrinsic::ChildCount),
        CompareOp::Equal,
        Literal::Int(0),
    );
    let says_whom = exists(span("peer.service"));
    let calls_none = Expr::Not(Box::new(calls_database()));
    Part {
        spans: vec![is_kind(SpanKind::Client), says_whom, calls_none, childless],
        labels: vec![
            ("client".to_owned(), text(lower::service_name())),
            ("server".to_owned(), text(span("peer.service"))),
            ("connection_type".to_owned(), Origin::Constant(VIRTUAL)),
            (
                "client_service_namespace".to_owned(),
                text(resource("service.namespace")),
            ),
        ],
    }
}

fn calls_database() -> Expr {
    Expr::Or(DATABASE_KEYS.iter().map(|key| exists(span(key))).collect())
}

fn text(field: Field) -> Origin {
    Origin::Fields(vec![field], Shown::Text)
}

fn span(key: &str) -> Field {
    Field::Attribute {
        scope: AttributeScope::Span,
        key: key.to_owned(),
    }
}

fn resource(key: &str) -> Field {
    Field::Attribute {
        scope: AttributeScope::Resource,
        key: key.to_owned(),
    }
}

fn exists(field: Field) -> Expr {
    Expr::Exists {
        field,
        source: SourceRange::default(),
    }
}

fn is_kind(kind: SpanKind) -> Expr {
    let field = Field::Intrinsic(Intrinsic::Kind);
    Expr::compare(field, CompareOp::Equal, Literal::Kind(kind))
}

pub(super) fn is_true(intrinsic: Intrinsic) -> Expr {
    Expr::compare(
        Field::Intrinsic(intrinsic),
        CompareOp::Equal,
        Literal::Bool(true),
    )
}

//! What all of Jaeger's APIs ask of the store, whatever the protocol.
//!
//! Search conditions become one TraceQL condition on one span, as Jaeger
//! means them. Everything here blocks and runs on query threads.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::sync::atomic::AtomicBool;

use tracewell_model::store::{Listed, OperationQuery};
use tracewell_model::{SpanKind, StoreError, TimeRange, TraceStore};
use tracewell_query::search::{Detail, FoundTrace, SearchOutcome};
use tracewell_query::traceql::{AttributeScope, Expr, Field};
use tracewell_query::{Search, SearchEvent, lower, search, tags};
use tracewell_wire::jaeger::shown::{NO_SERVICE, shown_service};

/// Traces of a search that names no limit.
pub(super) const DEFAULT_LIMIT: usize = 100;

/// Operations of a service in one answer.
const MAX_OPERATIONS: usize = 10_000;

/// Conditions of a search; all must hold for one span.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Conditions {
    /// `service.name`; empty for any.
    pub(super) service: String,
    /// Span name; empty for any.
    pub(super) operation: String,
    /// Keys with the text of their values.
    pub(super) tags: BTreeMap<String, String>,
    /// Least duration of the span in ns; 0 for none.
    pub(super) min_duration_ns: i64,
    /// Greatest duration of the span in ns; 0 for none.
    pub(super) max_duration_ns: i64,
}

impl Conditions {
    fn expression(&self) -> Expr {
        let mut all = Vec::new();
        if !self.service.is_empty() {
            all.push(of_service(&self.service));
        }
        if !self.operation.is_empty() {
            all.push(tags::operation(&self.operation));
        }
        let bound = |ns: i64| Some(ns).filter(|ns| *ns != 0);
        let (least, most) = (bound(self.min_duration_ns), bound(self.max_duration_ns));
        if least.is_some() || most.is_some() {
            all.push(tags::duration(least, most));
        }
        all.extend(self.tags.iter().map(|(key, value)| tags::tag(key, value)));
        Expr::all_of(all)
    }
}

fn of_service(name: &str) -> Expr {
    if name != NO_SERVICE {
        return tags::service(name);
    }
    let field = Field::Attribute {
        scope: AttributeScope::Resource,
        key: "service.name".to_owned(),
    };
    let exists = Expr::Exists {
        field,
        source: Default::default(),
    };
    Expr::Or(vec![Expr::Not(Box::new(exists)), tags::service("")])
}

/// A search: conditions, span starts, traces wanted.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct TraceQuery {
    /// What to look for.
    pub(super) conditions: Conditions,
    /// When matching spans run.
    pub(super) range: TimeRange,
    /// Traces wanted, at most.
    pub(super) limit: usize,
}

impl TraceQuery {
    /// Hands the matching traces to `each`, newest first, until it says stop;
    /// the spans are whole only with [`Detail::Whole`].
    ///
    /// # Errors
    /// What the store says.
    pub(super) fn run(
        &self,
        store: &dyn TraceStore,
        cancelled: &AtomicBool,
        detail: Detail,
        each: &mut dyn FnMut(&FoundTrace<'_>) -> ControlFlow<()>,
    ) -> Result<SearchOutcome, StoreError> {
        let wanted = Search {
            filter: lower::lower(&self.conditions.expression()).into(),
            range: self.range,
            limit: self.limit,
            after: None,
            detail,
        };
        search(store, &wanted, cancelled, &mut |event| match event {
            SearchEvent::Trace(found) => each(found),
            SearchEvent::Progress(_) => ControlFlow::Continue(()),
        })
    }
}

/// Names of all services, sorted.
///
/// # Errors
/// What the store says.
pub(super) fn services(store: &dyn TraceStore) -> Result<Listed<String>, StoreError> {
    let services = store.services(TimeRange::ALL)?;
    Ok(services.map(|services| {
        let names = services.iter();
        let names = names.map(|service| shown_service(&service.name).to_owned());
        let names: BTreeSet<String> = names.collect();
        names.into_iter().collect()
    }))
}

/// A span name with a kind it occurs with.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct OperationName {
    /// Span name.
    pub(super) name: String,
    /// Span kind.
    pub(super) kind: SpanKind,
}

impl OperationName {
    /// The kind in Jaeger's words, which has none for "unspecified".
    pub(super) fn kind_name(&self) -> &'static str {
        match self.kind {
            SpanKind::Unspecified => "",
            kind => kind.name(),
        }
    }
}

/// Operations of a service, sorted, the first of very many; of one kind only
/// unless `kind` is empty.
///
/// # Errors
/// What the store says.
pub(super) fn operations(
    store: &dyn TraceStore,
    service: &str,
    kind: &str,
) -> Result<Listed<OperationName>, StoreError> {
    let wanted = SpanKind::from_name(kind).filter(|kind| *kind != SpanKind::Unspecified);
    if wanted.is_none() && !kind.is_empty() {
        return Ok(Listed::whole(Vec::new()));
    }
    let of = |service| {
        let query = OperationQuery {
            service: Some(service),
            kind: wanted,
            limit: MAX_OPERATIONS,
            ..OperationQuery::all(TimeRange::ALL)
        };
        store.operations(&query)
    };
    let mut found = of(service)?;
    if service == NO_SERVICE {
        // A service may really have that name.
        let nameless = of("")?;
        found.has_more |= nameless.has_more;
        found.entries.extend(nameless.entries);
    }
    Ok(found.map(|operations| {
        let names = operations.into_iter().map(|operation| OperationName {
            name: operation.name,
            kind: operation.kind,
        });
        let names: BTreeSet<_> = names.collect();
        names.into_iter().collect()
    }))
}

/// Names of operations, each once.
pub(super) fn distinct_names(operations: Vec<OperationName>) -> Vec<String> {
    let mut names: Vec<_> = operations.into_iter().map(|o| o.name).collect();
    names.dedup();
    names
}

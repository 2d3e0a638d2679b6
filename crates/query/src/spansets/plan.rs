//! What can be told of a query before any trace is fetched.
//!
//! `{ A } >> { B }` finds spans of B, and only in traces that have an A: so
//! spans that may be found are looked for in the range that is asked for, and
//! traces without an A, whenever that ran, need not be fetched. **Both may be
//! weaker than the query, never stronger.**

use super::{Scalar, Spansets, Stage};
use crate::traceql::{Mode, Relation};
use tracewell_model::SpanFilter;
use tracewell_model::batch::view::ValueRef;
use tracewell_model::filter::{Condition, Field, Intrinsic, Place};
use tracewell_model::store::ScanColumns;
use tracewell_model::tree::structure_columns;
use tracewell_model::values::Expression;

/// What a search does with a query.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    /// Spans that may be found.
    pub(super) candidates: SpanFilter,
    /// Conditions that some span of the trace fulfils besides.
    pub(super) required: Vec<SpanFilter>,
    /// What the trace as a whole fulfils, if anything is asked of it.
    pub(super) of_trace: Option<SpanFilter>,
    /// What judging looks at.
    pub(super) columns: ScanColumns,
}

impl Plan {
    pub(super) fn of(stages: &[Stage]) -> Self {
        let Needs { found, required } = Needs::of_stages(stages);
        let of_trace = std::iter::once(&found).chain(&required);
        let of_trace = of_trace.map(SpanFilter::of_trace);
        let of_trace = of_trace.fold(SpanFilter::All, both);
        let mut plan = Self {
            candidates: found.span_local(),
            required: Vec::new(),
            of_trace: (!is_all(&of_trace)).then_some(of_trace),
            columns: ScanColumns::default(),
        };
        for filter in required.iter().map(SpanFilter::span_local) {
            // Each is looked for in the whole store.
            if !is_all(&filter) && !plan.required.contains(&filter) {
                plan.required.push(filter);
            }
        }
        plan.look_at_stages(stages);
        plan
    }

    fn look_at_stages(&mut self, stages: &[Stage]) {
        for stage in stages {
            match stage {
                Stage::Spansets(spansets) => self.look_at_spansets(spansets),
                Stage::Scalars { left, right, .. } => {
                    self.look_at_scalar(left);
                    self.look_at_scalar(right);
                }
                Stage::By { of, .. } => self.look_at_value(of),
                Stage::Coalesce => {}
                Stage::Select(fields) => {
                    for (_, field) in fields {
                        self.columns.add_field(field, None);
                    }
                }
            }
        }
    }

    fn look_at_spansets(&mut self, spansets: &Spansets) {
        match spansets {
            Spansets::Filter(filter) => {
                let columns = ScanColumns::of_filter(filter);
                self.columns = std::mem::take(&mut self.columns).and(columns);
            }
            Spansets::Combine { left, right, .. } => {
                let columns = structure_columns();
                self.columns = std::mem::take(&mut self.columns).and(columns);
                self.look_at_spansets(left);
                self.look_at_spansets(right);
            }
            Spansets::Pipeline(stages) => self.look_at_stages(stages),
        }
    }

    fn look_at_scalar(&mut self, scalar: &Scalar) {
        match scalar {
            Scalar::Constant(_) => {}
            Scalar::Aggregate { of, .. } => of.iter().for_each(|of| self.look_at_value(of)),
            Scalar::Calculated(_, left, right) => {
                self.look_at_scalar(left);
                self.look_at_scalar(right);
            }
        }
    }

    fn look_at_value(&mut self, value: &Expression) {
        value.for_each_field(&mut |field, condition| {
            self.columns.add_field(field, condition);
        });
    }
}

/// What an expression needs to find anything.
struct Needs {
    /// Every span that is found fulfils this.
    found: SpanFilter,
    /// And of each of these there is a span.
    required: Vec<SpanFilter>,
}

impl Needs {
    fn of_stages(stages: &[Stage]) -> Self {
        let mut needs = Self {
            found: SpanFilter::All,
            required: Vec::new(),
        };
        for stage in stages {
            if let Stage::Spansets(spansets) = stage {
                let also = Self::of_spansets(spansets);
                needs.found = both(needs.found, also.found);
                needs.required.extend(also.required);
            }
        }
        needs
    }

    fn of_spansets(spansets: &Spansets) -> Self {
        let (relation, mode, left, right) = match spansets {
            Spansets::Filter(filter) => {
                let mut required = Vec::new();
                add_implied(filter, &mut required);
                return Self {
                    found: filter.clone(),
                    required,
                };
            }
            Spansets::Pipeline(stages) => return Self::of_stages(stages),
            Spansets::Combine {
                relation,
                mode,
                left,
                right,
            } => (
                relation,
                mode,
                Self::of_spansets(left),
                Self::of_spansets(right),
            ),
        };
        match (relation, mode) {
            (Relation::Or, _) => Self {
                found: either(left.found, right.found),
                required: Vec::new(),
            },
            (_, Mode::Not) => right,
            (Relation::And, _) | (_, Mode::Union) => Self {
                found: either(left.found.clone(), right.found.clone()),
                required: [left.all(), right.all()].concat(),
            },
            (_, Mode::Plain) => Self {
                found: right.found,
                required: [left.all(), right.required].concat(),
            },
        }
    }

    /// Conditions of which each holds for some span.
    fn all(self) -> Vec<SpanFilter> {
        let mut all = self.required;
        all.push(self.found);
        all
    }
}

/// What a condition on the root or on the parent says of another span of the
/// trace, which an index may know to be rare.
fn add_implied(filter: &SpanFilter, required: &mut Vec<SpanFilter>) {
    let (field, condition) = match filter {
        SpanFilter::And(parts) => {
            parts.iter().for_each(|part| add_implied(part, required));
            return;
        }
        // It holds without a parent, too.
        SpanFilter::Test(_, Condition::Absent) => return,
        SpanFilter::Test(field, condition) => (field, condition),
        _ => return,
    };
    let test = |field| SpanFilter::Test(field, condition.clone());
    // The name of a root that never came is empty.
    let needs_root = !condition.holds(ValueRef::Str(""));
    let of_root = |field| {
        let parent = Field::Intrinsic(Intrinsic::ParentSpanId);
        let has_none = SpanFilter::Test(parent, Condition::Absent);
        SpanFilter::And(vec![has_none, test(field)])
    };
    match field {
        Field::Intrinsic(Intrinsic::RootName) if needs_root => {
            required.push(of_root(Field::Intrinsic(Intrinsic::Name)));
        }
        Field::Intrinsic(Intrinsic::RootService) if needs_root => {
            let service = vec!["service.name".into()];
            required.push(of_root(Field::Attribute(Place::Resource, service)));
        }
        Field::ParentAttribute(place, keys) => {
            required.push(test(Field::Attribute(*place, keys.clone())));
        }
        _ => {}
    }
}

fn is_all(filter: &SpanFilter) -> bool {
    match filter {
        SpanFilter::All => true,
        SpanFilter::And(parts) => parts.iter().all(is_all),
        SpanFilter::Or(parts) => parts.iter().any(is_all),
        _ => false,
    }
}

fn both(a: SpanFilter, b: SpanFilter) -> SpanFilter {
    match (a, b) {
        (SpanFilter::All, other) | (other, SpanFilter::All) => other,
        (a, b) => SpanFilter::And(vec![a, b]),
    }
}

fn either(a: SpanFilter, b: SpanFilter) -> SpanFilter {
    match (a, b) {
        (SpanFilter::All, _) | (_, SpanFilter::All) => SpanFilter::All,
        (a, b) => SpanFilter::Or(vec![a, b]),
    }
}

#[cfg(test)]
mod tests {
    use crate::{lower, traceql};

    #[test]
    fn what_is_needed_twice_is_looked_for_once() {
        for (query, count) in [
            (r#"{ name =~ "a.*" } >> { } >> { name =~ "a.*" }"#, 1),
            (r#"{ name =~ "a.*" } >> { } >> { name !~ "a.*" }"#, 1),
            (r#"({ name = "a" } >> { }) && ({ name = "a" } > { })"#, 1),
            (r#"{ name = "a" } >> { name = "b" } >> { }"#, 2),
        ] {
            let parsed = traceql::parse(query).unwrap();
            let filter = lower::search(&parsed).unwrap();
            assert_eq!(filter.required().len(), count, "{query}");
        }
    }
}

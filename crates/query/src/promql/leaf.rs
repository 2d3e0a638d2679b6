//! A metrics query over spans behind a part of a metric, and how its series are read.
//!
//! **It asks for no more fields than labels are wanted.**

use super::matching::Matcher;
use super::metric::{Measure, Origin, Shown};
use super::quantile::Bucket;
use super::vector::Labels;
use crate::metrics::Series;
use crate::traceql::{
    Expr, Field, Intrinsic, Literal, MetricsExpr, MetricsFunction, OverTime, Pipeline, Query, Root,
    SourceRange, SpansetExpr, Stage,
};
use tracewell_model::values::Value;
use tracewell_model::{SpanKind, StatusCode};

/// The label of a histogram's buckets in series of TraceQL.
const EDGE: &str = "__bucket";

/// A metrics query, and how its series are read.
pub(super) struct Leaf {
    pub(super) query: Query,
    pub(super) labels: Vec<(String, Origin)>,
    /// What is held against labels.
    pub(super) left: Vec<Matcher>,
    /// Labels that were asked for to be matched alone.
    pub(super) gone: Vec<String>,
}

impl Leaf {
    /// The labels of a series, if they match.
    pub(super) fn key(&self, series: &Series) -> Option<(Labels, Option<Bucket>)> {
        let value = |field: &Field| {
            let name = field.to_string();
            let mut labels = series.labels.iter();
            labels
                .find(|(label, _)| *label == name)
                .map(|(_, value)| value)
        };
        let mut labels = Labels::new();
        for (label, origin) in &self.labels {
            let text = match origin {
                Origin::Constant(text) => (*text).to_owned(),
                Origin::Fields(fields, shown) => {
                    let value = fields.iter().find_map(value);
                    value.map_or_else(String::new, |value| shown.text(value))
                }
            };
            labels.insert(label.clone(), text);
        }
        let holds = |matcher: &Matcher| {
            matcher.holds(labels.get(&matcher.label).map_or("", String::as_str))
        };
        if !self.left.iter().all(holds) {
            return None;
        }
        labels.retain(|label, text| !text.is_empty() && !self.gone.contains(label));
        let edge = series.labels.iter().find(|(label, _)| label == EDGE);
        let bucket = edge.map(|(_, edge)| match edge {
            Value::Double(seconds) => Bucket::of_edge(*seconds),
            _ => Bucket::ZERO,
        });
        Some((labels, bucket))
    }
}

/// What is asked of the spans, in the language of spans.
pub(super) fn query(measure: Measure, spans: Vec<Expr>, labels: &[(String, Origin)]) -> Query {
    let mut by: Vec<Field> = Vec::new();
    for (_, origin) in labels {
        if let Origin::Fields(fields, _) = origin {
            by.extend(fields.iter().cloned());
        }
    }
    let mut seen = Vec::new();
    by.retain(|field| {
        let is_new = !seen.contains(field);
        seen.push(field.clone());
        is_new
    });
    // Where no field has a value the first would be called `nil`.
    let is_always_there = |field: &Field| {
        matches!(
            field,
            Field::Intrinsic(Intrinsic::Name | Intrinsic::Kind | Intrinsic::Status)
        )
    };
    if !by.is_empty() && !by.iter().any(is_always_there) {
        by.push(Field::Intrinsic(Intrinsic::Status));
    }
    let duration = Field::Intrinsic(Intrinsic::Duration);
    let function = match measure {
        Measure::Count | Measure::Failed => MetricsFunction::Count,
        Measure::Sum => MetricsFunction::OfField(OverTime::Sum, duration),
        Measure::Buckets => MetricsFunction::OfField(OverTime::Histogram, duration),
    };
    let filter = Expr::all_of(spans);
    Query {
        root: Root::Metrics(MetricsExpr::Series {
            spans: Pipeline {
                stages: vec![Stage::Spansets(SpansetExpr::Filter(filter))],
            },
            function,
            by,
            source: SourceRange::default(),
        }),
        hints: Vec::new(),
    }
}

/// All kinds, with what they are as labels.
pub(super) fn kinds() -> impl Iterator<Item = (Literal, String)> {
    let shown = |kind| (Literal::Kind(kind), Shown::Kind.text(&Value::Kind(kind)));
    SpanKind::ALL.into_iter().map(shown)
}

/// Likewise.
pub(super) fn statuses() -> impl Iterator<Item = (Literal, String)> {
    let all = [StatusCode::Unset, StatusCode::Ok, StatusCode::Error];
    let shown = |status| {
        (
            Literal::Status(status),
            Shown::Status.text(&Value::Status(status)),
        )
    };
    all.into_iter().map(shown)
}

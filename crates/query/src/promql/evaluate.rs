//! A tree into figures: who calculates what, at which moments.

use super::aggregate::{aggregated, best, sorted};
use super::ast::{Aggregation, Expr, Grouping};
use super::binary::binary;
use super::error::Failure;
use super::keys::Keys;
use super::moments::Moments;
use super::quantile::histogram_quantile;
use super::vector::{Value, Vector, nameless, with_samples};
use super::windows::Reach;
use crate::metrics::MetricsAnswer;
use std::sync::atomic::AtomicBool;
use tracewell_model::{TimeRange, TraceStore};

/// Why figures may be too great.
const NOT_EXACT: &str = "there are so many spans that those stored twice may count twice";

/// What a query comes to.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The figures; series in the order of their labels, unless the query sorts them.
    pub value: Value,
    /// What may be wrong with them.
    pub warnings: Vec<String>,
}

/// Answers a query at each moment. When `cancelled` is set on the way, what was
/// counted so far is the answer, with a warning.
///
/// # Errors
/// What is wrong with the query, or what the store says.
pub fn evaluate(
    store: &dyn TraceStore,
    query: &Expr,
    moments: Moments,
    cancelled: &AtomicBool,
) -> Result<Answer, Failure> {
    let mut evaluation = Evaluation::new(store, moments, cancelled);
    let mut value = evaluation.value(query)?;
    let is_ranked = matches!(query, Expr::Best { .. } | Expr::Sorted { .. });
    if let Value::Vectors(vectors) = &mut value
        && !(is_ranked && moments.count == 1)
    {
        vectors.sort_by(|a, b| a.labels.cmp(&b.labels));
    }
    Ok(Answer {
        value,
        warnings: evaluation.warnings,
    })
}

/// The answering of one query.
pub(super) struct Evaluation<'a> {
    pub(super) store: &'a dyn TraceStore,
    pub(super) moments: Moments,
    pub(super) cancelled: &'a AtomicBool,
    keys: Option<Keys>,
    pub(super) warnings: Vec<String>,
}

impl<'a> Evaluation<'a> {
    pub(super) fn new(
        store: &'a dyn TraceStore,
        moments: Moments,
        cancelled: &'a AtomicBool,
    ) -> Self {
        Self {
            store,
            moments,
            cancelled,
            keys: None,
            warnings: Vec::new(),
        }
    }

    fn value(&mut self, expr: &Expr) -> Result<Value, Failure> {
        Ok(match expr {
            Expr::Number(number) => Value::Number(*number),
            Expr::Binary {
                op,
                left,
                right,
                matching,
            } => {
                let (left, right) = (self.value(left)?, self.value(right)?);
                binary(*op, left, right, matching, self.moments.count)?
            }
            Expr::Negated(of) => match self.value(of)? {
                Value::Number(number) => Value::Number(-number),
                Value::Vectors(mut vectors) => {
                    let values = vectors.iter_mut().flat_map(|vector| &mut vector.values);
                    values.flatten().for_each(|value| *value = -*value);
                    Value::Vectors(nameless(vectors))
                }
            },
            other => Value::Vectors(self.vectors(other, None)?),
        })
    }

    /// The series of an expression that has some; with the labels that stay, where
    /// they are added up by them afterwards.
    fn vectors(&mut self, expr: &Expr, keep: Option<&Grouping>) -> Result<Vec<Vector>, Failure> {
        Ok(match expr {
            Expr::Selector(of) => with_samples(self.selected(of, Reach::Everything, keep)?),
            Expr::Over {
                is_rate,
                of,
                window_ns,
            } => {
                let mut vectors = self.selected(of, Reach::Last(*window_ns), keep)?;
                if *is_rate {
                    let seconds = *window_ns as f64 / 1e9;
                    let values = vectors.iter_mut().flat_map(|vector| &mut vector.values);
                    values.flatten().for_each(|value| *value /= seconds);
                }
                nameless(vectors)
            }
            Expr::Quantile { q, of } => {
                histogram_quantile(self.number(q)?, self.vectors(of, None)?)
            }
            Expr::Aggregated { by, keep, of } => {
                let of = match by {
                    Aggregation::Sum => self.vectors(of, Some(keep))?,
                    _ => self.vectors(of, None)?,
                };
                aggregated(*by, keep, of)
            }
            Expr::Best {
                is_top,
                count,
                keep,
                of,
            } => {
                let count = self.number(count)?.max(0.0) as usize;
                best(*is_top, count, keep, self.vectors(of, None)?)
            }
            Expr::Sorted { is_descending, of } => sorted(*is_descending, self.vectors(of, None)?),
            Expr::Vector(of) => vec![Vector {
                labels: super::Labels::new(),
                values: vec![Some(self.number(of)?); self.moments.count],
            }],
            Expr::Number(_) | Expr::Binary { .. } | Expr::Negated(_) => match self.value(expr)? {
                Value::Vectors(vectors) => vectors,
                // The parser lets no number come here.
                Value::Number(_) => Vec::new(),
            },
        })
    }

    fn number(&mut self, expr: &Expr) -> Result<f64, Failure> {
        match self.value(expr)? {
            Value::Number(number) => Ok(number),
            // Nor series here.
            Value::Vectors(_) => Ok(f64::NAN),
        }
    }

    /// The attributes of spans that run up to the last moment.
    pub(super) fn keys(&mut self) -> Result<&Keys, Failure> {
        let keys = match self.keys.take() {
            Some(keys) => keys,
            None => {
                let range = TimeRange {
                    start_ns: 0,
                    end_ns: self.moments.last_ns().saturating_add(1),
                };
                Keys::of(&self.store.attribute_keys(range)?.entries)
            }
        };
        Ok(self.keys.insert(keys))
    }

    pub(super) fn lacks(&mut self, answer: &MetricsAnswer) {
        let not_exact = (!answer.is_exact).then(|| NOT_EXACT.to_owned());
        for warning in answer.partial.clone().into_iter().chain(not_exact) {
            if !self.warnings.contains(&warning) {
                self.warnings.push(warning);
            }
        }
    }
}

//! Two sides into one: arithmetic, comparisons and sets of series.
//!
//! Series belong together that have the same labels, or the same of some; **two of
//! one side for one of the other are an error**, as nobody could say which counts.

use super::ast::{Matching, Operator};
use super::error::Failure;
use super::vector::{Labels, NAME, Value, Vector, nameless, with_samples};
use std::collections::{BTreeMap, BTreeSet};
use tracewell_model::filter::CompareOp;

pub(super) fn binary(
    op: Operator,
    left: Value,
    right: Value,
    matching: &Matching,
    moments: usize,
) -> Result<Value, Failure> {
    Ok(match (left, right) {
        (Value::Number(a), Value::Number(b)) => {
            // Comparisons of numbers have `bool`.
            Value::Number(of_samples(op, a, b, a).unwrap_or(f64::NAN))
        }
        (Value::Vectors(vectors), Value::Number(b)) => {
            Value::Vectors(each(op, vectors, |a| of_samples(op, a, b, a)))
        }
        (Value::Number(a), Value::Vectors(vectors)) => {
            Value::Vectors(each(op, vectors, |b| of_samples(op, a, b, b)))
        }
        (Value::Vectors(left), Value::Vectors(right)) => Value::Vectors(match op {
            Operator::And | Operator::Or | Operator::Unless => {
                set(op, left, right, matching, moments)
            }
            _ => joined(op, left, right, matching)?,
        }),
    })
}

/// The sample of `a op b`; of a comparison `kept` where it holds.
fn of_samples(op: Operator, a: f64, b: f64, kept: f64) -> Option<f64> {
    Some(match op {
        Operator::Add => a + b,
        Operator::Subtract => a - b,
        Operator::Multiply => a * b,
        Operator::Divide => a / b,
        Operator::Remainder => a % b,
        Operator::Power => a.powf(b),
        Operator::Compare(op, is_bool) => {
            let holds = match op {
                CompareOp::Equal => a == b,
                CompareOp::NotEqual => a != b,
                CompareOp::Less => a < b,
                CompareOp::LessOrEqual => a <= b,
                CompareOp::Greater => a > b,
                CompareOp::GreaterOrEqual => a >= b,
            };
            match is_bool {
                true => f64::from(u8::from(holds)),
                false => return holds.then_some(kept),
            }
        }
        // Sets are made of whole series.
        Operator::And | Operator::Or | Operator::Unless => return None,
    })
}

fn each(op: Operator, mut vectors: Vec<Vector>, of: impl Fn(f64) -> Option<f64>) -> Vec<Vector> {
    for value in vectors.iter_mut().flat_map(|vector| &mut vector.values) {
        *value = value.and_then(&of);
    }
    with_samples(renamed(op, vectors))
}

/// What was only picked out keeps its name.
fn renamed(op: Operator, vectors: Vec<Vector>) -> Vec<Vector> {
    match op {
        Operator::Compare(_, false) => vectors,
        _ => nameless(vectors),
    }
}

/// The labels that must be the same.
fn key(matching: &Matching, labels: &Labels) -> Labels {
    let is_of_key = |label: &String| match matching {
        Matching::Ignoring(ignored) => label != NAME && !ignored.contains(label),
        Matching::On(labels) => labels.contains(label),
    };
    let mut key = labels.clone();
    key.retain(|label, _| is_of_key(label));
    key
}

fn joined(
    op: Operator,
    left: Vec<Vector>,
    right: Vec<Vector>,
    matching: &Matching,
) -> Result<Vec<Vector>, Failure> {
    let mut by_key = BTreeMap::new();
    for vector in &right {
        if by_key
            .insert(key(matching, &vector.labels), vector)
            .is_some()
        {
            return Err(many("right", &key(matching, &vector.labels)));
        }
    }
    let (mut seen, mut series) = (BTreeSet::new(), Vec::new());
    for vector in left {
        let key = key(matching, &vector.labels);
        let Some(other) = by_key.get(&key) else {
            continue;
        };
        if !seen.insert(key.clone()) {
            return Err(many("left", &key));
        }
        let both = vector.values.iter().zip(&other.values);
        let of = |(a, b): (&Option<f64>, &Option<f64>)| of_samples(op, (*a)?, (*b)?, (*a)?);
        series.push(Vector {
            values: both.map(of).collect(),
            labels: match op {
                Operator::Compare(_, false) => vector.labels,
                _ => key,
            },
        });
    }
    Ok(with_samples(renamed(op, series)))
}

fn many(side: &str, key: &Labels) -> Failure {
    let labels = key
        .iter()
        .map(|(label, value)| format!("{label}={value:?}"));
    let labels: Vec<String> = labels.collect();
    Failure::Query(format!(
        "found duplicate series for the match group {{{}}} on the {side} hand-side of the \
         operation; sum that side by the labels that both have",
        labels.join(", ")
    ))
}

/// By moment: the left samples with or without one to the right, or those of both.
fn set(
    op: Operator,
    left: Vec<Vector>,
    right: Vec<Vector>,
    matching: &Matching,
    moments: usize,
) -> Vec<Vector> {
    let there = |vectors: &[Vector]| {
        let mut there: BTreeMap<Labels, Vec<bool>> = BTreeMap::new();
        for vector in vectors {
            let group = there.entry(key(matching, &vector.labels));
            let group = group.or_insert_with(|| vec![false; moments]);
            for (is_there, value) in group.iter_mut().zip(&vector.values) {
                *is_there |= value.is_some();
            }
        }
        there
    };
    let keep = |vectors: Vec<Vector>, others: &BTreeMap<Labels, Vec<bool>>, wants: bool| {
        let kept = vectors.into_iter().map(|mut vector| {
            let others = others.get(&key(matching, &vector.labels));
            for (moment, value) in vector.values.iter_mut().enumerate() {
                if others.is_some_and(|others| others[moment]) != wants {
                    *value = None;
                }
            }
            vector
        });
        kept.collect::<Vec<Vector>>()
    };
    let series = match op {
        Operator::And => keep(left, &there(&right), true),
        Operator::Unless => keep(left, &there(&right), false),
        _ => {
            let others = keep(right, &there(&left), false);
            merged(left, others)
        }
    };
    with_samples(series)
}

/// Samples of the same series stand in one.
fn merged(mut left: Vec<Vector>, right: Vec<Vector>) -> Vec<Vector> {
    for other in right {
        match left.iter_mut().find(|vector| vector.labels == other.labels) {
            Some(vector) => {
                for (value, more) in vector.values.iter_mut().zip(other.values) {
                    *value = value.or(more);
                }
            }
            None => left.push(other),
        }
    }
    left
}

//! What is made of series: the best of them, those past a limit, and
//! calculations between them.
//!
//! A sample that is not there is NaN, and so is everything that is calculated of
//! it. **Series without samples are dropped.**

use super::answer::Series;
use std::collections::HashMap;
use tracewell_model::filter::CompareOp;
use tracewell_model::values::{Arithmetic, Value, compares};

/// The label of series that nothing else tells apart.
pub(super) const NAME: &str = "__name__";

/// What stands on a side of an operator.
#[derive(Debug)]
pub(super) enum Operand {
    Series(Vec<Series>),
    Number(f64),
}

/// Of each moment the `count` greatest samples, or the least. Among equals the
/// series that come first win.
pub(super) fn best(mut series: Vec<Series>, is_top: bool, count: usize) -> Vec<Series> {
    let moments = series.first().map_or(0, |series| series.values.len());
    let mut order: Vec<(f64, usize)> = Vec::new();
    for moment in 0..moments {
        let values = series.iter().map(|series| series.values[moment]);
        order.clear();
        order.extend(values.zip(0..).filter(|(value, _)| !value.is_nan()));
        for (_, worse) in worse_than_best(&mut order, is_top, count) {
            series[*worse].values[moment] = f64::NAN;
        }
    }
    with_samples(series)
}

/// All but the `count` greatest samples, or least; each with the place of its series.
pub(crate) fn worse_than_best(
    samples: &mut [(f64, usize)],
    is_top: bool,
    count: usize,
) -> &[(f64, usize)] {
    if samples.len() <= count {
        return &[];
    }
    samples.select_nth_unstable_by(count, |a, b| {
        let by_value = a.0.total_cmp(&b.0);
        let by_value = if is_top { by_value.reverse() } else { by_value };
        by_value.then(a.1.cmp(&b.1))
    });
    &samples[count..]
}

/// The samples for which `sample op limit` holds.
pub(super) fn filtered(mut series: Vec<Series>, op: CompareOp, limit: f64) -> Vec<Series> {
    let limit = Value::Double(limit);
    for value in series.iter_mut().flat_map(|series| &mut series.values) {
        if !value.is_nan() && !compares(op, &Value::Double(*value), &limit) {
            *value = f64::NAN;
        }
    }
    with_samples(series)
}

/// `left op right`, of series with the same labels. Series that no label tells
/// apart go with each of the other side. `name` is what comes out where there is
/// none.
pub(super) fn calculated(op: Arithmetic, left: Operand, right: Operand, name: &str) -> Operand {
    let of = |a: f64, b: f64| match op {
        // What has no result is no sample.
        Arithmetic::Divide if b == 0.0 => f64::NAN,
        _ => op.of_doubles(a, b),
    };
    let with_number = |mut series: Vec<Series>, of: &dyn Fn(f64) -> f64| {
        let values = series.iter_mut().flat_map(|series| &mut series.values);
        values.for_each(|value| *value = of(*value));
        series
    };
    let series = match (left, right) {
        (Operand::Number(a), Operand::Number(b)) => return Operand::Number(of(a, b)),
        (Operand::Series(series), Operand::Number(b)) => with_number(series, &|a| of(a, b)),
        (Operand::Number(a), Operand::Series(series)) => with_number(series, &|b| of(a, b)),
        (Operand::Series(left), Operand::Series(right)) => joined(left, right, &of),
    };
    let mut series = with_samples(series);
    for (label, value) in series.iter_mut().flat_map(|series| &mut series.labels) {
        if label == NAME {
            *value = Value::Str(name.to_owned().into());
        }
    }
    Operand::Series(series)
}

fn joined(left: Vec<Series>, right: Vec<Series>, of: &dyn Fn(f64, f64) -> f64) -> Vec<Series> {
    let calculate = |shown: &Series, a: &Series, b: &Series| {
        let both = a.values.iter().zip(&b.values);
        Series {
            values: both.map(|(a, b)| of(*a, *b)).collect(),
            ..shown.clone()
        }
    };
    match (is_alone(&left), is_alone(&right)) {
        (false, true) => left.iter().map(|a| calculate(a, a, &right[0])).collect(),
        (true, false) => right.iter().map(|b| calculate(b, &left[0], b)).collect(),
        _ => {
            let right: HashMap<_, _> = right.iter().map(|b| (key(b), b)).collect();
            let pairs = left.iter().filter_map(|a| Some((a, right.get(&key(a))?)));
            pairs.map(|(a, b)| calculate(a, a, b)).collect()
        }
    }
}

/// Is it the one series that no label tells from others?
fn is_alone(series: &[Series]) -> bool {
    matches!(series, [only] if only.labels.iter().all(|(label, _)| label == NAME))
}

/// The labels of a series, in whatever order they stand.
fn key(series: &Series) -> Vec<u8> {
    let mut labels: Vec<_> = series
        .labels
        .iter()
        .filter(|(label, _)| label != NAME)
        .collect();
    labels.sort_by(|(a, _), (b, _)| a.cmp(b));
    let mut key = Vec::new();
    for (label, value) in labels {
        Value::Str(label.as_str().into()).write_key(&mut key);
        value.write_key(&mut key);
    }
    key
}

fn with_samples(mut series: Vec<Series>) -> Vec<Series> {
    series.retain(|series| !series.is_empty());
    series
}

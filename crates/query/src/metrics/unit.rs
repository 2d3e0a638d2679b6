//! What the figures of a query are, for whoever shows them: told by the query
//! alone, so that nobody guesses from labels or sizes.

use super::plan::{Function, MetricsQuery, Node};
use tracewell_model::values::Arithmetic;

/// What a figure counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Seconds of a duration.
    Seconds,
    /// Something a second.
    PerSecond,
    /// Anything else.
    Number,
}

/// What an answer is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Each series stands for itself; its values are of this unit.
    Lines(Unit),
    /// Each series is a bucket of a histogram, whose bounds are of this unit.
    Histogram(Unit),
    /// Each series counts spans that have a value of an attribute, on one side.
    Comparison,
}

impl MetricsQuery {
    /// What its answers are made of.
    #[must_use]
    pub fn shape(&self) -> Shape {
        shape(&self.root)
    }
}

fn shape(node: &Node) -> Shape {
    match node {
        Node::Series(of) => of_function(&of.function),
        Node::Best { of, .. } | Node::Filtered { of, .. } => shape(of),
        Node::Calculated { op, left, right } => Shape::Lines(calculated(*op, left, right)),
        Node::Number(_) => Shape::Lines(Unit::Number),
    }
}

fn of_function(function: &Function) -> Shape {
    match function {
        Function::Rate => Shape::Lines(Unit::PerSecond),
        Function::Count => Shape::Lines(Unit::Number),
        Function::OfValues(..) | Function::Quantiles(..) => Shape::Lines(measured(function)),
        Function::Histogram(_) => Shape::Histogram(measured(function)),
        Function::Compare(_) => Shape::Comparison,
    }
}

fn measured(function: &Function) -> Unit {
    if function.is_of_durations() {
        Unit::Seconds
    } else {
        Unit::Number
    }
}

fn calculated(op: Arithmetic, left: &Node, right: &Node) -> Unit {
    let unit = |node: &Node| match (node, shape(node)) {
        // A number takes the unit of what it stands beside.
        (Node::Number(_), _) => None,
        (_, Shape::Lines(unit)) => Some(unit),
        (_, Shape::Histogram(_) | Shape::Comparison) => Some(Unit::Number),
    };
    match (op, unit(left), unit(right)) {
        (_, Some(unit), None) => unit,
        (Arithmetic::Divide, None, Some(_)) => Unit::Number,
        (_, None, Some(unit)) => unit,
        (Arithmetic::Add | Arithmetic::Subtract, Some(left), Some(right)) if left == right => left,
        _ => Unit::Number,
    }
}

#[cfg(test)]
mod tests {
    use super::{Shape, Unit};
    use crate::{lower, traceql};

    #[test]
    fn the_query_alone_tells_what_its_figures_are() {
        let (seconds, rate, number) = (
            Shape::Lines(Unit::Seconds),
            Shape::Lines(Unit::PerSecond),
            Shape::Lines(Unit::Number),
        );
        for (query, shape) in [
            ("{ } | rate() by (name)", rate),
            ("{ } | rate() | topk(3)", rate),
            ("{ } | count_over_time() > 5", number),
            ("{ } | quantile_over_time(duration, 0.9)", seconds),
            ("{ } | max_over_time(span.bytes)", number),
            (
                "{ } | histogram_over_time(duration)",
                Shape::Histogram(Unit::Seconds),
            ),
            (
                "{ } | histogram_over_time(span.bytes)",
                Shape::Histogram(Unit::Number),
            ),
            ("{ } | compare({ error })", Shape::Comparison),
            ("({ error } | rate()) / ({ } | rate())", number),
            ("({ error } | rate()) + ({ } | rate())", rate),
            ("({ } | rate()) * 60", rate),
            ("1 / ({ } | avg_over_time(duration))", number),
            ("2 * ({ } | avg_over_time(duration))", seconds),
            ("({ } | rate()) * ({ } | avg_over_time(duration))", number),
        ] {
            let parsed = traceql::parse(query).unwrap();
            assert_eq!(lower::metrics(&parsed).unwrap().shape(), shape, "{query}");
        }
    }
}

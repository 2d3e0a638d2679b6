//! Series with a sample at each moment, or none.

use std::collections::BTreeMap;

/// The label that holds the name of a metric.
pub(super) const NAME: &str = "__name__";

/// The label that holds the upper bound of a bucket.
pub(super) const BUCKET: &str = "le";

/// Labels by name; one without a value is not there.
pub type Labels = BTreeMap<String, String>;

/// A series.
#[derive(Debug, Clone, PartialEq)]
pub struct Vector {
    /// What tells it from others.
    pub labels: Labels,
    /// One for each moment; `None` where there is no sample, which NaN is one.
    pub values: Vec<Option<f64>>,
}

/// What an expression comes to.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// The same at each moment.
    Number(f64),
    /// Series.
    Vectors(Vec<Vector>),
}

/// Those with samples, without what they are called.
pub(super) fn nameless(mut vectors: Vec<Vector>) -> Vec<Vector> {
    for vector in &mut vectors {
        vector.labels.remove(NAME);
    }
    vectors
}

/// Those with samples.
pub(super) fn with_samples(mut vectors: Vec<Vector>) -> Vec<Vector> {
    vectors.retain(|vector| vector.values.iter().any(Option::is_some));
    vectors
}

//! Figures over time.

use serde::{Serialize, Serializer};
use tracewell_query::metrics::MetricsAnswer;

use super::{SearchMetrics, as_text, is_zero};
use crate::tempo::value::{KeyValue, not_finite};

#[derive(Clone, PartialEq, prost::Message)]
pub(in crate::tempo) struct QueryRangeRequest {
    #[prost(string, tag = "1")]
    pub(in crate::tempo) query: String,
    /// Nanoseconds, as are the next two.
    #[prost(uint64, tag = "2")]
    pub(in crate::tempo) start: u64,
    #[prost(uint64, tag = "3")]
    pub(in crate::tempo) end: u64,
    #[prost(uint64, tag = "4")]
    pub(in crate::tempo) step: u64,
    #[prost(uint32, tag = "16")]
    pub(in crate::tempo) exemplars: u32,
    #[prost(uint32, tag = "17")]
    pub(in crate::tempo) max_series: u32,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(in crate::tempo) struct QueryInstantRequest {
    #[prost(string, tag = "1")]
    pub(in crate::tempo) query: String,
    /// Nanoseconds.
    #[prost(uint64, tag = "2")]
    pub(in crate::tempo) start: u64,
    /// Nanoseconds.
    #[prost(uint64, tag = "3")]
    pub(in crate::tempo) end: u64,
}

#[derive(Clone, PartialEq, prost::Message, Serialize)]
pub(in crate::tempo) struct QueryRangeResponse {
    #[prost(message, repeated, tag = "1")]
    pub(in crate::tempo) series: Vec<TimeSeries>,
    #[prost(message, optional, tag = "2")]
    pub(in crate::tempo) metrics: Option<SearchMetrics>,
    /// [`PARTIAL`], or zero.
    #[prost(int32, tag = "3")]
    #[serde(serialize_with = "status_name", skip_serializing_if = "is_zero")]
    pub(in crate::tempo) status: i32,
    #[prost(string, tag = "4")]
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(in crate::tempo) message: String,
}

#[derive(Clone, PartialEq, prost::Message, Serialize)]
pub(in crate::tempo) struct TimeSeries {
    #[prost(message, repeated, tag = "1")]
    pub(in crate::tempo) labels: Vec<KeyValue>,
    #[prost(message, repeated, tag = "2")]
    pub(in crate::tempo) samples: Vec<Sample>,
    #[prost(message, repeated, tag = "4")]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(in crate::tempo) exemplars: Vec<Exemplar>,
}

/// A span behind a figure; its trace is the label `trace:id`.
#[derive(Clone, PartialEq, prost::Message, Serialize)]
pub(in crate::tempo) struct Exemplar {
    #[prost(message, repeated, tag = "1")]
    pub(in crate::tempo) labels: Vec<KeyValue>,
    #[prost(double, tag = "2")]
    #[serde(serialize_with = "number", skip_serializing_if = "is_zero")]
    pub(in crate::tempo) value: f64,
    #[prost(uint64, tag = "3")]
    #[serde(rename = "timestampMs", serialize_with = "as_text")]
    pub(in crate::tempo) timestamp_ms: u64,
}

#[derive(Clone, PartialEq, prost::Message, Serialize)]
pub(in crate::tempo) struct Sample {
    #[prost(double, tag = "1")]
    #[serde(serialize_with = "number", skip_serializing_if = "is_zero")]
    pub(in crate::tempo) value: f64,
    /// Of the right edge of the step.
    #[prost(uint64, tag = "2")]
    #[serde(rename = "timestampMs", serialize_with = "as_text")]
    pub(in crate::tempo) timestamp_ms: u64,
}

#[derive(Clone, PartialEq, prost::Message, Serialize)]
pub(in crate::tempo) struct QueryInstantResponse {
    #[prost(message, repeated, tag = "1")]
    pub(in crate::tempo) series: Vec<InstantSeries>,
    #[prost(message, optional, tag = "2")]
    pub(in crate::tempo) metrics: Option<SearchMetrics>,
    /// [`PARTIAL`], or zero.
    #[prost(int32, tag = "3")]
    #[serde(serialize_with = "status_name", skip_serializing_if = "is_zero")]
    pub(in crate::tempo) status: i32,
    #[prost(string, tag = "4")]
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(in crate::tempo) message: String,
}

#[derive(Clone, PartialEq, prost::Message, Serialize)]
pub(in crate::tempo) struct InstantSeries {
    #[prost(message, repeated, tag = "1")]
    pub(in crate::tempo) labels: Vec<KeyValue>,
    #[prost(double, tag = "2")]
    #[serde(serialize_with = "number", skip_serializing_if = "is_zero")]
    pub(in crate::tempo) value: f64,
}

const PARTIAL: i32 = 1;

/// What an answer about figures says of itself: metrics, status, message. One that
/// counts too much is whole and has a message, and so has one that was `to_sample` and
/// did not.
pub(in crate::tempo) fn standing(
    found: &MetricsAnswer,
    to_sample: bool,
) -> (Option<SearchMetrics>, i32, String) {
    const INEXACT: &str = "spans that were stored twice may have been counted twice";
    const UNSAMPLED: &str = "no sample was taken: all spans were counted";
    let status = if found.partial.is_some() { PARTIAL } else { 0 };
    let inexact = (!found.is_exact).then_some(INEXACT);
    let says: Vec<&str> = found
        .partial
        .as_deref()
        .into_iter()
        .chain(inexact)
        .chain(to_sample.then_some(UNSAMPLED))
        .collect();
    let metrics = SearchMetrics::at_end(&found.report);
    (Some(metrics), status, says.join("; "))
}

fn status_name<S: Serializer>(_partial: &i32, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str("PARTIAL")
}

fn number<S: Serializer>(number: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    match number.is_finite() {
        true => serializer.serialize_f64(*number),
        false => serializer.serialize_str(not_finite(*number)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tracewell_model::store::ScanReport;

    #[test]
    fn figures_say_what_is_wrong_with_them() {
        let mut found = MetricsAnswer {
            series: Vec::new(),
            report: ScanReport::default(),
            is_exact: true,
            partial: None,
        };
        let mut says = |is_exact, partial: Option<&str>| {
            found.is_exact = is_exact;
            found.partial = partial.map(str::to_owned);
            let (_, status, message) = standing(&found, false);
            (status, message)
        };
        let twice = "spans that were stored twice may have been counted twice";
        assert_eq!(says(true, None), (0, String::new()));
        assert_eq!(says(false, None), (0, twice.to_owned()));
        assert_eq!(says(true, Some("late")), (PARTIAL, "late".to_owned()));
        assert_eq!(
            says(false, Some("late")),
            (PARTIAL, format!("late; {twice}"))
        );
    }
}

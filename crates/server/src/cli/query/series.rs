//! The answer of `api/ui/metrics`, and what its series are called.

use serde::Deserialize;
use serde_json::{Map, Value as Json, json};

use crate::cli::stats::Stats;

/// Names as in the UI's API.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Answer {
    pub(super) unit: String,
    start_ns: String,
    step_ns: String,
    pub(super) series: Vec<Series>,
    pub(super) exact: bool,
    pub(super) partial: Option<String>,
    #[serde(flatten)]
    pub(super) stats: Stats,
}

/// A value for each moment.
#[derive(Debug, Deserialize)]
pub(super) struct Series {
    pub(super) labels: Vec<Label>,
    pub(super) values: Vec<Option<f64>>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Label {
    pub(super) name: String,
    pub(super) value: Json,
}

impl Label {
    /// The value as text without quotes.
    pub(super) fn text(&self) -> String {
        match &self.value {
            Json::String(text) => text.clone(),
            other => other.to_string(),
        }
    }
}

impl Answer {
    pub(super) fn step_ns(&self) -> u64 {
        self.step_ns.parse().unwrap_or(0)
    }

    /// The moment of the value at `place`.
    pub(super) fn at_ns(&self, place: usize) -> u64 {
        let start_ns: u64 = self.start_ns.parse().unwrap_or(0);
        start_ns.saturating_add(self.step_ns().saturating_mul(place as u64))
    }

    /// The samples of a series.
    pub(super) fn samples<'a>(
        &'a self,
        series: &'a Series,
    ) -> impl Iterator<Item = (u64, f64)> + use<'a> {
        let places = series.values.iter().enumerate();
        places.filter_map(|(place, value)| Some((self.at_ns(place), (*value)?)))
    }
}

impl Series {
    /// The value alone where there is one label, else all labels.
    pub(super) fn name(&self) -> String {
        match self.labels.as_slice() {
            [label] if label.value.is_string() => label.text(),
            labels => {
                let pairs = labels
                    .iter()
                    .map(|label| format!("{} = {}", label.name, label.value));
                pairs.collect::<Vec<_>>().join(", ")
            }
        }
    }

    /// One line for scripts: labels by name, samples as `[time, value]`.
    pub(super) fn to_json(&self, answer: &Answer) -> String {
        let labels: Map<_, _> = self
            .labels
            .iter()
            .map(|label| (label.name.clone(), label.value.clone()))
            .collect();
        let samples: Vec<Json> = answer
            .samples(self)
            .map(|(at_ns, value)| json!([at_ns.to_string(), value]))
            .collect();
        json!({"labels": labels, "unit": answer.unit, "samples": samples}).to_string()
    }
}

//! Answers in Prometheus' JSON: figures are text, so that NaN and infinities can be
//! written.

use axum::response::{IntoResponse, Response};
use http::header;
use serde::Serialize;
use serde::ser::{SerializeTuple, Serializer};
use tracewell_query::promql::{Answer, Labels, Moments, Value, Vector};

use super::refusal::Refusal;
use crate::error::to_json;

/// Samples of one answer, at most: some 40 MB of text.
const MAX_SAMPLES: usize = 1_000_000;

const MS_NS: u64 = 1_000_000;

#[derive(Serialize)]
struct Success<T> {
    status: &'static str,
    data: T,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
}

/// What was asked for, with what it may lack.
pub(super) fn success(data: impl Serialize, warnings: Vec<String>) -> Response {
    encoded(encode(data, warnings))
}

pub(super) fn encode(data: impl Serialize, warnings: Vec<String>) -> Vec<u8> {
    to_json(&Success {
        status: "success",
        data,
        warnings,
    })
}

pub(super) fn encoded(json: Vec<u8>) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], json).into_response()
}

#[derive(Serialize)]
#[serde(tag = "resultType", content = "result", rename_all = "lowercase")]
enum Data<'a> {
    Matrix(Vec<SeriesOfSamples<'a>>),
    Vector(Vec<SeriesOfOne<'a>>),
    Scalar(Sample),
}

#[derive(Serialize)]
struct SeriesOfSamples<'a> {
    metric: &'a Labels,
    values: Vec<Sample>,
}

#[derive(Serialize)]
struct SeriesOfOne<'a> {
    metric: &'a Labels,
    value: Sample,
}

/// A moment and a figure.
struct Sample(u64, f64);

impl Serialize for Sample {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(at_ns, figure) = *self;
        let mut pair = serializer.serialize_tuple(2)?;
        let ms = at_ns / MS_NS;
        match ms % 1_000 {
            0 => pair.serialize_element(&(ms / 1_000))?,
            _ => pair.serialize_element(&(ms as f64 / 1e3))?,
        }
        pair.serialize_element(&text(figure))?;
        pair.end()
    }
}

fn text(figure: f64) -> String {
    match figure {
        f64::INFINITY => "+Inf".to_owned(),
        f64::NEG_INFINITY => "-Inf".to_owned(),
        figure => figure.to_string(),
    }
}

/// Figures at one moment.
pub(super) fn instant(answer: Answer, at_ns: u64) -> Vec<u8> {
    let data = match &answer.value {
        Value::Number(number) => Data::Scalar(Sample(at_ns, *number)),
        Value::Vectors(vectors) => {
            let one = |of: &'_ Vector| of.values.first().copied().flatten();
            let series = vectors.iter().filter_map(|of| {
                Some(SeriesOfOne {
                    metric: &of.labels,
                    value: Sample(at_ns, one(of)?),
                })
            });
            Data::Vector(series.collect())
        }
    };
    encode(data, answer.warnings)
}

/// Figures over time.
pub(super) fn range(answer: Answer, moments: Moments) -> Result<Vec<u8>, Refusal> {
    let everywhere = |number: f64| Vector {
        labels: Labels::new(),
        values: moments.all_ns().map(|_| Some(number)).collect(),
    };
    let vectors = match answer.value {
        Value::Number(number) => vec![everywhere(number)],
        Value::Vectors(vectors) => vectors,
    };
    let samples: usize = vectors.iter().map(|of| of.values.len()).sum();
    if samples > MAX_SAMPLES {
        return Err(Refusal::execution(format!(
            "the answer has {} series and {samples} samples, more than {MAX_SAMPLES}: sum by fewer \
             labels, or take a longer step",
            vectors.len()
        )));
    }
    let series = vectors.iter().map(|of| {
        let samples = moments.all_ns().zip(&of.values);
        let samples = samples.filter_map(|(at_ns, figure)| Some(Sample(at_ns, (*figure)?)));
        SeriesOfSamples {
            metric: &of.labels,
            values: samples.collect(),
        }
    });
    let data = Data::Matrix(series.filter(|of| !of.values.is_empty()).collect());
    Ok(encode(data, answer.warnings))
}

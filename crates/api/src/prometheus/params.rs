//! Parameters, from the address or from a form in the body: Grafana sends long
//! queries the second way.

use axum::body::to_bytes;
use axum::extract::{FromRequest, Query, Request};
use http::{Method, Uri};
use tracewell_model::TimeRange;
use tracewell_query::promql::{self, Selector};

use super::refusal::Refusal;
use crate::time;

/// Bytes of a form, at most; four times the longest query.
const MAX_FORM_BYTES: usize = 60 * 1024;

/// As far as clocks go here (the year 2262).
const LATEST_NS: u64 = i64::MAX as u64;

const MS_NS: f64 = 1e6;

/// All of them, in the order sent: those of the address first.
pub(super) struct Params(Vec<(String, String)>);

impl<S: Send + Sync> FromRequest<S> for Params {
    type Rejection = Refusal;

    async fn from_request(request: Request, _state: &S) -> Result<Self, Refusal> {
        let (head, body) = request.into_parts();
        let mut pairs = pairs(&head.uri)?;
        if head.method == Method::POST {
            let form = to_bytes(body, MAX_FORM_BYTES).await.map_err(|_| {
                Refusal::bad_data(format!(
                    "the form cannot be read, or is longer than {MAX_FORM_BYTES} bytes"
                ))
            })?;
            // A form is written as the query of an address is.
            let unread = || Refusal::bad_data("the body is no form: name=value joined by &");
            let form = std::str::from_utf8(&form).map_err(|_| unread())?;
            let uri = Uri::builder().path_and_query(format!("/?{form}"));
            pairs.extend(self::pairs(&uri.build().map_err(|_| unread())?)?);
        }
        Ok(Self(pairs))
    }
}

fn pairs(uri: &Uri) -> Result<Vec<(String, String)>, Refusal> {
    let read = Query::try_from_uri(uri);
    let read = read.map_err(|error| Refusal::bad_data(format!("bad parameters: {error}")))?;
    Ok(read.0)
}

impl Params {
    /// The first value of that name that is not empty.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let mut named = self.0.iter().filter(|(known, _)| known == name);
        let named = named.find(|(_, value)| !value.is_empty());
        named.map(|(_, value)| value.as_str())
    }

    pub(super) fn required(&self, name: &str) -> Result<&str, Refusal> {
        self.get(name)
            .ok_or_else(|| Refusal::bad_data(format!("invalid parameter {name:?}: it is missing")))
    }

    /// A moment; `default_ns` where none is given.
    pub(super) fn time_ns(&self, name: &str, default_ns: u64) -> Result<u64, Refusal> {
        match self.get(name) {
            None => Ok(default_ns),
            Some(text) => moment_ns(text).ok_or_else(|| {
                Refusal::bad_data(format!(
                    "invalid parameter {name:?}: cannot parse {text:?} to a valid timestamp: write \
                     seconds since the epoch, or RFC 3339"
                ))
            }),
        }
    }

    /// The distance of two moments.
    pub(super) fn step_ns(&self) -> Result<u64, Refusal> {
        let text = self.required("step")?;
        let seconds = text.parse().ok().map(|seconds: f64| seconds * 1e9);
        let ns = seconds.map(|ns| ns.round().clamp(0.0, LATEST_NS as f64) as u64);
        ns.or_else(|| promql::length_ns(text)).ok_or_else(|| {
            Refusal::bad_data(format!(
                "invalid parameter \"step\": cannot parse {text:?} to a valid duration: write \
                 seconds, or for example 15s"
            ))
        })
    }

    /// `match[]`.
    pub(super) fn selectors(&self) -> Result<Vec<Selector>, Refusal> {
        let texts = self.0.iter().filter(|(name, _)| name == "match[]");
        let read = |text: &str| {
            promql::parse_selectors(text).map_err(|error| {
                Refusal::bad_data(format!("invalid parameter \"match[]\": {error}"))
            })
        };
        let read: Result<Vec<_>, Refusal> = texts.map(|(_, text)| read(text)).collect();
        Ok(read?.concat())
    }

    /// `start` and `end`; without them all of time up to now.
    pub(super) fn range(&self, now_ns: u64) -> Result<TimeRange, Refusal> {
        let range = TimeRange {
            start_ns: self.time_ns("start", 0)?,
            end_ns: self.time_ns("end", now_ns)?,
        };
        match range.start_ns <= range.end_ns {
            true => Ok(range),
            false => Err(Refusal::bad_data(
                "invalid parameter \"end\": end timestamp must not be before start time",
            )),
        }
    }

    /// How many entries of a list are wanted; 0 for all.
    pub(super) fn limit(&self) -> Result<usize, Refusal> {
        match self.get("limit") {
            None => Ok(0),
            Some(text) => text.parse().map_err(|_| {
                Refusal::bad_data(format!(
                    "invalid parameter \"limit\": {text:?} is not a whole number"
                ))
            }),
        }
    }
}

/// Seconds with a fraction, of which milliseconds count, or RFC 3339.
fn moment_ns(text: &str) -> Option<u64> {
    match text.parse::<f64>() {
        Ok(seconds) if seconds.is_finite() => {
            let ms = (seconds * 1e3).round().max(0.0);
            Some(((ms * MS_NS).min(LATEST_NS as f64) as u64).min(LATEST_NS))
        }
        Ok(_) => None,
        Err(_) => time::rfc3339(text),
    }
}

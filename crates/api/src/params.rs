//! Parameters of a request of the UI's API, read with errors that name them.
//!
//! A parameter that is absent, empty or unknown is no error; one that cannot
//! be understood always is. **Nothing is silently clamped.**

use axum::extract::{FromRequestParts, Query};
use http::request::Parts;
use tracewell_model::TimeRange;

use super::error::ApiError;
use super::time;

/// How far back a search looks when nobody says.
const DEFAULT_FROM: &str = "now-1h";

/// The parameters of the query string.
#[derive(Debug, Default)]
pub(crate) struct Params(Vec<(String, String)>);

impl<S: Send + Sync> FromRequestParts<S> for Params {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiError> {
        let pairs = Query::try_from_uri(&parts.uri).map_err(|error| {
            ApiError::bad_request(
                format!("the query string cannot be read: {error}"),
                "write name=value pairs joined by &, percent-encoded",
            )
        })?;
        Ok(Self(pairs.0))
    }
}

impl Params {
    /// The text of a parameter that is there and not empty; the first of several.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        let mut named = self.0.iter().filter(|(known, _)| known == name);
        named
            .next()
            .map(|(_, value)| value.as_str())
            .filter(|value| !value.is_empty())
    }

    /// All texts of a parameter that may be given several times.
    pub(crate) fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        let named = self.0.iter().filter(move |(known, _)| known == name);
        named.map(|(_, value)| value.as_str())
    }

    /// A parameter without which there is no answer.
    pub(crate) fn required(&self, name: &str, hint: &str) -> Result<&str, ApiError> {
        self.text(name)
            .ok_or_else(|| ApiError::bad_request(format!("the parameter {name} is missing"), hint))
    }

    /// How many answers are wanted: `limit`, from 1 to `most`.
    pub(crate) fn limit(&self, default: usize, most: usize) -> Result<usize, ApiError> {
        self.number("limit", default, most)
    }

    /// A number of things, from 1 to `most`.
    pub(crate) fn number(
        &self,
        name: &str,
        default: usize,
        most: usize,
    ) -> Result<usize, ApiError> {
        let Some(text) = self.text(name) else {
            return Ok(default);
        };
        let number = text
            .parse()
            .ok()
            .filter(|number| (1..=most).contains(number));
        number.ok_or_else(|| {
            ApiError::bad_request(
                format!("{name}: {text:?} is not a whole number from 1 to {most}"),
                format!("leave it out for {default}"),
            )
        })
    }

    /// Whether a switch is on: `1` or `true`.
    pub(crate) fn is_on(&self, name: &str) -> bool {
        matches!(self.text(name), Some("1" | "true"))
    }

    /// `from` and `to`, by default the last hour.
    pub(crate) fn range(&self, now_ns: u64) -> Result<TimeRange, ApiError> {
        let (from, to) = (self.text("from"), self.text("to"));
        let (from, to) = (from.unwrap_or(DEFAULT_FROM), to.unwrap_or("now"));
        let range = TimeRange {
            start_ns: known("from", from, time::parse(from, now_ns))?,
            end_ns: known("to", to, time::parse_end(to, now_ns))?,
        };
        self.check_order(range)
    }

    fn check_order(&self, range: TimeRange) -> Result<TimeRange, ApiError> {
        if range.start_ns > range.end_ns {
            let from = self.text("from").unwrap_or(DEFAULT_FROM);
            let to = self.text("to").unwrap_or("now");
            return Err(ApiError::bad_request(
                format!("the time range is reversed: from {from:?} is after to {to:?}"),
                "exchange from and to",
            ));
        }
        Ok(range)
    }

    /// `from` and `to`; either end is open when it is not given.
    pub(crate) fn open_range(&self, now_ns: u64) -> Result<TimeRange, ApiError> {
        let mut range = TimeRange::ALL;
        if let Some(from) = self.text("from") {
            range.start_ns = known("from", from, time::parse(from, now_ns))?;
        }
        if let Some(to) = self.text("to") {
            range.end_ns = known("to", to, time::parse_end(to, now_ns))?;
        }
        self.check_order(range)
    }

    /// As [`Params::range`], but all of time when neither is given.
    pub(crate) fn range_or_all(&self, now_ns: u64) -> Result<TimeRange, ApiError> {
        if self.text("from").is_none() && self.text("to").is_none() {
            return Ok(TimeRange::ALL);
        }
        self.range(now_ns)
    }
}

fn known(name: &str, text: &str, time_ns: Option<u64>) -> Result<u64, ApiError> {
    time_ns
        .ok_or_else(|| ApiError::bad_request(format!("{name}: {text:?} is not a time"), time::HINT))
}

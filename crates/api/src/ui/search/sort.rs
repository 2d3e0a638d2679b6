//! In which order traces come, and the text that says where a page goes on.
//!
//! ```text
//! newest   time of the newest match, 16 hex digits | trace, 32 hex digits
//! others   the sort's name | : | value, 16 hex digits | as above
//! ```
//!
//! A cursor belongs to its sort: **one of another sort is refused**, because
//! it would leave traces out.

use tracewell_model::TraceId;
use tracewell_query::ranking::{Measure, Standing};
use tracewell_query::search::Cursor;

use crate::error::ApiError;
use crate::params::Params;

/// The order of the traces of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sort {
    /// By the newest span that matches.
    Newest,
    /// By something else, among all that match.
    By(Measure),
}

const SORTS: [(&str, Sort); 5] = [
    ("newest", Sort::Newest),
    ("longest", Sort::By(Measure::Longest)),
    ("shortest", Sort::By(Measure::Shortest)),
    ("errors", Sort::By(Measure::Errors)),
    ("spans", Sort::By(Measure::Spans)),
];

impl Sort {
    /// What `sort` says.
    ///
    /// # Errors
    /// Something else than a sort.
    pub(super) fn of(params: &Params) -> Result<Self, ApiError> {
        let Some(text) = params.text("sort") else {
            return Ok(Self::Newest);
        };
        let known = SORTS.iter().find(|(name, _)| *name == text);
        known.map(|(_, sort)| *sort).ok_or_else(|| {
            ApiError::bad_request(
                format!("sort: {text:?} is not known"),
                "write newest, longest, shortest, errors or spans",
            )
        })
    }

    pub(super) fn name(self) -> &'static str {
        let known = SORTS.iter().find(|(_, sort)| *sort == self);
        known.map_or("", |(name, _)| name)
    }
}

/// Where a search by time goes on.
pub(super) fn print_cursor(cursor: &Cursor) -> String {
    format!("{:016x}{}", cursor.newest_match_ns, cursor.trace_id)
}

/// Where another goes on.
pub(super) fn print_standing(measure: Measure, standing: &Standing) -> String {
    let (name, place) = (Sort::By(measure).name(), print_cursor(&standing.place));
    format!("{name}:{:016x}{place}", standing.value)
}

/// Reads what [`print_cursor`] wrote.
///
/// # Errors
/// It did not write this.
pub(super) fn parse_cursor(text: &str) -> Result<Cursor, ApiError> {
    place(text).ok_or_else(|| not_ours(text))
}

/// Reads what [`print_standing`] wrote for this measure.
///
/// # Errors
/// It did not write this.
pub(super) fn parse_standing(measure: Measure, text: &str) -> Result<Standing, ApiError> {
    let parsed = text.split_once(':').and_then(|(name, rest)| {
        let (value, rest) = rest.split_at_checked(16)?;
        (name == Sort::By(measure).name()).then_some(Standing {
            value: hex(value)?,
            place: place(rest)?,
        })
    });
    parsed.ok_or_else(|| not_ours(text))
}

fn place(text: &str) -> Option<Cursor> {
    let (time, trace) = text.split_at_checked(16)?;
    (trace.len() == 32).then_some(())?;
    Some(Cursor {
        newest_match_ns: hex(time)?,
        trace_id: TraceId::parse_hex(trace).ok()?,
    })
}

/// Without the sign that numbers may have.
fn hex(digits: &str) -> Option<u64> {
    let is_hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_hex.then(|| u64::from_str_radix(digits, 16).ok())?
}

fn not_ours(text: &str) -> ApiError {
    ApiError::bad_request(
        format!("cursor: {text:?} is not one of ours, or of another sort"),
        "take it from the last line of an earlier answer with the same parameters",
    )
}

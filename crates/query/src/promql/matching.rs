//! Matchers of labels: on text, and as conditions on the field behind a label.
//!
//! A label that is not there counts as the empty text, as in Prometheus. **Both
//! forms find the same**; the condition only finds it sooner.

use crate::traceql::{CompareOp, Expr, Field, Literal, SourceRange};
use regex::Regex;

/// `label op "text"`
#[derive(Debug, Clone)]
pub(super) struct Matcher {
    pub(super) label: String,
    pub(super) is_negative: bool,
    pub(super) text: String,
    /// Of `=~` and `!~`.
    pub(super) pattern: Option<Regex>,
}

impl Matcher {
    /// Does it hold of a label with this value?
    pub(super) fn holds(&self, value: &str) -> bool {
        let is_equal = match &self.pattern {
            Some(pattern) => pattern.is_match(value),
            None => self.text == value,
        };
        is_equal != self.is_negative
    }

    /// The same of a field that is text or missing.
    pub(super) fn condition(&self, field: &Field) -> Expr {
        let op = match self.pattern {
            Some(_) => CompareOp::Matches,
            None => CompareOp::Equal,
        };
        let is_equal = Expr::compare(field.clone(), op, Literal::Text(self.text.clone()));
        let can_be_missing = !matches!(field, Field::Intrinsic(_));
        let finds_missing = self.holds("") != self.is_negative;
        let positive = if can_be_missing && finds_missing {
            let missing = Expr::Missing {
                field: field.clone(),
                source: SourceRange::default(),
            };
            Expr::Or(vec![is_equal, missing])
        } else {
            is_equal
        };
        match self.is_negative {
            true => Expr::Not(Box::new(positive)),
            false => positive,
        }
    }

    /// The same of a field that has few values, shown in a form of its own.
    pub(super) fn condition_among(
        &self,
        field: &Field,
        values: impl Iterator<Item = (Literal, String)>,
    ) -> Expr {
        let held = values.filter(|(_, shown)| self.holds(shown));
        let mut held: Vec<Expr> = held
            .map(|(value, _)| Expr::compare(field.clone(), CompareOp::Equal, value))
            .collect();
        match held.len() {
            0 => Expr::False,
            1 => held.remove(0),
            _ => Expr::Or(held),
        }
    }
}

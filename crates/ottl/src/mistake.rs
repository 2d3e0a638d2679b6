//! What is wrong with a statement, said to the person who wrote it.
//!
//! Every mistake has a place in the text, what stands there, and what was
//! expected or how it is mended. **A mistake never depends on spans:** what
//! goes wrong with the values of one span is a failure of its row.

use std::fmt;
use std::ops::Range;

/// A mistake in a statement or a condition, found before it is ever run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("column {}: {message}, in `{text}`", self.column())]
pub struct Mistake {
    /// The whole text.
    pub text: String,
    /// Bytes of it that are wrong; empty at its end.
    pub at: Range<usize>,
    /// What is wrong, and what would be right.
    pub message: String,
}

impl Mistake {
    /// The first wrong character, counted from 1.
    #[must_use]
    pub fn column(&self) -> usize {
        let before = self.text.get(..self.at.start).unwrap_or(&self.text);
        before.chars().count() + 1
    }

    /// The text with a line below it that points at the place.
    #[must_use]
    pub fn shown(&self) -> String {
        let wrong = self.text.get(self.at.clone()).unwrap_or_default();
        let line: String = self
            .text
            .chars()
            .map(|c| if c.is_control() { ' ' } else { c })
            .collect();
        format!(
            "{line}\n{}{} {}",
            " ".repeat(self.column() - 1),
            "^".repeat(wrong.chars().count().max(1)),
            self.message
        )
    }
}

/// A mistake whose text the caller knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wrong {
    pub(crate) at: Range<usize>,
    pub(crate) message: String,
}

impl Wrong {
    pub(crate) fn new(at: Range<usize>, message: impl fmt::Display) -> Self {
        Self {
            at,
            message: message.to_string(),
        }
    }

    pub(crate) fn within(self, text: &str) -> Mistake {
        Mistake {
            text: text.to_owned(),
            at: self.at,
            message: self.message,
        }
    }
}

/// `, did you mean X?` for the nearest of `known`, or nothing.
pub(crate) fn did_you_mean<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let lower = written.to_lowercase();
    let near = known
        .into_iter()
        .map(|name| (distance(&lower, &name.to_lowercase()), name))
        .filter(|(distance, name)| *distance <= 1 + name.len().min(written.len()) / 4)
        .min();
    near.map_or_else(String::new, |(_, name)| format!(", did you mean `{name}`?"))
}

/// Letters to add, take away or change (Levenshtein), of names that are short.
fn distance(a: &str, b: &str) -> usize {
    const LONGEST: usize = 64;
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    if a.len() > LONGEST || b.len() > LONGEST {
        return usize::MAX;
    }
    let mut above: Vec<usize> = (0..=b.len()).collect();
    for (row, x) in a.iter().enumerate() {
        let mut line = vec![row + 1];
        for (column, y) in b.iter().enumerate() {
            let changed = above[column] + usize::from(x != y);
            line.push(changed.min(above[column + 1] + 1).min(line[column] + 1));
        }
        above = line;
    }
    above[b.len()]
}

//! What is said of failures on standard error, and how often.
//!
//! It exists because a failure that is said once, at three in the night, is
//! not seen, and one that is said at each batch buries everything else. It must
//! never say more than that.

use crate::process::say;
use std::time::{Duration, Instant};

/// So many reasons are said as soon as they are there, each once: who looks for
/// a fault looks for its beginning.
const MAX_AT_ONCE: usize = 8;
/// Between two lines otherwise.
const GAP: Duration = Duration::from_secs(10);
/// Between two lines of one reason, while nothing has got better.
const AGAIN: Duration = Duration::from_secs(300);

/// What was said.
#[derive(Debug, Default)]
pub(super) struct Complaints {
    known: Vec<String>,
    last: Option<Last>,
    has_recovered: bool,
    unsaid: u64,
}

#[derive(Debug)]
struct Last {
    what: String,
    at: Instant,
}

impl Complaints {
    /// Says it, unless it or something else was said too lately.
    pub(super) fn say(&mut self, what: &str) {
        if let Some(line) = self.line(what, Instant::now()) {
            say(&line);
        }
    }

    /// Something was sent: the next failure is news.
    pub(super) fn recover(&mut self) {
        self.has_recovered = true;
    }

    fn line(&mut self, what: &str, now: Instant) -> Option<String> {
        let is_first = self.known.len() < MAX_AT_ONCE && !self.known.iter().any(|it| it == what);
        if is_first {
            self.known.push(what.to_owned());
        } else if let Some(last) = &self.last {
            let passed = now.saturating_duration_since(last.at);
            let is_news = self.has_recovered || last.what != what;
            if passed < if is_news { GAP } else { AGAIN } {
                self.unsaid += 1;
                return None;
            }
        }
        let unsaid = std::mem::take(&mut self.unsaid);
        let more = match unsaid {
            0 => String::new(),
            _ => format!(", {unsaid} more failures since the last such line"),
        };
        self.has_recovered = false;
        self.last = Some(Last {
            what: what.to_owned(),
            at: now,
        });
        Some(format!("{what} (the guard's statistics count{more})"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_said_at_once_again_when_it_is_news_and_now_and_then() {
        let start = Instant::now();
        let mut complaints = Complaints::default();
        let mut is_said = |what: &str, seconds: u64, has_recovered: bool| {
            if has_recovered {
                complaints.recover();
            }
            let line = complaints.line(what, start + Duration::from_secs(seconds));
            line.is_some()
        };
        for (what, seconds, has_recovered, expected) in [
            ("refused", 0, false, true),
            ("refused", 1, false, false),
            ("timed out", 2, false, true),
            ("refused", 11, false, false),
            ("refused", 12, false, true),
            ("timed out", 23, false, true),
            ("timed out", 30, false, false),
            ("timed out", 33, true, true),
            ("timed out", 34, true, false),
            ("timed out", 60, false, true),
            ("timed out", 300, false, false),
            ("timed out", 361, false, true),
        ] {
            let said = is_said(what, seconds, has_recovered);
            assert_eq!(said, expected, "{what} after {seconds} s");
        }
    }

    #[test]
    fn a_line_says_how_many_were_not_said() {
        let start = Instant::now();
        let mut complaints = Complaints::default();
        complaints.line("refused", start);
        complaints.line("refused", start + Duration::from_secs(1));
        let line = complaints.line("other", start + GAP);
        assert!(line.is_some_and(|line| line.contains(", 1 more failures")));
    }
}

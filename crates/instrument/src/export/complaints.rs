//! What is said of failures on standard error, and how often.
//!
//! It exists because a failure that is said once, at three in the night, is
//! not seen, and one that is said at each batch buries everything else. It must
//! never say more than that.

use crate::process::say;
use std::time::{Duration, Instant};

/// So many reasons are said as soon as they are there, each once: who looks for
/// a fault looks for its beginning. All others count as one.
const MAX_REASONS: usize = 8;
const OTHERS: &str = "";
/// Between two lines otherwise.
const GAP: Duration = Duration::from_secs(10);
/// Between two lines of one reason, while nothing has got better.
const AGAIN: Duration = Duration::from_secs(300);

/// What was said.
#[derive(Debug, Default)]
pub(super) struct Complaints {
    known: Vec<Reason>,
    last_at: Option<Instant>,
    unsaid: u64,
}

#[derive(Debug)]
struct Reason {
    name: String,
    said_at: Instant,
    /// Something was sent since.
    is_news: bool,
}

impl Complaints {
    /// Says it, unless something was said too lately. Lines of one reason may
    /// differ, in numbers for instance: they are no news.
    pub(super) fn say(&mut self, reason: &str, what: &str) {
        if let Some(line) = self.line(reason, what, Instant::now()) {
            say(&line);
        }
    }

    /// Something was sent: the next failure is news.
    pub(super) fn recover(&mut self) {
        for reason in &mut self.known {
            reason.is_news = true;
        }
    }

    fn line(&mut self, reason: &str, what: &str, now: Instant) -> Option<String> {
        let has_passed = |time: Instant, gap| now.saturating_duration_since(time) >= gap;
        let is_quiet = self.last_at.is_none_or(|last_at| has_passed(last_at, GAP));
        let has_room = self.known.len() < MAX_REASONS;
        let is_known = self.known.iter().any(|known| known.name == reason);
        let name = if has_room || is_known { reason } else { OTHERS };
        let known = self.known.iter_mut().find(|known| known.name == name);
        let is_said = match &known {
            Some(known) => is_quiet && (known.is_news || has_passed(known.said_at, AGAIN)),
            None => is_quiet || has_room,
        };
        if !is_said {
            self.unsaid += 1;
            return None;
        }
        self.last_at = Some(now);
        match known {
            Some(known) => (known.said_at, known.is_news) = (now, false),
            None => self.known.push(Reason {
                name: name.to_owned(),
                said_at: now,
                is_news: false,
            }),
        }
        let more = match std::mem::take(&mut self.unsaid) {
            0 => String::new(),
            unsaid => format!(", {unsaid} more failures since the last such line"),
        };
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
        let mut is_said = |reason: &str, seconds: u64, has_recovered: bool| {
            if has_recovered {
                complaints.recover();
            }
            let what = format!("{reason} after {seconds} s");
            let line = complaints.line(reason, &what, start + Duration::from_secs(seconds));
            line.is_some()
        };
        for (reason, seconds, has_recovered, expected) in [
            ("refused", 0, false, true),
            ("refused", 1, false, false),
            ("timed out", 2, false, true),
            // One after the other is no news.
            ("refused", 12, false, false),
            ("timed out", 23, false, false),
            ("refused", 30, true, true),
            ("timed out", 31, false, false),
            ("timed out", 40, false, true),
            ("refused", 329, false, false),
            ("refused", 330, false, true),
            ("timed out", 340, false, true),
        ] {
            let said = is_said(reason, seconds, has_recovered);
            assert_eq!(said, expected, "{reason} after {seconds} s");
        }
    }

    #[test]
    fn reasons_without_end_are_said_as_one() {
        let start = Instant::now();
        let mut complaints = Complaints::default();
        let said = (0..3000u32).filter(|second| {
            let reason = format!("request {second} failed");
            let now = start + Duration::from_secs((*second).into());
            complaints.line(&reason, &reason, now).is_some()
        });
        // Eight at once, and one each five minutes.
        assert_eq!(said.count(), 8 + 10);
    }

    #[test]
    fn a_line_says_how_many_were_not_said() {
        let start = Instant::now();
        let mut complaints = Complaints::default();
        complaints.line("refused", "refused", start);
        complaints.line("refused", "refused", start + Duration::from_secs(1));
        let line = complaints.line("other", "other", start + GAP);
        assert!(line.is_some_and(|line| line.contains(", 1 more failures")));
    }
}

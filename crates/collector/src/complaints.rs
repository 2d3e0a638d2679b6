//! What clients were refused, or lost, told to the people who run the server.
//!
//! The answer goes to a client whose log nobody reads; "no traces arrive" is
//! asked here. So every refusal is remembered with its reason, its place and
//! who sent it, and said in the log. Clients repeat themselves: equal ones are
//! one entry with a count, the log says each reason once in [`SAID_EVERY_NS`]
//! with the number that was not said, and **nothing here grows with traffic**.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use tracewell_model::clock::Clock;

/// Complaints that are kept: enough for the clients of a fleet with different
/// faults, one screen to read.
const KEPT: usize = 50;

/// Time between two lines of one receiver with one reason.
const SAID_EVERY_NS: u64 = 10_000_000_000;

/// Characters kept of what a client sent.
const MAX_TEXT: usize = 200;

/// Something went wrong with requests of one client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Complaint {
    /// Name of the receiver.
    pub receiver: Arc<str>,
    /// How the requests ended, as in the accounts; `no_spans` for one that had
    /// none and was accepted.
    pub reason: &'static str,
    /// The address it came from last.
    pub peer: SocketAddr,
    /// What the client calls itself.
    pub user_agent: String,
    /// Where it was sent.
    pub path: String,
    /// What the client was told last.
    pub message: String,
    /// How often this was so since it is kept.
    pub times: u64,
    /// The last time, ns since the Unix epoch.
    pub last_ns: u64,
}

impl Complaint {
    fn is_like(&self, other: &Self) -> bool {
        self.receiver == other.receiver
            && self.reason == other.reason
            && self.peer.ip() == other.peer.ip()
            && self.user_agent == other.user_agent
            && self.path == other.path
    }
}

/// The complaints of a process.
#[derive(Debug)]
pub(crate) struct Complaints {
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The newest last.
    kept: Vec<Complaint>,
    said: BTreeMap<(Arc<str>, &'static str), Said>,
}

/// What the log knows of a reason.
#[derive(Debug, Default)]
struct Said {
    at_ns: Option<u64>,
    suppressed: u64,
}

impl Complaints {
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            state: Mutex::default(),
        }
    }

    /// The newest first.
    pub(crate) fn list(&self) -> Vec<Complaint> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.kept.iter().rev().cloned().collect()
    }

    /// Remembers a complaint, of which `times` and `last_ns` do not matter, and
    /// says it.
    pub(crate) fn add(&self, mut complaint: Complaint) {
        for text in [
            &mut complaint.user_agent,
            &mut complaint.path,
            &mut complaint.message,
        ] {
            if let Some((cut, _)) = text.char_indices().nth(MAX_TEXT) {
                text.truncate(cut);
            }
        }
        complaint.last_ns = self.clock.now_ns();
        complaint.times = 1;
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let said = state
            .said
            .entry((Arc::clone(&complaint.receiver), complaint.reason))
            .or_default();
        let suppressed = said.say(self.clock.steady_ns());
        let before = state.kept.iter().position(|kept| kept.is_like(&complaint));
        if let Some(before) = before {
            complaint.times += state.kept.remove(before).times;
        } else if state.kept.len() >= KEPT {
            state.kept.remove(0);
        }
        state.kept.push(complaint.clone());
        drop(state);
        if let Some(suppressed) = suppressed {
            tracing::warn!(
                receiver = &*complaint.receiver,
                reason = complaint.reason,
                peer = %complaint.peer,
                user_agent = complaint.user_agent,
                path = complaint.path,
                suppressed,
                "a client's request was not taken as it is: {}",
                complaint.message
            );
        }
    }
}

impl Said {
    /// How many were not said before, when it is time to say one.
    fn say(&mut self, now_ns: u64) -> Option<u64> {
        let is_due = self
            .at_ns
            .is_none_or(|at_ns| now_ns.saturating_sub(at_ns) >= SAID_EVERY_NS);
        if !is_due {
            self.suppressed += 1;
            return None;
        }
        self.at_ns = Some(now_ns);
        Some(std::mem::take(&mut self.suppressed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tracewell_model::clock::ManualClock;

    fn complaint(agent: &str, message: &str) -> Complaint {
        Complaint {
            receiver: "otlp_http".into(),
            reason: "undecodable",
            peer: "10.0.0.1:5000".parse().unwrap(),
            user_agent: agent.to_owned(),
            path: "/v1/traces".to_owned(),
            message: message.to_owned(),
            times: 0,
            last_ns: 0,
        }
    }

    #[test]
    fn equal_ones_are_counted_and_the_newest_comes_first() {
        let complaints = Complaints::new(Arc::new(ManualClock::new(7)));
        complaints.add(complaint("a", "byte 1"));
        complaints.add(complaint("b", "byte 2"));
        complaints.add(complaint("a", "byte 3"));
        let list = complaints.list();
        let shown = list
            .iter()
            .map(|kept| (&*kept.user_agent, &*kept.message, kept.times, kept.last_ns));
        let shown: Vec<_> = shown.collect();
        assert_eq!(shown, [("a", "byte 3", 2, 7), ("b", "byte 2", 1, 7)]);
    }

    #[test]
    fn many_clients_with_long_names_take_bounded_room() {
        let complaints = Complaints::new(Arc::new(ManualClock::new(0)));
        for number in 0..1_000 {
            let agent = format!("{number}{}", "é".repeat(10_000));
            complaints.add(complaint(&agent, "x"));
        }
        let list = complaints.list();
        assert_eq!(list.len(), KEPT);
        assert!(list[0].user_agent.starts_with("999"));
        assert!(
            list.iter()
                .all(|kept| kept.user_agent.len() <= 2 * MAX_TEXT)
        );
    }

    #[test]
    fn the_log_says_each_reason_now_and_then_with_what_was_left_out() {
        let mut said = Said::default();
        assert_eq!(said.say(0), Some(0));
        assert_eq!((said.say(1), said.say(2)), (None, None));
        assert_eq!(said.say(SAID_EVERY_NS), Some(2));
        assert_eq!(said.say(SAID_EVERY_NS + 1), None);
    }
}

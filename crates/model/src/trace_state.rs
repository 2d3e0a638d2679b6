//! The part of a W3C tracestate that is OpenTelemetry's: `ot=th:c;rv:0123456789abcd`.
//! What others have in it stays as it is. Samplers write it, and whoever counts spans
//! reads it: **here alone**.

pub mod adjusted_count;
pub mod threshold;

use threshold::{Threshold, parse_randomness};

/// A tracestate is 512 characters at most by the standard; one that is much longer is
/// not read, and its span cannot be judged.
const BYTES_MAX: usize = 4_096;

/// A tracestate that is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unreadable;

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OtelState {
    /// Which share of all was kept.
    pub threshold: Option<Threshold>,
    /// What samplers compare with thresholds.
    pub randomness: Option<u64>,
    /// Other fields of OpenTelemetry's.
    more: Vec<String>,
    /// Members of others, as they stood.
    others: Vec<String>,
}

impl OtelState {
    /// Reads a whole tracestate.
    ///
    /// # Errors
    /// It is none: `ot` has a field that cannot be read, or is there twice.
    pub fn parse(text: &str) -> Result<Self, Unreadable> {
        let mut state = Self::default();
        if text.len() > BYTES_MAX {
            return Err(Unreadable);
        }
        let mut is_seen = false;
        for member in text
            .split(',')
            .map(str::trim)
            .filter(|member| !member.is_empty())
        {
            let Some(fields) = member.strip_prefix("ot=") else {
                state.others.push(member.to_owned());
                continue;
            };
            if std::mem::replace(&mut is_seen, true) {
                return Err(Unreadable);
            }
            for field in fields.split(';').filter(|field| !field.is_empty()) {
                match field.split_once(':') {
                    Some(("th", digits)) => {
                        state.threshold = Some(Threshold::parse(digits).ok_or(Unreadable)?);
                    }
                    Some(("rv", digits)) => {
                        state.randomness = Some(parse_randomness(digits).ok_or(Unreadable)?);
                    }
                    Some(_) => state.more.push(field.to_owned()),
                    None => return Err(Unreadable),
                }
            }
        }
        Ok(state)
    }

    /// As text, with this threshold, and this randomness where there is none.
    #[must_use]
    pub fn with(&self, threshold: Threshold, randomness: Option<u64>) -> String {
        let randomness = self.randomness.or(randomness);
        let randomness = randomness.map(|randomness| format!("rv:{randomness:014x}"));
        let fields = randomness
            .into_iter()
            .chain([format!("th:{}", threshold.digits())]);
        let fields: Vec<String> = fields.chain(self.more.iter().cloned()).collect();
        let own = format!("ot={}", fields.join(";"));
        let members: Vec<String> = [own]
            .into_iter()
            .chain(self.others.iter().cloned())
            .collect();
        members.join(",")
    }
}

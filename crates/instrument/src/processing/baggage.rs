//! Baggage as attributes.
//!
//! It exists because baggage travels in headers and is on no span by itself. It
//! must never copy an entry that was not named: callers can send anything.

use super::SpanProcessor;
use crate::record::{Context, Span};

/// Copies entries of the baggage onto each span that starts, as attributes of
/// the same names.
///
/// ```
/// use tracewell_instrument::processing::CopyBaggage;
///
/// let setup = tracewell_instrument::builder().processor(CopyBaggage::of(["tenant.id"]));
/// # drop(setup);
/// ```
#[derive(Debug, Clone)]
pub struct CopyBaggage {
    keys: Vec<String>,
}

impl CopyBaggage {
    /// Of the entries with these keys.
    #[must_use]
    pub fn of<K: Into<String>>(keys: impl IntoIterator<Item = K>) -> CopyBaggage {
        CopyBaggage {
            keys: keys.into_iter().map(Into::into).collect(),
        }
    }
}

impl SpanProcessor for CopyBaggage {
    fn on_start(&self, span: &mut Span, parent: &Context) {
        for key in &self.keys {
            if let Some(value) = parent.baggage().get(key) {
                span.set_attribute(key.clone(), value.to_owned());
            }
        }
    }
}

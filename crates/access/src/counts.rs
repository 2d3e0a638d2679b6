//! How often somebody was turned away, and why. For operators: **who it was is
//! never kept**.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::guard::Denial;

/// See the module's text.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    denied: [AtomicU64; Denial::REASONS.len()],
    failed_handshakes: AtomicU64,
}

impl Counts {
    pub(crate) fn denied(&self, denial: &Denial) {
        let named = Denial::REASONS.iter().zip(&self.denied);
        let of_it = named.filter(|(reason, _)| **reason == denial.reason());
        of_it.for_each(|(_, count)| {
            count.fetch_add(1, Ordering::Relaxed);
        });
    }

    /// Says it the first time, the tenth, the hundredth, …: a client that
    /// speaks no TLS comes again and again.
    pub(crate) fn failed_handshake(&self, error: &std::io::Error) {
        let times = self.failed_handshakes.fetch_add(1, Ordering::Relaxed) + 1;
        if times.checked_ilog10().map(|power| 10_u64.pow(power)) == Some(times) {
            tracing::warn!(
                %error, times,
                "a client did not come through TLS; does it send to https://, and know this \
                 certificate's authority?"
            );
        }
    }

    /// Requests that were turned away, by reason.
    pub(crate) fn of_denied(&self) -> Vec<(&'static str, u64)> {
        let named = Denial::REASONS.into_iter().zip(&self.denied);
        named
            .map(|(reason, count)| (reason, count.load(Ordering::Relaxed)))
            .collect()
    }

    pub(crate) fn of_failed_handshakes(&self) -> u64 {
        self.failed_handshakes.load(Ordering::Relaxed)
    }
}

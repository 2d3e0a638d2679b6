//! Whether the exporter is still in the file as it was: what waits in memory for the
//! peer of one that is not goes out while the peer takes it, and is given back as soon
//! as it does not.
//!
//! **Nobody waits for a peer that the file has no more**, however long its exporter would
//! have tried.

use tokio::sync::watch;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stands {
    InTheFile,
    /// Until the peer takes something not.
    Gone,
    GivenUp,
}

/// See the module's text.
pub(in crate::exporters) struct Standing(watch::Sender<Stands>);

impl Default for Standing {
    fn default() -> Self {
        Self(watch::Sender::new(Stands::InTheFile))
    }
}

impl Standing {
    /// The exporter is no longer there.
    pub(in crate::exporters) fn lose(&self) {
        self.0.send_replace(Stands::Gone);
    }

    pub(super) fn is_given_up(&self) -> bool {
        *self.0.borrow() == Stands::GivenUp
    }

    /// The peer took something not: is that the end of it, for all that wait?
    pub(super) fn is_given_up_when_it_fails(&self) -> bool {
        self.0.send_if_modified(|stands| {
            let is_gone = *stands == Stands::Gone;
            if is_gone {
                *stands = Stands::GivenUp;
            }
            is_gone
        });
        self.is_given_up()
    }

    /// Waits until it is lost.
    pub(super) async fn lost(&self) {
        let mut stands = self.0.subscribe();
        // Whoever would say so is this.
        stands
            .wait_for(|stands| *stands != Stands::InTheFile)
            .await
            .ok();
    }
}

//! What becomes of a batch whose peer is none any more, where an exporter has several:
//! each of the others has the part that is its own now.
//!
//! **Nothing is told to whoever waits before all of them have answered.**

use std::pin::Pin;
use std::sync::{Arc, Weak};

use tokio::sync::watch;
use tokio::task::JoinSet;
use tracewell_model::{SpanBatch, StoreError};

use super::{Delivery, Owed, Patience};

/// A peer among several.
pub(in crate::exporters) struct Membership {
    /// It is none any more.
    pub(in crate::exporters) has_left: watch::Receiver<bool>,
    pub(in crate::exporters) others: Weak<dyn Others>,
}

/// Who knows the peers that there are now.
pub(in crate::exporters) trait Others: Send + Sync {
    /// A batch in parts, each with who brings it to its peer.
    fn share(&self, batch: &Arc<SpanBatch>) -> Vec<(Arc<Delivery>, Arc<SpanBatch>)>;
}

impl Delivery {
    /// Is its peer none any more?
    pub(super) fn has_left(&self) -> bool {
        let membership = self.membership.as_ref();
        membership.is_some_and(|membership| *membership.has_left.borrow())
    }

    /// Waits until its peer is none any more; for ever, where it is the only one.
    pub(super) async fn leaves(&self) {
        if let Some(membership) = &self.membership {
            let mut has_left = membership.has_left.clone();
            if has_left.wait_for(|left| *left).await.is_ok() {
                return;
            }
        }
        // It is the only one, or nobody is left to say so.
        std::future::pending().await
    }

    /// Brings it to those that are peers now.
    pub(super) async fn deliver_elsewhere(
        &self,
        batch: Arc<SpanBatch>,
        patience: &Patience,
        owed: &mut Owed,
    ) -> Result<(), StoreError> {
        let membership = self.membership.as_ref();
        let others = membership.and_then(|membership| membership.others.upgrade());
        // Who knew the peers is gone as well.
        let others = others.ok_or(StoreError::ShuttingDown)?;
        let parts = others.share(&batch);
        drop(others);
        let mut on_their_way = JoinSet::new();
        for (delivery, part) in parts {
            let patience = patience.clone();
            let mut owed = owed.hand_over(&delivery.account, part.len() as u64);
            on_their_way.spawn(async move {
                let result = delivery.deliver_boxed(part, patience, &mut owed).await;
                // What was refused has been counted, with its reason.
                if !matches!(result, Err(StoreError::ShuttingDown)) {
                    owed.reject_rest("lost");
                }
                result
            });
        }
        let mut whole = Ok(());
        while let Some(result) = on_their_way.join_next().await {
            let result = result.unwrap_or(Err(StoreError::ShuttingDown));
            if rank(&result) > rank(&whole) {
                whole = result;
            }
        }
        whole
    }

    /// As [`Delivery::deliver`], which asks for itself.
    fn deliver_boxed<'d>(
        self: Arc<Self>,
        batch: Arc<SpanBatch>,
        patience: Patience,
        owed: &'d mut Owed,
    ) -> Pin<Box<dyn Future<Output = Result<(), StoreError>> + Send + 'd>> {
        Box::pin(async move { self.deliver(batch, &patience, owed).await })
    }
}

/// Which of several answers is passed on: what may pass later goes before what is
/// refused for good, and before both that the process ends, since the rest is still owed.
fn rank(result: &Result<(), StoreError>) -> u8 {
    match result {
        Ok(()) => 0,
        Err(StoreError::Refused(_)) => 1,
        Err(StoreError::ShuttingDown) => 3,
        Err(_) => 2,
    }
}

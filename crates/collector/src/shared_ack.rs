//! One acknowledgement for several consumers: it says `Ok` once all have said
//! so, and passes on an error once all have answered. What may pass later goes
//! before what is refused for good: **whoever is told "never" throws spans away
//! that another would still take.**

use std::sync::{Arc, Mutex, PoisonError};

use tracewell_model::StoreError;
use tracewell_model::store::Ack;

struct Shared {
    left: usize,
    error: Option<StoreError>,
    ack: Option<Ack>,
}

/// Makes `count` acknowledgements of one; with none it says `Ok` at once.
pub(crate) fn shared(count: usize, ack: Ack) -> Vec<Ack> {
    if count == 0 {
        ack(Ok(()));
        return Vec::new();
    }
    let shared = Arc::new(Mutex::new(Shared {
        left: count,
        error: None,
        ack: Some(ack),
    }));
    let each = |_| {
        let shared = Arc::clone(&shared);
        let ack: Ack = Box::new(move |result| {
            let mut state = shared.lock().unwrap_or_else(PoisonError::into_inner);
            state.left -= 1;
            if let Err(error) = result
                && matches!(state.error, None | Some(StoreError::Refused(_)))
            {
                state.error = Some(error);
            }
            if state.left > 0 {
                return;
            }
            let (ack, error) = (state.ack.take(), state.error.take());
            // Whoever is told may come with the next batch at once.
            drop(state);
            if let Some(ack) = ack {
                ack(error.map_or(Ok(()), Err));
            }
        });
        ack
    };
    (0..count).map(each).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    fn refused() -> StoreError {
        StoreError::Refused("too large".to_owned())
    }

    #[test]
    fn all_must_have_it() {
        for (answers, expected) in [
            (vec![], Ok(())),
            (vec![Ok(()), Ok(())], Ok(())),
            (
                vec![Ok(()), Err(StoreError::ShuttingDown), Ok(())],
                Err(StoreError::ShuttingDown),
            ),
            (
                vec![
                    Err(refused()),
                    Err(StoreError::ShuttingDown),
                    Err(refused()),
                ],
                Err(StoreError::ShuttingDown),
            ),
            (vec![Ok(()), Err(refused())], Err(refused())),
        ] {
            let (told, fate) = mpsc::channel();
            let ack: Ack = Box::new(move |result| told.send(result).expect("the test waits"));
            let acks = shared(answers.len(), ack);
            for (index, (ack, answer)) in acks.into_iter().zip(answers).enumerate() {
                if index > 0 {
                    assert!(fate.try_recv().is_err(), "said before the last answer");
                }
                ack(answer);
            }
            assert_eq!(fate.recv(), Ok(expected));
        }
    }
}

//! All open connections of the receivers, and how many there may be.
//!
//! A connection costs a file descriptor and some kilobytes, also when it is
//! never used, and the store and the read side need descriptors too. So there
//! is a limit; where it is reached those that have been idle for longest make
//! room, because their clients connect again when they have something to send.
//! **A connection with a request on it is never ended for another.**

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::life::{Life, Quiet};

/// A head that has begun is there after this; slow networks need a second.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);

/// Connections without HTTP/2's signs of life are ended when nothing came for
/// so long. Longer than any exporter's interval, because an end that crosses a
/// request makes the client's SDK log an error.
pub(super) const IDLE_TIMEOUT: Duration = Duration::from_secs(600);

/// Time between two looks at all connections.
pub(super) const SWEEP_INTERVAL: Duration = Duration::from_secs(5);

/// A part of the connections that makes room at once, so that a flood of new
/// ones does not cost a look at all of them each time.
const MAKES_ROOM: usize = 64;

/// See the module's text. Shared by all listeners.
#[derive(Debug)]
pub(crate) struct Crowd {
    max: usize,
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    next: u64,
    lives: HashMap<u64, Arc<Life>>,
    ended: Ended,
}

/// How many connections we ended, or did not take.
#[derive(Debug, Default, Clone, Copy)]
struct Ended {
    slow: u64,
    idle: u64,
    made_room: u64,
    no_room: u64,
}

/// The connections of all receivers at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connections {
    /// That are open.
    pub open: u64,
    /// That may be.
    pub limit: u64,
    /// That we ended, or did not take, since the start, by reason: `slow` (no
    /// TLS or no whole head in time), `idle`, `made_room` (idle, for another),
    /// `no_room` (all others were at work).
    pub ended: [(&'static str, u64); 4],
}

impl Crowd {
    pub(crate) fn new(max: usize) -> Arc<Self> {
        Arc::new(Self {
            max: max.max(1),
            open: Mutex::default(),
        })
    }

    /// Takes in a connection; `None` when there is no room, because all others
    /// are at work.
    pub(super) fn enter(self: &Arc<Self>) -> Option<Place> {
        let mut open = self.lock();
        if open.lives.len() >= self.max && !make_room(&mut open, self.max) {
            open.ended.no_room += 1;
            return None;
        }
        let number = open.next;
        open.next += 1;
        let life = Life::begin();
        open.lives.insert(number, Arc::clone(&life));
        Some(Place {
            crowd: Arc::clone(self),
            number,
            life,
        })
    }

    /// Ends what has been quiet for too long.
    pub(super) fn sweep(&self) {
        let now = Instant::now();
        let mut open = self.lock();
        let Open { lives, ended, .. } = &mut *open;
        lives.retain(|_, life| {
            let (is_over, counted) = match life.quiet() {
                None => return true,
                Some(Quiet::HalfHead { since }) => {
                    (now.duration_since(since) > HEAD_TIMEOUT, &mut ended.slow)
                }
                Some(Quiet::Idle { since, is_http2 }) => (
                    !is_http2 && now.duration_since(since) > IDLE_TIMEOUT,
                    &mut ended.idle,
                ),
            };
            if is_over {
                *counted += 1;
                life.cut();
            }
            !is_over
        });
    }

    /// How many there are, may be, and were ended.
    pub(crate) fn connections(&self) -> Connections {
        let open = self.lock();
        let Ended {
            slow,
            idle,
            made_room,
            no_room,
        } = open.ended;
        Connections {
            open: open.lives.len() as u64,
            limit: self.max as u64,
            ended: [
                ("slow", slow),
                ("idle", idle),
                ("made_room", made_room),
                ("no_room", no_room),
            ],
        }
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        // A map of shared values: a panic cannot leave it half changed.
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Ends some of those that have been quiet for longest.
fn make_room(open: &mut Open, max: usize) -> bool {
    let mut quiet: Vec<(Instant, u64)> = open
        .lives
        .iter()
        .filter_map(|(number, life)| match life.quiet()? {
            Quiet::Idle { since, .. } | Quiet::HalfHead { since } => Some((since, *number)),
        })
        .collect();
    let leaving = (max / MAKES_ROOM).max(1).min(quiet.len());
    if leaving == 0 {
        return false;
    }
    quiet.select_nth_unstable(leaving - 1);
    for (_, number) in &quiet[..leaving] {
        if let Some(life) = open.lives.remove(number) {
            open.ended.made_room += 1;
            life.cut();
        }
    }
    true
}

/// A connection's place in the crowd; left on drop.
pub(super) struct Place {
    crowd: Arc<Crowd>,
    number: u64,
    pub(super) life: Arc<Life>,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.crowd.lock().lives.remove(&self.number);
    }
}

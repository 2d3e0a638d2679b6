//! How many files the process may have open.
//!
//! Every block keeps two files open, and every client a socket, but shells
//! start processes with a soft limit of 1,024. The hard limit is what the
//! administrator allows. It only ever raises the limit, and a refusal is no
//! reason not to start. Clients get a part of it each side, so that the store
//! **always has its own**.

use rustix::process::{Resource, getrlimit, setrlimit};

/// Raises the soft limit to the hard one.
pub(super) fn allow_as_many_as_possible() {
    let mut limit = getrlimit(Resource::Nofile);
    if limit.current == limit.maximum {
        return;
    }
    limit.current = limit.maximum;
    if let Err(error) = setrlimit(Resource::Nofile, limit) {
        tracing::warn!(%error, "the limit of open files cannot be raised; see `ulimit -n`");
    }
}

/// What an idle connection of a receiver may cost in memory: buffers and a task.
const CONNECTION_BYTES: u64 = 64 << 10;

/// How many connections clients may have to the receivers: half of the files,
/// so that the store and the read side always have theirs, and no more than
/// the memory limit can carry.
pub(super) fn share_of_connections(memory_limit_bytes: u64) -> usize {
    let files = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX) / 2;
    let carried = memory_limit_bytes / CONNECTION_BYTES;
    usize::try_from(files.min(carried)).unwrap_or(usize::MAX)
}

/// How many connections the read side may have: a quarter of the files.
pub(super) fn share_of_readers() -> usize {
    let files = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX) / 4;
    let most = tokio::sync::Semaphore::MAX_PERMITS;
    usize::try_from(files).map_or(most, |files| files.clamp(1, most))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_soft_limit_becomes_the_hard_one() {
        allow_as_many_as_possible();
        let limit = getrlimit(Resource::Nofile);
        assert_eq!(limit.current, limit.maximum);
    }

    #[test]
    fn clients_get_half_of_the_files_at_most() {
        let files = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
        let share = share_of_connections(u64::MAX) as u64;
        assert!(share <= files / 2 && share > 0);
        assert!(share_of_connections(512 << 20) <= 8_192);
    }
}

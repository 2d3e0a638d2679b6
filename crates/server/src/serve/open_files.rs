//! How many files the process may have open.
//!
//! Every block keeps two files open, and every client a socket, but shells
//! start processes with a soft limit of 1,024. The hard limit is what the
//! administrator allows. It only ever raises the limit, and a refusal is no
//! reason not to start.

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_soft_limit_becomes_the_hard_one() {
        allow_as_many_as_possible();
        let limit = getrlimit(Resource::Nofile);
        assert_eq!(limit.current, limit.maximum);
    }
}

//! How long traces take: counts in steps of less than two per cent, so that the
//! slowest of any number can be told in some kilobytes.

/// Steps within a doubling.
const STEPS: u64 = 64;

/// See the module's text.
#[derive(Debug, Default)]
pub(super) struct Lengths {
    counts: Vec<u64>,
    all: u64,
}

impl Lengths {
    pub(super) fn add(&mut self, ns: u64) {
        let step = step(ns);
        if self.counts.len() <= step {
            self.counts.resize(step + 1, 0);
        }
        self.counts[step] += 1;
        self.all += 1;
    }

    /// The shortest length that at least this share does not exceed.
    pub(super) fn quantile(&self, share: f64) -> u64 {
        let wanted = (self.all as f64 * share).ceil() as u64;
        let mut seen = 0;
        let is_it = |count: &u64| {
            seen += count;
            seen >= wanted
        };
        last_of(self.counts.iter().position(is_it).unwrap_or(0))
    }

    /// How many are longer than one of the lengths that [`Lengths::quantile`] gives.
    pub(super) fn above(&self, ns: u64) -> u64 {
        self.counts.iter().skip(step(ns) + 1).sum()
    }
}

fn step(ns: u64) -> usize {
    match ns.checked_ilog2() {
        Some(bits) if bits >= 6 => {
            let within = (ns >> (bits - 6)) % STEPS;
            (u64::from(bits - 5) * STEPS + within) as usize
        }
        _ => ns as usize,
    }
}

/// The longest of a step.
fn last_of(step: usize) -> u64 {
    let (doubling, within) = (step as u64 / STEPS, step as u64 % STEPS);
    match doubling {
        0 => within,
        // The last step ends where numbers do.
        _ => ((u128::from(STEPS + within + 1) << (doubling - 1)) - 1) as u64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_narrow_and_have_no_gaps() {
        for ns in (0..5_000).chain([1 << 40, u64::MAX / 3, u64::MAX - 1, u64::MAX]) {
            let last = last_of(step(ns));
            assert!(last >= ns && last - ns <= ns / 64, "{ns}: {last}");
            assert_eq!(step(last), step(ns), "{ns}");
            let next = last.checked_add(1).map(step);
            assert!(next.is_none_or(|next| next == step(ns) + 1), "{ns}");
        }
    }

    #[test]
    fn the_slowest_are_told() {
        let mut lengths = Lengths::default();
        assert_eq!((lengths.quantile(0.99), lengths.above(0)), (0, 0));
        for ms in 1..=1_000u64 {
            lengths.add(ms * 1_000_000);
        }
        let p99 = lengths.quantile(0.99);
        assert!((990_000_000..1_006_000_000).contains(&p99), "{p99}");
        assert!(lengths.above(p99) <= 10);
        assert_eq!(
            lengths.above(last_of(step(500_000_000))),
            1_000 - {
                (1..=1_000u64)
                    .filter(|ms| step(ms * 1_000_000) <= step(500_000_000))
                    .count() as u64
            }
        );
    }
}

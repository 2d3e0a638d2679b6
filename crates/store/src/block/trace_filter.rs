//! Is a trace perhaps in this block? Answers "no" wrongly never, "yes" wrongly
//! once in some 8,000 times.
//!
//! A 16-bit fingerprint of every trace id, grouped into buckets of about eight
//! by other bits of the same hash: 20 bits a trace, built by counting, no
//! tuning and nothing that can fail to build. The hash is part of the file
//! format.

use tracewell_model::TraceId;

/// Traces that share a bucket, on average.
const BUCKET_TRACES: usize = 8;

/// Fingerprints of the traces of a block.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct TraceFilter {
    /// Where each bucket ends.
    ends: Vec<u32>,
    prints: Vec<u16>,
}

impl TraceFilter {
    /// Of distinct ids.
    pub(super) fn new(ids: &[TraceId]) -> Self {
        let buckets = ids.len().div_ceil(BUCKET_TRACES).max(1);
        let mut ends = vec![0u32; buckets];
        for id in ids {
            ends[bucket(hash(*id), buckets)] += 1;
        }
        let mut next = Vec::with_capacity(buckets);
        let mut total = 0;
        for end in &mut ends {
            next.push(total);
            total += *end;
            *end = total;
        }
        let mut prints = vec![0; ids.len()];
        for id in ids {
            let hash = hash(*id);
            let place = &mut next[bucket(hash, buckets)];
            prints[*place as usize] = hash as u16;
            *place += 1;
        }
        Self { ends, prints }
    }

    /// From the traces in each bucket and all fingerprints; `None` when they
    /// do not fit together.
    pub(super) fn from_parts(lengths: &[u32], prints: Vec<u16>) -> Option<Self> {
        let mut end = 0u32;
        let ends = lengths.iter().map(|length| {
            end = end.checked_add(*length)?;
            Some(end)
        });
        let ends: Vec<u32> = ends.collect::<Option<_>>()?;
        (ends.last().copied()? as usize == prints.len()).then_some(Self { ends, prints })
    }

    /// Traces in each bucket.
    pub(super) fn lengths(&self) -> impl ExactSizeIterator<Item = u32> {
        (0..self.ends.len()).map(|bucket| self.ends[bucket] - self.start(bucket))
    }

    /// All fingerprints, bucket by bucket.
    pub(super) fn prints(&self) -> &[u16] {
        &self.prints
    }

    /// May the trace be here?
    pub(super) fn may_hold(&self, id: TraceId) -> bool {
        let hash = hash(id);
        let bucket = bucket(hash, self.ends.len());
        let prints = &self.prints[self.start(bucket) as usize..self.ends[bucket] as usize];
        prints.contains(&(hash as u16))
    }

    pub(super) fn memory_bytes(&self) -> usize {
        self.ends.len() * 4 + self.prints.len() * 2
    }

    fn start(&self, bucket: usize) -> u32 {
        if bucket == 0 {
            0
        } else {
            self.ends[bucket - 1]
        }
    }
}

/// From the upper half of the hash; the fingerprint is the lowest 16 bits.
fn bucket(hash: u64, buckets: usize) -> usize {
    (((hash >> 32) * buckets as u64) >> 32) as usize
}

/// Ids need not be random in all bits (X-Ray starts with the time, Zipkin with
/// zeros), so both halves are mixed. Steps and constants of SplitMix64's
/// finaliser; they never change within a format version.
fn hash(id: TraceId) -> u64 {
    let (upper, lower) = id.0.split_at(8);
    let half = |bytes: &[u8]| {
        bytes
            .iter()
            .fold(0u64, |all, byte| all << 8 | u64::from(*byte))
    };
    mix(half(lower) ^ mix(half(upper)))
}

fn mix(mut value: u64) -> u64 {
    value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(upper: u64, lower: u64) -> TraceId {
        TraceId((u128::from(upper) << 64 | u128::from(lower)).to_be_bytes())
    }

    #[test]
    fn ids_that_are_in_are_found_and_nearly_all_others_are_not() {
        for upper in [0, 0x6553_0000_0000_0000] {
            let ids: Vec<TraceId> = (0..20_000).map(|n| id(upper, n)).collect();
            let filter = TraceFilter::new(&ids);
            assert!(ids.iter().all(|id| filter.may_hold(*id)));
            let wrong = (20_000..420_000)
                .filter(|n| filter.may_hold(id(upper, *n)))
                .count();
            assert!(wrong < 400, "{wrong} of 400,000 answered yes");
        }
        assert!(!TraceFilter::new(&[]).may_hold(id(1, 1)));
    }

    #[test]
    fn the_hash_is_part_of_the_format() {
        assert_eq!(hash(id(0, 0)), mix(mix(0)));
        assert_eq!(mix(0), 0xe220_a839_7b1d_cdaf);
    }

    #[test]
    fn parts_that_do_not_fit_are_refused() {
        assert_eq!(TraceFilter::from_parts(&[2], vec![1]), None);
        assert_eq!(TraceFilter::from_parts(&[], vec![]), None);
        assert_eq!(TraceFilter::from_parts(&[u32::MAX, 1], vec![]), None);
    }
}

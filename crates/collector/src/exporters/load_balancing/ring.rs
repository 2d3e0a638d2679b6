//! Which peer has which trace: a ring on which every peer has many points, and
//! that moves few traces when a peer comes or goes.
//!
//! ```text
//! point of a peer   crc32(name, number as 4 bytes, the lowest first) mod 131071
//! place of a key    crc32(key) mod 131071: the peer of the next point, round the end
//! ```
//!
//! The Collector's ring, point by point, so that its load balancers and ours may
//! stand side by side. **It is drawn from the names alone**, never from their order
//! or from what was before.

use std::collections::HashSet;

/// Places on the ring.
const PLACES: u32 = 131_071;

/// Points of each peer.
const POINTS: u32 = 200;

/// How far a point moves on where another one is already, before it is left out.
const STEPS: u32 = 10;

/// See the module's text.
#[derive(Debug)]
pub(super) struct Ring {
    /// Places in rising order, and the number of the peer that has each.
    points: Vec<(u32, usize)>,
}

impl Ring {
    /// Of peers by name, numbered as they are given.
    pub(super) fn new(names: &[String]) -> Self {
        let mut wanted: Vec<(u32, u32, &str, usize)> = Vec::new();
        for (peer, name) in names.iter().enumerate() {
            let mut of_name = crc32fast::Hasher::new();
            of_name.update(name.as_bytes());
            for number in 0..POINTS {
                let mut hasher = of_name.clone();
                hasher.update(&number.to_le_bytes());
                let hash = hasher.finalize();
                wanted.push((hash % PLACES, hash, name, peer));
            }
        }
        wanted.sort_unstable();
        let mut taken = HashSet::new();
        let mut points: Vec<(u32, usize)> = Vec::new();
        for (place, _, _, peer) in wanted {
            let mut steps = (0..STEPS).map(|step| (place + step) % PLACES);
            points.extend(
                steps
                    .find(|place| taken.insert(*place))
                    .map(|place| (place, peer)),
            );
        }
        points.sort_unstable();
        Self { points }
    }

    /// The number of the peer that a key belongs to; `None` if there are no peers.
    pub(super) fn peer_of(&self, key: &[u8]) -> Option<usize> {
        let place = crc32fast::hash(key) % PLACES;
        let next = self.points.partition_point(|(point, _)| *point < place);
        let (_, peer) = self.points.get(next).or(self.points.first())?;
        Some(*peer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ids by rule, as those that the Collector's ring was asked about.
    fn id(number: u64) -> [u8; 16] {
        let high = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let low = number * number + 7;
        (u128::from(high) << 64 | u128::from(low)).to_be_bytes()
    }

    fn ring(names: &[&str]) -> Ring {
        let names: Vec<String> = names.iter().map(ToString::to_string).collect();
        Ring::new(&names)
    }

    /// What the Collector's ring (v0.161) said: where the first sixteen go, and of
    /// twenty thousand a digest.
    #[test]
    fn keys_go_where_the_collector_sends_them() {
        for (names, first, digest) in [
            (
                &["sampler-1:4317", "sampler-2:4317", "sampler-3:4317"][..],
                [2, 1, 1, 0, 2, 0, 2, 0, 0, 2, 0, 2, 0, 0, 1, 0],
                0xbe6b_25d9_b86c_c591,
            ),
            (
                &[
                    "10.0.0.1:4317",
                    "10.0.0.10:4317",
                    "10.0.0.2:4317",
                    "10.0.0.3:4317",
                    "10.0.0.4:4317",
                ],
                [3, 2, 1, 1, 2, 1, 2, 0, 1, 2, 1, 4, 2, 3, 3, 0],
                0x2668_8cba_afb6_71d9,
            ),
        ] {
            let ring = ring(names);
            let peers: Vec<usize> = (0..20_000)
                .map(|number| ring.peer_of(&id(number)).unwrap())
                .collect();
            assert_eq!(peers[..16], first);
            let fnv = |hash: u64, peer: &usize| (hash ^ *peer as u64).wrapping_mul(0x100_0000_01b3);
            assert_eq!(peers.iter().fold(0xcbf2_9ce4_8422_2325, fnv), digest);
        }
        let ring = ring(&["sampler-1:4317", "sampler-2:4317", "sampler-3:4317"]);
        let of_service = |name| ring.peer_of(format!("service.name={name}|").as_bytes());
        assert_eq!(["shop", "cart", ""].map(of_service), [Some(2); 3]);
        assert_eq!(ring.peer_of(b"tenant=acme|span.kind=Server|"), Some(1));
    }

    #[test]
    fn few_keys_move_when_a_peer_goes_and_none_has_nothing() {
        let (all, fewer) = (ring(&["a", "b", "c", "d"]), ring(&["a", "b", "c"]));
        let moved = (0..10_000).filter(|number| {
            let (before, after) = (all.peer_of(&id(*number)), fewer.peer_of(&id(*number)));
            assert!(before == Some(3) || before == after);
            before != after
        });
        let moved = moved.count();
        assert!((1_000..5_000).contains(&moved), "{moved}");
        assert_eq!(ring(&[]).peer_of(b"key"), None);
    }
}

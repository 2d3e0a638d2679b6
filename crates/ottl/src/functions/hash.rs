//! Digests of texts, and identifiers by chance.
//!
//! Digests are written in hexadecimal, as the Collector writes them. **None of
//! them hides a value that can be guessed.**

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};

use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha512};
use tracewell_model::clock::{Clock, SystemClock};
use xxhash_rust::xxh3::{xxh3_64, xxh3_128};

use super::{Made, Signature, function, needs, plain, text_in};
use crate::value::{Value, hex};

pub(super) const FUNCTIONS: &[Signature] = &[
    function(
        "MD5",
        &[needs("value")],
        plain!(|a: &[&Value<'_>]| digest::<Md5>(a)),
    ),
    function(
        "SHA1",
        &[needs("value")],
        plain!(|a: &[&Value<'_>]| digest::<Sha1>(a)),
    ),
    function(
        "SHA256",
        &[needs("value")],
        plain!(|a: &[&Value<'_>]| digest::<Sha256>(a)),
    ),
    function(
        "SHA512",
        &[needs("value")],
        plain!(|a: &[&Value<'_>]| digest::<Sha512>(a)),
    ),
    function(
        "FNV",
        &[needs("value")],
        plain!(|a: &[&Value<'_>]| { Ok(Value::Int(fnv_1a_64(text_in(a[0])?.as_bytes()) as i64)) }),
    ),
    function(
        "XXH3",
        &[needs("value")],
        plain!(|a: &[&Value<'_>]| {
            Ok(Value::text(format!(
                "{:016x}",
                xxh3_64(text_in(a[0])?.as_bytes())
            )))
        }),
    ),
    function(
        "XXH128",
        &[needs("value")],
        plain!(|a: &[&Value<'_>]| {
            Ok(Value::text(format!(
                "{:032x}",
                xxh3_128(text_in(a[0])?.as_bytes())
            )))
        }),
    ),
    function(
        "Murmur3Hash",
        &[needs("target")],
        plain!(|a: &[&Value<'_>]| {
            Ok(Value::text(hex(
                &murmur3_32(text_in(a[0])?.as_bytes()).to_le_bytes()
            )))
        }),
    ),
    function(
        "Murmur3Hash128",
        &[needs("target")],
        plain!(|a: &[&Value<'_>]| {
            let [first, second] = murmur3_128(text_in(a[0])?.as_bytes());
            Ok(Value::text(
                hex(&first.to_le_bytes()) + &hex(&second.to_le_bytes()),
            ))
        }),
    ),
    function("UUID", &[], |_| {
        Ok(Made::OfEachRow(Box::new(|_: &[&Value<'_>]| {
            Ok(uuid(by_chance(), 4))
        })))
    }),
    function("UUIDv7", &[], |_| {
        Ok(Made::OfEachRow(Box::new(|_: &[&Value<'_>]| {
            let ms = u128::from(SystemClock.now_ns() / 1_000_000);
            Ok(uuid(by_chance() >> 48 | ms << 80, 7))
        })))
    }),
];

fn digest<D: Digest>(arguments: &[&Value<'_>]) -> super::Answer {
    Ok(Value::text(hex(&D::digest(
        text_in(arguments[0])?.as_bytes(),
    ))))
}

fn fnv_1a_64(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// Keyed hashes of a counter; the keys come from the operating system.
fn by_chance() -> u128 {
    static KEYS: std::sync::LazyLock<[RandomState; 2]> =
        std::sync::LazyLock::new(|| [RandomState::new(), RandomState::new()]);
    static COUNTER: AtomicU64 = AtomicU64::new(0);
    let count = COUNTER.fetch_add(1, Ordering::Relaxed);
    let [a, b] = &*KEYS;
    u128::from(a.hash_one(count)) << 64 | u128::from(b.hash_one(count))
}

fn uuid(bits: u128, version: u128) -> Value<'static> {
    let bits = bits & !(0xf << 76) & !(0b11 << 62) | version << 76 | 0b10 << 62;
    let digits = format!("{bits:032x}");
    let [a, b, c, d, e] = [0..8, 8..12, 12..16, 16..20, 20..32].map(|part| &digits[part]);
    Value::text(format!("{a}-{b}-{c}-{d}-{e}"))
}

/// MurmurHash3 x86, 32 bits, seed 0 (Appleby, public domain).
fn murmur3_32(bytes: &[u8]) -> u32 {
    let mixed = |block: u32| {
        block
            .wrapping_mul(0xcc9e_2d51)
            .rotate_left(15)
            .wrapping_mul(0x1b87_3593)
    };
    let (blocks, rest) = bytes.as_chunks::<4>();
    let mut hash = blocks.iter().fold(0_u32, |hash, block| {
        let hash = hash ^ mixed(u32::from_le_bytes(*block));
        hash.rotate_left(13)
            .wrapping_mul(5)
            .wrapping_add(0xe654_6b64)
    });
    let tail = rest
        .iter()
        .rev()
        .fold(0, |tail, byte| tail << 8 | u32::from(*byte));
    hash ^= mixed(tail);
    hash ^= bytes.len() as u32;
    hash = (hash ^ hash >> 16).wrapping_mul(0x85eb_ca6b);
    hash = (hash ^ hash >> 13).wrapping_mul(0xc2b2_ae35);
    hash ^ hash >> 16
}

/// MurmurHash3 x64, 128 bits, seed 0 (Appleby, public domain).
fn murmur3_128(bytes: &[u8]) -> [u64; 2] {
    const C1: u64 = 0x87c3_7b91_1142_53d5;
    const C2: u64 = 0x4cf5_ad43_2745_937f;
    let first = |block: u64| block.wrapping_mul(C1).rotate_left(31).wrapping_mul(C2);
    let second = |block: u64| block.wrapping_mul(C2).rotate_left(33).wrapping_mul(C1);
    let (mut a, mut b) = (0_u64, 0_u64);
    let (blocks, rest) = bytes.as_chunks::<16>();
    for block in blocks {
        let block = u128::from_le_bytes(*block);
        a ^= first(block as u64);
        a = a
            .rotate_left(27)
            .wrapping_add(b)
            .wrapping_mul(5)
            .wrapping_add(0x52dc_e729);
        b ^= second((block >> 64) as u64);
        b = b
            .rotate_left(31)
            .wrapping_add(a)
            .wrapping_mul(5)
            .wrapping_add(0x3849_5ab5);
    }
    let tail = rest
        .iter()
        .rev()
        .fold(0_u128, |tail, byte| tail << 8 | u128::from(*byte));
    b ^= second((tail >> 64) as u64);
    a ^= first(tail as u64);
    let length = bytes.len() as u64;
    a ^= length;
    b ^= length;
    a = a.wrapping_add(b);
    b = b.wrapping_add(a);
    let last = |mut hash: u64| {
        hash = (hash ^ hash >> 33).wrapping_mul(0xff51_afd7_ed55_8ccd);
        hash = (hash ^ hash >> 33).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
        hash ^ hash >> 33
    };
    (a, b) = (last(a), last(b));
    a = a.wrapping_add(b);
    [a, b.wrapping_add(a)]
}

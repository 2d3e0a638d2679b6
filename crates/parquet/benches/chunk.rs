//! What columns cost: a row group of spans with 11 attributes each, spread
//! over 97 sparse text columns with 1,000 values, and the columns that every
//! span has. Times per row group; divide by its 131,072 spans.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use tracewell_parquet::{
    Cells, ChunkDecoder, ChunkEncoder, Column, EncodedChunk, PhysicalType, Values,
};

const ROWS: usize = 131_072;
const KEYS: u64 = 97;
const ATTRIBUTES: u64 = 11;
const VALUES: u64 = 1000;

/// Numbers that look random and are the same on every machine.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % bound
    }
}

struct Sparse {
    present: Vec<u32>,
    codes: Vec<u32>,
    ends: Vec<u32>,
    bytes: Vec<u8>,
}

impl Sparse {
    fn cells(&self) -> Cells<'_> {
        Cells {
            rows: ROWS,
            present: Some(&self.present),
            values: Values::Coded {
                codes: &self.codes,
                ends: &self.ends,
                bytes: &self.bytes,
            },
        }
    }
}

/// The attribute columns of a row group.
fn sparse_columns() -> Vec<Sparse> {
    let mut chance = Chance(1);
    let mut columns: Vec<Sparse> = (0..KEYS)
        .map(|_| {
            let (mut ends, mut bytes) = (Vec::new(), Vec::new());
            for value in 0..VALUES {
                bytes.extend_from_slice(format!("value-{value}").as_bytes());
                ends.push(bytes.len() as u32);
            }
            let (present, codes) = (Vec::new(), Vec::new());
            Sparse {
                present,
                codes,
                ends,
                bytes,
            }
        })
        .collect();
    for row in 0..ROWS as u32 {
        let mut left = ATTRIBUTES;
        for (index, column) in columns.iter_mut().enumerate() {
            // Chooses exactly so many of the keys, each as likely.
            if chance.below(KEYS - index as u64) < left {
                left -= 1;
                column.present.push(row);
                column.codes.push(chance.below(VALUES) as u32);
            }
        }
    }
    columns
}

fn column(physical: PhysicalType, nullable: bool) -> Column {
    Column {
        name: "span.key".to_owned(),
        physical,
        is_text: physical == PhysicalType::ByteArray,
        nullable,
        max_dictionary_bytes: 64 << 10,
        compress: physical != PhysicalType::Fixed8,
    }
}

fn pages(chunk: &EncodedChunk) -> Vec<&[u8]> {
    let mut rest = &chunk.bytes[..];
    let pages = chunk.pages.iter().map(|page| {
        let (page, after) = rest.split_at(page.bytes as usize);
        rest = after;
        page
    });
    pages.collect()
}

fn sparse(c: &mut Criterion) {
    let columns = sparse_columns();
    let text = column(PhysicalType::ByteArray, true);
    let mut encoder = ChunkEncoder::new();
    let mut group = c.benchmark_group("97 sparse text columns");
    group.sample_size(20);
    group.throughput(Throughput::Elements(ROWS as u64));
    group.bench_function("encode a row group", |b| {
        b.iter(|| {
            let chunks = columns
                .iter()
                .map(|sparse| encoder.encode(&text, &sparse.cells()));
            chunks
                .map(|chunk| chunk.expect("valid cells").bytes.len())
                .sum::<usize>()
        });
    });
    let chunks = columns
        .iter()
        .map(|sparse| encoder.encode(&text, &sparse.cells()));
    let chunks: Vec<EncodedChunk> = chunks.collect::<Result<_, _>>().expect("valid cells");
    let bytes: usize = chunks.iter().map(|chunk| chunk.bytes.len()).sum();
    let dictionaries: u32 = chunks.iter().map(|chunk| chunk.pages[0].bytes).sum();
    println!(
        "97 sparse text columns: {:.2} bytes per span, of which dictionaries {:.2}",
        bytes as f64 / ROWS as f64,
        f64::from(dictionaries) / ROWS as f64
    );
    group.bench_function("decode a row group", |b| {
        let mut decoder = ChunkDecoder::new();
        let pages: Vec<Vec<&[u8]>> = chunks.iter().map(pages).collect();
        b.iter(|| {
            for pages in &pages {
                let decoded = decoder.decode(&text, Some(pages[0]), &pages[1..], None);
                black_box(decoded.expect("valid pages"));
            }
        });
    });
    group.finish();

    let mut group = c.benchmark_group("one sparse text column");
    let pages = pages(&chunks[0]);
    let mut decoder = ChunkDecoder::new();
    group.bench_function("decode one page with its dictionary", |b| {
        b.iter(|| decoder.decode(&text, Some(pages[0]), &[black_box(pages[1])], None));
    });
    group.bench_function("decode 10 rows of a page", |b| {
        let rows = 2000..2010;
        let rows = std::slice::from_ref(&rows);
        b.iter(|| decoder.decode(&text, Some(pages[0]), &[black_box(pages[1])], Some(rows)));
    });
    group.bench_function("dictionary alone", |b| {
        b.iter(|| decoder.dictionary(&text, black_box(pages[0])));
    });
    group.finish();
}

fn dense(c: &mut Criterion) {
    let mut chance = Chance(2);
    let mut start_ns = 1_700_000_000_000_000_000;
    let starts = (0..ROWS).map(|_| {
        start_ns += chance.below(100_000) as i64;
        start_ns
    });
    let starts: Vec<i64> = starts.collect();
    let kinds: Vec<i32> = (0..ROWS).map(|_| chance.below(5) as i32).collect();
    let mut trace_ids: Vec<[u8; 16]> = Vec::new();
    while trace_ids.len() < ROWS {
        let (high, low) = (chance.below(u64::MAX), chance.below(u64::MAX));
        let id = (u128::from(high) << 64 | u128::from(low)).to_be_bytes();
        trace_ids.extend([id; 10]);
    }
    trace_ids.truncate(ROWS);
    let span_ids = (0..ROWS).map(|_| chance.below(u64::MAX).to_be_bytes());
    let span_ids: Vec<[u8; 8]> = span_ids.collect();
    let cases = [
        ("start_ns", PhysicalType::Int64, Values::I64(&starts)),
        ("kind", PhysicalType::Int32, Values::I32(&kinds)),
        (
            "trace_id",
            PhysicalType::Fixed16,
            Values::Fixed16(&trace_ids),
        ),
        ("span_id", PhysicalType::Fixed8, Values::Fixed8(&span_ids)),
    ];
    let mut encoder = ChunkEncoder::new();
    let mut decoder = ChunkDecoder::new();
    for (name, physical, values) in cases {
        let column = column(physical, false);
        let cells = Cells {
            rows: ROWS,
            present: None,
            values,
        };
        let mut group = c.benchmark_group(name);
        group.throughput(Throughput::Elements(ROWS as u64));
        group.bench_function("encode", |b| b.iter(|| encoder.encode(&column, &cells)));
        let chunk = encoder.encode(&column, &cells).expect("valid cells");
        let pages = pages(&chunk);
        let (dictionary, data) = pages.split_at(usize::from(chunk.has_dictionary));
        let dictionary = dictionary.first().copied();
        group.bench_function("decode", |b| {
            b.iter(|| decoder.decode(&column, dictionary, black_box(data), None));
        });
        group.finish();
    }
}

criterion_group!(benches, sparse, dense);
criterion_main!(benches);

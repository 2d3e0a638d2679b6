//! What is encoded comes back, whole and in any selection of rows.

use proptest::prelude::*;
use tracewell_parquet::{
    Cells, ChunkDecoder, ChunkEncoder, Column, DecodeError, Dictionary, EncodeError, EncodedChunk,
    Encoding, PAGE_ROWS, PhysicalType, Values,
};

use crate::samples::{self, rows_of};

/// The pages of a chunk: the dictionary, if any, and data.
pub(crate) fn pages(chunk: &EncodedChunk) -> (Option<&[u8]>, Vec<&[u8]>) {
    let mut at = 0;
    let mut pages: Vec<&[u8]> = Vec::new();
    for page in &chunk.pages {
        pages.push(&chunk.bytes[at..at + page.bytes as usize]);
        assert_eq!(crc32c::crc32c(pages.last().unwrap()), page.crc);
        at += page.bytes as usize;
    }
    assert_eq!(at, chunk.bytes.len());
    let dictionary = chunk.has_dictionary.then(|| pages.remove(0));
    (dictionary, pages)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn every_shape_comes_back(shape in samples::shapes(), selection: u64) {
        let column = shape.column();
        let given = shape.cells();
        let expected = rows_of(&given.as_cells());
        let chunk = ChunkEncoder::new().encode(&column, &given.as_cells()).unwrap();
        prop_assert_eq!(chunk.rows, shape.rows);
        prop_assert_eq!(chunk.nulls, expected.iter().filter(|row| row.is_none()).count());
        let (dictionary, pages) = pages(&chunk);
        prop_assert_eq!(pages.len(), shape.rows.div_ceil(PAGE_ROWS));

        let mut decoder = ChunkDecoder::new();
        let all = decoder.decode(&column, dictionary, &pages, None).unwrap();
        prop_assert_eq!(all.present.is_none(), chunk.nulls == 0);
        prop_assert_eq!(&rows_of(&all.as_cells()), &expected);

        let ranges = samples::ranges(shape.rows, selection);
        let some = decoder.decode(&column, dictionary, &pages, Some(&ranges)).unwrap();
        let wanted: Vec<_> = ranges.iter().flat_map(|range| expected[range.clone()].to_vec()).collect();
        prop_assert_eq!(rows_of(&some.as_cells()), wanted);

        // A single page, as a reader that skips gives it.
        for (index, page) in pages.iter().enumerate() {
            let rows = &expected[index * PAGE_ROWS..shape.rows.min((index + 1) * PAGE_ROWS)];
            let one = decoder.decode(&column, dictionary, &[page], None).unwrap();
            prop_assert_eq!(&rows_of(&one.as_cells())[..], rows);
        }
    }

    #[test]
    fn byte_arrays_without_codes_come_back(shape in samples::shapes()) {
        let shape = samples::Shape { physical: PhysicalType::ByteArray, ..shape };
        let column = shape.column();
        let given = shape.cells();
        let expected = rows_of(&given.as_cells());
        let (mut ends, mut bytes) = (Vec::new(), Vec::new());
        for value in expected.iter().flatten() {
            bytes.extend_from_slice(value);
            ends.push(bytes.len() as u32);
        }
        let values = Values::Bytes { ends: &ends, bytes: &bytes };
        let cells = Cells { values, ..given.as_cells() };
        let mut encoder = ChunkEncoder::new();
        let chunk = encoder.encode(&column, &cells).unwrap();
        prop_assert_eq!(&chunk, &encoder.encode(&column, &given.as_cells()).unwrap());
        let (dictionary, pages) = pages(&chunk);
        let all = ChunkDecoder::new().decode(&column, dictionary, &pages, None).unwrap();
        prop_assert_eq!(rows_of(&all.as_cells()), expected);
    }
}

fn column(physical: PhysicalType, nullable: bool) -> Column {
    Column {
        name: "c".to_owned(),
        physical,
        is_text: physical == PhysicalType::ByteArray,
        nullable,
        max_dictionary_bytes: 64 << 10,
        compress: true,
    }
}

#[test]
fn the_smallest_encoding_is_chosen() {
    let few: Vec<i64> = (0..10_000).map(|n| (n % 7) * 1_000_000_007).collect();
    let rising: Vec<i64> = (0..10_000)
        .map(|n| 1_700_000_000_000_000_000 + n * 1000)
        .collect();
    let same = vec![4_i64; 10_000];
    let wild: Vec<i64> = (0..10_000)
        .map(|n| samples::Chance(n).next() as i64)
        .collect();
    for (values, encoding, has_dictionary) in [
        (few, Encoding::RleDictionary, true),
        (rising, Encoding::DeltaBinaryPacked, false),
        (same, Encoding::RleDictionary, true),
        (wild, Encoding::DeltaBinaryPacked, false),
    ] {
        let cells = Cells {
            rows: values.len(),
            present: None,
            values: Values::I64(&values),
        };
        let column = column(PhysicalType::Int64, false);
        let chunk = ChunkEncoder::new().encode(&column, &cells).unwrap();
        assert_eq!(
            (chunk.encoding, chunk.has_dictionary),
            (encoding, has_dictionary)
        );
        let (least, most) = (values.iter().min().unwrap(), values.iter().max().unwrap());
        let bounds = chunk.bounds.unwrap();
        assert_eq!(bounds.min, least.to_le_bytes());
        assert_eq!(bounds.max, most.to_le_bytes());
    }
}

#[test]
fn a_dictionary_holds_used_values_once() {
    let column = column(PhysicalType::ByteArray, false);
    let cells = Cells {
        rows: 6,
        present: None,
        values: Values::Coded {
            codes: &[4, 4, 1, 3, 1, 4],
            ends: &[6, 11, 17, 22, 26],
            bytes: b"unusedGET ounusedGET oPOST",
        },
    };
    let chunk = ChunkEncoder::new().encode(&column, &cells).unwrap();
    let (page, _) = pages(&chunk);
    let dictionary = ChunkDecoder::new()
        .dictionary(&column, page.unwrap())
        .unwrap();
    assert_eq!(dictionary.len(), 2);
    assert_eq!(
        dictionary.byte_arrays().collect::<Vec<_>>(),
        [&b"GET o"[..], b"POST"]
    );
    assert!(matches!(dictionary, Dictionary::Bytes { .. }));
    let bounds = chunk.bounds.unwrap();
    assert_eq!(
        (&bounds.min[..], &bounds.max[..]),
        (&b"GET o"[..], &b"POST"[..])
    );
}

#[test]
fn empty_and_full_pages_cost_next_to_nothing() {
    let mut encoder = ChunkEncoder::new();
    let column = column(PhysicalType::Int32, true);
    let none = Cells {
        rows: 131_072,
        present: Some(&[]),
        values: Values::I32(&[]),
    };
    let all = vec![7; 131_072];
    let all = Cells {
        rows: 131_072,
        present: None,
        values: Values::I32(&all),
    };
    for cells in [none, all] {
        let chunk = encoder.encode(&column, &cells).unwrap();
        let per_page = chunk.bytes.len() / (131_072 / PAGE_ROWS);
        assert!(per_page < 50, "{per_page} bytes per page");
    }
}

#[test]
fn contradictions_are_refused() {
    let mut encoder = ChunkEncoder::new();
    let coded = |codes, ends| Values::Coded {
        codes,
        ends,
        bytes: b"ab",
    };
    type Case<'a> = (
        PhysicalType,
        bool,
        usize,
        Option<&'a [u32]>,
        Values<'a>,
        &'a str,
    );
    let cases: [Case<'_>; 8] = [
        (
            PhysicalType::Int32,
            true,
            1,
            None,
            Values::I64(&[1]),
            "c: values do not have its type INT32",
        ),
        (
            PhysicalType::Int32,
            true,
            2,
            None,
            Values::I32(&[1]),
            "one value per present row",
        ),
        (
            PhysicalType::Int32,
            true,
            9,
            Some(&[2, 1]),
            Values::I32(&[1, 2]),
            "must ascend",
        ),
        (
            PhysicalType::Int32,
            true,
            9,
            Some(&[9]),
            Values::I32(&[1]),
            "beyond the rows",
        ),
        (
            PhysicalType::Int32,
            false,
            9,
            Some(&[1]),
            Values::I32(&[1]),
            "not nullable",
        ),
        (
            PhysicalType::ByteArray,
            true,
            1,
            None,
            coded(&[2], &[1, 2]),
            "beyond the dictionary",
        ),
        (
            PhysicalType::ByteArray,
            true,
            1,
            None,
            coded(&[0], &[2, 1]),
            "ends must ascend",
        ),
        (
            PhysicalType::ByteArray,
            true,
            1,
            None,
            coded(&[0], &[3]),
            "ends must ascend",
        ),
    ];
    for (physical, nullable, rows, present, values, reason) in cases {
        let cells = Cells {
            rows,
            present,
            values,
        };
        let error: EncodeError = encoder
            .encode(&column(physical, nullable), &cells)
            .unwrap_err();
        assert!(error.to_string().contains(reason), "{error}");
    }
}

#[test]
fn ranges_must_fit() {
    let column = column(PhysicalType::Int32, false);
    let cells = Cells {
        rows: 3,
        present: None,
        values: Values::I32(&[1, 2, 3]),
    };
    let chunk = ChunkEncoder::new().encode(&column, &cells).unwrap();
    let (dictionary, pages) = pages(&chunk);
    for ranges in [&[0..1, 1..4][..], &[2..3, 1..2], &[0..2, 1..3]] {
        let decoded = ChunkDecoder::new().decode(&column, dictionary, &pages, Some(ranges));
        assert!(
            matches!(decoded, Err(DecodeError::Ranges { rows: 3, .. })),
            "{ranges:?}"
        );
    }
}

#[test]
fn text_must_be_utf8() {
    // Valid as a whole, but cut within a character.
    for (ends, bytes) in [(&[2_u32, 4][..], &b"a\xC3\xA9b"[..]), (&[1], b"\xFF")] {
        for max_dictionary_bytes in [0, 1000] {
            let text = Column {
                max_dictionary_bytes,
                ..column(PhysicalType::ByteArray, false)
            };
            let codes: Vec<u32> = (0..100).map(|n| n % ends.len() as u32).collect();
            let values = Values::Coded {
                codes: &codes,
                ends,
                bytes,
            };
            let cells = Cells {
                rows: 100,
                present: None,
                values,
            };
            let chunk = ChunkEncoder::new().encode(&text, &cells).unwrap();
            let (dictionary, pages) = pages(&chunk);
            let mut decoder = ChunkDecoder::new();
            for ranges in [None, Some(&[0..50, 50..99][..])] {
                let error = decoder
                    .decode(&text, dictionary, &pages, ranges)
                    .unwrap_err();
                assert!(
                    error
                        .to_string()
                        .starts_with("column c, values: text at byte"),
                    "{error}"
                );
            }
            let binary = Column {
                is_text: false,
                ..text
            };
            decoder.decode(&binary, dictionary, &pages, None).unwrap();
        }
    }
}

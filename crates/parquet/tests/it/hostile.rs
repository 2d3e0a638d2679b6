//! Bytes that are not what they seem: no panic, no allocation beyond what the
//! bytes could honestly hold.

use proptest::prelude::*;
use tracewell_parquet::{
    ChunkDecoder, ChunkEncoder, DecodedCells, FileReader, FileWriter, PhysicalType,
};

use crate::round_trip::pages;
use crate::samples::{self, Chance};

/// Changes a few bytes, cuts or repeats some.
fn damage(bytes: &mut Vec<u8>, chance: &mut Chance) {
    for _ in 0..=chance.below(4) {
        if bytes.is_empty() {
            return;
        }
        // Headers are where it hurts: as likely as all the rest.
        let reach = [bytes.len() as u64, 40][chance.below(2) as usize];
        let at = (chance.below(reach) as usize).min(bytes.len() - 1);
        match chance.below(6) {
            0 => bytes[at] ^= 1 << chance.below(8),
            1 => bytes[at] = chance.next() as u8,
            2 => bytes[at] = 0xFF,
            3 => bytes.truncate(at),
            4 => drop(bytes.remove(at)),
            _ => bytes.insert(at, chance.next() as u8),
        }
    }
}

/// That what was decoded can be used: every number is within its bounds.
fn check(cells: &DecodedCells) {
    samples::rows_of(&cells.as_cells());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn damaged_pages_are_errors_or_cells(shape in samples::shapes(), seed: u64) {
        let mut chance = Chance(seed);
        let column = shape.column();
        let chunk = ChunkEncoder::new().encode(&column, &shape.cells().as_cells()).unwrap();
        let (dictionary, data) = pages(&chunk);
        let mut decoder = ChunkDecoder::new();
        let ranges = samples::ranges(shape.rows, seed);
        for _ in 0..8 {
            let mut dictionary = dictionary.map(<[u8]>::to_vec);
            let mut data: Vec<_> = data.iter().map(|page| page.to_vec()).collect();
            let which = chance.below(data.len() as u64 + 1) as usize;
            match (data.get_mut(which), &mut dictionary) {
                (Some(page), _) => damage(page, &mut chance),
                (None, Some(page)) => damage(page, &mut chance),
                (None, None) => {}
            }
            let data: Vec<&[u8]> = data.iter().map(Vec::as_slice).collect();
            for ranges in [None, Some(&ranges[..])] {
                if let Ok(cells) = decoder.decode(&column, dictionary.as_deref(), &data, ranges) {
                    check(&cells);
                }
            }
            if let Some(Ok(entries)) = dictionary.map(|page| decoder.dictionary(&column, &page)) {
                prop_assert!(entries.byte_arrays().count() <= entries.len());
            }
        }
    }

    #[test]
    fn pages_of_another_column_are_errors_or_cells(
        one in samples::shapes(),
        other in samples::shapes(),
    ) {
        let chunk = ChunkEncoder::new().encode(&one.column(), &one.cells().as_cells()).unwrap();
        let (dictionary, data) = pages(&chunk);
        for compress in [one.compress, other.compress] {
            let column = tracewell_parquet::Column { compress, ..other.column() };
            if let Ok(cells) = ChunkDecoder::new().decode(&column, dictionary, &data, None) {
                check(&cells);
            }
        }
    }

    #[test]
    fn random_bytes_are_no_pages(bytes: Vec<u8>, kind in 0..7_usize, body: Vec<u8>) {
        let column = tracewell_parquet::Column {
            name: "c".to_owned(),
            physical: samples::TYPES[kind],
            is_text: true,
            nullable: true,
            max_dictionary_bytes: 100,
            compress: false,
        };
        let mut decoder = ChunkDecoder::new();
        prop_assert!(decoder.dictionary(&column, &bytes).is_err() || bytes.len() > 5);
        let decoded = decoder.decode(&column, Some(&bytes), &[&bytes], None);
        prop_assert!(decoded.is_err() || bytes.len() > 5);
        // A header that fits, so that the body is looked at.
        for (encoding, rows) in [(0_u8, 7), (8, 100), (5, 1_000_000), (7, 3)] {
            let mut page = vec![0x15, 0x00];
            for size in [body.len() as u64, body.len() as u64] {
                page.push(0x15);
                varint(size * 2, &mut page);
            }
            page.extend([0x2C, 0x15]);
            varint(rows * 2, &mut page);
            page.extend([0x15, encoding * 2, 0x15, 6, 0x15, 6, 0, 0]);
            page.extend_from_slice(&body);
            if let Ok(cells) = decoder.decode(&column, None, &[&page], None) {
                check(&cells);
            }
        }
    }

    #[test]
    fn damaged_files_are_errors_or_cells(seed: u64) {
        let file = file();
        let mut chance = Chance(seed);
        for _ in 0..8 {
            let mut bytes = file.clone();
            // The footer and what is before it: two thirds of this file.
            let keep = chance.below(bytes.len() as u64) as usize;
            let mut tail = bytes.split_off(keep);
            damage(&mut tail, &mut chance);
            bytes.extend(tail);
            let Ok(reader) = FileReader::open(&bytes) else { continue };
            let mut decoder = ChunkDecoder::new();
            for group in 0..reader.row_groups().len() {
                for column in 0..reader.columns().len() {
                    if let Ok(cells) = reader.cells(&mut decoder, group, column) {
                        check(&cells);
                    }
                }
            }
        }
    }
}

fn varint(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// A small file with a column of each type.
fn file() -> Vec<u8> {
    let shapes = samples::TYPES.map(|physical| samples::Shape {
        physical,
        is_text: physical == PhysicalType::ByteArray,
        nullable: true,
        compress: physical != PhysicalType::Fixed8,
        rows: 40,
        density: 50,
        stretch: 3,
        distinct: 5,
        max_dictionary_bytes: 1000,
        seed: 9,
    });
    let mut encoder = ChunkEncoder::new();
    let columns: Vec<_> = shapes.iter().map(samples::Shape::column).collect();
    let chunks: Vec<_> = std::iter::zip(&columns, &shapes)
        .map(|(column, shape)| encoder.encode(column, &shape.cells().as_cells()).unwrap())
        .collect();
    let mut writer = FileWriter::new(Vec::new(), columns, &[]).unwrap();
    writer.row_group(&chunks, 40).unwrap();
    writer.finish(&[("key", "value")]).unwrap()
}

#[test]
fn every_cut_of_a_file_is_an_error() {
    let file = file();
    for length in 0..file.len() {
        let cut = &file[..length];
        assert!(FileReader::open(&cut).is_err(), "{length} bytes");
    }
    assert!(FileReader::open(&file).is_ok());
}

#[test]
fn sizes_that_cannot_be_are_refused_before_they_are_allocated() {
    let column = samples::Shape {
        physical: PhysicalType::ByteArray,
        is_text: false,
        nullable: false,
        compress: true,
        rows: 1,
        density: 100,
        stretch: 1,
        distinct: 1,
        max_dictionary_bytes: 0,
        seed: 1,
    }
    .column();
    for (size, reason) in [
        (1_u64 << 30, "page is larger than 512 MiB"),
        (500 << 20, "cannot be as large as its header says"),
    ] {
        let mut page = vec![0x15, 0x00, 0x15];
        varint(size * 2, &mut page);
        page.extend([
            0x15, 8, 0x2C, 0x15, 2, 0x15, 0, 0x15, 6, 0x15, 6, 0, 0, 1, 2, 3, 4,
        ]);
        let error = ChunkDecoder::new()
            .decode(&column, None, &[&page], None)
            .unwrap_err();
        assert!(error.to_string().contains(reason), "{error}");
        assert!(
            error.to_string().starts_with("column sample, page 0: "),
            "{error}"
        );
    }
}

#[test]
fn the_writer_refuses_what_is_no_row_group() {
    let shape = samples::Shape {
        physical: PhysicalType::Int32,
        is_text: false,
        nullable: true,
        compress: true,
        rows: 5,
        density: 50,
        stretch: 1,
        distinct: 9,
        max_dictionary_bytes: 0,
        seed: 1,
    };
    let chunk = ChunkEncoder::new()
        .encode(&shape.column(), &shape.cells().as_cells())
        .unwrap();
    let mut writer = FileWriter::new(Vec::new(), vec![shape.column()], &[]).unwrap();
    let position = writer.position();
    for (chunks, rows, reason) in [
        (vec![], 5, "row group 0: has 0 chunks for 1 columns"),
        (
            vec![chunk.clone()],
            6,
            "row group 0: column sample has 5 rows, not 6",
        ),
        (
            vec![chunk.clone()],
            0,
            "row group 0: needs at least one row",
        ),
    ] {
        let error = writer.row_group(&chunks, rows).unwrap_err();
        assert_eq!(error.to_string(), reason);
        assert_eq!(writer.position(), position);
    }
    writer.row_group(&[chunk], 5).unwrap();
}

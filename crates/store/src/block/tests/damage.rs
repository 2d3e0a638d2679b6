//! Files that were damaged: an error that names the file, never a panic, never
//! other spans than were written.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use proptest::prelude::*;
use tracewell_testkit::{Random, batch};

use super::{DIR, all_ids, block_of, read_all, sorted};
use crate::block::{Block, BlockError};
use crate::files::faulty::FaultyFiles;
use crate::files::{Access, Files, read_exact_at, write_all_at};

fn contents(files: &FaultyFiles, name: &str) -> Vec<u8> {
    let file = files
        .open(&Path::new(DIR).join(name), Access::Read)
        .unwrap();
    let mut bytes = vec![0; file.size().unwrap() as usize];
    read_exact_at(&*file, &mut bytes, 0).unwrap();
    bytes
}

fn replace(files: &FaultyFiles, name: &str, bytes: &[u8]) {
    let path = Path::new(DIR).join(name);
    let file = files.open(&path, Access::Write).unwrap();
    file.set_size(0).unwrap();
    write_all_at(&*file, bytes, 0).unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn flipped_and_missing_bytes_are_noticed(
        seed in 0u64..4,
        parquet: bool,
        place: prop::sample::Index,
        flip in 0u8..,
    ) {
        let spans = Random::new(seed).spans(60, 1_000);
        let original = batch(&spans);
        let (files, block) = block_of(&original);
        let meta = block.meta().clone();
        let name = if parquet { "0000000007.parquet" } else { "0000000007.index" };
        let mut bytes = contents(&files, name);
        let place = place.index(bytes.len());
        if flip == 0 {
            bytes.truncate(place);
        } else {
            bytes[place] ^= flip;
        }
        replace(&files, name, &bytes);
        let ids = all_ids(&original);
        let read = Block::open(Arc::new(files), Path::new(DIR), meta)
            .and_then(|block| block.traces(&ids, &AtomicBool::new(false)));
        match read {
            // The four bytes of magic at the start of the file are read by nobody.
            Ok(_) => prop_assert!(parquet && place < 4 && flip != 0),
            Err(BlockError::Damaged { path, .. } | BlockError::Version { path, .. }) => {
                prop_assert!(path.ends_with(name), "{}", path.display());
            }
            Err(other) => prop_assert!(false, "{other}"),
        }
        prop_assert_eq!(read_all(&block_of(&original).1, &ids), sorted(spans));
    }
}

#[test]
fn a_later_version_is_refused_by_name() {
    let (files, block) = block_of(&batch(&Random::new(1).spans(5, 1_000)));
    let mut bytes = contents(&files, "0000000007.index");
    bytes[8] = 9;
    replace(&files, "0000000007.index", &bytes);
    let error = Block::open(Arc::new(files), Path::new(DIR), block.meta().clone()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "block file /blocks/0000000007.index has format version 9, this program reads up to 1"
    );
}

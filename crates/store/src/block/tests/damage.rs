//! Files that were damaged: an error that names the file, never a panic, never
//! other spans than were written.

use std::path::Path;
use std::sync::atomic::AtomicBool;

use proptest::prelude::*;
use tracewell_testkit::{Random, batch, flatten};

use super::{DIR, all_ids, block_of, read_all, sorted, traces};
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
        let open = || Block::open(&files, Path::new(DIR), meta.clone());
        let noticed = |error: BlockError| {
            let path = match error {
                BlockError::Damaged { path, .. } | BlockError::Version { path, .. } => path,
                other => panic!("{other}"),
            };
            assert!(path.ends_with(name), "{}", path.display());
        };
        // What is not read may be damaged; what is read is right or an error.
        match open().and_then(|block| traces(&block, &ids)) {
            Ok(found) => {
                let found: Vec<_> = found.iter().flat_map(|(_, batch)| flatten(batch)).collect();
                prop_assert_eq!(sorted(found), sorted(spans.clone()));
            }
            Err(error) => noticed(error),
        }
        let verified = open().and_then(|block| block.verify(&AtomicBool::new(false)));
        noticed(verified.expect_err("every byte is verified"));
        prop_assert_eq!(read_all(&block_of(&original).1, &ids), sorted(spans));
    }
}

#[test]
fn a_later_version_is_refused_by_name() {
    let (files, block) = block_of(&batch(&Random::new(1).spans(5, 1_000)));
    let mut bytes = contents(&files, "0000000007.index");
    bytes[8] = 9;
    replace(&files, "0000000007.index", &bytes);
    let error = Block::open(&files, Path::new(DIR), block.meta().clone()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "block file /blocks/0000000007.index has format version 9, this program reads up to 1"
    );
}

//! Puts the built UI into the binary.
//!
//! Reads `web/dist` if it is there, compresses what gets smaller, and writes a
//! table of files for `src/api/assets.rs`. Without it the table is empty and
//! the binary says so at `/`: **building the server never needs Node.js**.

use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;

fn main() -> io::Result<()> {
    let manifest_dir = PathBuf::from(variable("CARGO_MANIFEST_DIR"));
    let out_dir = PathBuf::from(variable("OUT_DIR"));
    let dist = manifest_dir.join("../../web/dist");
    // Also while it does not exist: its arrival must be noticed.
    println!("cargo::rerun-if-changed={}", dist.display());
    println!("cargo::rerun-if-changed=build.rs");

    let mut files = Vec::new();
    if dist.join("index.html").exists() {
        list(&dist, &dist, &mut files)?;
    }
    files.sort();
    let mut table = String::from("static FILES: &[File] = &[\n");
    for (number, path) in files.iter().enumerate() {
        let plain = fs::read(dist.join(path))?;
        let gzip = compress(&plain)?;
        let is_smaller = gzip.len() < plain.len() - plain.len() / 10;
        let copy = out_dir.join(format!("asset-{number}"));
        fs::write(&copy, &plain)?;
        let gzip_expression = if is_smaller {
            let packed = out_dir.join(format!("asset-{number}.gz"));
            fs::write(&packed, gzip)?;
            format!("Some(include_bytes!({packed:?}))")
        } else {
            "None".to_owned()
        };
        let line = writeln!(
            table,
            "File {{ path: {path:?}, etag: \"\\\"{:016x}\\\"\", plain: include_bytes!({copy:?}), \
             gzip: {gzip_expression} }},",
            hash(&plain)
        );
        line.expect("writing to a string never fails");
    }
    table.push_str("];\n");
    fs::write(out_dir.join("assets.rs"), table)
}

fn variable(name: &str) -> String {
    std::env::var(name).expect("cargo sets it for build scripts")
}

/// Paths of all files relative to `root`, with slashes; hidden ones are the
/// build tool's own.
fn list(root: &Path, folder: &Path, files: &mut Vec<String>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        println!("cargo::rerun-if-changed={}", path.display());
        let is_hidden = path
            .file_name()
            .is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if is_hidden {
            continue;
        }
        if path.is_dir() {
            list(root, &path, files)?;
        } else if let Ok(relative) = path.strip_prefix(root) {
            files.push(relative.to_string_lossy().replace('\\', "/"));
        }
    }
    Ok(())
}

fn compress(plain: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(plain)?;
    encoder.finish()
}

/// FNV-1a, 64 bits: tells builds apart, protects nothing.
fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

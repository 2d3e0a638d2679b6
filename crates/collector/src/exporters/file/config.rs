//! What `file` can be told.

use std::io;
use std::path::PathBuf;

use crate::written::fields::Fields;

/// The Collector's numbers.
const MAX_MEGABYTES: u64 = 100;
const MAX_BACKUPS: u64 = 100;

/// What the exporter can be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileConfig {
    /// Where.
    pub path: PathBuf,
    /// How spans are written.
    pub format: FileFormat,
    /// Is each record packed with zstd?
    pub is_packed: bool,
    /// Behind what is there already, or in place of it?
    pub appends: bool,
    /// Is its directory made?
    pub makes_directory: bool,
    /// When another file is begun, if ever.
    pub rotation: Option<Rotation>,
}

/// How spans are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum FileFormat {
    Json,
    Protobuf,
}

/// When another file is begun, and which of those before are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rotation {
    /// Before one would be larger.
    pub max_bytes: u64,
    /// Older ones are deleted; 0: none.
    pub max_days: u64,
    /// So many are kept; 0: all.
    pub max_backups: usize,
}

impl FileConfig {
    /// Reads the fields of the section.
    #[must_use]
    pub fn read(fields: Fields<'_>) -> Self {
        let path = fields
            .text("path")
            .filter(|written| !written.text.is_empty());
        if path.is_none() {
            fields.mistake(format!(
                "{} is missing; write for example /var/lib/traces.json",
                fields.path("path")
            ));
        }
        let config = Self {
            path: path.map(|written| written.text.into()).unwrap_or_default(),
            format: fields.value("format", FileFormat::Json, |text| match text {
                "json" => Ok(FileFormat::Json),
                "proto" => Ok(FileFormat::Protobuf),
                _ => Err(format!("{text:?} is not one of json, proto")),
            }),
            is_packed: fields.value("compression", false, |text| match text {
                "zstd" => Ok(true),
                "" | "none" => Ok(false),
                _ => Err(format!("{text:?} is not one of zstd, none")),
            }),
            appends: fields.switch("append", false),
            makes_directory: fields.switch("create_directory", false),
            rotation: fields.section("rotation").map(Rotation::read),
        };
        fields.not_served("group_by", "write an exporter for each file");
        fields.not_served("encoding", "write format: json, or proto");
        fields.not_served("directory_permissions", "make the directory yourself");
        // Everything is written at once.
        fields.has("flush_interval");
        fields.end();
        config
    }

    /// Does each record have its length in front?
    pub(super) fn is_framed(&self) -> bool {
        self.is_packed || self.format == FileFormat::Protobuf
    }

    /// A message about the file.
    pub(super) fn wrong(&self, error: &io::Error) -> String {
        let hint = match error.kind() {
            io::ErrorKind::NotFound => "; make its directory, or write create_directory: true",
            _ => "",
        };
        format!("{} cannot be written: {error}{hint}", self.path.display())
    }
}

impl Rotation {
    fn read(fields: Fields<'_>) -> Self {
        let megabytes = fields.number("max_megabytes", MAX_MEGABYTES, 0);
        let megabytes = if megabytes == 0 {
            MAX_MEGABYTES
        } else {
            megabytes
        };
        let backups = fields.number("max_backups", MAX_BACKUPS, 0);
        fields.not_served("localtime", "names of older files have the time in UTC");
        let rotation = Self {
            max_bytes: megabytes.saturating_mul(1 << 20),
            max_days: fields.number("max_days", 0, 0),
            max_backups: usize::try_from(backups).unwrap_or(usize::MAX),
        };
        fields.end();
        rotation
    }
}

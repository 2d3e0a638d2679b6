//! What a file is, told by its content.

use clap::ValueEnum;

use super::input::Input;
use super::json_records::{self, JsonRecords};
use super::protobuf_records::{Framing, ProtobufRecords};
use super::record::{Fault, Kind, Records};

/// A format of files with traces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Format {
    /// OTLP protobuf: one message, or messages with their length in front
    Otlp,
    /// OTLP JSON: one object, or one a line
    OtlpJson,
    /// JSON of Jaeger's UI and /api/traces
    Jaeger,
    /// Parquet with the columns of Tracewell's blocks
    Parquet,
}

impl Format {
    /// How messages call it.
    pub(in crate::cli) fn name(self) -> &'static str {
        match self {
            Self::Otlp => "OTLP protobuf",
            Self::OtlpJson => "OTLP JSON",
            Self::Jaeger => "Jaeger JSON",
            Self::Parquet => "Parquet",
        }
    }

    /// May a record of this kind stand in such a file? Compressed by the
    /// Collector, JSON comes in the frames of protobuf.
    pub(super) fn allows(self, kind: Kind) -> bool {
        match self {
            Self::Otlp => kind != Kind::JaegerJson,
            Self::OtlpJson => kind == Kind::OtlpJson,
            Self::Jaeger => kind == Kind::JaegerJson,
            Self::Parquet => false,
        }
    }
}

/// Is it a Parquet file? Its first bytes say so.
pub(super) fn is_parquet(head: &[u8]) -> bool {
    head.starts_with(b"PAR1")
}

/// The records of a file, and nothing but those of `wanted`, if something is.
///
/// # Errors
/// It is none of the formats, or not the one that is wanted.
pub(super) fn records(mut input: Input, wanted: Option<Format>) -> Result<Box<dyn Records>, Fault> {
    let head = input.head()?;
    let is_json = json_records::is_json(head);
    let framing = Framing::detect(head).filter(|_| !is_json || head.is_empty());
    let framed = |framing| wanted != Some(Format::OtlpJson) || framing != Framing::Single;
    match (wanted, framing) {
        (None | Some(Format::Otlp | Format::OtlpJson), Some(framing)) if framed(framing) => {
            Ok(Box::new(ProtobufRecords::new(input, framing)))
        }
        (None | Some(Format::OtlpJson | Format::Jaeger), _) if is_json => {
            Ok(Box::new(JsonRecords::new(input)?))
        }
        (Some(wanted), _) => Err(Fault::Lost(format!(
            "it is not {}; leave --format out to go by the content",
            wanted.name()
        ))),
        (None, _) => Err(Fault::Lost(
            "it is neither OTLP (protobuf or JSON) nor Jaeger JSON nor Parquet, plain or \
             compressed with gzip or zstd"
                .to_owned(),
        )),
    }
}

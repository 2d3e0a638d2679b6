//! A text that is nobody's to see: a token, a password, a key. It stands in the
//! configuration, or in a file that is read when it is needed and may change.
//!
//! **It is never printed**; messages say where it is written.

use std::fmt;
use std::path::PathBuf;

use crate::written::fields::{Fields, Placed};

/// See the module's text.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret {
    source: Source,
    /// Where the configuration has it: place and name of the field.
    at: String,
}

#[derive(Clone, PartialEq, Eq)]
enum Source {
    File(PathBuf),
    Text(String),
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({})", self.at)
    }
}

impl Secret {
    pub(in crate::exporters) fn contents(&self) -> Result<Vec<u8>, String> {
        match &self.source {
            Source::Text(text) => Ok(text.clone().into_bytes()),
            Source::File(path) => std::fs::read(path)
                .map_err(|error| self.wrong(format!("it cannot be read: {error}"))),
        }
    }

    /// A message about it.
    pub(in crate::exporters) fn wrong(&self, why: impl fmt::Display) -> String {
        match &self.source {
            Source::Text(_) => format!("{}: {why}", self.at),
            Source::File(path) => format!("{}: {}: {why}", self.at, path.display()),
        }
    }

    /// As it stands in the configuration.
    pub(in crate::exporters) fn text(fields: &Fields<'_>, name: &str, written: Placed) -> Self {
        let place = fields.reading().place(written.location);
        Self {
            at: format!("{place}: {}", fields.path(name)),
            source: Source::Text(written.text),
        }
    }

    pub(in crate::exporters) fn is_file(&self) -> bool {
        matches!(self.source, Source::File(_))
    }

    /// As it is, or the first line of a file without what an editor puts around it.
    pub(in crate::exporters) fn line(&self) -> Result<String, String> {
        if let Source::Text(text) = &self.source {
            return Ok(text.clone());
        }
        let text = String::from_utf8(self.contents()?).map_err(|_| self.wrong("it is no text"))?;
        let line = text.lines().map(str::trim).find(|line| !line.is_empty());
        line.map(str::to_owned)
            .ok_or_else(|| self.wrong("it is empty"))
    }

    /// The one of the two fields that is written; both are a mistake.
    pub(in crate::exporters) fn read(
        fields: &Fields<'_>,
        of_file: &'static str,
        of_text: &'static str,
    ) -> Option<Self> {
        let file = fields
            .text(of_file)
            .filter(|written| !written.text.is_empty());
        let text = fields
            .text(of_text)
            .filter(|written| !written.text.is_empty());
        let at = |name, location| {
            format!(
                "{}: {}",
                fields.reading().place(location),
                fields.path(name)
            )
        };
        match (file, text) {
            (Some(file), Some(_)) => {
                let message = format!("{} is there too; keep one of them", fields.path(of_text));
                fields.reading().mistake(file.location, message);
                None
            }
            (Some(file), None) => Some(Self {
                at: at(of_file, file.location),
                source: Source::File(file.text.into()),
            }),
            (None, Some(text)) => Some(Self {
                at: at(of_text, text.location),
                source: Source::Text(text.text),
            }),
            (None, None) => None,
        }
    }
}

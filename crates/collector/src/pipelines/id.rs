//! Names of components: `type` or `type/name`.

use std::fmt;

/// Which component of a file.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ComponentId {
    /// What it is, such as `otlp`.
    pub kind: String,
    /// Which of its kind; empty for the one without a name.
    pub name: String,
}

impl ComponentId {
    /// Reads `type[/name]`; space around both does not count.
    ///
    /// # Errors
    /// It is none: why.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (kind, name) = match text.split_once('/') {
            Some((kind, name)) => (kind.trim(), Some(name.trim())),
            None => (text.trim(), None),
        };
        let mut bytes = kind.bytes();
        let is_kind = bytes.next().is_some_and(|b| b.is_ascii_alphabetic())
            && bytes.all(|b| b.is_ascii_alphanumeric() || b == b'_');
        if !is_kind {
            return Err(format!(
                "{text:?} is no name of a component; write its type, or type/name"
            ));
        }
        if name == Some("") {
            return Err(format!(
                "{text:?} has no name behind the slash; write {kind}"
            ));
        }
        Ok(Self {
            kind: kind.to_owned(),
            name: name.unwrap_or_default().to_owned(),
        })
    }
}

impl fmt::Display for ComponentId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.kind)?;
        if !self.name.is_empty() {
            write!(formatter, "/{}", self.name)?;
        }
        Ok(())
    }
}

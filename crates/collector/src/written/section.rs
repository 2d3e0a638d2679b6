//! Sections of a file for tests: read, or what is wrong with them.

use std::path::Path;

use super::fields::{Fields, Reading};
use super::yaml;

/// Reads `text` as the section `name`.
///
/// # Errors
/// Every mistake in it, in the order in which they were found.
pub(crate) fn read<T>(
    name: &str,
    text: &str,
    read: impl FnOnce(Fields<'_>) -> T,
) -> Result<T, Vec<String>> {
    let reading = Reading::new(Path::new("file.yaml"));
    let root = yaml::parse(text)
        .expect("it is YAML")
        .expect("it is not empty");
    let found = read(reading.fields(name, &root));
    let mistakes = reading.into_found().0.into_iter();
    let mistakes: Vec<String> = mistakes.map(|mistake| mistake.message).collect();
    match mistakes.is_empty() {
        true => Ok(found),
        false => Err(mistakes),
    }
}

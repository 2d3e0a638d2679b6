//! A bar for what takes long, on standard error.
//!
//! **Where that is no terminal there is none**: files and logs keep no trace of
//! a bar that moves.

use std::io::IsTerminal;

use indicatif::{ProgressBar, ProgressStyle};

/// A bar up to `total`, or something that turns where nobody knows the end;
/// `None` where nobody looks.
pub(crate) fn progress(total: Option<u64>) -> Option<ProgressBar> {
    if !std::io::stderr().is_terminal() {
        return None;
    }
    let (bar, template) = match total {
        Some(total) => (ProgressBar::new(total), "{elapsed:>4} [{bar:30}] {msg}"),
        None => (ProgressBar::no_length(), "{elapsed:>4} {spinner} {msg}"),
    };
    Some(match ProgressStyle::with_template(template) {
        Ok(style) => bar.with_style(style.progress_chars("=> ")),
        Err(_) => bar,
    })
}

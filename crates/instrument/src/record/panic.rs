//! What a panic said, for the spans that it unwinds.
//!
//! It exists because only the panic hook sees the message, and only the spans
//! know that they were unwound. It must never panic itself.

use super::exception::Exception;
use std::cell::RefCell;
use std::panic::PanicHookInfo;

thread_local! {
    static LAST: RefCell<Option<(String, String)>> = const { RefCell::new(None) };
}

/// Called by the panic hook, on the thread that panics.
pub(crate) fn note(info: &PanicHookInfo<'_>) {
    let payload = info.payload();
    let text = payload.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| payload.downcast_ref::<&str>().copied());
    let message = text.unwrap_or_default().to_owned();
    let place = info.location().map(|place| format!("at {place}"));
    let noted = (message, place.unwrap_or_default());
    LAST.try_with(|last| {
        if let Ok(mut last) = last.try_borrow_mut() {
            *last = Some(noted);
        }
    })
    .unwrap_or_default();
}

/// The panic of this thread. Without our hook nothing but that it is one.
pub(super) fn exception() -> Exception {
    let noted = LAST.try_with(|last| last.try_borrow().ok()?.clone());
    let (message, place) = noted.ok().flatten().unwrap_or_default();
    Exception {
        type_name: "panic".to_owned(),
        message: if message.is_empty() {
            "panicked".to_owned()
        } else {
            message
        },
        stacktrace: place,
    }
}

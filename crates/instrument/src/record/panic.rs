//! What a panic said, for the spans that it unwinds.
//!
//! It exists because only the panic hook sees the message, and only the spans
//! know that they were unwound. It must never panic itself.

use super::clock::Clock;
use super::exception::Exception;
use std::cell::RefCell;
use std::panic::PanicHookInfo;
use std::time::Instant;

#[derive(Clone)]
struct Noted {
    at: Instant,
    message: String,
    place: String,
}

thread_local! {
    static LAST: RefCell<Option<Noted>> = const { RefCell::new(None) };
}

/// Called by the panic hook, on the thread that panics.
pub(crate) fn note(info: &PanicHookInfo<'_>) {
    let payload = info.payload();
    let text = payload.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| payload.downcast_ref::<&str>().copied());
    let place = info.location().map(|place| format!("at {place}"));
    let noted = Noted {
        at: Instant::now(),
        message: text.unwrap_or_default().to_owned(),
        place: place.unwrap_or_default(),
    };
    LAST.try_with(|last| {
        if let Ok(mut last) = last.try_borrow_mut() {
            *last = Some(noted);
        }
    })
    .unwrap_or_default();
}

/// The panic of this thread, for a span that started at `start_ns`. Nothing but
/// that it is one without our hook, and for a panic that is resumed
/// (`std::panic::resume_unwind`), which calls no hook: what was noted before the
/// span started is of another panic. One that was caught within the span cannot
/// be told from it.
pub(super) fn exception(clock: &Clock, start_ns: u64) -> Exception {
    let noted = LAST.try_with(|last| last.try_borrow().ok()?.clone());
    // The start may lie before the clock's beginning: a difference that wrapped.
    let is_since = |it: &Noted| clock.ns_at(it.at).wrapping_sub(start_ns).cast_signed() >= 0;
    let noted = noted.ok().flatten().filter(is_since);
    let (message, place) = noted.map(|it| (it.message, it.place)).unwrap_or_default();
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

//! Where memory comes from, and when it goes back to the system.
//!
//! By default the allocator keeps freed pages for ten seconds at least, and for
//! ever where nothing is allocated any more: after one merge a quiet process
//! would hold twice its limit. It also asks for huge pages, of which one byte
//! in use holds two megabytes: they doubled what a process holds under a small
//! limit. **This is set before any other thread runs.**

use libmimalloc_sys::{mi_option_set, mi_option_t};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// `mi_option_purge_delay` of mimalloc 2 and 3, in milliseconds; pages of whole
/// arenas wait ten times as long.
const PURGE_DELAY: mi_option_t = 15;

/// Long enough for what a request frees to be used by the next.
const PURGE_DELAY_MS: std::ffi::c_long = 10;

/// Sets the allocator up for a process that stays.
#[expect(unsafe_code, reason = "the allocator has no other interface")]
pub(super) fn set_up() {
    // A kernel without the call has no huge pages to refuse.
    let _refused = rustix::thread::disable_transparent_huge_pages(true).is_err();
    // SAFETY: it stores a number in a table of the allocator, which checks the
    // index.
    unsafe { mi_option_set(PURGE_DELAY, PURGE_DELAY_MS) }
}

//! This binary, run again as a process that ends as it is told.
//!
//! It exists because a process can only be killed from outside. What the
//! process records is with its tests.

use crate::collector::Collector;
use std::process::{Command, Output, Stdio};
use tracewell_instrument::Guard;

const URL: &str = "TRACEWELL_TEST_URL";
const END: &str = "TRACEWELL_TEST_END";

/// Runs one ignored test in a process of its own.
pub(crate) fn run_again(test: &str, collector: &Collector, end: &str) -> Output {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", test, "--nocapture", "--ignored"]);
    command.env(URL, collector.url()).env(END, end);
    command.stdin(Stdio::null()).output().unwrap()
}

/// Where that process sends, and how it ends; `None` in others.
pub(crate) fn told() -> Option<(String, String)> {
    Some((std::env::var(URL).ok()?, std::env::var(END).ok()?))
}

/// As a program built with panic = "abort", or a hook that exits.
pub(crate) fn panic_then_abort(guard: Guard) -> ! {
    std::mem::forget(guard);
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        hook(info);
        std::process::abort();
    }));
    panic!("on purpose");
}

/// SIGTERM, while nothing else happens.
pub(crate) fn end_by_signal() -> ! {
    let id = std::process::id().to_string();
    Command::new("kill").args(["-TERM", &id]).status().unwrap();
    loop {
        std::thread::park();
    }
}

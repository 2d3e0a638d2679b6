//! A process that ends badly still delivers what had ended.
//!
//! Each test runs this binary again as the process that ends.

use crate::collector::Collector;
use std::process::{Command, Output, Stdio};
use std::time::Duration;
use tracewell_instrument::builder;

const URL: &str = "TRACEWELL_TEST_URL";
const END: &str = "TRACEWELL_TEST_END";

fn run(collector: &Collector, end: &str) -> Output {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args([
        "--exact",
        "process::the_process_that_ends",
        "--nocapture",
        "--ignored",
    ]);
    command.env(URL, collector.url()).env(END, end);
    command.stdin(Stdio::null()).output().unwrap()
}

/// The process of the tests below.
#[test]
#[ignore = "run by the tests beside it"]
fn the_process_that_ends() {
    let (Ok(url), Ok(end)) = (std::env::var(URL), std::env::var(END)) else {
        return;
    };
    let setup = builder().variables(|_| None).endpoint(url);
    let setup = setup.shutdown_timeout(Duration::from_secs(20));
    #[cfg(all(feature = "signals", unix))]
    let setup = setup.flush_on_signals();
    let guard = setup.init().unwrap();
    for index in 0..100 {
        tracewell_instrument::span(format!("{index}")).start().end();
    }
    match end.as_str() {
        "panic" => panic!("on purpose"),
        "panic, then abort" => {
            // As a program built with panic = "abort", or a hook that exits.
            std::mem::forget(guard);
            let hook = std::panic::take_hook();
            std::panic::set_hook(Box::new(move |info| {
                hook(info);
                std::process::abort();
            }));
            panic!("on purpose");
        }
        "signal" => {
            let id = std::process::id().to_string();
            Command::new("kill").args(["-TERM", &id]).status().unwrap();
            loop {
                std::thread::park();
            }
        }
        other => panic!("unknown end {other}"),
    }
}

#[test]
fn a_panic_loses_no_finished_span() {
    for end in ["panic", "panic, then abort"] {
        let collector = Collector::start();
        let output = run(&collector, end);
        assert!(!output.status.success(), "{end}");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(
            said.contains("on purpose"),
            "the panic is still reported: {said}"
        );
        assert_eq!(collector.spans().len(), 100, "{end}");
    }
}

#[cfg(all(feature = "signals", unix))]
#[test]
fn a_signal_loses_no_finished_span_and_still_ends_the_process() {
    use std::os::unix::process::ExitStatusExt;
    let collector = Collector::start();
    let output = run(&collector, "signal");
    assert_eq!(output.status.signal(), Some(15), "{output:?}");
    assert_eq!(collector.spans().len(), 100);
}

//! A process that ends badly still delivers what had ended.
//!
//! Each test runs this binary again as the process that ends.

use crate::again::{end_by_signal, panic_then_abort, run_again, told};
use crate::collector::Collector;
use std::process::Output;
use std::time::Duration;
use tracewell_instrument::builder;

fn run(collector: &Collector, end: &str) -> Output {
    run_again("process::the_process_that_ends", collector, end)
}

/// The process of the tests below.
#[test]
#[ignore = "run by the tests beside it"]
fn the_process_that_ends() {
    let Some((url, end)) = told() else {
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
        "panic, then abort" => panic_then_abort(guard),
        "signal" => end_by_signal(),
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

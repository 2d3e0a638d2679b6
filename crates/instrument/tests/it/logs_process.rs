//! A process that ends badly still delivers what it said, and only that.
//!
//! Each test runs this binary again as the process that ends.

use crate::again::{end_by_signal, panic_then_abort, run_again, told};
use crate::collector::{Collector, Order};
use std::process::Output;
use std::time::Duration;
use tracewell_instrument::builder;
use tracewell_instrument::correlation::logs;
use tracing::{Level, info};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

const LONG: Duration = Duration::from_secs(20);

fn run(collector: &Collector, end: &str) -> Output {
    run_again("logs_process::the_process_that_ends", collector, end)
}

/// The process of the tests below. It exports logs alone.
#[test]
#[ignore = "run by the tests beside it"]
fn the_process_that_ends() {
    let Some((url, end)) = told() else {
        return;
    };
    let exporter = if end == "console" { "console" } else { "otlp" };
    let setup = builder().endpoint(url).shutdown_timeout(LONG);
    let setup = setup.variables(move |name| match name {
        "OTEL_LOGS_EXPORTER" => Some(exporter.to_owned()),
        "OTEL_TRACES_EXPORTER" => Some("none".to_owned()),
        // Its libraries say more than those of HTTP.
        "OTEL_EXPORTER_OTLP_PROTOCOL" => Some("grpc".to_owned()),
        _ => None,
    });
    #[cfg(all(feature = "signals", unix))]
    let setup = setup.flush_on_signals();
    // Before the set-up, and with all that the exporter's libraries would say.
    let layer = logs::layer().min_level(Level::TRACE);
    tracing_subscriber::registry().with(layer).init();
    let guard = setup.init().unwrap();
    for index in 0..100 {
        info!(target: "shop", index, "said");
        if index == 50 {
            let flushed = guard.flush(LONG);
            assert_eq!(flushed.is_ok(), end != "no place", "{flushed:?}");
        }
    }
    match end.as_str() {
        "panic, then abort" => panic_then_abort(guard),
        "signal" => end_by_signal(),
        "log" => log::warn!(target: "old", "through the crate log"),
        _ => {}
    }
}

/// What the exporter's own thread says does not come along.
fn check_arrived(collector: &Collector, end: &str) {
    let records = collector.records();
    assert!(
        records.iter().all(|(scope, _)| scope == "shop"),
        "{end}: {records:?}"
    );
    assert_eq!(records.len(), 100, "{end}");
}

#[test]
fn a_panic_and_a_regular_end_lose_no_record() {
    for (end, is_success) in [("regular", true), ("panic, then abort", false)] {
        let collector = Collector::start();
        let output = run(&collector, end);
        assert_eq!(output.status.success(), is_success, "{end}: {output:?}");
        check_arrived(&collector, end);
    }
}

#[cfg(all(feature = "signals", unix))]
#[test]
fn a_signal_loses_no_record_and_still_ends_the_process() {
    use std::os::unix::process::ExitStatusExt;
    let collector = Collector::start();
    let output = run(&collector, "signal");
    assert_eq!(output.status.signal(), Some(15), "{output:?}");
    check_arrived(&collector, "signal");
}

#[test]
fn that_a_backend_has_no_place_for_logs_is_said_once_with_the_fix() {
    // UNIMPLEMENTED, after a moment in which it was away.
    let away_then_not_served = [14, 12].map(|status| Order {
        status,
        headers: Vec::new(),
        body: Vec::new(),
    });
    let collector = Collector::obeying(away_then_not_served);
    let output = run(&collector, "no place");
    assert!(output.status.success(), "{output:?}");
    let said = String::from_utf8(output.stderr).unwrap();
    let fix = "log records are lost: the backend answered gRPC status 12; name a store for logs \
               with OTEL_EXPORTER_OTLP_LOGS_ENDPOINT, or set OTEL_LOGS_EXPORTER=none";
    assert_eq!(said.matches(fix).count(), 1, "{said}");
    assert_eq!(collector.received().len(), 2, "it is left alone then");
}

#[test]
fn records_of_the_crate_log_keep_their_target_and_place() {
    let collector = Collector::start();
    let output = run(&collector, "log");
    let records = collector.records();
    let old = records.iter().find(|(scope, _)| scope == "old");
    let (_, record) = old.unwrap_or_else(|| panic!("{output:?}"));
    let body = format!("{:?}", record.body);
    assert!(body.contains("\"through the crate log\""), "{body}");
    assert_eq!((record.severity_number, &*record.event_name), (13, ""));
    let mut keys: Vec<_> = record.attributes.iter().map(|one| &*one.key).collect();
    keys.sort_unstable();
    assert_eq!(
        keys,
        ["code.file.path", "code.line.number", "code.module.name"]
    );
}

#[test]
fn the_console_gets_a_line_for_each_record() {
    let collector = Collector::start();
    let output = run(&collector, "console");
    let text = String::from_utf8(output.stdout).unwrap();
    let lines = text.lines().filter(|line| line.starts_with("INFO shop"));
    assert_eq!(lines.count(), 100, "{text}");
    assert_eq!(collector.records().len(), 0);
}

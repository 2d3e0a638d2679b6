//! Memory while nobody listens: large spans at once, each library in a process
//! of its own.
//!
//! It exists because a bound by count is none where spans are large. It must
//! never leave out what exporting takes: the most is read after a flush.

use opentelemetry::KeyValue;
use opentelemetry::trace::{Span as _, Tracer as _, TracerProvider as _};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use std::borrow::Cow;
use std::process::Command;
use std::time::Duration;

pub const SPANS: usize = 300;
pub const MEGABYTES: usize = 1;

const LIBRARIES: [&str; 5] = [
    "tracewell-instrument",
    "opentelemetry_sdk",
    "tracing-opentelemetry",
    "fastrace",
    "logfire",
];

pub struct Memory {
    pub library: &'static str,
    pub peak_mb: String,
}

/// Runs this program again for each library.
pub fn of_all() -> Vec<Memory> {
    let program = std::env::current_exe().expect("this program has a file");
    let run = |library| {
        let output = Command::new(&program)
            .args(["--memory-of", library])
            .output()
            .expect("this program can be run again");
        assert!(output.status.success(), "{library}: {output:?}");
        let said = String::from_utf8_lossy(&output.stdout);
        let peak_mb = said.lines().last().unwrap_or_default().to_owned();
        Memory { library, peak_mb }
    };
    LIBRARIES.into_iter().map(run).collect()
}

/// The process of one library: its last line is the most memory it had, in MB.
pub fn run(library: &str) {
    // Nobody listens there any more.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("there is a port");
    let address = listener.local_addr().expect("it has an address");
    drop(listener);
    let endpoint = format!("http://{address}");
    // HTTP clients here ask for TLS, also where they speak none.
    let provider = rustls::crypto::ring::default_provider();
    provider.install_default().expect("it is the first");
    match library {
        "tracewell-instrument" => ours(&endpoint),
        "opentelemetry_sdk" => sdk(&endpoint),
        "tracing-opentelemetry" => through_tracing(&endpoint),
        "fastrace" => fastrace(&endpoint),
        "logfire" => logfire(&endpoint),
        other => panic!("unknown library {other}"),
    }
    println!("{}", peak_mb());
}

fn text() -> String {
    "x".repeat(MEGABYTES * 1_000_000)
}

fn ours(endpoint: &str) {
    let setup = tracewell_instrument::builder().variables(|_| None);
    let guard = setup.endpoint(endpoint).init().expect("it is set up");
    for _ in 0..SPANS {
        let mut span = tracewell_instrument::span("load").start();
        span.set_attribute("body", text());
    }
    guard.flush(Duration::from_secs(10)).unwrap_or_default();
}

fn exporter(endpoint: &str) -> SpanExporter {
    SpanExporter::builder()
        .with_http()
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(format!("{endpoint}/v1/traces"))
        .build()
        .expect("the exporter can be built")
}

fn provider(endpoint: &str) -> SdkTracerProvider {
    let builder = SdkTracerProvider::builder();
    builder.with_batch_exporter(exporter(endpoint)).build()
}

fn sdk(endpoint: &str) {
    let provider = provider(endpoint);
    let tracer = provider.tracer("cost");
    for _ in 0..SPANS {
        let mut span = tracer.start("load");
        span.set_attribute(KeyValue::new("body", text()));
    }
    provider.force_flush().unwrap_or_default();
}

fn through_tracing(endpoint: &str) {
    use tracing_subscriber::layer::SubscriberExt as _;
    let provider = provider(endpoint);
    let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("cost"));
    tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
        for _ in 0..SPANS {
            let _span = tracing::info_span!("load", body = text()).entered();
        }
    });
    provider.force_flush().unwrap_or_default();
}

fn fastrace(endpoint: &str) {
    let resource = Cow::Owned(Resource::builder().with_service_name("cost").build());
    let scope = opentelemetry::InstrumentationScope::builder("cost").build();
    let reporter =
        fastrace_opentelemetry::OpenTelemetryReporter::new(exporter(endpoint), resource, scope);
    fastrace::set_reporter(reporter, fastrace::collector::Config::default());
    for _ in 0..SPANS {
        let span = fastrace::Span::root("load", fastrace::collector::SpanContext::random());
        drop(span.with_property(|| ("body", text())));
    }
    fastrace::flush();
}

fn logfire(endpoint: &str) {
    let advanced = logfire::config::AdvancedOptions::default().with_base_url(endpoint);
    let logfire = logfire::configure()
        .send_to_logfire(true)
        .with_token("none")
        .with_console(None)
        .with_metrics(None)
        .with_advanced_options(advanced)
        .finish()
        .expect("it is set up");
    for _ in 0..SPANS {
        let _span = logfire::span!("load", body = text()).entered();
    }
    logfire.force_flush().unwrap_or_default();
}

/// The most memory that this process had, in MB (Linux).
fn peak_mb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    let kib = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok());
    kib.unwrap_or_default() * 1024 / 1_000_000
}

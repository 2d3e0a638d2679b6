//! Sends one trace of two spans to Tracewell over OTLP/HTTP, port 4318.

use std::{error::Error, thread::sleep, time::Duration};

use opentelemetry::KeyValue;
use opentelemetry::trace::{TraceContextExt, Tracer, TracerProvider};
use opentelemetry_otlp::SpanExporter;
use opentelemetry_sdk::{Resource, trace::SdkTracerProvider};

fn main() -> Result<(), Box<dyn Error>> {
    let resource = Resource::builder()
        .with_service_name("first-trace-rust")
        .with_attribute(KeyValue::new("service.version", "1.0.0"))
        .build();
    let provider = SdkTracerProvider::builder()
        .with_resource(resource)
        .with_batch_exporter(SpanExporter::builder().with_http().build()?)
        .build();

    let tracer = provider.tracer("first-trace");
    let trace_id = tracer.in_span("checkout", |checkout| {
        checkout.span().set_attribute(KeyValue::new("order.id", 42));
        tracer.in_span("charge card", |_| sleep(Duration::from_millis(30)));
        checkout.span().span_context().trace_id()
    });

    provider.shutdown()?; // sends what is still waiting
    println!("http://localhost:16686/trace/{trace_id}");
    Ok(())
}

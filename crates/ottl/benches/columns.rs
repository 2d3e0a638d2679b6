//! What a condition and statements cost over batches as receivers hand them on.
//!
//! Spans of a shop: one service in four, few distinct routes and methods, a
//! status code, a text that no two spans share. 47 spans are a usual request,
//! 593 are what a batch processor joins.

use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use tracewell_model::batch::concat::BatchJoiner;
use tracewell_model::{AnyValue, SpanBatch, SpanKind, StatusCode};
use tracewell_ottl::{Cache, Compiler, Condition, Context, Statement};
use tracewell_testkit::TestSpan;

const START_NS: u64 = 1_700_000_000_000_000_000;

fn spans(count: u64) -> SpanBatch {
    let span = |number: u64| {
        let service = ["cart", "shop", "pay", "mail"][(number % 4) as usize];
        let route = format!(
            "/api/{}/{{id}}",
            ["cart", "item", "user"][(number % 3) as usize]
        );
        let status = if number.is_multiple_of(7) { 503 } else { 200 };
        let span = TestSpan::new(
            number / 8,
            number + 1,
            service,
            &format!("GET {route}"),
            START_NS + number,
        )
        .with_text("http.request.method", "GET")
        .with_text("http.route", &route)
        .with_text(
            "url.full",
            &format!("https://shop.example/api/{number}?token=secret{number}"),
        )
        .with("http.response.status_code", AnyValue::Int(status))
        .with("retry", AnyValue::Bool(number.is_multiple_of(11)));
        let is_failed = status == 503;
        span.kind(SpanKind::Server).status(if is_failed {
            StatusCode::Error
        } else {
            StatusCode::Unset
        })
    };
    let spans: Vec<TestSpan> = (0..count).map(span).collect();
    let mut joiner = BatchJoiner::new();
    joiner
        .append(&tracewell_testkit::batch(&spans))
        .expect("it fits");
    joiner.finish()
}

fn condition(text: &str) -> Condition {
    let compiled = Compiler::default().condition(text, Context::Span);
    compiled.expect("the condition is right")
}

fn statements(texts: &[&str]) -> Vec<Statement> {
    let statement = |text: &&str| Compiler::default().statement(text, Context::Span);
    texts
        .iter()
        .map(|text| statement(text).expect("the statement is right"))
        .collect()
}

fn columns(c: &mut Criterion) {
    let conditions = [
        ("text", r#"attributes["http.route"] == "/api/cart/{id}""#),
        (
            "number",
            r#"attributes["http.response.status_code"] >= 500"#,
        ),
        (
            "pattern",
            r#"IsMatch(attributes["http.route"], "^/api/(cart|user)/")"#,
        ),
        (
            "resource",
            r#"resource.attributes["service.name"] == "shop" and kind == SPAN_KIND_SERVER"#,
        ),
    ];
    let five = statements(&[
        r#"set(attributes["deployment.environment.name"], "production")"#,
        r#"set(attributes["error"], true) where attributes["http.response.status_code"] >= 500"#,
        r#"replace_pattern(attributes["url.full"], "token=[^&]*", "token=***")"#,
        r#"delete_key(attributes, "retry")"#,
        r#"set(name, Concat([attributes["http.request.method"], attributes["http.route"]], " "))"#,
    ]);
    for count in [47, 593] {
        let batch = spans(count);
        let mut group = c.benchmark_group(format!("{count} spans"));
        group.throughput(Throughput::Elements(count));
        for (name, text) in conditions {
            let condition = condition(text);
            group.bench_function(name, |b| b.iter(|| black_box(condition.holds(&batch))));
        }
        let run = |mut batch: SpanBatch| {
            let mut cache = Cache::default();
            for statement in &five {
                black_box(statement.run(&mut batch, None, &mut cache));
            }
            batch
        };
        group.bench_function("five statements", |b| {
            b.iter_batched(|| batch.clone(), run, BatchSize::SmallInput);
        });
        group.finish();
    }
}

criterion_group!(benches, columns);
criterion_main!(benches);

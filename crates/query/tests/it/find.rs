//! Find in trace.

use tracewell_model::AnyValue;
use tracewell_query::find::find;
use tracewell_testkit::{TestSpan, batch};

#[test]
fn a_text_is_found_wherever_a_span_mentions_it() {
    let mut spans = vec![
        TestSpan::new(1, 0xabcd_ef01_2345_6789, "Frontend", "GET /cart", 10)
            .with_text("http.route", "/Cart/{id}")
            .with("http.status_code", AnyValue::Int(503)),
        TestSpan::new(1, 2, "payment", "charge", 20)
            .with("amount", AnyValue::Double(12.5))
            .with("retried", AnyValue::Bool(true))
            .with_event(
                "cache miss",
                1,
                vec![("cache.key".to_owned(), "größe:7".into())],
            ),
        TestSpan::new(1, 3, "payment", "log", 30).with(
            "items",
            AnyValue::KvList(vec![(
                "sku".to_owned(),
                AnyValue::Array(vec!["A-17".into()]),
            )]),
        ),
        TestSpan::new(1, 4, "worker", "job", 40),
    ];
    spans[3].status_message = "Card declined".to_owned();
    spans[3]
        .resource
        .push(("host.name".to_owned(), "node-9".into()));
    for n in 0..1_100 {
        spans[3] = spans[3]
            .clone()
            .with(&format!("wide.{n}"), AnyValue::Int(70_000 + n));
    }
    let batch = batch(&spans);
    for (text, want) in [
        ("cart", vec![0]),
        ("FRONTEND", vec![0]),
        (" charge ", vec![1]),
        ("declined", vec![3]),
        ("route", vec![0]),
        // Also in the key wide.503 and in a value of it.
        ("503", vec![0, 3]),
        ("12.5", vec![1]),
        ("true", vec![1]),
        ("cache miss", vec![1]),
        ("GRÖSSE", vec![]),
        ("GRÖßE", vec![1]),
        ("a-17", vec![2]),
        ("sku", vec![2]),
        ("node-9", vec![3]),
        // Beyond the columns of the batch.
        ("wide.1099", vec![3]),
        ("71099", vec![3]),
        ("abcdef0123456789", vec![0]),
        ("EF012345", vec![0]),
        // Too short to be meant as an id.
        ("abcdef", vec![]),
        ("http.status_code=503", vec![0]),
        ("http.status_code = \"50\"", vec![0]),
        ("http.status_code=404", vec![]),
        ("HTTP.Route=cart", vec![0]),
        ("cache.key=7", vec![1]),
        ("host.name=node", vec![3]),
        ("retried=", vec![1]),
        ("nothing like it", vec![]),
    ] {
        let found: Vec<usize> = find(&batch, text).iter().collect();
        assert_eq!(found, want, "{text:?}");
    }
}

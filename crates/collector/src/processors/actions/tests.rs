//! Actions on attributes, names and statuses, against what the Collector's documents say.

use std::sync::Arc;

use tracewell_model::{AnyValue, SpanBatch};
use tracewell_testkit::{TestSpan, batch, flatten};

use crate::processors::account::ProcessorAccount;
use crate::processors::attributes::AttributesConfig;
use crate::processors::changing::Change;
use crate::processors::resource::ResourceConfig;
use crate::processors::span::SpanConfig;
use crate::written::fields::Fields;
use crate::written::section;

/// Reads a section, or says what is wrong with it.
fn read<T>(text: &str, read: impl Fn(Fields<'_>) -> T) -> Result<T, String> {
    section::read("p", text, read).map_err(|mistakes| mistakes.join("; "))
}

fn changed(change: &impl Change, spans: &[TestSpan]) -> Vec<TestSpan> {
    let account = ProcessorAccount::new("traces".to_owned(), "p".to_owned());
    let batch: Arc<SpanBatch> = Arc::new(batch(spans));
    flatten(&change.change(batch, &account).unwrap())
}

fn span() -> TestSpan {
    TestSpan::new(1, 1, "shop", "GET /users/42/orders/7", 1_000)
        .with_text("user", "ann")
        .with("count", 3.into())
        .with_text("number", "12")
}

fn attribute(span: &TestSpan, key: &str) -> Option<AnyValue> {
    let mut attributes = span.attributes.iter();
    let found = attributes.find(|(other, _)| other == key);
    found.map(|(_, value)| value.clone())
}

#[test]
fn each_action_does_what_the_collector_does() {
    let text = |text: &str| Some(AnyValue::from(text));
    for (action, key, wanted) in [
        (
            "{key: new, action: insert, value: 7}",
            "new",
            Some(7.into()),
        ),
        ("{key: new, action: insert, value: \"7\"}", "new", text("7")),
        (
            "{key: new, action: insert, value: true}",
            "new",
            Some(AnyValue::Bool(true)),
        ),
        (
            "{key: new, action: insert, value: 1.5}",
            "new",
            Some(AnyValue::Double(1.5)),
        ),
        (
            "{key: user, action: insert, value: bob}",
            "user",
            text("ann"),
        ),
        (
            "{key: user, action: update, value: bob}",
            "user",
            text("bob"),
        ),
        ("{key: new, action: update, value: bob}", "new", None),
        (
            "{key: user, action: upsert, value: 8}",
            "user",
            Some(8.into()),
        ),
        (
            "{key: new, action: upsert, from_attribute: count}",
            "new",
            Some(3.into()),
        ),
        (
            "{key: user, action: upsert, from_attribute: none}",
            "user",
            text("ann"),
        ),
        ("{key: user, action: delete}", "user", None),
        ("{pattern: \"^us\", action: delete}", "user", None),
        (
            "{key: user, pattern: \"^co\", action: delete}",
            "count",
            None,
        ),
        (
            "{key: user, action: extract, pattern: \"(?P<first>.)(?P<rest>.*)\"}",
            "rest",
            text("nn"),
        ),
        (
            "{key: number, action: convert, converted_type: int}",
            "number",
            Some(12.into()),
        ),
        (
            "{key: number, action: convert, converted_type: double}",
            "number",
            Some(AnyValue::Double(12.0)),
        ),
        (
            "{key: count, action: convert, converted_type: string}",
            "count",
            text("3"),
        ),
        (
            "{key: user, action: convert, converted_type: int}",
            "user",
            text("ann"),
        ),
    ] {
        let config = read(&format!("actions: [{action}]"), AttributesConfig::read).unwrap();
        let spans = changed(
            &config,
            &[span(), TestSpan::new(1, 2, "shop", "bare", 1_000)],
        );
        assert_eq!(attribute(&spans[0], key), wanted, "{action}");
    }
}

#[test]
fn what_is_hashed_is_the_digits_that_sha256sum_prints() {
    let config = read(
        "actions: [{pattern: \"user|count\", action: hash}]",
        AttributesConfig::read,
    );
    let spans = changed(&config.unwrap(), &[span()]);
    // printf ann | sha256sum; printf '\3\0\0\0\0\0\0\0' | sha256sum
    for (key, digits) in [
        (
            "user",
            "49915e0d7d4b402e3017d010bc1c0e83cac6c797d6c16e66340fe3268693a6a1",
        ),
        (
            "count",
            "35be322d094f9d154a8aba4733b8497f180353bd7ae7b0a15f90b586b549f28b",
        ),
    ] {
        assert_eq!(attribute(&spans[0], key), Some(AnyValue::from(digits)));
    }
}

#[test]
fn actions_follow_one_another_and_only_on_spans_that_are_meant() {
    let config = read(
        "include: {match_type: strict, services: [shop], attributes: [{key: count, value: 3}]}\n\
         exclude: {match_type: regexp, span_names: [\"^health\"]}\n\
         actions:\n\
         - {key: who, action: upsert, from_attribute: user}\n\
         - {key: user, action: delete}\n",
        AttributesConfig::read,
    )
    .unwrap();
    let mut health = span();
    health.name = "healthz".to_owned();
    let mut others = span();
    others.resource = vec![("service.name".to_owned(), AnyValue::from("other"))];
    let spans = changed(&config, &[span(), health.clone(), others.clone()]);
    assert_eq!(attribute(&spans[0], "who"), Some(AnyValue::from("ann")));
    assert_eq!(attribute(&spans[0], "user"), None);
    for (got, sent) in spans[1..].iter().zip([health, others]) {
        assert_eq!(attribute(got, "user"), attribute(&sent, "user"));
        assert_eq!(attribute(got, "who"), None);
    }
}

#[test]
fn resources_are_changed_once_for_all_of_their_spans() {
    let config = read(
        "attributes: [{key: env, action: insert, value: prod}, {key: service.name, action: update, value: till}]",
        ResourceConfig::read,
    );
    let spans = changed(&config.unwrap(), &[span(), span()]);
    let wanted = [
        ("env".to_owned(), AnyValue::from("prod")),
        ("service.name".to_owned(), AnyValue::from("till")),
    ];
    assert!(spans.iter().all(|span| span.resource == wanted));
}

#[test]
fn names_become_attributes_and_attributes_names() {
    let rules = "name: {to_attributes: {rules: ['^GET /users/(?P<user_id>\\d+)/orders/(?P<order_id>\\d+)$']}}";
    let spans = changed(&read(rules, SpanConfig::read).unwrap(), &[span()]);
    assert_eq!(spans[0].name, "GET /users/{user_id}/orders/{order_id}");
    assert_eq!(attribute(&spans[0], "order_id"), Some(AnyValue::from("7")));

    let from = "name: {from_attributes: [user, count], separator: '::'}";
    let mut bare = span();
    bare.attributes.retain(|(key, _)| key != "user");
    let spans = changed(
        &read(from, SpanConfig::read).unwrap(),
        &[span(), bare.clone()],
    );
    assert_eq!(spans[0].name, "ann::3");
    assert_eq!(spans[1].name, bare.name, "one of the attributes is missing");

    let status = "status: {code: Error, description: slow}";
    let spans = changed(&read(status, SpanConfig::read).unwrap(), &[span()]);
    assert_eq!(spans[0].status, tracewell_model::StatusCode::Error);
    assert_eq!(spans[0].status_message, "slow");
}

#[test]
fn mistakes_name_the_field_and_what_to_write() {
    for (text, message) in [
        ("actions: []", "p.actions is missing"),
        (
            "actions: [{key: a, action: set}]",
            "\"set\" is not one of insert, update",
        ),
        (
            "actions: [{action: upsert, value: 1}]",
            "p.actions[0].key is missing",
        ),
        (
            "actions: [{key: a, action: upsert}]",
            "p.actions[0].value is missing",
        ),
        (
            "actions: [{key: a, action: hash, patern: b}]",
            "did you mean pattern?",
        ),
        (
            "actions: [{key: a, action: extract, pattern: '(x)'}]",
            "needs a name",
        ),
        (
            "actions: [{key: a, action: extract, pattern: '(x'}]",
            "is not a pattern: unclosed group",
        ),
        (
            "actions: [{key: a, action: convert, converted_type: text}]",
            "\"text\" is not one of int",
        ),
        (
            "actions: [{key: a, action: upsert, from_context: metadata.x}]",
            "headers of a request are not kept",
        ),
        (
            "{include: {match_type: strict}, actions: [{key: a, action: delete}]}",
            "says nothing; write services",
        ),
        (
            "{include: {services: [a]}, actions: [{key: a, action: delete}]}",
            "p.include.match_type is missing",
        ),
    ] {
        let mistake = read(text, AttributesConfig::read).unwrap_err();
        assert!(mistake.contains(message), "{text}: {mistake}");
    }
}

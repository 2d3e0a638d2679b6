//! What may be seen afterwards, and what may not.

use tracewell_testkit::{TestSpan, batch, flatten};

use super::*;
use crate::written::section;

fn read(text: &str) -> Result<RedactionConfig, String> {
    section::read("p", text, RedactionConfig::read).map_err(|mistakes| mistakes.join("; "))
}

fn redacted(text: &str, span: TestSpan) -> TestSpan {
    let account = ProcessorAccount::new("traces".to_owned(), "p".to_owned());
    let config = read(text).unwrap();
    flatten(&config.change(Arc::new(batch(&[span])), &account).unwrap()).remove(0)
}

fn text(span: &TestSpan, key: &str) -> Option<String> {
    let found = span.attributes.iter().find(|(other, _)| other == key);
    found.map(|(_, value)| match value {
        AnyValue::String(text) => text.clone(),
        other => format!("{other:?}"),
    })
}

fn span() -> TestSpan {
    TestSpan::new(1, 1, "shop", "GET /users/42", 1_000)
        .kind(SpanKind::Server)
        .with_text("note", "card 4111111111111 of ann@corp.com")
        .with_text("mail", "bob@mycompany.com")
        .with_text("api_token", "hunter2")
        .with("card", 4_111_111_111_111_i64.into())
        .with_event(
            "said",
            1,
            vec![("note".to_owned(), AnyValue::from("4111111111111"))],
        )
}

#[test]
fn without_a_list_nothing_is_allowed() {
    let span = redacted("{}", span());
    assert_eq!(
        text(&span, "redaction.redacted.count").as_deref(),
        Some("Int(4)")
    );
    assert_eq!(span.attributes.len(), 1);
    assert!(
        span.resource
            .iter()
            .all(|(key, _)| key.starts_with("redaction."))
    );
}

#[test]
fn what_is_blocked_is_masked_wherever_it_stands() {
    let config = "{allow_all_keys: true, blocked_key_patterns: ['.*token.*'], summary: debug, \
                  blocked_values: ['4[0-9]{12}', '.+@.+'], allowed_values: ['@mycompany.com$']}";
    let span = redacted(config, span());
    assert_eq!(text(&span, "note").as_deref(), Some("****"));
    assert_eq!(text(&span, "mail").as_deref(), Some("bob@mycompany.com"));
    assert_eq!(text(&span, "api_token").as_deref(), Some("****"));
    assert_eq!(text(&span, "card").as_deref(), Some("Int(4111111111111)"));
    assert_eq!(
        text(&span, "redaction.masked.keys").as_deref(),
        Some("api_token,note")
    );
    let event = &span.events[0].attributes;
    assert!(event.contains(&("note".to_owned(), AnyValue::from("****"))));
    assert!(
        span.resource
            .contains(&("service.name".to_owned(), AnyValue::from("shop")))
    );
}

/// The Collector asks for allowed values before it looks at the key, the pattern, or
/// what a URL or a statement would become.
#[test]
fn a_value_that_is_allowed_stays_whatever_else_is_said_of_it() {
    let config = "{allow_all_keys: true, blocked_key_patterns: ['token', 'card'], summary: debug, \
                  blocked_values: ['.+'], allowed_values: ['^hunter2$', '^GET /users/42$', '^4111111111111$'], \
                  url_sanitizer: {enabled: true, attributes: [where]}}";
    let span = span()
        .with_text("other_token", "hunter3")
        .with_text("where", "GET /users/42");
    let span = redacted(config, span);
    assert_eq!(text(&span, "api_token").as_deref(), Some("hunter2"));
    assert_eq!(text(&span, "other_token").as_deref(), Some("****"));
    assert_eq!(text(&span, "where").as_deref(), Some("GET /users/42"));
    assert_eq!(text(&span, "card").as_deref(), Some("Int(4111111111111)"));
    assert_eq!(span.name, "GET /users/42");
    assert_eq!(
        text(&span, "redaction.allowed.keys").as_deref(),
        Some("api_token,card,where")
    );
    assert_eq!(
        text(&span, "redaction.allowed.count").as_deref(),
        Some("Int(3)")
    );
}

#[test]
fn all_types_are_checked_where_that_is_asked() {
    let config = "{allow_all_keys: true, redact_all_types: true, blocked_values: ['4[0-9]{12}'], summary: silent}";
    let span = redacted(config, span());
    assert_eq!(text(&span, "card").as_deref(), Some("****"));
    assert_eq!(
        text(&span, "note").as_deref(),
        Some("card **** of ann@corp.com")
    );
    assert!(
        span.attributes
            .iter()
            .all(|(key, _)| !key.starts_with("redaction."))
    );
}

#[test]
fn ignored_keys_pass_and_equal_values_stay_equal_under_a_key() {
    let config = "{allowed_keys: [note, mail], ignored_keys: [api_token], blocked_values: ['.+@.+'], \
                  hash_function: hmac-sha256, hmac_key: 0123456789abcdef0123456789abcdef}";
    let first = redacted(config, span());
    assert_eq!(text(&first, "api_token").as_deref(), Some("hunter2"));
    assert_eq!(
        text(&first, "redaction.ignored.count").as_deref(),
        Some("Int(1)")
    );
    assert_eq!(text(&first, "mail").unwrap().len(), 64);
    assert_eq!(
        text(&first, "mail"),
        text(&redacted(config, span()), "mail")
    );
    assert_eq!(text(&first, "card"), None);
}

#[test]
fn statements_and_urls_keep_their_shape() {
    let config = "{allow_all_keys: true, summary: silent, url_sanitizer: {enabled: true, attributes: [url.full]}, \
                  db_sanitizer: {sql: {enabled: true, attributes: [sql, both]}, redis: {enabled: true, attributes: [redis, both]}, \
                  es: {enabled: true, attributes: [es, both]}}}";
    for (key, before, after) in [
        (
            "sql",
            "SELECT \"b\", a1 FROM \"t\" WHERE id = 42 AND n = 'it''s' -- ann\n",
            "SELECT ?, a1 FROM \"t\" WHERE id = ? AND n = ?",
        ),
        (
            "sql",
            "INSERT INTO t VALUES (1.5, \"x\", 0xff, NULL) /* bob */",
            "INSERT INTO t VALUES (?, ?, ?, NULL)",
        ),
        ("sql", "SELECT 'never closed", "SELECT ?"),
        (
            "sql",
            "SELECT * FROM t2 WHERE a = $1 AND b IN (1,2,3)",
            "SELECT * FROM t2 WHERE a = $1 AND b IN (?,?,?)",
        ),
        ("redis", "SET session:7 abc\nGET x\nPING", "SET ?\n?"),
        (
            "es",
            r#"{"query":{"term":{"user":"ann"}},"size":10}"#,
            r#"{"query":{"term":{"user":"?"}},"size":"?"}"#,
        ),
        ("es", r#"{"query": "ann"#, "?"),
        ("es", "GET /_search?q=ann", "?"),
        ("redis", "SET k \"a\nSECRET\"", "SET ?\n?"),
        ("redis", "4111111111111111", "?"),
        ("sql", "/*/ card 4111 /* b */ c */ SELECT 1", "SELECT ?"),
        (
            "sql",
            "SELECT 1 WHERE n = $$ann$$ AND m = $t$bob$t$ AND p = $1",
            "SELECT ? WHERE n = ? AND m = ? AND p = $1",
        ),
        (
            "sql",
            r"SELECT 1 WHERE p = 'C:\' AND n = 'secret'",
            "SELECT ? WHERE p = ?",
        ),
        (
            "sql",
            "SELECT 1 WHERE a REGEXP \"ann\" AND b BETWEEN \"c\" AND \"d\"",
            "SELECT ? WHERE a REGEXP ? AND b BETWEEN ? AND ?",
        ),
        (
            "both",
            "SELECT a FROM t WHERE id=1",
            "SELECT a FROM t WHERE id=?",
        ),
        ("both", r#"{"find": "u"}"#, r#"{"find":"?"}"#),
        ("both", "SET k v", "SET ?"),
        ("url.full", "bob:pw@h:80/users/7", "h:80/users/*"),
        (
            "url.full",
            "https://bob:pw@h:8080/api/v2/users/42/orders?token=x#y",
            "https://h:8080/api/v2/users/*/orders",
        ),
        (
            "url.full",
            "/files/3f2504e0-4f89-11d3-9a0c-0305e82c3301/content",
            "/files/*/content",
        ),
    ] {
        let mut before_span =
            TestSpan::new(1, 1, "shop", "GET /users/42", 1_000).with_text(key, before);
        before_span.kind = SpanKind::Server;
        let span = redacted(config, before_span);
        assert_eq!(text(&span, key).as_deref(), Some(after), "{before}");
        assert_eq!(span.name, "GET /users/*");
    }
}

#[test]
fn a_key_that_was_sent_twice_hides_nothing() {
    let twice = TestSpan::new(1, 1, "shop", "pay", 1_000)
        .with_text("note", "ok")
        .with_text("note", "4111111111111")
        .with("note", 4_111_111_111_111_i64.into());
    let config = "{allow_all_keys: true, redact_all_types: true, blocked_values: ['4[0-9]{12}'], summary: silent}";
    let span = redacted(config, twice);
    assert!(
        !format!("{:?}", span.attributes).contains("4111"),
        "{:?}",
        span.attributes
    );
}

#[test]
fn lists_maps_and_bytes_are_looked_into() {
    let list = AnyValue::Array(vec![AnyValue::from("ann"), AnyValue::from("4111111111111")]);
    let map = AnyValue::KvList(vec![("card".to_owned(), AnyValue::from("4111111111111"))]);
    let span = TestSpan::new(1, 1, "shop", "pay", 1_000)
        .with("list", list)
        .with("map", map)
        .with("bytes", AnyValue::Bytes(b"4111111111111".to_vec()));
    let config = "{allow_all_keys: true, redact_all_types: true, blocked_values: ['4[0-9]{12}'], summary: silent}";
    let span = redacted(config, span);
    assert_eq!(text(&span, "list").as_deref(), Some(r#"["ann","****"]"#));
    assert_eq!(text(&span, "map").as_deref(), Some(r#"{"card":"****"}"#));
    assert_eq!(text(&span, "bytes").as_deref(), Some(r#""****""#));
}

#[test]
fn mistakes_name_the_field_and_what_to_write() {
    for (text, message) in [
        (
            "{blocked_values: ['(']}",
            "p.blocked_values: \"(\" is not a pattern",
        ),
        ("{hash_function: md5}", "use hmac-sha256"),
        (
            "{hash_function: hmac-sha512, hmac_key: short}",
            "64 bytes at least",
        ),
        ("{summary: loud}", "not one of debug, info, silent"),
        (
            "{db_sanitizer: {sql: {enabled: true}}}",
            "p.db_sanitizer.sql.attributes is missing",
        ),
        ("{allow_all_key: true}", "did you mean allow_all_keys?"),
    ] {
        let mistake = read(text).map(|_| ()).unwrap_err();
        assert!(mistake.contains(message), "{text}: {mistake}");
    }
}

//! Tables of queries: what they mean, written canonically, or what is said
//! about them and where. `tests/properties.rs` holds what is true of all texts.

use super::vocabulary;
use super::{
    AttributeScope, CompareOp, Expr, Field, Intrinsic, Literal, MAX_NESTING, MAX_QUERY_BYTES,
    TraceQlError, compile_pattern, parse,
};

mod grammar;
mod mistakes;
mod properties;
mod queries;

/// The condition of a query that is one filter.
fn filter(query: &str) -> Result<Expr, TraceQlError> {
    let filter = parse(query)?.as_filter().cloned();
    Ok(filter.unwrap_or_else(|| panic!("{query} is more than a filter")))
}

/// Query and its canonical form.
fn check(table: &[(&str, &str)]) {
    for (query, canonical) in table {
        match parse(query) {
            Ok(parsed) => {
                assert_eq!(parsed.to_string(), *canonical, "{query}");
                assert_eq!(parse(canonical).as_ref(), Ok(&parsed), "{canonical}");
            }
            Err(error) => panic!("{query}: {error}"),
        }
    }
}

#[test]
fn the_smallest_queries() {
    check(&[
        ("{}", "{ }"),
        ("  {\n}\t", "{ }"),
        ("{ true }", "{ }"),
        ("{ false }", "{ false }"),
        ("{ (true) }", "{ }"),
        ("{ !true }", "{ !true }"),
        ("{ /* all */ } // nothing more", "{ }"),
    ]);
}

#[test]
fn intrinsics_have_one_canonical_name() {
    check(&[
        ("{duration>1s}", "{ duration > 1s }"),
        ("{span:duration>1s}", "{ duration > 1s }"),
        ("{ span:name = \"GET /\" }", "{ name = \"GET /\" }"),
        ("{ span:status = error }", "{ status = error }"),
        (
            "{ statusMessage =~ \"time.*\" }",
            "{ statusMessage =~ \"time.*\" }",
        ),
        ("{ span:kind != server }", "{ kind != server }"),
        (
            "{ span:id = \"00f067aa0ba902b7\" }",
            "{ span:id = \"00f067aa0ba902b7\" }",
        ),
        ("{ span:parentID = nil }", "{ span:parentID = nil }"),
        ("{ span:childCount >= 10 }", "{ span:childCount >= 10 }"),
        ("{ traceDuration > 2m }", "{ trace:duration > 2m }"),
        ("{ rootName = \"a\" }", "{ trace:rootName = \"a\" }"),
        (
            "{ rootServiceName = \"a\" }",
            "{ trace:rootService = \"a\" }",
        ),
        ("{ trace:id = \"abc\" }", "{ trace:id = \"abc\" }"),
        (
            "{ event:name = \"exception\" }",
            "{ event:name = \"exception\" }",
        ),
        (
            "{ event:timeSinceStart < 5ms }",
            "{ event:timeSinceStart < 5ms }",
        ),
        ("{ link:traceID != nil }", "{ link:traceID != nil }"),
        ("{ link:spanID = \"1\" }", "{ link:spanID = \"1\" }"),
        (
            "{ instrumentation:name = \"x\" }",
            "{ instrumentation:name = \"x\" }",
        ),
        (
            "{ instrumentation:version = \"1\" }",
            "{ instrumentation:version = \"1\" }",
        ),
    ]);
    for intrinsic in vocabulary::intrinsics() {
        let name = vocabulary::intrinsic_name(intrinsic);
        let field = filter(&format!("{{ {name} != nil }}"));
        let expected = Expr::Exists {
            field: Field::Intrinsic(intrinsic),
            source: super::SourceRange::default(),
        };
        if intrinsic != Intrinsic::Error {
            assert_eq!(field, Ok(expected), "{name}");
        }
    }
}

#[test]
fn error_is_an_intrinsic_and_a_status() {
    check(&[
        ("{ error }", "{ error = true }"),
        ("{ span:error }", "{ error = true }"),
        ("{ !error }", "{ error = false }"),
        ("{ !!error }", "{ error = true }"),
        ("{ error = true }", "{ error = true }"),
        ("{ error != false }", "{ error != false }"),
        ("{ false = error }", "{ error = false }"),
        ("{ status = error }", "{ status = error }"),
        ("{ error = status }", "{ status = error }"),
        ("{ error != span:status }", "{ status != error }"),
        (
            "{ error && status != error || error }",
            "{ (error = true && status != error) || error = true }",
        ),
        ("{ (error) = true }", "{ error = true }"),
        ("{ .error }", "{ .error = true }"),
    ]);
}

#[test]
fn attributes_hold_nearly_anything() {
    check(&[
        ("{ .a }", "{ .a = true }"),
        ("{ !.a }", "{ .a = false }"),
        ("{ .http.route = \"/\" }", "{ .http.route = \"/\" }"),
        ("{ span.name = 1 }", "{ span.name = 1 }"),
        (
            "{ resource.service.name=`a` }",
            "{ resource.service.name = \"a\" }",
        ),
        (
            "{ event.exception.type = \"E\" }",
            "{ event.exception.type = \"E\" }",
        ),
        ("{ link.ref = 1 }", "{ link.ref = 1 }"),
        ("{ instrumentation.x = 1 }", "{ instrumentation.x = 1 }"),
        ("{ .a-b/c:d[0]*2 = 1 }", "{ .a-b/c:d[0]*2 = 1 }"),
        ("{ span.\"a b\" = 1 }", "{ span.\"a b\" = 1 }"),
        ("{ .foo.\"bar baz\".x = 1 }", "{ .\"foo.bar baz.x\" = 1 }"),
        ("{ .\"plain\" = 1 }", "{ .plain = 1 }"),
        ("{ .\"q\\\"b\\\\\" = 1 }", "{ .\"q\\\"b\\\\\" = 1 }"),
        ("{ .a\\b = 1 }", "{ .a\\b = 1 }"),
        ("{ .\"5xx\" = 1 }", "{ .\"5xx\" = 1 }"),
        ("{ span.5xx = 1 }", "{ span.5xx = 1 }"),
        ("{ .größe = 1 }", "{ .größe = 1 }"),
        (
            "{ .nil = nil && .true != nil }",
            "{ .nil = nil && .true != nil }",
        ),
        ("{ ..a = 1 }", "{ ..a = 1 }"),
    ]);
}

#[test]
fn literals() {
    check(&[
        (
            r#"{ .a = "\n\t\\\"\x41\101A\U0001F600" }"#,
            "{ .a = \"\\n\\t\\\\\\\"AAA😀\" }",
        ),
        (r#"{ .a = "\xc3\xa9\a" }"#, "{ .a = \"é\\u0007\" }"),
        ("{ .a = `\\d+ \"x\"` }", "{ .a = \"\\\\d+ \\\"x\\\"\" }"),
        ("{ .a = `two\nlines` }", "{ .a = \"two\\nlines\" }"),
        ("{ .a = \"\" }", "{ .a = \"\" }"),
        ("{ .a = 0 }", "{ .a = 0 }"),
        ("{ .a = -1 }", "{ .a = -1 }"),
        ("{ .a = 007 }", "{ .a = 7 }"),
        (
            "{ .a = -9223372036854775808 }",
            "{ .a = -9223372036854775808 }",
        ),
        (
            "{ .a > minInt && .a < maxInt }",
            "{ .a > -9223372036854775808 && .a < 9223372036854775807 }",
        ),
        ("{ .a = 1.5 }", "{ .a = 1.5 }"),
        ("{ .a = .5 }", "{ .a = 0.5 }"),
        ("{ .a = 1. }", "{ .a = 1.0 }"),
        ("{ .a = 1e3 }", "{ .a = 1000.0 }"),
        ("{ .a = -1E-9 }", "{ .a = -1e-9 }"),
        ("{ .a<.5 }", "{ .a < 0.5 }"),
        ("{ .a = true && .b = false }", "{ .a = true && .b = false }"),
    ]);
}

#[test]
fn durations_are_exact() {
    check(&[
        ("{ duration > 100ns }", "{ duration > 100ns }"),
        ("{ duration > 1us }", "{ duration > 1us }"),
        (
            "{ duration > 1µs || duration > 1μs }",
            "{ duration > 1us || duration > 1us }",
        ),
        ("{ duration > 1.5ms }", "{ duration > 1.5ms }"),
        ("{ duration > 0.1s }", "{ duration > 100ms }"),
        ("{ duration > .3s }", "{ duration > 300ms }"),
        ("{ duration > 1h30m }", "{ duration > 1h30m }"),
        (
            "{ duration > 1m1.000000001s }",
            "{ duration > 1m1.000000001s }",
        ),
        ("{ duration > 90s }", "{ duration > 1m30s }"),
        ("{ duration > 1d }", "{ duration > 24h }"),
        ("{ duration > 1w1d }", "{ duration > 192h }"),
        ("{ duration < 1y }", "{ duration < 8760h }"),
        ("{ duration > 0s }", "{ duration > 0s }"),
        ("{ duration > -1s500ms }", "{ duration > -1.5s }"),
        ("{ duration > 0.0000000019s }", "{ duration > 1ns }"),
        ("{ duration > 100 }", "{ duration > 100 }"),
        ("{ duration > 1e9 }", "{ duration > 1000000000.0 }"),
    ]);
}

#[test]
fn and_and_or_have_the_same_precedence() {
    check(&[
        (
            "{ .a || .b && .c }",
            "{ (.a = true || .b = true) && .c = true }",
        ),
        (
            "{ .a && .b || .c }",
            "{ (.a = true && .b = true) || .c = true }",
        ),
        (
            "{ .a || (.b && .c) }",
            "{ .a = true || (.b = true && .c = true) }",
        ),
        (
            "{ .a && .b && .c }",
            "{ .a = true && .b = true && .c = true }",
        ),
        (
            "{ (.a && .b) && .c }",
            "{ (.a = true && .b = true) && .c = true }",
        ),
        ("{ !(.a = 1 && .b = 2) }", "{ !(.a = 1 && .b = 2) }"),
        ("{ !!(.a = 1) }", "{ !!(.a = 1) }"),
        ("{ !.a && .b }", "{ .a = false && .b = true }"),
        ("{ ((.a)) = (1) }", "{ .a = 1 }"),
    ]);
}

#[test]
fn the_field_comes_first() {
    check(&[
        ("{ 1s < duration }", "{ duration > 1s }"),
        ("{ 1s <= duration }", "{ duration >= 1s }"),
        ("{ 1s > duration }", "{ duration < 1s }"),
        ("{ 1s >= duration }", "{ duration <= 1s }"),
        (
            "{ \"a\" = .x && \"a\" != .x }",
            "{ .x = \"a\" && .x != \"a\" }",
        ),
        ("{ nil != .x && nil = .x }", "{ .x != nil && .x = nil }"),
        ("{ server = kind }", "{ kind = server }"),
    ]);
}

#[test]
fn existence() {
    check(&[
        ("{ .a != nil }", "{ .a != nil }"),
        ("{ .a = nil }", "{ .a = nil }"),
        ("{ !(.a != nil) }", "{ !(.a != nil) }"),
        ("{ !!(.a = nil) }", "{ !!(.a = nil) }"),
        ("{ !(.a = nil) }", "{ !(.a = nil) }"),
        ("{ name != nil }", "{ name != nil }"),
        ("{ !(event:name != nil) }", "{ !(event:name != nil) }"),
        ("{ event.a = nil }", "{ event.a = nil }"),
        (
            "{ resource.service.name = nil }",
            "{ resource.service.name = nil }",
        ),
    ]);
}

#[test]
fn long_lists_are_flat() {
    let query = format!("{{ {} }}", vec!["1<.a"; 2000].join("||"));
    let Ok(Expr::Or(all)) = filter(&query) else {
        panic!("a list of `||` is one flat list");
    };
    assert_eq!(all.len(), 2000);
}

#[test]
fn limits() {
    let nested = |levels: usize| format!("{{ {}.a{} }}", "(".repeat(levels), ")".repeat(levels));
    assert!(parse(&nested(MAX_NESTING)).is_ok());
    let message = |query: &str| parse(query).expect_err("over the limit").message;
    let too_deep = format!("the query is nested more than {MAX_NESTING} levels deep");
    assert_eq!(message(&nested(MAX_NESTING + 1)), too_deep);
    assert_eq!(message(&nested(8000)), too_deep);
    assert_eq!(
        message(&format!("{{ {}(.a = 1) }}", "!".repeat(16_000))),
        too_deep
    );
    assert_eq!(
        message(&format!("{{ {}(.a = 1) }}", "!(".repeat(8000))),
        too_deep
    );
    assert_eq!(
        message(&format!("{{ .a{} }}", "&&.a||.a".repeat(2000))),
        too_deep
    );

    let padded = |bytes: usize| format!("{{{}}}", " ".repeat(bytes - 2));
    assert!(parse(&padded(MAX_QUERY_BYTES)).is_ok());
    let error = parse(&padded(MAX_QUERY_BYTES + 1)).expect_err("over the limit");
    assert_eq!(
        error.message,
        "the query is 16385 bytes long, more than the 16384 allowed"
    );
}

#[test]
fn patterns_match_the_whole_text() {
    let table = [
        ("GET", "GET", true),
        ("GET", "GET /", false),
        ("GET|POST", "xPOST", false),
        ("GET.*", "GET /\nmore", true),
        ("(?i)get.*", "GET /", true),
        ("", "", true),
        ("", "a", false),
        ("a$", "a\n", false),
    ];
    for (pattern, text, expected) in table {
        let regex = compile_pattern(pattern).expect("a valid pattern");
        assert_eq!(regex.is_match(text), expected, "{pattern:?} on {text:?}");
    }
    assert!(
        compile_pattern("a)|(b").is_err(),
        "must not escape from the anchors"
    );
}

#[test]
fn trees_can_be_built_without_text() {
    let attribute = |key: &str| Field::Attribute {
        scope: AttributeScope::Any,
        key: key.to_owned(),
    };
    let condition = |key: &str| Expr::compare(attribute(key), CompareOp::Equal, Literal::Int(1));
    assert_eq!(Expr::all_of(vec![]), Expr::True);
    assert_eq!(Expr::all_of(vec![condition("a")]), condition("a"));
    let both = Expr::all_of(vec![condition("a"), condition("b")]);
    assert_eq!(filter("{ .a = 1 && .b = 1 }"), Ok(both));
}

#[test]
fn source_ranges_are_characters() {
    let Ok(Expr::And(all)) = filter("{ .ü = 1 && (2 < .b) }") else {
        panic!("two conditions")
    };
    let ranges: Vec<_> = all
        .into_iter()
        .map(|condition| match condition {
            Expr::Compare { source, .. } => source.start..source.end,
            other => panic!("{other}"),
        })
        .collect();
    assert_eq!(ranges, [2..8, 13..19]);
}

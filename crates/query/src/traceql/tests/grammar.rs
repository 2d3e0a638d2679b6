//! The grammar beyond one filter: text and its canonical form. The examples
//! are those of Tempo's documentation and of what Grafana sends.

use super::super::parse;
use super::check;

#[test]
fn relations_between_filters() {
    check(&[
        ("{ .a }&&{ .b }", "{ .a = true } && { .b = true }"),
        ("{ .a } || { }", "{ .a = true } || { }"),
        ("({ .a })", "{ .a = true }"),
        ("(({}))", "{ }"),
        // One power, from left to right.
        ("{} || {} && {}", "({ } || { }) && { }"),
        ("{} && {} > {}", "{ } && ({ } > { })"),
        ("{} > {} >> {}", "({ } > { }) >> { }"),
        ("{} > ({} ~ {})", "{ } > ({ } ~ { })"),
    ]);
    for relation in [">", ">>", "<", "<<", "~"] {
        for mode in ["", "!", "&"] {
            let query = format!("{{ name = \"a\" }} {mode}{relation} {{ }}");
            check(&[(&query, &query)]);
        }
    }
}

#[test]
fn stages() {
    check(&[
        ("{}|count()>2", "{ } | count() > 2"),
        ("{} | 2 < count()", "{ } | 2 < count()"),
        ("{} | avg(duration) >= 1s", "{ } | avg(duration) >= 1s"),
        (
            "{} | max(span.x) - min(span.x) > 1 + 2 * 3",
            "{ } | max(span.x) - min(span.x) > 7",
        ),
        ("{} | sum(.a + 1) != 0", "{ } | sum(.a + 1) != 0"),
        ("{} | (count() + 1) * 2 > 4", "{ } | (count() + 1) * 2 > 4"),
        (
            "{} | by(resource.service.name) | count() > 1",
            "{ } | by(resource.service.name) | count() > 1",
        ),
        ("{} | by(duration > 1s)", "{ } | by(duration > 1s)"),
        ("{} | by(.a) | coalesce()", "{ } | by(.a) | coalesce()"),
        (
            "{} | select(.a, name, resource.b)",
            "{ } | select(.a, name, resource.b)",
        ),
        (
            "{ .a } | { .b } >> { .c }",
            "{ .a = true } | { .b = true } >> { .c = true }",
        ),
        ("count() > 2", "count() > 2"),
        ("by(name) | count() > 2", "by(name) | count() > 2"),
        (
            "({} | count() > 2) && ({} | avg(duration) > 1s)",
            "({ } | count() > 2) && ({ } | avg(duration) > 1s)",
        ),
        ("({} | count() > 2)", "{ } | count() > 2"),
        (
            "({} | count()) > ({ .a } | count())",
            "({ } | count()) > ({ .a = true } | count())",
        ),
        ("({} | count()) + 1 > 2", "({ } | count()) + 1 > 2"),
        (
            "{} with (most_recent=true, a = \"b\")",
            "{ } with (most_recent=true, a=\"b\")",
        ),
    ]);
}

#[test]
fn values() {
    check(&[
        ("{ .a = .b }", "{ .a = .b }"),
        ("{ span.a != resource.b }", "{ span.a != resource.b }"),
        ("{ duration - .wait > 1s }", "{ duration - .wait > 1s }"),
        ("{ 1s < duration - .wait }", "{ 1s < duration - .wait }"),
        ("{ .a + .b * .c - 1 = 2 }", "{ (.a + (.b * .c)) - 1 = 2 }"),
        ("{ (.a + .b) * .c = 2 }", "{ (.a + .b) * .c = 2 }"),
        ("{ .a ^ .b ^ .c = 2 }", "{ .a ^ (.b ^ .c) = 2 }"),
        ("{ -.a + .b = 2 }", "{ (-.a) + .b = 2 }"),
        ("{ -(.a + .b) = 2 }", "{ -(.a + .b) = 2 }"),
        ("{ .a > -(-1) }", "{ .a > 1 }"),
        // What is fixed is calculated at once, and can be looked up.
        ("{ duration > 1s + 500ms }", "{ duration > 1.5s }"),
        ("{ duration > 2 * 1s }", "{ duration > 2s }"),
        ("{ .a > 7 / 2 }", "{ .a > 3 }"),
        ("{ .a > 2 ^ 3 }", "{ .a > 8 }"),
        ("{ .a > 1.5 * 2 }", "{ .a > 3.0 }"),
        ("{ 1 = 1 }", "{ }"),
        ("{ 1 = 2 }", "{ false }"),
        ("{ \"a\" < \"b\" }", "{ }"),
        ("{ nil = nil }", "{ false }"),
        ("{ true && .a }", "{ true && .a = true }"),
        ("{ .a = (.b = 1) }", "{ .a = (.b = 1) }"),
        ("{ !.a = true }", "{ (.a = false) = true }"),
        ("{ (.a > 1) = (.b > 1) }", "{ (.a > 1) = (.b > 1) }"),
        ("{ parent.a = 1 }", "{ parent.a = 1 }"),
        (
            "{ parent.span.a = parent.resource.b }",
            "{ parent.span.a = parent.resource.b }",
        ),
        ("{ parent.\"span.a\" = 1 }", "{ parent.\"span.a\" = 1 }"),
        ("{ nestedSetParent < 0 }", "{ nestedSetParent < 0 }"),
        (
            "{ nestedSetLeft > 1 && nestedSetRight < 9 }",
            "{ nestedSetLeft > 1 && nestedSetRight < 9 }",
        ),
    ]);
}

#[test]
fn metrics() {
    check(&[
        ("{} | rate()", "{ } | rate()"),
        (
            "{} | rate() by(resource.service.name, name)",
            "{ } | rate() by (resource.service.name, name)",
        ),
        (
            "{} | count_over_time() > 10",
            "{ } | count_over_time() > 10",
        ),
        (
            "{} | avg_over_time(duration) | topk(3)",
            "{ } | avg_over_time(duration) | topk(3)",
        ),
        (
            "{} | rate() by (name) > 1 | bottomk(2) < 5",
            "{ } | rate() by (name) > 1 | bottomk(2) < 5",
        ),
        (
            "{} | quantile_over_time(duration, .5, .99) by (name)",
            "{ } | quantile_over_time(duration, 0.5, 0.99) by (name)",
        ),
        (
            "{} | histogram_over_time(duration) with(sample=true)",
            "{ } | histogram_over_time(duration) with (sample=true)",
        ),
        (
            "{} | compare({status=error})",
            "{ } | compare({ status = error })",
        ),
        (
            "{} | compare({ .a }, 5, 1, 2)",
            "{ } | compare({ .a = true }, 5, 1, 2)",
        ),
        (
            "({ error } | rate()) / ({} | rate()) * 100",
            "(({ error = true } | rate()) / ({ } | rate())) * 100",
        ),
        ("2 * ({} | rate()) > 5", "2 * ({ } | rate()) > 5"),
        ("({} | rate())", "{ } | rate()"),
        (
            "{ .a } >> { .b } | by(name) | rate()",
            "{ .a = true } >> { .b = true } | by(name) | rate()",
        ),
    ]);
}

#[test]
fn what_grafana_sends() {
    for query in [
        "{nestedSetParent<0 && true && resource.service.name != nil} | rate() by(resource.service.name)",
        "{nestedSetParent<0} | rate() by(resource.service.name) with(sample=true)",
        "{nestedSetParent<0 && status=error} | histogram_over_time(duration) with(sample=true)",
        "({nestedSetParent<0} &>> { status = error }) || ({nestedSetParent<0}) | select(status, resource.service.name, name, nestedSetParent, nestedSetLeft, nestedSetRight)",
        "{nestedSetParent<0 && true} | select(resource.service.name, event.exception.message) with(most_recent=true)",
        "{nestedSetParent<0} | compare({status=error})",
        "{nestedSetParent<0 && kind=server} | quantile_over_time(duration, .9)",
        "{resource.service.name=\"a\" && name=~\"GET .*|POST .*\"}",
    ] {
        let parsed = parse(query).unwrap_or_else(|error| panic!("{query}: {error}"));
        assert_eq!(parse(&parsed.to_string()), Ok(parsed), "{query}");
    }
}

#[test]
fn text_that_would_be_a_deep_tree_is_refused() {
    for (start, repeated, end) in [
        ("{ .a = ", ".b ^ ", "1 }"),
        ("{ .a = 1 ", "* -.b ", "}"),
        ("{ .a = 1 ", "* !.b ", "}"),
        ("{ .a = 1 ", "+ .b ", "}"),
        ("", "{ } && ", "{ }"),
        ("", "(", "{ }"),
        ("{ } | rate() ", "> 1 ", ""),
        ("{ } | rate() ", "| topk(1) ", ""),
        ("{ } | count() ", "- count() ", "> 1"),
    ] {
        let query = format!("{start}{}{end}", repeated.repeat(1_000));
        assert!(parse(&query).is_err(), "{query:.40}");
    }
}

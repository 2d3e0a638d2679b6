//! Queries that are wrong, and what is said about them.
//!
//! The cases stand in `mistakes.txt`, one paragraph each: the query, the
//! message under the place it points at, the hint. A place without width is
//! shown as `|`. Lines with `#` are headings.

use super::super::parse;

/// Query, message and hint as in the file.
fn drawn(query: &str) -> String {
    let error = match parse(query) {
        Ok(accepted) => return format!("{query}\naccepted as {accepted}"),
        Err(error) => error,
    };
    let indent = " ".repeat(error.span.start);
    let marker = if error.span.is_empty() {
        "|".to_owned()
    } else {
        "^".repeat(error.span.len())
    };
    let hint = error
        .hint
        .map(|hint| format!("\n{indent}hint: {hint}"))
        .unwrap_or_default();
    format!("{query}\n{indent}{marker} {}{hint}", error.message)
}

#[test]
fn mistakes_are_explained() {
    let cases = include_str!("mistakes.txt").trim_end().split("\n\n");
    let mut differences = String::new();
    for case in cases.filter(|case| !case.starts_with('#')) {
        let found = drawn(case.lines().next().expect("a case has a query"));
        if found != case {
            differences.push_str(&format!("\n\nexpected\n{case}\nfound\n{found}"));
        }
    }
    assert!(differences.is_empty(), "{differences}");
}

#[test]
fn queries_that_fit_on_no_line_of_the_file() {
    let error = parse("").expect_err("nothing");
    assert_eq!(error.message, "the query is empty");
    assert_eq!(error.span, 0..0);

    let error = parse("{ name = \"a\n\" }").expect_err("a line break in a text");
    assert_eq!(error.message, "the text has no closing quote");
    assert_eq!(error.span, 9..11);
}

#[test]
fn messages_stay_short_and_fit_on_one_line() {
    let error = parse(&format!("{{ {} }}", "x".repeat(16_000))).expect_err("not a name");
    assert!(error.to_string().len() < 300, "{error}");
    assert_eq!(
        parse("{ name = 'a' }")
            .expect_err("single quotes")
            .to_string(),
        "single quotes do not quote text (at character 10): write `\"a\"`"
    );
}

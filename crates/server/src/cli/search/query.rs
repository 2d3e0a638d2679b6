//! Search flags → one TraceQL filter, so that flags can do nothing the query
//! language cannot. What a tag means is decided where Jaeger's API decides it.

use tracewell_query::tags;
use tracewell_query::traceql::{self, Expr, Query};

use super::SearchArgs;
use crate::cli::error::CliError;

/// The filter for all flags and the query together.
pub(super) fn build(args: &SearchArgs) -> Result<String, CliError> {
    let mut conditions = Vec::new();
    conditions.extend(args.service.as_deref().map(tags::service));
    conditions.extend(args.operation.as_deref().map(tags::operation));
    for written in &args.tags {
        let (key, value) = written
            .split_once('=')
            .filter(|(key, _)| !key.is_empty())
            .ok_or_else(|| {
                CliError::Usage(format!(
                    "--tag: {written:?} is not KEY=VALUE; write for example error=true"
                ))
            })?;
        conditions.push(tags::tag(key, value));
    }
    let least_ns = bound("--min-duration", args.min_duration.as_deref())?;
    let most_ns = bound("--max-duration", args.max_duration.as_deref())?;
    if least_ns.is_some() || most_ns.is_some() {
        conditions.push(tags::duration(least_ns, most_ns));
    }

    let query = args.query.as_deref().map_or("", str::trim);
    // Left exactly as written where possible: messages then point at what was
    // typed, and a newer server may know more of the language than we do.
    let is_whole = query.trim_start_matches(['(', ' ']).starts_with('{')
        || (!query.is_empty() && traceql::parse(query).is_ok());
    if conditions.is_empty() && is_whole {
        return Ok(query.to_owned());
    }
    if !query.is_empty() {
        let braced = if is_whole {
            query.to_owned()
        } else {
            format!("{{ {query} }}")
        };
        let parsed = traceql::parse(&braced)
            .map_err(|error| CliError::Usage(format!("in the query {braced}: {error}")))?;
        let Some(filter) = parsed.as_filter() else {
            return Err(CliError::Usage(format!(
                "the query {braced} is more than one filter, which flags cannot be added to; \
                 write their conditions into it"
            )));
        };
        if *filter != Expr::True {
            conditions.insert(0, filter.clone());
        }
    }
    Ok(Query::of_filter(Expr::all_of(conditions)).to_string())
}

fn bound(flag: &str, text: Option<&str>) -> Result<Option<i64>, CliError> {
    let Some(text) = text else { return Ok(None) };
    duration_ns(text).map(Some).ok_or_else(|| {
        CliError::Usage(format!(
            "{flag}: {text:?} is not a duration; write for example 250ms or 1.5s"
        ))
    })
}

/// `1.5s`, `250ms`, `1m30s` in nanoseconds.
fn duration_ns(text: &str) -> Option<i64> {
    const UNITS: [(&str, f64); 8] = [
        ("ns", 1.0),
        ("us", 1e3),
        ("µs", 1e3),
        ("ms", 1e6),
        ("s", 1e9),
        ("m", 6e10),
        ("h", 3.6e12),
        ("d", 8.64e13),
    ];
    let mut rest = text.trim();
    let mut total_ns = 0.0;
    while !rest.is_empty() {
        let after_number = rest.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
        let number: f64 = rest[..rest.len() - after_number.len()].parse().ok()?;
        let (unit, each_ns) = UNITS
            .iter()
            .find(|(unit, _)| after_number.starts_with(unit))?;
        total_ns += number * each_ns;
        rest = &after_number[unit.len()..];
    }
    (!text.trim().is_empty() && total_ns < 9e18).then_some(total_ns as i64)
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        search: SearchArgs,
    }

    fn built(words: &[&str]) -> Result<String, String> {
        let line = Line::try_parse_from([&["search"], words].concat()).unwrap();
        build(&line.search).map_err(|error| error.to_string())
    }

    /// The same filter, however it is written.
    fn same(written: &str, expected: &str) -> bool {
        traceql::parse(written).unwrap() == traceql::parse(expected).unwrap()
    }

    #[test]
    fn flags_and_query_become_one_filter() {
        for (words, traceql) in [
            (&[][..], "{ }"),
            (
                &["{ }", "--service", "cart"],
                r#"{ resource.service.name = "cart" }"#,
            ),
            (&["status = error"], "{ status = error }"),
            (
                &["--service", "cart", "--operation", "GET \"x\\y\""],
                r#"{ resource.service.name = "cart" && name = "GET \"x\\y\"" }"#,
            ),
            (
                &["{ .a = 1 || .b = 2 }", "--service", "s"],
                r#"{ (.a = 1 || .b = 2) && resource.service.name = "s" }"#,
            ),
            (
                &["--tag", "http.route=/pay", "--tag", "error=true"],
                r#"{ .http.route = "/pay" && error = true }"#,
            ),
            (
                &["--tag", "n=-2", "--tag", "my key=a=b"],
                r#"{ (.n = "-2" || .n = -2) && ."my key" = "a=b" }"#,
            ),
            (
                &["--min-duration", "1.5s", "--max-duration", "1m30s"],
                "{ duration >= 1500ms && duration <= 90s }",
            ),
        ] {
            let found = built(words).unwrap();
            assert!(same(&found, traceql), "{words:?}: {found}");
        }
    }

    #[test]
    fn a_query_alone_is_sent_as_it_was_typed() {
        for query in [
            "{ status = error }",
            "{ .a } | count() > 2",
            "({ .a } >> { .b }) && { .c }",
            "count() > 100",
        ] {
            assert_eq!(built(&[query]).as_deref(), Ok(query));
        }
    }

    #[test]
    fn mistakes_name_the_flag_and_the_value() {
        for (words, message) in [
            (
                &["--tag", "error"][..],
                r#"--tag: "error" is not KEY=VALUE"#,
            ),
            (
                &["--min-duration", "fast"],
                r#"--min-duration: "fast" is not a duration"#,
            ),
            (
                &["--max-duration", "5"],
                r#"--max-duration: "5" is not a duration"#,
            ),
            (&["{ .a = }", "--service", "s"], "in the query { .a = }: "),
            (
                &["{ .a } >> { .b }", "--service", "s"],
                "the query { .a } >> { .b } is more than one filter",
            ),
        ] {
            let error = built(words).unwrap_err();
            assert!(error.starts_with(message), "{error}");
        }
    }
}

//! Search flags → one TraceQL filter, so that flags can do nothing the query
//! language cannot.

use super::SearchArgs;
use crate::cli::error::CliError;

/// The filter for all flags and the query together.
pub(super) fn build(args: &SearchArgs) -> Result<String, CliError> {
    let mut conditions = Vec::new();
    if let Some(service) = &args.service {
        conditions.push(format!("resource.service.name = {}", quoted(service)));
    }
    if let Some(operation) = &args.operation {
        conditions.push(format!("name = {}", quoted(operation)));
    }
    for tag in &args.tags {
        conditions.push(tag_condition(tag)?);
    }
    for (flag, text, operator) in [
        ("--min-duration", &args.min_duration, ">="),
        ("--max-duration", &args.max_duration, "<="),
    ] {
        if let Some(text) = text {
            let ns = duration_ns(text).ok_or_else(|| {
                CliError::Usage(format!(
                    "{flag}: {text:?} is not a duration; write for example 250ms or 1.5s"
                ))
            })?;
            conditions.push(format!("duration {operator} {ns}ns"));
        }
    }
    let written = args
        .query
        .as_deref()
        .map(str::trim)
        .filter(|query| !query.is_empty());
    Ok(match written {
        // Left exactly as written, so that messages point at what was typed.
        Some(query) if conditions.is_empty() && query.starts_with('{') => query.to_owned(),
        Some(query) => {
            let inner = query
                .strip_prefix('{')
                .and_then(|rest| rest.strip_suffix('}'));
            let inner = inner.unwrap_or(query).trim();
            if !inner.is_empty() {
                conditions.insert(0, format!("({inner})"));
            }
            braces(&conditions)
        }
        None => braces(&conditions),
    })
}

fn braces(conditions: &[String]) -> String {
    if conditions.is_empty() {
        return "{ }".to_owned();
    }
    format!("{{ {} }}", conditions.join(" && "))
}

/// `k=v` finds the text `v` and, where it reads as one, the number or boolean.
fn tag_condition(tag: &str) -> Result<String, CliError> {
    let (key, value) = tag
        .split_once('=')
        .filter(|(key, _)| !key.is_empty())
        .ok_or_else(|| {
            CliError::Usage(format!(
                "--tag: {tag:?} is not KEY=VALUE; write for example error=true"
            ))
        })?;
    let attribute = attribute(key);
    let text = format!("{attribute} = {}", quoted(value));
    let is_literal = matches!(value, "true" | "false") || is_number(value);
    Ok(if is_literal {
        format!("({text} || {attribute} = {value})")
    } else {
        text
    })
}

fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    all_digits(whole) && all_digits(fraction) && digits.len() <= 18
}

/// An attribute of any scope; a key with unusual characters is quoted.
fn attribute(key: &str) -> String {
    let is_bare = key
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || "._-/".contains(c));
    if is_bare {
        format!(".{key}")
    } else {
        format!(".{}", quoted(key))
    }
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// `1.5s`, `250ms`, `1m30s` in nanoseconds.
fn duration_ns(text: &str) -> Option<u64> {
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
    let mut total = 0.0;
    while !rest.is_empty() {
        let number = rest.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
        let value: f64 = rest[..rest.len() - number.len()].parse().ok()?;
        let (unit, each) = UNITS.iter().find(|(unit, _)| number.starts_with(unit))?;
        total += value * each;
        rest = &number[unit.len()..];
    }
    (!text.trim().is_empty() && total < 9e18).then_some(total as u64)
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

    #[test]
    fn flags_and_query_become_one_filter() {
        for (words, traceql) in [
            (&[][..], "{ }"),
            (&["{ status = error }"], "{ status = error }"),
            (&["status = error"], "{ (status = error) }"),
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
                r#"{ .http.route = "/pay" && (.error = "true" || .error = true) }"#,
            ),
            (
                &["--tag", "n=-1.5", "--tag", "my key=a=b"],
                r#"{ (.n = "-1.5" || .n = -1.5) && ."my key" = "a=b" }"#,
            ),
            (
                &["--min-duration", "1.5s", "--max-duration", "1m30s"],
                "{ duration >= 1500000000ns && duration <= 90000000000ns }",
            ),
        ] {
            assert_eq!(built(words).as_deref(), Ok(traceql), "{words:?}");
        }
    }

    #[test]
    fn mistakes_name_the_flag_and_the_value() {
        for (words, message) in [
            (["--tag", "error"], r#"--tag: "error" is not KEY=VALUE"#),
            (
                ["--min-duration", "fast"],
                r#"--min-duration: "fast" is not a duration"#,
            ),
            (
                ["--max-duration", "5"],
                r#"--max-duration: "5" is not a duration"#,
            ),
        ] {
            let error = built(&words).unwrap_err();
            assert!(error.starts_with(message), "{error}");
        }
    }
}

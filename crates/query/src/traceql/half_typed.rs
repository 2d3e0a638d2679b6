//! What a query says that somebody is still writing: `{ .a = "x" && name = }`.
//!
//! Editors ask for the values of a field with all that stands around it. What is
//! not finished there says nothing yet, so **it holds for every span, and no
//! text is an error**.

use super::{Expr, SpansetExpr, Stage, parse};

/// The condition on one span, as far as it is written; `None` where none can be
/// told, as of spans that relate to others.
#[must_use]
pub fn condition_of_half_typed(text: &str) -> Option<Expr> {
    if let Ok(query) = parse(text) {
        return match query.spans()?.stages.first()? {
            Stage::Spansets(SpansetExpr::Filter(filter)) => Some(filter.clone()),
            _ => None,
        };
    }
    let repaired = parse(&format!("{{ {} }}", repaired(text)?)).ok()?;
    repaired.as_filter().cloned()
}

/// The inside of the braces, in which what cannot be read is `true`.
fn repaired(text: &str) -> Option<String> {
    let (_, inside) = text.split_once('{')?;
    let (mut out, mut piece) = (String::new(), String::new());
    let (mut depth, mut after_group) = (0usize, false);
    let mut rest = inside;
    loop {
        let (token, after) = next_token(rest);
        rest = after;
        match token {
            "{" => return None,
            "(" => {
                out.push_str(&std::mem::take(&mut piece));
                out.push('(');
                (depth, after_group) = (depth + 1, false);
            }
            "&&" | "||" | ")" | "}" | "" => {
                out.push_str(&finished(&piece, after_group));
                piece.clear();
                after_group = token == ")";
                match token {
                    ")" => depth = depth.checked_sub(1)?,
                    "&&" | "||" => {}
                    // What relates to others says nothing of one span.
                    _ if rest.contains('{') => return None,
                    _ => break,
                }
                out.push_str(token);
            }
            other => piece.push_str(other),
        }
    }
    out.push_str(&")".repeat(depth));
    Some(out)
}

/// What stands between two operators; behind a group there may be nothing.
fn finished(piece: &str, after_group: bool) -> String {
    let is_whole =
        after_group || parse(&format!("{{ {piece} }}")).is_ok_and(|_| !piece.trim().is_empty());
    if is_whole {
        format!("{piece} ")
    } else {
        " true ".to_owned()
    }
}

/// An operator that ends a condition, a text in quotes, or one character; empty
/// at the end.
fn next_token(text: &str) -> (&str, &str) {
    let mut chars = text.char_indices();
    let len = match chars.next() {
        None => 0,
        Some((_, quote @ ('"' | '`'))) => {
            let mut is_escaped = false;
            let end = chars.find(|(_, c)| {
                let ends = *c == quote && !is_escaped;
                is_escaped = *c == '\\' && quote == '"' && !is_escaped;
                ends
            });
            end.map_or(text.len(), |(at, _)| at + 1)
        }
        Some(_) if text.starts_with("&&") || text.starts_with("||") => 2,
        Some((_, first)) => first.len_utf8(),
    };
    text.split_at(len)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_finished_holds_for_every_span() {
        for (typed, means) in [
            (r#"{ .a = "x" }"#, r#"{ .a = "x" }"#),
            (r#"{ .a = "x" } | rate()"#, r#"{ .a = "x" }"#),
            (r#"{ .a = "x" && name = }"#, r#"{ .a = "x" && true }"#),
            (r#"{ .a = "x" && name ="#, r#"{ .a = "x" && true }"#),
            (r#"{ .a = "x" && "#, r#"{ .a = "x" && true }"#),
            (r#"{ .a = "}" && name = "#, r#"{ .a = "}" && true }"#),
            (
                r#"{ .a = "x" && (.b = || .c = 2) }"#,
                r#"{ .a = "x" && (true || .c = 2) }"#,
            ),
            (r#"{ .a = "x" && (.b = 1"#, r#"{ .a = "x" && (.b = 1) }"#),
            (r#"{ resource.service.name="#, "{ true }"),
            ("{", "{ true }"),
            ("{}", "{ }"),
        ] {
            let means = parse(means).unwrap();
            assert_eq!(
                condition_of_half_typed(typed).as_ref(),
                means.as_filter(),
                "{typed}"
            );
        }
        for unclear in [
            "",
            "name",
            "{ .a = 1 } >> { .b = }",
            "{ .a = 1 } && { .b = 2 }",
            "{ ) }",
            "{ .a = \"x",
        ] {
            let found = condition_of_half_typed(unclear);
            assert!(
                matches!(found, None | Some(Expr::True)),
                "{unclear}: {found:?}"
            );
        }
    }
}

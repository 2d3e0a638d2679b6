//! Texts of every shape: none panics, and what is read can be written and read
//! again.

use proptest::prelude::*;
use tracewell_ottl::ast::NodeKind;
use tracewell_ottl::{Compiler, Context, parse_condition, parse_statement};

#[test]
fn operators_bind_as_written() {
    for (written, wanted) in [
        (
            "a == 1 or b == 2 and not c == 3",
            "((a == 1) or ((b == 2) and not ((c == 3))))",
        ),
        ("a + 1 * -2 - b / .5 > 1e0 or true", "fails"),
        (
            "a + 1 * -2 - b / .5 > 1.0",
            "((a + (1 * -2) - (b / 0.5)) > 1.0)",
        ),
        ("(a + 1) * 2 == 3", "(((a + 1) * 2) == 3)"),
        ("((a == 1))", "(a == 1)"),
        (
            r#"F(a["x\n"][0], named=[1, {"k": nil}])["z"] == 0xAB"#,
            r#"(F(a["x\n"][0], named=[1, {"k": nil}])["z"] == 0xab)"#,
        ),
    ] {
        let printed = parse_condition(written).map_or("fails".to_owned(), |node| node.to_string());
        assert_eq!(printed, wanted, "{written}");
    }
    let statement = parse_statement(r#"set(a.b["c"], -1) where true"#).unwrap();
    assert_eq!(statement.to_string(), r#"set(a.b["c"], -1) where true"#);
}

#[test]
fn nesting_and_length_are_limited() {
    for deep in ["(", "not ", "-", "[", "F(", "a["] {
        let mistake = parse_condition(&deep.repeat(10_000)).unwrap_err();
        assert!(
            mistake.message.contains("nested deeper than 64"),
            "{}",
            mistake.message
        );
    }
    let long = format!("1{} == 2", " + 1".repeat(10_000));
    assert!(parse_condition(&long).is_ok(), "a long chain is not deep");
    assert!(
        parse_condition(&"a".repeat(100_000))
            .unwrap_err()
            .message
            .contains("longer")
    );
}

/// Words that texts are made of by chance.
fn word() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "set",
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        ",",
        ".",
        ":",
        "=",
        "==",
        "!=",
        "<",
        "not",
        "and",
        "or",
        "where",
        "true",
        "nil",
        "\"x\"",
        "\"",
        "1",
        "2.5",
        "0xab",
        "-",
        "+",
        "*",
        "/",
        "attributes",
        "name",
        "resource",
        "span",
        "IsMatch",
        "Concat",
        "SPAN_KIND_SERVER",
        "limit",
        "é",
        "\\",
        "9999999999999999999",
        "Now",
        "delete_key",
        "Substring",
    ])
}

proptest! {
    #[test]
    fn no_text_panics(text: String, words in prop::collection::vec(word(), 0..24)) {
        for text in [text, words.join(" "), words.concat()] {
            for context in Context::ALL {
                let compiler = Compiler::default();
                for mistake in [
                    compiler.statement(&text, context).err(),
                    compiler.condition(&text, context).err(),
                ].into_iter().flatten() {
                    prop_assert!(mistake.at.end <= text.len());
                    prop_assert!(!mistake.shown().is_empty());
                }
            }
        }
    }

    #[test]
    fn what_is_read_is_written_and_read_again(words in prop::collection::vec(word(), 0..16)) {
        for text in [words.join(" "), format!("set({}) where true", words.join(" ")), format!("{} == 1", words.join(""))] {
            if let Ok(node) = parse_condition(&text) {
                let printed = node.to_string();
                prop_assert_eq!(parse_condition(&printed).unwrap().to_string(), printed);
            }
            if let Ok(statement) = parse_statement(&text) {
                let printed = statement.to_string();
                prop_assert_eq!(parse_statement(&printed).unwrap().to_string(), printed);
            }
        }
    }
}

#[test]
fn places_are_kept() {
    let node = parse_condition("name == \"ä\" and kind == 1").unwrap();
    let NodeKind::And(parts) = node.kind else {
        panic!("{node}")
    };
    assert_eq!((parts[0].at.clone(), parts[1].at.clone()), (0..12, 17..26));
}

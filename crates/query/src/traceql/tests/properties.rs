//! What holds for every text and every tree of conditions; `queries.rs` has
//! the trees of whole queries.

use proptest::collection::vec;
use proptest::prelude::*;
use tracewell_model::{SpanKind, StatusCode};

use super::super::{
    AttributeScope, CompareOp, Expr, Field, FieldType, Literal, Query, SourceRange, parse,
    vocabulary,
};

pub(super) fn attribute() -> impl Strategy<Value = Field> {
    let scope = prop_oneof![
        Just(AttributeScope::Any),
        Just(AttributeScope::Span),
        Just(AttributeScope::Resource),
        Just(AttributeScope::Event),
        Just(AttributeScope::Link),
        Just(AttributeScope::Instrumentation),
    ];
    let key = prop_oneof![
        "[a-z0-9._\"\\\\ {}=/-]{1,12}",
        any::<String>().prop_filter("keys are not empty", |key| !key.is_empty()),
    ];
    (scope, key).prop_map(|(scope, key)| Field::Attribute { scope, key })
}

fn text() -> impl Strategy<Value = Literal> {
    any::<String>().prop_map(Literal::Text)
}

pub(super) fn number() -> impl Strategy<Value = Literal> {
    prop_oneof![
        any::<i64>().prop_map(Literal::Int),
        Just(Literal::Int(i64::MIN)),
        any::<i64>().prop_map(Literal::DurationNs),
        (-10_000_000_000_i64..10_000_000_000).prop_map(Literal::DurationNs),
        Just(Literal::DurationNs(i64::MIN)),
        any::<f64>()
            .prop_filter("finite", |value| value.is_finite())
            .prop_map(Literal::Float),
    ]
}

fn boolean() -> impl Strategy<Value = Literal> {
    any::<bool>().prop_map(Literal::Bool)
}

pub(super) fn ordered() -> impl Strategy<Value = CompareOp> {
    prop_oneof![
        equality(),
        Just(CompareOp::Less),
        Just(CompareOp::LessOrEqual),
        Just(CompareOp::Greater),
        Just(CompareOp::GreaterOrEqual),
    ]
}

fn equality() -> impl Strategy<Value = CompareOp> {
    prop_oneof![Just(CompareOp::Equal), Just(CompareOp::NotEqual)]
}

fn compare(
    fields: impl Strategy<Value = Field>,
    ops: impl Strategy<Value = CompareOp>,
    values: impl Strategy<Value = Literal>,
) -> impl Strategy<Value = Expr> {
    (fields, ops, values).prop_map(|(field, op, value)| Expr::compare(field, op, value))
}

fn of_type(wanted: FieldType) -> impl Strategy<Value = Field> {
    let all: Vec<_> = vocabulary::intrinsics()
        .filter(|intrinsic| intrinsic.field_type() == wanted)
        .map(Field::Intrinsic)
        .collect();
    prop::sample::select(all)
}

fn leaf() -> impl Strategy<Value = Expr> {
    let status = prop::sample::select(vec![StatusCode::Unset, StatusCode::Ok, StatusCode::Error])
        .prop_map(Literal::Status);
    let kind = prop::sample::select(SpanKind::ALL.to_vec()).prop_map(Literal::Kind);
    let pattern = "[a-z.*+|]{0,3}[a-z]".prop_filter("a valid pattern", |pattern| {
        super::super::compile_pattern(pattern).is_ok()
    });
    let patterns = prop_oneof![Just(CompareOp::Matches), Just(CompareOp::NotMatches)];
    let textual = || prop_oneof![attribute(), of_type(FieldType::Text)];
    let numeric = prop_oneof![
        attribute(),
        of_type(FieldType::Int),
        of_type(FieldType::Duration)
    ];
    prop_oneof![
        Just(Expr::True),
        Just(Expr::False),
        compare(textual(), ordered(), text()),
        compare(textual(), patterns, pattern.prop_map(Literal::Text)),
        compare(numeric, ordered(), number()),
        compare(
            prop_oneof![attribute(), of_type(FieldType::Bool)],
            equality(),
            boolean()
        ),
        compare(of_type(FieldType::Status), equality(), status),
        compare(of_type(FieldType::Kind), equality(), kind),
        compare(
            of_type(FieldType::TraceId),
            equality(),
            "[0-9a-f]{1,32}".prop_map(Literal::Text)
        ),
        compare(
            of_type(FieldType::SpanId),
            equality(),
            "[0-9a-f]{1,16}".prop_map(Literal::Text)
        ),
        attribute().prop_map(|field| Expr::Exists {
            field,
            source: SourceRange::default()
        }),
        attribute().prop_map(|field| Expr::Missing {
            field,
            source: SourceRange::default()
        }),
    ]
}

pub(super) fn tree() -> impl Strategy<Value = Expr> {
    leaf().prop_recursive(6, 40, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 2..5).prop_map(Expr::And),
            vec(inner.clone(), 2..5).prop_map(Expr::Or),
            inner.prop_map(|condition| Expr::Not(Box::new(condition))),
        ]
    })
}

/// Pieces that reach deep into the parser far more often than random text.
fn soup() -> impl Strategy<Value = String> {
    let pieces = vec![
        "{",
        "}",
        "(",
        ")",
        "&&",
        "||",
        "!",
        "=",
        "!=",
        "<",
        "<=",
        ">",
        ">=",
        "=~",
        "!~",
        "|",
        "+",
        "-",
        "*",
        "/",
        "%",
        "^",
        ",",
        "&",
        "~",
        ">>",
        "!>>",
        "&~",
        "==",
        ".a",
        "span.b",
        "span.",
        "resource.\"x y\"",
        ".\"",
        "name",
        "duration",
        "error",
        "status",
        "kind",
        "nil",
        "true",
        "false",
        "ok",
        "server",
        "span:id",
        "trace:",
        "foo:bar",
        "parent.x",
        "1",
        "-1",
        "1.5",
        "1e3",
        "1s",
        "1h30",
        "5parsecs",
        "99999999999999999999",
        "\"a\"",
        "\"(\"",
        "\"\\x",
        "`r`",
        "'s'",
        "//",
        "/*",
        "*/",
        "\n",
        "ü",
        "\u{0}",
        "with",
        "by",
        "by(",
        "select(",
        "coalesce()",
        "count()",
        "avg(duration)",
        "rate()",
        "quantile_over_time(",
        "compare(",
        "topk(",
        "{ .a }",
        "({ .a } | count())",
        "nestedSetParent",
        "minInt",
        "“q”",
    ];
    let separators = prop::sample::select(vec!["", " "]);
    vec((prop::sample::select(pieces), separators), 0..40).prop_map(|parts| {
        parts
            .into_iter()
            .map(|(piece, separator)| format!("{piece}{separator}"))
            .collect()
    })
}

/// Parsing ends, in a query that prints and reads back, or in an error that
/// points into the text.
fn survives(text: &str) -> Result<(), TestCaseError> {
    match parse(text) {
        Ok(query) => prop_assert_eq!(parse(&query.to_string()), Ok(query)),
        Err(error) => {
            prop_assert!(error.span.start <= error.span.end, "{:?}", error);
            prop_assert!(error.span.end <= text.chars().count(), "{:?}", error);
            let line = error.to_string();
            prop_assert!(!line.contains(char::is_control), "{}", line);
            prop_assert!(line.chars().count() < 300, "{}", line);
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn printing_and_parsing_give_the_same_tree(filter in tree()) {
        let query = Query::of_filter(filter);
        let printed = query.to_string();
        prop_assert_eq!(parse(&printed), Ok(query), "{}", printed);
    }

    #[test]
    fn any_text_is_survived(text in any::<String>()) {
        survives(&text)?;
    }

    #[test]
    fn any_text_in_braces_is_survived(text in any::<String>()) {
        survives(&format!("{{ .a = {text} }}"))?;
    }

    #[test]
    fn any_tokens_are_survived(text in soup()) {
        survives(&text)?;
        survives(&format!("{{ {text} }}"))?;
    }
}

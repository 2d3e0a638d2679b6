//! Trees of whole queries: what is printed reads back as the same tree.

use proptest::collection::vec;
use proptest::prelude::*;
use tracewell_model::values::Arithmetic;

use super::super::{
    Aggregate, CompareOp, Expr, Hint, Literal, MetricsExpr, MetricsFunction, Mode, OverTime,
    Pipeline, Query, Relation, Root, ScalarExpr, SourceRange, SpansetExpr, Stage, ValueExpr, parse,
};
use super::properties::{attribute, number, ordered, tree};

fn arithmetic() -> impl Strategy<Value = Arithmetic> {
    prop::sample::select(vec![
        Arithmetic::Add,
        Arithmetic::Subtract,
        Arithmetic::Multiply,
        Arithmetic::Divide,
        Arithmetic::Remainder,
        Arithmetic::Power,
    ])
}

/// Constants are calculated by the parser, so that none stands alone below an
/// operator.
fn value() -> impl Strategy<Value = ValueExpr> {
    let leaf = prop_oneof![
        attribute().prop_map(ValueExpr::Field),
        number().prop_map(ValueExpr::Literal),
    ];
    let is_literal = |value: &ValueExpr| matches!(value, ValueExpr::Literal(_));
    leaf.prop_recursive(4, 16, 2, move |inner| {
        prop_oneof![
            inner
                .clone()
                .prop_filter("calculated", move |value| !is_literal(value))
                .prop_map(|value| ValueExpr::Negated(Box::new(value))),
            (arithmetic(), inner.clone(), inner)
                .prop_filter("calculated", move |(_, left, right)| {
                    !(is_literal(left) && is_literal(right))
                })
                .prop_map(|(op, left, right)| ValueExpr::Calculated {
                    op,
                    left: Box::new(left),
                    right: Box::new(right),
                }),
        ]
    })
}

fn condition_value() -> impl Strategy<Value = ValueExpr> {
    tree()
        .prop_filter("a literal", |expr| {
            !matches!(expr, Expr::True | Expr::False)
        })
        .prop_map(|expr| ValueExpr::Condition(Box::new(expr)))
}

/// Comparisons that no [`Expr::Compare`] can be.
fn comparison() -> impl Strategy<Value = Expr> {
    let is_plain = |value: &ValueExpr| matches!(value, ValueExpr::Literal(_) | ValueExpr::Field(_));
    let is_field = |value: &ValueExpr| matches!(value, ValueExpr::Field(_));
    let numbers = (value(), ordered(), value()).prop_filter("normalised", move |(a, _, b)| {
        !(is_plain(a) && is_plain(b)) || (is_field(a) && is_field(b))
    });
    let conditions = (condition_value(), attribute())
        .prop_map(|(condition, field)| (condition, CompareOp::NotEqual, ValueExpr::Field(field)));
    prop_oneof![numbers, conditions].prop_map(|(left, op, right)| Expr::CompareValues {
        left,
        op,
        right,
        source: SourceRange::default(),
    })
}

fn scalar() -> impl Strategy<Value = ScalarExpr> {
    let aggregates = vec![
        Aggregate::Min,
        Aggregate::Max,
        Aggregate::Avg,
        Aggregate::Sum,
    ];
    let aggregate = prop_oneof![
        Just(ScalarExpr::Aggregate {
            function: Aggregate::Count,
            of: None
        }),
        (prop::sample::select(aggregates), value()).prop_map(|(function, of)| {
            ScalarExpr::Aggregate {
                function,
                of: Some(of),
            }
        }),
    ];
    let right = prop_oneof![aggregate.clone(), number().prop_map(ScalarExpr::Literal)];
    aggregate.prop_recursive(3, 6, 2, move |inner| {
        (arithmetic(), inner, right.clone()).prop_map(|(op, left, right)| ScalarExpr::Calculated {
            op,
            left: Box::new(left),
            right: Box::new(right),
        })
    })
}

fn stage() -> impl Strategy<Value = Stage> {
    prop_oneof![
        (scalar(), ordered(), number()).prop_map(|(left, op, right)| Stage::ScalarFilter {
            left,
            op,
            right: ScalarExpr::Literal(right)
        }),
        (number(), ordered(), scalar()).prop_map(|(left, op, right)| Stage::ScalarFilter {
            left: ScalarExpr::Literal(left),
            op,
            right
        }),
        prop_oneof![value(), condition_value()].prop_map(Stage::By),
        Just(Stage::Coalesce),
        vec(attribute(), 1..4).prop_map(Stage::Select),
    ]
}

fn spansets() -> impl Strategy<Value = SpansetExpr> {
    let filter = prop_oneof![tree(), comparison()].prop_map(SpansetExpr::Filter);
    let relation = prop_oneof![
        Just((Relation::And, Mode::Plain)),
        Just((Relation::Or, Mode::Plain)),
        (
            prop::sample::select(vec![
                Relation::Child,
                Relation::Descendant,
                Relation::Parent,
                Relation::Ancestor,
                Relation::Sibling,
            ]),
            prop::sample::select(vec![Mode::Plain, Mode::Not, Mode::Union])
        ),
    ];
    filter.prop_recursive(3, 8, 2, move |inner| {
        let side = || {
            let piped = (inner.clone(), stage()).prop_map(|(first, stage)| {
                let mut stages = match first {
                    SpansetExpr::Pipeline(Pipeline { stages }) => stages,
                    other => vec![Stage::Spansets(other)],
                };
                stages.push(stage);
                SpansetExpr::Pipeline(Pipeline { stages })
            });
            prop_oneof![3 => inner.clone(), 1 => piped]
        };
        (relation.clone(), side(), side()).prop_map(|((relation, mode), left, right)| {
            SpansetExpr::Combine {
                relation,
                mode,
                left: Box::new(left),
                right: Box::new(right),
            }
        })
    })
}

fn pipeline() -> impl Strategy<Value = Pipeline> {
    (spansets(), vec(stage(), 0..3)).prop_map(|(first, stages)| Pipeline {
        stages: [vec![Stage::Spansets(first)], stages].concat(),
    })
}

fn metrics() -> impl Strategy<Value = MetricsExpr> {
    let function = prop_oneof![
        Just(MetricsFunction::Rate),
        Just(MetricsFunction::Count),
        attribute().prop_map(|field| MetricsFunction::OfField(OverTime::Histogram, field)),
        attribute().prop_map(|field| MetricsFunction::OfField(OverTime::Avg, field)),
        (
            attribute(),
            vec(
                (0..=1000).prop_map(|q| Literal::Float(f64::from(q) / 1000.0)),
                1..3
            )
        )
            .prop_map(|(field, quantiles)| MetricsFunction::Quantiles(field, quantiles)),
    ];
    let series =
        (pipeline(), function, vec(attribute(), 0..3)).prop_map(|(spans, function, by)| {
            MetricsExpr::Series {
                spans,
                function,
                by,
                source: SourceRange::default(),
            }
        });
    series.prop_recursive(3, 5, 2, |inner| {
        let boxed = || inner.clone().prop_map(Box::new);
        let plain = prop::sample::select(vec![
            Arithmetic::Add,
            Arithmetic::Subtract,
            Arithmetic::Multiply,
            Arithmetic::Divide,
        ]);
        let factor = any::<i32>().prop_map(|n| MetricsExpr::Number(Literal::Int(n.into())));
        prop_oneof![
            (boxed(), any::<bool>(), 1_u32..9).prop_map(|(of, is_top, count)| MetricsExpr::Best {
                of,
                is_top,
                count
            }),
            (boxed(), ordered(), number()).prop_map(|(of, op, limit)| MetricsExpr::Filtered {
                of,
                op,
                limit
            }),
            (plain, prop_oneof![inner.clone(), factor], boxed()).prop_map(|(op, left, right)| {
                MetricsExpr::Calculated {
                    op,
                    left: Box::new(left),
                    right,
                }
            }),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whole_queries_print_and_read_back(
        root in prop_oneof![pipeline().prop_map(Root::Search), metrics().prop_map(Root::Metrics)],
        hint in prop::option::of("[a-z_]{1,9}"),
    ) {
        let hint = hint.map(|name| Hint { name, value: Literal::Bool(true) });
        let query = Query { root, hints: hint.into_iter().collect() };
        let printed = query.to_string();
        // The longest of them are longer than a query may be.
        prop_assume!(printed.len() <= super::MAX_QUERY_BYTES);
        prop_assert_eq!(parse(&printed), Ok(query), "{}", printed);
    }
}

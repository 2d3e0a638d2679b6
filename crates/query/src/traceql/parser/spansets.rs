//! What stands between pipes: spansets and the operators between them, numbers
//! of spansets, series, by binding power.
//!
//! The same signs mean different things between spansets (`>` is a child),
//! numbers (`>` is greater) and series; **what stands to the left decides.**

use std::ops::Range;

use tracewell_model::values::Arithmetic;

use super::super::MAX_NESTING;
use super::super::ast::{
    Aggregate, CompareOp, Literal, MetricsExpr, Mode, Pipeline, Relation, ScalarExpr, SpansetExpr,
    Stage,
};
use super::super::error::TraceQlError;
use super::super::lexer::{Token, TokenKind};
use super::super::{validate, vocabulary};
use super::Parser;
use super::expression::{arithmetic_power, number};
use super::operand::{constant, too_deep};

/// What was read.
pub(super) enum Term {
    Spansets(SpansetExpr),
    Scalar(ScalarExpr),
    /// A comparison of scalars, or a stage with a name.
    Stage(Stage),
    Metrics(MetricsExpr),
}

/// With its place and the levels of tree below it.
pub(super) struct Placed {
    pub(super) term: Term,
    pub(super) range: Range<usize>,
    pub(super) height: usize,
}

/// An operator between two terms.
enum Operator {
    Logical(Relation),
    Compare(CompareOp),
    Structural(&'static str),
    Arithmetic(Arithmetic),
}

impl Operator {
    fn of(token: &TokenKind) -> Option<Self> {
        Some(match token {
            TokenKind::And => Self::Logical(Relation::And),
            TokenKind::Or => Self::Logical(Relation::Or),
            TokenKind::Compare(op) => Self::Compare(*op),
            TokenKind::Structural(op) => Self::Structural(op),
            TokenKind::Arithmetic(op) => Self::Arithmetic(Arithmetic::from_symbol(*op)?),
            _ => return None,
        })
    }

    fn power(&self) -> u8 {
        match self {
            Self::Logical(_) => 1,
            Self::Compare(_) | Self::Structural(_) => 2,
            Self::Arithmetic(op) => arithmetic_power(*op),
        }
    }

    fn text(&self) -> String {
        match self {
            Self::Logical(relation) => vocabulary::relation_text(*relation, Mode::Plain).to_owned(),
            Self::Compare(op) => op.to_string(),
            Self::Structural(op) => (*op).to_owned(),
            Self::Arithmetic(op) => op.symbol().to_string(),
        }
    }

    /// Between spansets.
    fn relation(&self) -> Option<(Relation, Mode)> {
        match self {
            Self::Logical(relation) => Some((*relation, Mode::Plain)),
            Self::Arithmetic(_) => None,
            other => vocabulary::relation(&other.text()),
        }
    }
}

impl Parser {
    /// A term and all operators after it that bind at least as tightly.
    pub(super) fn term(&mut self, min_power: u8) -> Result<Placed, TraceQlError> {
        let mut left = self.primary()?;
        while let Some(operator) =
            Operator::of(&self.peek().kind).filter(|op| op.power() >= min_power)
        {
            let at = self.take().range;
            let right = self.nested(&at, |parser| parser.term(operator.power() + 1))?;
            left = combine(left, &operator, at, right)?;
        }
        Ok(left)
    }

    fn primary(&mut self) -> Result<Placed, TraceQlError> {
        let range = self.peek().range.clone();
        let scalar = |scalar, range| Placed {
            term: Term::Scalar(scalar),
            range,
            height: 0,
        };
        match &self.peek().kind {
            TokenKind::LeftBrace => {
                let (filter, range) = self.filter()?;
                Ok(Placed {
                    term: Term::Spansets(SpansetExpr::Filter(filter)),
                    range,
                    height: 0,
                })
            }
            TokenKind::LeftParenthesis => self.parenthesised_pipeline(),
            TokenKind::Int(_) | TokenKind::Float(_) | TokenKind::DurationNs(_) => {
                let token = self.take();
                let literal = number(&token.kind, false, &range)?;
                Ok(scalar(ScalarExpr::Literal(literal), range))
            }
            TokenKind::Arithmetic('-') => {
                self.take();
                let token = self.take();
                let range = range.start..token.range.end;
                let literal = number(&token.kind, true, &range)?;
                Ok(scalar(ScalarExpr::Literal(literal), range))
            }
            TokenKind::Word(word) => match vocabulary::aggregate(word) {
                Some(function) => {
                    self.take();
                    let (aggregate, end) = self.aggregate(function)?;
                    Ok(scalar(aggregate, range.start..end))
                }
                None => Err(self.no_term()),
            },
            _ => Err(self.no_term()),
        }
    }

    /// `( … )`: a pipeline of its own.
    fn parenthesised_pipeline(&mut self) -> Result<Placed, TraceQlError> {
        let opening = self.take().range;
        let read = self.nested(&opening, Self::pipeline)?;
        let Token { kind, range } = self.take();
        match kind {
            TokenKind::RightParenthesis => {}
            TokenKind::Invalid(error) => return Err(error),
            TokenKind::End => return Err(TraceQlError::new(opening, "this `(` is not closed")),
            other => {
                let message = format!("expected an operator, `|` or `)`, found {other}");
                return Err(TraceQlError::new(range, message));
            }
        }
        read.into_term(opening.start..range.end)
    }

    /// After the name of an aggregate; says where it ends.
    fn aggregate(&mut self, function: Aggregate) -> Result<(ScalarExpr, usize), TraceQlError> {
        self.expect(&TokenKind::LeftParenthesis)?;
        let of = if function == Aggregate::Count {
            None
        } else {
            let (of, range) = self.value()?;
            validate::number(&of, vocabulary::aggregate_name(function), range)?;
            Some(of)
        };
        let end = self.expect(&TokenKind::RightParenthesis)?.end;
        Ok((ScalarExpr::Aggregate { function, of }, end))
    }
}

fn combine(
    left: Placed,
    operator: &Operator,
    at: Range<usize>,
    right: Placed,
) -> Result<Placed, TraceQlError> {
    let range = left.range.start..right.range.end;
    let height = left.height.max(right.height) + 1;
    if height > MAX_NESTING {
        return Err(too_deep(range));
    }
    let text = operator.text();
    let wrong = |what: &str| TraceQlError::new(at.clone(), format!("`{text}` {what}"));
    let term = match (left.term, right.term) {
        (Term::Spansets(left), Term::Spansets(right)) => {
            let (relation, mode) = operator
                .relation()
                .ok_or_else(|| wrong("is no operator between filters"))?;
            Term::Spansets(SpansetExpr::Combine {
                relation,
                mode,
                left: Box::new(left),
                right: Box::new(right),
            })
        }
        (Term::Scalar(left), Term::Scalar(right)) => match operator {
            Operator::Compare(op) if !op.is_pattern() => {
                if left.is_literal() && right.is_literal() {
                    return Err(TraceQlError::new(
                        range,
                        "both sides of the comparison are fixed values",
                    )
                    .hint("compare an aggregate with one, for example `count() > 2`"));
                }
                Term::Stage(Stage::ScalarFilter {
                    left,
                    op: *op,
                    right,
                })
            }
            Operator::Arithmetic(op) => Term::Scalar(calculated(*op, left, right, at)?),
            _ => return Err(wrong("does not work with numbers")),
        },
        (Term::Metrics(of), Term::Scalar(ScalarExpr::Literal(limit))) if matches!(operator, Operator::Compare(op) if !op.is_pattern()) =>
        {
            let Operator::Compare(op) = operator else {
                return Err(wrong("does not work with series"));
            };
            Term::Metrics(MetricsExpr::Filtered {
                of: Box::new(of),
                op: *op,
                limit,
            })
        }
        (left, right) if left.is_series() || right.is_series() => match operator {
            Operator::Arithmetic(Arithmetic::Remainder | Arithmetic::Power) => {
                return Err(wrong("does not work with series"));
            }
            Operator::Arithmetic(op) => Term::Metrics(MetricsExpr::Calculated {
                op: *op,
                left: Box::new(left.into_series(&at)?),
                right: Box::new(right.into_series(&at)?),
            }),
            _ => return Err(wrong("does not work with series")),
        },
        (Term::Stage(_), _) => {
            return Err(
                wrong("cannot go on from a comparison").hint("the next stage begins with `|`")
            );
        }
        _ => {
            return Err(wrong("has a filter on one side and a number on the other")
                .hint("numbers come of a pipeline: `{ … } | count() > 2`"));
        }
    };
    Ok(Placed {
        term,
        range,
        height,
    })
}

fn calculated(
    op: Arithmetic,
    left: ScalarExpr,
    right: ScalarExpr,
    at: Range<usize>,
) -> Result<ScalarExpr, TraceQlError> {
    if let (ScalarExpr::Literal(left), ScalarExpr::Literal(right)) = (&left, &right) {
        return constant(op, left, right, at).map(ScalarExpr::Literal);
    }
    Ok(ScalarExpr::Calculated {
        op,
        left: Box::new(left),
        right: Box::new(right),
    })
}

impl ScalarExpr {
    fn is_literal(&self) -> bool {
        matches!(self, Self::Literal(_))
    }
}

impl Term {
    fn is_series(&self) -> bool {
        matches!(self, Self::Metrics(_))
    }

    /// A side of arithmetic with series.
    fn into_series(self, at: &Range<usize>) -> Result<MetricsExpr, TraceQlError> {
        match self {
            Self::Metrics(metrics) => Ok(metrics),
            Self::Scalar(ScalarExpr::Literal(value @ (Literal::Int(_) | Literal::Float(_)))) => {
                Ok(MetricsExpr::Number(value))
            }
            _ => Err(TraceQlError::new(
                at.clone(),
                "series calculate with series and plain numbers",
            )
            .hint("write for example `({ error } | rate()) / ({ } | rate())`")),
        }
    }

    /// What it is as stages of a pipeline.
    pub(super) fn into_stages(self, range: Range<usize>) -> Result<Vec<Stage>, TraceQlError> {
        match self {
            Self::Spansets(SpansetExpr::Pipeline(Pipeline { stages })) => Ok(stages),
            Self::Spansets(spansets) => Ok(vec![Stage::Spansets(spansets)]),
            Self::Stage(stage) => Ok(vec![stage]),
            Self::Scalar(scalar) => {
                let error = TraceQlError::new(
                    range,
                    format!(
                        "`{}` alone keeps nothing",
                        super::super::error::cut(&scalar.to_string())
                    ),
                );
                Err(error.hint("compare it, for example `count() > 2`"))
            }
            Self::Metrics(_) => Err(TraceQlError::new(
                range,
                "nothing follows series but `topk`, `bottomk` and a comparison",
            )),
        }
    }
}

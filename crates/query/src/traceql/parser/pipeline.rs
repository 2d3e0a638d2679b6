//! Stages behind each other: `… | by(name) | count() > 2`.
//!
//! A pipeline may turn out to be series, or a number in parentheses; **it is
//! known only at its end what was read.**

use std::ops::Range;

use super::super::ast::{CompareOp, Field, Pipeline, ScalarExpr, SpansetExpr, Stage, ValueExpr};
use super::super::error::{TraceQlError, quoted};
use super::super::lexer::{Token, TokenKind};
use super::super::vocabulary;
use super::spansets::{Placed, Term};
use super::{Parser, not_said};

/// A pipeline that was read.
pub(super) struct Read {
    /// All stages but the last.
    stages: Vec<Stage>,
    /// The last.
    pub(super) term: Term,
    range: Range<usize>,
    height: usize,
}

impl Read {
    /// As a pipeline that searches.
    pub(super) fn into_pipeline(self) -> Result<Pipeline, TraceQlError> {
        let mut stages = self.stages;
        stages.extend(self.term.into_stages(self.range)?);
        Ok(Pipeline { stages })
    }

    /// As what stands in parentheses, at `range`.
    pub(super) fn into_term(self, range: Range<usize>) -> Result<Placed, TraceQlError> {
        let height = self.height + 1;
        let term = match (self.term, self.stages.is_empty()) {
            (Term::Metrics(metrics), _) => Term::Metrics(metrics),
            (term, true) => match term {
                Term::Stage(stage) => Term::Spansets(SpansetExpr::Pipeline(Pipeline {
                    stages: vec![stage],
                })),
                other => other,
            },
            (Term::Scalar(scalar), false) => Term::Scalar(ScalarExpr::OfPipeline {
                spans: Pipeline {
                    stages: self.stages,
                },
                scalar: Box::new(scalar),
                source: range.clone().into(),
            }),
            (term, false) => {
                let mut stages = self.stages;
                stages.extend(term.into_stages(self.range)?);
                Term::Spansets(SpansetExpr::Pipeline(Pipeline { stages }))
            }
        };
        Ok(Placed {
            term,
            range,
            height,
        })
    }
}

impl Parser {
    /// Can a query begin here?
    pub(super) fn begins_query(&self) -> bool {
        match &self.peek().kind {
            TokenKind::LeftBrace
            | TokenKind::LeftParenthesis
            | TokenKind::Int(_)
            | TokenKind::Float(_)
            | TokenKind::DurationNs(_)
            | TokenKind::Arithmetic('-') => true,
            TokenKind::Word(word) => {
                matches!(word.as_str(), "by" | "select" | "coalesce")
                    || vocabulary::aggregate(word).is_some()
            }
            _ => false,
        }
    }

    /// Stages up to what is no `|`.
    pub(super) fn pipeline(&mut self) -> Result<Read, TraceQlError> {
        if self.at_word("coalesce") {
            let range = self.take().range;
            return Err(
                TraceQlError::new(range, "`coalesce()` has nothing before it")
                    .hint("it makes one set of those of `by()`: `{ } | by(name) | coalesce()`"),
            );
        }
        let Placed {
            term,
            range,
            height,
        } = self.stage()?;
        let mut read = Read {
            stages: Vec::new(),
            term,
            range,
            height,
        };
        while self.peek().kind == TokenKind::Pipe {
            self.take();
            if let Term::Metrics(metrics) = read.term {
                read.term = Term::Metrics(self.best_of(metrics)?);
            } else if let Some((function, by, source)) = self.metrics_function()? {
                let spans = Pipeline {
                    stages: with(read.stages, read.term.into_stages(read.range)?),
                };
                read.stages = Vec::new();
                read.range = source.clone();
                let series = super::metrics::series(spans, function, by, source);
                read.term = Term::Metrics(self.limits(series)?);
            } else {
                let stages = read.term.into_stages(read.range)?;
                read.stages.extend(stages);
                let placed = self.stage()?;
                read.term = placed.term;
                read.range = placed.range;
                read.height = read.height.max(placed.height);
            }
        }
        Ok(read)
    }

    /// One stage, or what may be part of one.
    fn stage(&mut self) -> Result<Placed, TraceQlError> {
        let start = self.peek().range.start;
        let stage = if self.at_word("by") {
            self.take();
            self.expect(&TokenKind::LeftParenthesis)?;
            Stage::By(self.value()?.0)
        } else if self.at_word("coalesce") {
            self.take();
            self.expect(&TokenKind::LeftParenthesis)?;
            Stage::Coalesce
        } else if self.at_word("select") {
            self.take();
            self.expect(&TokenKind::LeftParenthesis)?;
            Stage::Select(self.fields_before_end()?)
        } else {
            return self.term(0);
        };
        let end = self.expect(&TokenKind::RightParenthesis)?.end;
        Ok(Placed {
            term: Term::Stage(stage),
            range: start..end,
            height: 0,
        })
    }

    /// Fields with commas between them; leaves the `)`.
    pub(super) fn fields_before_end(&mut self) -> Result<Vec<Field>, TraceQlError> {
        let mut fields = vec![self.field()?];
        while self.peek().kind == TokenKind::Comma {
            self.take();
            fields.push(self.field()?);
        }
        Ok(fields)
    }

    /// A field up to the `)` or `,` behind it.
    pub(super) fn field(&mut self) -> Result<Field, TraceQlError> {
        match self.value()? {
            (ValueExpr::Field(field), _) => Ok(field),
            (other, range) => {
                let message = format!("{} is no field", quoted(&other.to_string()));
                Err(TraceQlError::new(range, message)
                    .hint("write for example `resource.service.name`"))
            }
        }
    }

    /// What stands where a stage should is none.
    pub(super) fn no_term(&mut self) -> TraceQlError {
        let Token { kind, range } = self.take();
        let TokenKind::Word(word) = kind else {
            let message = format!("expected a filter or a stage, found {kind}");
            return not_said(kind, range, message);
        };
        let error = TraceQlError::new(range, format!("unknown stage {}", quoted(&word)));
        error.hint(match vocabulary::nearest_stage(&word) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "stages are filters in braces, `by()`, `coalesce()`, `select()`, comparisons of `count()`, `min()`, `max()`, `avg()`, `sum()`, and metrics such as `rate()`".to_owned(),
        })
    }

    /// The query does not begin with what it can begin with.
    pub(super) fn no_query(&mut self) -> TraceQlError {
        let Token { kind, range } = self.take();
        match kind {
            TokenKind::Invalid(error) => error,
            TokenKind::End => {
                TraceQlError::new(range, "the query is empty").hint("`{ }` finds every span")
            }
            other => TraceQlError::new(range, format!("a query begins with `{{`, not {other}"))
                .hint("put the conditions in braces: `{ name = \"GET /\" }`"),
        }
    }

    /// Something follows the whole query.
    pub(super) fn after_query(&mut self) -> TraceQlError {
        let Token { kind, range } = self.take();
        match kind {
            TokenKind::Invalid(error) => error,
            TokenKind::RightBrace => TraceQlError::new(range, "this `}` closes nothing"),
            TokenKind::RightParenthesis => TraceQlError::new(range, "this `)` closes nothing"),
            TokenKind::Compare(CompareOp::Equal) => {
                TraceQlError::new(range, "`=` is no operator between filters")
            }
            other => TraceQlError::new(range, format!("unexpected {other} after the query"))
                .hint("stages begin with `|`, conditions stand inside the braces"),
        }
    }
}

fn with(mut stages: Vec<Stage>, more: Vec<Stage>) -> Vec<Stage> {
    stages.extend(more);
    stages
}

//! Metrics: what is made of spans over time, and of the series after that.
//!
//! **Limits of what a server would calculate are no part of the grammar.**

use std::ops::Range;

use super::super::MAX_NESTING;
use super::super::ast::{
    CompareOp, Field, Literal, MetricsExpr, MetricsFunction, Pipeline, ScalarExpr,
};
use super::super::error::{TraceQlError, quoted};
use super::super::lexer::{Token, TokenKind};
use super::super::vocabulary;
use super::operand::too_deep;
use super::spansets::{Placed, Term};
use super::{Parser, not_said};

/// Behind a `|`: the function, what it is grouped by, and its place.
type Function = (MetricsFunction, Vec<Field>, Range<usize>);

pub(super) fn series(
    spans: Pipeline,
    function: MetricsFunction,
    by: Vec<Field>,
    source: Range<usize>,
) -> MetricsExpr {
    MetricsExpr::Series {
        spans,
        function,
        by,
        source: source.into(),
    }
}

impl Parser {
    /// A function over time, if one stands here.
    pub(super) fn metrics_function(&mut self) -> Result<Option<Function>, TraceQlError> {
        let TokenKind::Word(word) = &self.peek().kind else {
            return Ok(None);
        };
        let over_time = vocabulary::over_time(word);
        let is_one = over_time.is_some()
            || matches!(
                word.as_str(),
                "rate" | "count_over_time" | "quantile_over_time" | "compare"
            );
        if !is_one {
            if matches!(word.as_str(), "topk" | "bottomk") {
                let message = format!("`{word}` has no series before it");
                let error = TraceQlError::new(self.peek().range.clone(), message);
                return Err(error.hint("write for example `{ } | rate() by (name) | topk(5)`"));
            }
            return Ok(None);
        }
        let Token { kind, range } = self.take();
        self.expect(&TokenKind::LeftParenthesis)?;
        let function = match (over_time, kind) {
            (Some(function), _) => MetricsFunction::OfField(function, self.field()?),
            (None, TokenKind::Word(word)) => match word.as_str() {
                "rate" => MetricsFunction::Rate,
                "count_over_time" => MetricsFunction::Count,
                "compare" => self.compare_arguments()?,
                _ => self.quantile_arguments()?,
            },
            (None, _) => MetricsFunction::Count,
        };
        let mut end = self.expect(&TokenKind::RightParenthesis)?.end;
        let mut by = Vec::new();
        if self.at_word("by") {
            let at = self.take().range;
            if matches!(function, MetricsFunction::Compare { .. }) {
                return Err(TraceQlError::new(at, "`compare` has no `by`")
                    .hint("it compares every attribute already"));
            }
            self.expect(&TokenKind::LeftParenthesis)?;
            by = self.fields_before_end()?;
            end = self.expect(&TokenKind::RightParenthesis)?.end;
        }
        Ok(Some((function, by, range.start..end)))
    }

    fn quantile_arguments(&mut self) -> Result<MetricsFunction, TraceQlError> {
        let field = self.field()?;
        let mut quantiles = Vec::new();
        while self.peek().kind == TokenKind::Comma {
            self.take();
            let range = self.peek().range.clone();
            let quantile = self.literal()?;
            let value = quantile.to_value().number();
            if !value.is_some_and(|value| (0.0..=1.0).contains(&value)) {
                let message = format!("`{quantile}` is not between 0 and 1");
                return Err(TraceQlError::new(range, message));
            }
            quantiles.push(quantile);
        }
        if quantiles.is_empty() {
            let range = self.peek().range.clone();
            return Err(TraceQlError::new(range, "the quantile is missing")
                .hint("write for example `quantile_over_time(duration, 0.5, 0.99)`"));
        }
        Ok(MetricsFunction::Quantiles(field, quantiles))
    }

    fn compare_arguments(&mut self) -> Result<MetricsFunction, TraceQlError> {
        let (selection, _) = self.filter()?;
        let mut numbers = Vec::new();
        let first = self.peek().range.clone();
        while self.peek().kind == TokenKind::Comma {
            self.take();
            numbers.push(self.whole_number()?);
        }
        let (top, between_ns) = match numbers[..] {
            [] => (None, None),
            [top] => (Some(top), None),
            [top, from, to] => (Some(top), Some((from, to))),
            _ => {
                return Err(TraceQlError::new(
                    first,
                    "`compare` takes a filter, then nothing, one number or three",
                )
                .hint("the numbers are the most values of an attribute, and from and to in ns"));
            }
        };
        let top = top.map(u32::try_from).transpose();
        let top = top.map_err(|_| TraceQlError::new(first, "the number is too large"))?;
        Ok(MetricsFunction::Compare {
            selection,
            top,
            between_ns,
        })
    }

    /// Not negative.
    fn whole_number(&mut self) -> Result<i64, TraceQlError> {
        let Token { kind, range } = self.take();
        match kind {
            TokenKind::Int(value) if i64::try_from(value).is_ok() => Ok(value as i64),
            other => {
                let message = format!("expected a whole number, found {other}");
                Err(not_said(other, range, message))
            }
        }
    }

    /// Behind a `|` behind series.
    pub(super) fn best_of(&mut self, of: MetricsExpr) -> Result<MetricsExpr, TraceQlError> {
        let Token { kind, range } = self.take();
        self.one_more_limit(&range)?;
        let is_top = match &kind {
            TokenKind::Word(word) if word == "topk" => true,
            TokenKind::Word(word) if word == "bottomk" => false,
            TokenKind::Word(word) => {
                let message = format!("{} cannot follow series", quoted(word));
                return Err(
                    TraceQlError::new(range, message).hint("`topk(n)` and `bottomk(n)` can")
                );
            }
            other => {
                let message = format!("expected `topk(n)` or `bottomk(n)`, found {other}");
                return Err(not_said(kind, range, message));
            }
        };
        self.expect(&TokenKind::LeftParenthesis)?;
        let at = self.peek().range.clone();
        let count = u32::try_from(self.whole_number()?).unwrap_or(u32::MAX);
        if count == 0 {
            return Err(TraceQlError::new(at, "at least one series is left over")
                .hint("write for example `topk(5)`"));
        }
        self.expect(&TokenKind::RightParenthesis)?;
        let best = MetricsExpr::Best {
            of: Box::new(of),
            is_top,
            count,
        };
        self.limits(best)
    }

    /// Comparisons behind series.
    pub(super) fn limits(&mut self, mut of: MetricsExpr) -> Result<MetricsExpr, TraceQlError> {
        while let TokenKind::Compare(op) = self.peek().kind {
            let range = self.take().range;
            self.one_more_limit(&range)?;
            let limit = self.limit(op, range)?;
            of = MetricsExpr::Filtered {
                of: Box::new(of),
                op,
                limit,
            };
        }
        Ok(of)
    }

    /// Each is a level of the tree.
    fn one_more_limit(&mut self, at: &Range<usize>) -> Result<(), TraceQlError> {
        self.limits += 1;
        if self.limits > MAX_NESTING {
            return Err(too_deep(at.clone()));
        }
        Ok(())
    }

    fn limit(&mut self, op: CompareOp, at: Range<usize>) -> Result<Literal, TraceQlError> {
        if op.is_pattern() {
            let message = format!("`{op}` does not work with series");
            return Err(TraceQlError::new(at, message));
        }
        match self.term(3)? {
            Placed {
                term: Term::Scalar(ScalarExpr::Literal(limit)),
                ..
            } => Ok(limit),
            Placed { range, .. } => Err(TraceQlError::new(
                range,
                "series are compared with a fixed number",
            )),
        }
    }
}

//! Functions and aggregations.

use super::super::ast::{Aggregation, Expr, Grouping};
use super::super::error::PromQlError;
use super::super::lexer::Token;
use super::Parser;
use std::ops::Range;

/// For whoever wrote another.
const SERVED: &str = "served are rate, increase, histogram_quantile, sum, avg, min, max, count, \
                      group, topk, bottomk, sort, sort_desc and vector";

fn aggregation(word: &str) -> Option<Aggregation> {
    Some(match word {
        "sum" => Aggregation::Sum,
        "avg" => Aggregation::Avg,
        "min" => Aggregation::Min,
        "max" => Aggregation::Max,
        "count" => Aggregation::Count,
        "group" => Aggregation::Group,
        _ => return None,
    })
}

impl Parser {
    /// What begins with a word: a function, an aggregation or a metric.
    pub(super) fn named(&mut self, word: String, place: Range<usize>) -> Result<Expr, PromQlError> {
        let lower = word.to_ascii_lowercase();
        let is_called = match self.peek() {
            Token::Sign("(") => true,
            Token::Word(next) => matches!(&*next.to_ascii_lowercase(), "by" | "without"),
            _ => false,
        };
        if !is_called {
            let of = self.selector(Some(word))?;
            return self.after_selector(of);
        }
        if let Some(by) = aggregation(&lower) {
            let (keep, of) = self.aggregated(|parser| parser.series())?;
            let of = Box::new(of);
            return Ok(Expr::Aggregated { by, keep, of });
        }
        if matches!(&*lower, "topk" | "bottomk") {
            let (keep, (count, of)) = self.aggregated(|parser| {
                let count = parser.number()?;
                parser.expect(",")?;
                Ok((count, parser.series()?))
            })?;
            return Ok(Expr::Best {
                is_top: lower == "topk",
                count: Box::new(count),
                keep,
                of: Box::new(of),
            });
        }
        self.expect("(")?;
        let called = match &*word {
            "rate" | "increase" => {
                let (of, window_ns) = self.windowed()?;
                Expr::Over {
                    is_rate: word == "rate",
                    of,
                    window_ns,
                }
            }
            "histogram_quantile" => {
                let q = Box::new(self.number()?);
                self.expect(",")?;
                let of = Box::new(self.series()?);
                Expr::Quantile { q, of }
            }
            "vector" => Expr::Vector(Box::new(self.number()?)),
            "sort" | "sort_desc" => Expr::Sorted {
                is_descending: word == "sort_desc",
                of: Box::new(self.series()?),
            },
            _ => {
                let message = format!("{word} is not served here: {SERVED}");
                return Err(PromQlError::at(&self.text, &place, message));
            }
        };
        self.expect(")")?;
        Ok(called)
    }

    /// What is in the parentheses, and the grouping before or behind them.
    fn aggregated<T>(
        &mut self,
        inside: impl FnOnce(&mut Self) -> Result<T, PromQlError>,
    ) -> Result<(Grouping, T), PromQlError> {
        let before = self.grouping()?;
        self.expect("(")?;
        let of = inside(self)?;
        self.expect(")")?;
        let keep = match before {
            Some(keep) => keep,
            None => self.grouping()?.unwrap_or(Grouping::By(Vec::new())),
        };
        Ok((keep, of))
    }

    fn series(&mut self) -> Result<Expr, PromQlError> {
        let place = self.place();
        let of = self.expression(0)?;
        match of.is_number() {
            false => Ok(of),
            true => Err(PromQlError::at(
                &self.text,
                &place,
                "expected series here, found a number",
            )),
        }
    }

    fn number(&mut self) -> Result<Expr, PromQlError> {
        let place = self.place();
        let of = self.expression(0)?;
        match of.is_number() {
            true => Ok(of),
            false => Err(PromQlError::at(
                &self.text,
                &place,
                "expected a number here, found series",
            )),
        }
    }
}

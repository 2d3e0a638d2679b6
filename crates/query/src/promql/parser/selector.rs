//! Selectors of series, with what may stand behind them.

use super::super::ast::{Expr, Selector};
use super::super::error::PromQlError;
use super::super::lexer::Token;
use super::super::matching::Matcher;
use super::super::vector::NAME;
use super::Parser;
use crate::traceql::compile_pattern;

impl Parser {
    /// At the `{`, if there is one, behind the name of the metric, if there is one.
    pub(super) fn selector(&mut self, word: Option<String>) -> Result<Selector, PromQlError> {
        let start = self.at;
        let (metric, matchers) = self.name_and_matchers(word)?;
        let Some(metric) = metric else {
            let message = "a selector names its metric: write for example \
                           traces_spanmetrics_calls_total{service=\"cart\"}";
            let range = self.tokens[start].1.clone();
            return Err(PromQlError::at(&self.text, &range, message));
        };
        Ok(Selector {
            metric,
            matchers,
            offset_ns: 0,
        })
    }

    /// The same, which need not name a metric.
    pub(super) fn name_and_matchers(
        &mut self,
        word: Option<String>,
    ) -> Result<(Option<String>, Vec<Matcher>), PromQlError> {
        let (mut metric, mut matchers) = (word, Vec::new());
        if self.takes("{") {
            while !self.takes("}") {
                let matcher = self.matcher()?;
                let is_name = matcher.label == NAME && matcher.pattern.is_none();
                if is_name && !matcher.is_negative && metric.is_none() {
                    metric = Some(matcher.text);
                } else {
                    matchers.push(matcher);
                }
                if !self.takes(",") {
                    self.expect("}")?;
                    break;
                }
            }
        }
        Ok((metric, matchers))
    }

    fn matcher(&mut self) -> Result<Matcher, PromQlError> {
        let label = self.word("the name of a label")?;
        let (is_pattern, is_negative) = match self.peek() {
            Token::Sign("=") => (false, false),
            Token::Sign("!=") => (false, true),
            Token::Sign("=~") => (true, false),
            Token::Sign("!~") => (true, true),
            other => {
                return Err(self.wrong(format!(
                    "unexpected {other}, expected one of \"=\", \"!=\", \"=~\", \"!~\""
                )));
            }
        };
        self.take();
        let Token::Text(text) = self.peek().clone() else {
            return Err(self.wrong(format!(
                "unexpected {}, expected text in quotes",
                self.peek()
            )));
        };
        let pattern = match is_pattern.then(|| compile_pattern(&text)).transpose() {
            Ok(pattern) => pattern,
            Err(error) => return Err(self.wrong(error.to_string())),
        };
        self.take();
        Ok(Matcher {
            label,
            is_negative,
            text,
            pattern,
        })
    }

    /// What stands behind a selector outside of `rate` and its like.
    pub(super) fn after_selector(&mut self, of: Selector) -> Result<Expr, PromQlError> {
        if matches!(self.peek(), Token::Sign("[")) {
            return Err(
                self.wrong("a range of samples goes into rate or increase: rate(metric[5m])")
            );
        }
        self.with_offset(of).map(Expr::Selector)
    }

    /// `metric{…}[5m] offset 1h`
    pub(super) fn windowed(&mut self) -> Result<(Selector, u64), PromQlError> {
        let place = self.place();
        let word = match self.peek() {
            Token::Word(_) => Some(self.word("the name of a metric")?),
            _ => None,
        };
        if word.is_some() && matches!(self.peek(), Token::Sign("(")) {
            let message = "rates of what was calculated are not served: take the rate first, and \
                           calculate with it";
            return Err(PromQlError::at(&self.text, &place, message));
        }
        let of = self.selector(word)?;
        self.expect("[")?;
        let window_ns = match self.peek() {
            Token::LengthNs(ns) => *ns,
            Token::Number(seconds) => (seconds * 1e9) as u64,
            other => {
                return Err(self.wrong(format!(
                    "unexpected {other}, expected a length of time such as 5m"
                )));
            }
        };
        if window_ns == 0 {
            return Err(self.wrong("a window must be longer than nothing"));
        }
        self.take();
        if matches!(self.peek(), Token::Sign(":")) {
            return Err(self.wrong("subqueries are not served"));
        }
        self.expect("]")?;
        Ok((self.with_offset(of)?, window_ns))
    }

    fn with_offset(&mut self, mut of: Selector) -> Result<Selector, PromQlError> {
        if matches!(self.peek(), Token::Sign("@")) {
            return Err(self.wrong("\"@\" is not served: ask for that time instead"));
        }
        if self.takes_word("offset") {
            let sign = if self.takes("-") { -1 } else { 1 };
            let Token::LengthNs(ns) = *self.peek() else {
                let message = format!("unexpected {}, expected a length of time", self.peek());
                return Err(self.wrong(message));
            };
            self.take();
            of.offset_ns = sign * i64::try_from(ns).unwrap_or(i64::MAX);
        }
        Ok(of)
    }
}

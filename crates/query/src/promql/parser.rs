//! Tokens into the tree, by binding powers.
//!
//! **What is not served is refused here**, with its place and what is served.

mod call;
mod selector;

use super::ast::{Expr, Grouping, Matching, Operator, Selector};
use super::error::PromQlError;
use super::lexer::{Token, tokenize};
use super::metric::METRICS;
use super::vector::NAME;
use super::{MAX_NESTING, MAX_QUERY_BYTES};
use std::ops::Range;
use tracewell_model::filter::CompareOp;

/// Reads a whole query.
pub(super) fn parse(text: &str) -> Result<Expr, PromQlError> {
    let mut parser = Parser::of(text)?;
    let expr = parser.expression(0)?;
    parser.end()?;
    Ok(expr)
}

/// Reads a selector and nothing else, of whichever metrics it means.
pub(super) fn parse_selectors(text: &str) -> Result<Vec<Selector>, PromQlError> {
    let mut parser = Parser::of(text)?;
    let word = match parser.peek() {
        Token::Word(_) => Some(parser.word("the name of a metric")?),
        _ => None,
    };
    let (metric, matchers) = parser.name_and_matchers(word)?;
    parser.end()?;
    let of = |metric: String| Selector {
        metric,
        matchers: matchers.clone(),
        offset_ns: 0,
    };
    Ok(match metric {
        Some(metric) => vec![of(metric)],
        None => {
            let allows = |name: &str| {
                let mut of_name = matchers.iter().filter(|matcher| matcher.label == NAME);
                of_name.all(|matcher| matcher.holds(name))
            };
            let named = METRICS.iter().filter(|metric| allows(metric.name));
            named.map(|metric| of(metric.name.to_owned())).collect()
        }
    })
}

struct Parser {
    text: Vec<char>,
    tokens: Vec<(Token, Range<usize>)>,
    /// The next one. Never past the last.
    at: usize,
    nesting: usize,
}

/// How tight it binds.
fn power(op: Operator) -> u8 {
    match op {
        Operator::Or => 1,
        Operator::And | Operator::Unless => 2,
        Operator::Compare(..) => 3,
        Operator::Add | Operator::Subtract => 4,
        Operator::Multiply | Operator::Divide | Operator::Remainder => 5,
        Operator::Power => 7,
    }
}

/// Tighter than `*`, looser than `^`.
const SIGN_POWER: u8 = 6;

impl Parser {
    fn of(text: &str) -> Result<Self, PromQlError> {
        if text.len() > MAX_QUERY_BYTES {
            let message = format!(
                "the query is {} bytes long, more than the {MAX_QUERY_BYTES} allowed",
                text.len()
            );
            return Err(PromQlError::at(&[], &(0..0), message));
        }
        let text: Vec<char> = text.chars().collect();
        let tokens = tokenize(&text)?;
        Ok(Self {
            text,
            tokens,
            at: 0,
            nesting: 0,
        })
    }

    /// Operators that bind tighter than `above`, and what they stand between.
    fn expression(&mut self, above: u8) -> Result<Expr, PromQlError> {
        if self.nesting == MAX_NESTING {
            return Err(self.wrong(format!("more than {MAX_NESTING} levels of nesting")));
        }
        self.nesting += 1;
        let mut left = self.signed()?;
        while let Some(op) = self.operator() {
            if power(op) <= above {
                break;
            }
            left = self.binary(op, left)?;
        }
        self.nesting -= 1;
        Ok(left)
    }

    /// The operator that comes next, which is not taken.
    fn operator(&self) -> Option<Operator> {
        let compare = |op| Operator::Compare(op, false);
        Some(match self.peek() {
            Token::Sign("+") => Operator::Add,
            Token::Sign("-") => Operator::Subtract,
            Token::Sign("*") => Operator::Multiply,
            Token::Sign("/") => Operator::Divide,
            Token::Sign("%") => Operator::Remainder,
            Token::Sign("^") => Operator::Power,
            Token::Sign("==") => compare(CompareOp::Equal),
            Token::Sign("!=") => compare(CompareOp::NotEqual),
            Token::Sign("<") => compare(CompareOp::Less),
            Token::Sign("<=") => compare(CompareOp::LessOrEqual),
            Token::Sign(">") => compare(CompareOp::Greater),
            Token::Sign(">=") => compare(CompareOp::GreaterOrEqual),
            Token::Word(word) => match &*word.to_ascii_lowercase() {
                "and" => Operator::And,
                "or" => Operator::Or,
                "unless" => Operator::Unless,
                _ => return None,
            },
            _ => return None,
        })
    }

    fn binary(&mut self, op: Operator, left: Expr) -> Result<Expr, PromQlError> {
        let place = self.place();
        self.take();
        let is_bool = self.takes_word("bool");
        let op = match op {
            Operator::Compare(op, _) => Operator::Compare(op, is_bool),
            _ if is_bool => {
                let message = "\"bool\" goes with comparisons alone";
                return Err(PromQlError::at(&self.text, &place, message));
            }
            op => op,
        };
        let matching = self.matching()?;
        // From right to left.
        let above = power(op) - u8::from(op == Operator::Power);
        let right = self.expression(above)?;
        let numbers = [&left, &right].map(Expr::is_number);
        let refusal = match op {
            Operator::And | Operator::Or | Operator::Unless if numbers != [false, false] => {
                Some("a set operator stands between series, not numbers")
            }
            Operator::Compare(_, false) if numbers == [true, true] => {
                Some("comparisons between numbers must use \"bool\"")
            }
            _ => None,
        };
        if let Some(message) = refusal {
            return Err(PromQlError::at(&self.text, &place, message));
        }
        Ok(Expr::Binary {
            op,
            left: Box::new(left),
            right: Box::new(right),
            matching,
        })
    }

    /// `on (…)` or `ignoring (…)`, if it is there.
    fn matching(&mut self) -> Result<Matching, PromQlError> {
        let matching = if self.takes_word("on") {
            Matching::On(self.labels()?)
        } else if self.takes_word("ignoring") {
            Matching::Ignoring(self.labels()?)
        } else {
            return Ok(Matching::Ignoring(Vec::new()));
        };
        match self.peek() {
            Token::Word(word) if word.starts_with("group_") => Err(self.wrong(format!(
                "{word} is not served: sum both sides by the same labels instead"
            ))),
            _ => Ok(matching),
        }
    }

    fn signed(&mut self) -> Result<Expr, PromQlError> {
        match self.peek() {
            Token::Sign("-") => {
                self.take();
                Ok(Expr::Negated(Box::new(self.expression(SIGN_POWER)?)))
            }
            Token::Sign("+") => {
                self.take();
                self.expression(SIGN_POWER)
            }
            _ => self.operand(),
        }
    }

    fn operand(&mut self) -> Result<Expr, PromQlError> {
        match self.peek().clone() {
            Token::Number(number) => {
                self.take();
                Ok(Expr::Number(number))
            }
            Token::Sign("(") => {
                self.take();
                let inside = self.expression(0)?;
                self.expect(")")?;
                Ok(inside)
            }
            Token::Sign("{") => self.selector(None).and_then(|of| self.after_selector(of)),
            Token::Word(_) => {
                let place = self.place();
                let word = self.word("a metric or a function")?;
                self.named(word, place)
            }
            Token::Text(_) => Err(self.wrong("text is no figure; nothing that takes it is served")),
            other => Err(self.wrong(format!("unexpected {other}"))),
        }
    }

    /// `(label, …)`
    fn labels(&mut self) -> Result<Vec<String>, PromQlError> {
        self.expect("(")?;
        let mut labels = Vec::new();
        while !self.takes(")") {
            labels.push(self.word("the name of a label")?);
            if !self.takes(",") {
                self.expect(")")?;
                break;
            }
        }
        Ok(labels)
    }

    /// `by (…)` or `without (…)`, if it is there.
    fn grouping(&mut self) -> Result<Option<Grouping>, PromQlError> {
        if self.takes_word("by") {
            return Ok(Some(Grouping::By(self.labels()?)));
        }
        if self.takes_word("without") {
            return Ok(Some(Grouping::Without(self.labels()?)));
        }
        Ok(None)
    }

    fn peek(&self) -> &Token {
        &self.tokens[self.at].0
    }

    fn place(&self) -> Range<usize> {
        self.tokens[self.at].1.clone()
    }

    fn take(&mut self) {
        self.at = (self.at + 1).min(self.tokens.len() - 1);
    }

    /// Takes the sign if it comes next.
    fn takes(&mut self, sign: &str) -> bool {
        let is_next = matches!(self.peek(), Token::Sign(next) if *next == sign);
        if is_next {
            self.take();
        }
        is_next
    }

    fn takes_word(&mut self, word: &str) -> bool {
        let is_next = matches!(self.peek(), Token::Word(next) if next.eq_ignore_ascii_case(word));
        if is_next {
            self.take();
        }
        is_next
    }

    fn expect(&mut self, sign: &str) -> Result<(), PromQlError> {
        match self.takes(sign) {
            true => Ok(()),
            false => Err(self.wrong(format!("unexpected {}, expected {sign:?}", self.peek()))),
        }
    }

    fn word(&mut self, wanted: &str) -> Result<String, PromQlError> {
        let Token::Word(word) = self.peek() else {
            return Err(self.wrong(format!("unexpected {}, expected {wanted}", self.peek())));
        };
        let word = word.clone();
        self.take();
        Ok(word)
    }

    fn end(&self) -> Result<(), PromQlError> {
        match self.peek() {
            Token::End => Ok(()),
            other => Err(self.wrong(format!("unexpected {other}"))),
        }
    }

    /// About the next token.
    fn wrong(&self, message: impl Into<String>) -> PromQlError {
        PromQlError::at(&self.text, &self.place(), message)
    }
}

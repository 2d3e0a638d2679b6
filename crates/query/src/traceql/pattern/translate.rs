//! From Go's regular expressions to Rust's (ADR-013, which has the cases).
//!
//! Both are RE2's in spirit and differ in details that people meet: `{id}` is
//! text in Go and an error in Rust, `\<` is a `<` in Go and the begin of a word
//! in Rust, `\d` is ASCII in Go. What Go accepts comes out as what means the
//! same; what Go refuses is refused. **Nothing reaches the compiler that was
//! not understood here.** Greed and names of groups do not: whether a whole
//! text matches does not depend on them.

use super::class;
use super::escape::{self, Escaped};
use super::rest::Rest;
use std::collections::HashSet;

/// More than this many times, nested ones multiplied, Go repeats nothing.
const MAX_REPEAT: u32 = 1_000;

/// The pattern in Rust's syntax.
///
/// # Errors
/// What Go would not take, in words.
pub(super) fn translate(pattern: &str) -> Result<String, String> {
    let mut translator = Translator {
        rest: Rest::new(pattern),
        out: String::new(),
        groups: vec![Group::default()],
        names: HashSet::new(),
        repeat_end: None,
    };
    while translator.rest.peek().is_some() {
        translator.next()?;
    }
    match translator.groups.len() {
        1 => Ok(translator.out),
        _ => Err("a parenthesis is not closed".to_owned()),
    }
}

/// What a repetition would repeat.
#[derive(Clone, Copy)]
struct Atom {
    start: usize,
    end: usize,
    /// Times that something in it is repeated, nested ones multiplied.
    times: u32,
    is_repeated: bool,
}

/// An open parenthesis, or the pattern.
#[derive(Default)]
struct Group {
    start: usize,
    last: Option<Atom>,
    /// The most [`Atom::times`] in it.
    times: u32,
}

struct Translator {
    rest: Rest,
    out: String,
    /// The innermost last; never empty.
    groups: Vec<Group>,
    names: HashSet<String>,
    /// Where in the pattern the last repetition ended.
    repeat_end: Option<usize>,
}

impl Translator {
    fn next(&mut self) -> Result<(), String> {
        let is_after_repeat = self.repeat_end == Some(self.rest.mark());
        let Some(c) = self.rest.take() else {
            return Ok(());
        };
        match c {
            '(' => self.open()?,
            ')' => self.close()?,
            '|' => {
                self.out.push('|');
                self.group().last = None;
            }
            '^' | '$' | '.' => self.atom(c.encode_utf8(&mut [0; 4])),
            '[' => {
                let class = class::bracketed(&mut self.rest)?;
                self.atom(&class);
            }
            '*' => self.repeat("*", 1, is_after_repeat)?,
            '+' => self.repeat("+", 1, is_after_repeat)?,
            '?' => self.repeat("?", 1, is_after_repeat)?,
            '{' => match counts(&mut self.rest) {
                Some((least, most)) => self.repeat_counted(least, most, is_after_repeat)?,
                None => self.literal('{'),
            },
            '\\' => match escape::escape(&mut self.rest)? {
                Escaped::Char(c) => self.literal(c),
                Escaped::Quoted(text) => text.chars().for_each(|c| self.literal(c)),
                Escaped::Surrogate => self.atom(class::NOTHING),
                Escaped::Other(text) => self.atom(&text),
            },
            c => self.literal(c),
        }
        Ok(())
    }

    fn group(&mut self) -> &mut Group {
        self.groups.last_mut().expect("the pattern is never closed")
    }

    fn literal(&mut self, c: char) {
        let text = class::literal(c);
        self.atom(&text);
    }

    fn atom(&mut self, text: &str) {
        let start = self.out.len();
        self.out.push_str(text);
        let end = self.out.len();
        self.group().last = Some(Atom {
            start,
            end,
            times: 1,
            is_repeated: false,
        });
    }

    fn repeat_counted(
        &mut self,
        least: u32,
        most: Option<u32>,
        is_after_repeat: bool,
    ) -> Result<(), String> {
        let op = match most {
            Some(most) if most == least => format!("{{{least}}}"),
            Some(most) => format!("{{{least},{most}}}"),
            None => format!("{{{least},}}"),
        };
        if least > MAX_REPEAT || most.is_some_and(|most| most > MAX_REPEAT || most < least) {
            return Err(format!(
                "`{op}` is no count from small to large, up to {MAX_REPEAT}"
            ));
        }
        self.repeat(&op, most.unwrap_or(least), is_after_repeat)
    }

    fn repeat(&mut self, op: &str, times: u32, is_after_repeat: bool) -> Result<(), String> {
        if is_after_repeat {
            return Err(format!(
                "what is repeated cannot be repeated again by `{op}` without parentheses"
            ));
        }
        self.rest.skip("?");
        self.repeat_end = Some(self.rest.mark());
        let Some(atom) = self.group().last else {
            return Err(format!("there is nothing before `{op}` that it repeats"));
        };
        // What comes once or never multiplies nothing.
        let times = match (op, times) {
            ("{0}", _) => 1,
            (_, times) => atom.times.saturating_mul(times.max(1)),
        };
        if op.starts_with('{') && times > MAX_REPEAT {
            return Err(format!("nested counts multiply to more than {MAX_REPEAT}"));
        }
        let repeated = match atom.is_repeated {
            true => format!("(?:{}){op}", &self.out[atom.start..atom.end]),
            false => format!("{}{op}", &self.out[atom.start..atom.end]),
        };
        // Behind the atom there may be flags, which are no atom.
        self.out.replace_range(atom.start..atom.end, &repeated);
        let group = self.group();
        group.times = group.times.max(times);
        group.last = Some(Atom {
            end: atom.start + repeated.len(),
            times,
            is_repeated: true,
            ..atom
        });
        Ok(())
    }

    fn open(&mut self) -> Result<(), String> {
        let start = self.out.len();
        if !self.rest.skip("?") {
            self.push_group(start, "(?:");
            return Ok(());
        }
        if self.rest.skip("P<") || self.rest.skip("<") {
            let name = self.rest.take_until(">").unwrap_or_default();
            let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
            if name.is_empty() || !name.chars().all(is_word) {
                return Err("the name of a group is letters, digits and `_`".to_owned());
            }
            if !self.names.insert(name.clone()) {
                return Err(format!("two groups are named `{name}`"));
            }
            self.push_group(start, "(?:");
            return Ok(());
        }
        let (mut set, mut cleared) = (String::new(), None::<String>);
        loop {
            match self.rest.take() {
                Some(flag @ ('i' | 'm' | 's' | 'U')) => {
                    let flags = cleared.as_mut().unwrap_or(&mut set);
                    if flag != 'U' && !flags.contains(flag) {
                        flags.push(flag);
                    } else if flag == 'U' && cleared.is_some() {
                        // Says that a flag was there.
                        cleared.get_or_insert_default().push('\u{0}');
                    }
                }
                Some('-') if cleared.is_none() => cleared = Some(String::new()),
                Some(end @ (':' | ')')) if cleared.as_deref() != Some("") => {
                    let flags = flags(&set, cleared.as_deref().unwrap_or(""));
                    if end == ':' {
                        self.push_group(start, &format!("(?{flags}:"));
                    } else if !flags.is_empty() {
                        self.out.push_str(&format!("(?{flags})"));
                    }
                    return Ok(());
                }
                _ => {
                    return Err(
                        "`(?` begins `(?:…)`, `(?P<name>…)` or the flags i, m, s, U; \
                         there is no look-around"
                            .to_owned(),
                    );
                }
            }
        }
    }

    fn push_group(&mut self, start: usize, text: &str) {
        self.out.push_str(text);
        self.groups.push(Group {
            start,
            ..Group::default()
        });
    }

    fn close(&mut self) -> Result<(), String> {
        if self.groups.len() == 1 {
            return Err("a parenthesis is closed that was not opened".to_owned());
        }
        self.out.push(')');
        let end = self.out.len();
        if let Some(closed) = self.groups.pop() {
            let group = self.group();
            group.times = group.times.max(closed.times);
            group.last = Some(Atom {
                start: closed.start,
                end,
                times: closed.times.max(1),
                is_repeated: false,
            });
        }
        Ok(())
    }
}

/// Flags in Rust's syntax; a flag that is set and cleared is cleared.
fn flags(set: &str, cleared: &str) -> String {
    let cleared: String = cleared.chars().filter(|flag| *flag != '\u{0}').collect();
    let mut flags: String = set
        .chars()
        .filter(|flag| !cleared.contains(*flag))
        .collect();
    if !cleared.is_empty() {
        flags.push('-');
        flags.push_str(&cleared);
    }
    flags
}

/// After `{`: the least and the greatest count, with the brace that ends them;
/// `None` and nothing taken when the brace is a character like others.
fn counts(rest: &mut Rest) -> Option<(u32, Option<u32>)> {
    let from = rest.mark();
    let found = try_counts(rest);
    if found.is_none() {
        rest.back_to(from);
    }
    found
}

fn try_counts(rest: &mut Rest) -> Option<(u32, Option<u32>)> {
    let least = number(rest)?;
    let most = if !rest.skip(",") {
        Some(least)
    } else if rest.peek() == Some('}') {
        None
    } else {
        Some(number(rest)?)
    };
    rest.skip("}").then_some((least, most))
}

/// Digits without a leading zero.
fn number(rest: &mut Rest) -> Option<u32> {
    let first = rest.peek()?.to_digit(10)?;
    let follows = rest.peek_at(1).is_some_and(|c| c.is_ascii_digit());
    if first == 0 && follows {
        return None;
    }
    let mut number = 0u32;
    while let Some(digit) = rest.peek().and_then(|c| c.to_digit(10)) {
        number = number.saturating_mul(10).saturating_add(digit);
        rest.take();
    }
    Some(number)
}

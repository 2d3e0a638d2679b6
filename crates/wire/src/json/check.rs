//! Is a text JSON? One pass without recursion, several bytes at a time within
//! strings.
//!
//! It says yes only to what RFC 8259 allows, and less than 128 levels deep. **A no is
//! no verdict**: who wants to know what is wrong asks a parser that says it.

use super::reader::plain_bytes;

/// Levels of objects and arrays, as many as one word has bits.
const DEPTH_MAX: u32 = 127;

pub(super) fn is_json(text: &str) -> bool {
    Checking {
        bytes: text.as_bytes(),
        at: 0,
    }
    .text()
    .is_some()
}

struct Checking<'a> {
    bytes: &'a [u8],
    at: usize,
}

/// `None` where the text is no JSON.
type Step = Option<()>;

impl Checking<'_> {
    fn text(&mut self) -> Step {
        // A bit for each open level, the innermost lowest: is it an object?
        let (mut levels, mut depth) = (0u128, 0);
        loop {
            // A value stands here.
            let opened = match self.peek() {
                b'{' => Some(b'}'),
                b'[' => Some(b']'),
                _ => None,
            };
            match opened {
                Some(end) => {
                    self.at += 1;
                    depth += 1;
                    if depth > DEPTH_MAX {
                        return None;
                    }
                    levels = levels << 1 | u128::from(end == b'}');
                    if self.peek() != end {
                        if end == b'}' {
                            self.name()?;
                        }
                        continue;
                    }
                }
                None => self.scalar()?,
            }
            // Behind a value, or before the end of an empty level.
            loop {
                let next = self.peek();
                if depth == 0 {
                    return (self.at == self.bytes.len()).then_some(());
                }
                let is_object = levels & 1 == 1;
                match next {
                    b',' => {
                        self.at += 1;
                        if is_object {
                            self.name()?;
                        }
                        break;
                    }
                    b'}' if is_object => {}
                    b']' if !is_object => {}
                    _ => return None,
                }
                self.at += 1;
                levels >>= 1;
                depth -= 1;
            }
        }
    }

    /// The next byte that is not white space; 0 at the end.
    fn peek(&mut self) -> u8 {
        while let Some(byte) = self.bytes.get(self.at) {
            if !matches!(byte, b' ' | b'\t' | b'\n' | b'\r') {
                return *byte;
            }
            self.at += 1;
        }
        0
    }

    fn expect(&mut self, byte: u8) -> Step {
        (self.peek() == byte).then_some(())?;
        self.at += 1;
        Some(())
    }

    fn name(&mut self) -> Step {
        self.expect(b'"')?;
        self.string()?;
        self.expect(b':')
    }

    fn scalar(&mut self) -> Step {
        let rest = &self.bytes[self.at..];
        match rest.first()? {
            b'"' => {
                self.at += 1;
                self.string()
            }
            b't' => self.word(b"true"),
            b'f' => self.word(b"false"),
            b'n' => self.word(b"null"),
            _ => self.number(),
        }
    }

    fn word(&mut self, word: &[u8]) -> Step {
        let is_it = self.bytes[self.at..].starts_with(word);
        self.at += word.len();
        is_it.then_some(())
    }

    /// What follows a quote, and the other quote.
    fn string(&mut self) -> Step {
        loop {
            self.at += plain_bytes(self.bytes.get(self.at..)?);
            let rest = &self.bytes[self.at..];
            self.at += match rest {
                [b'"', ..] => {
                    self.at += 1;
                    return Some(());
                }
                [
                    b'\\',
                    b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't',
                    ..,
                ] => 2,
                [b'\\', b'u', a, b, c, d, ..]
                    if [a, b, c, d].iter().all(|digit| digit.is_ascii_hexdigit()) =>
                {
                    6
                }
                _ => return None,
            };
        }
    }

    fn number(&mut self) -> Step {
        self.one_of(b"-");
        match self.bytes.get(self.at)? {
            b'0' => self.at += 1,
            b'1'..=b'9' => self.digits()?,
            _ => return None,
        }
        if self.one_of(b".") {
            self.digits()?;
        }
        if self.one_of(b"eE") {
            self.one_of(b"+-");
            self.digits()?;
        }
        Some(())
    }

    /// Steps over one of these bytes, if it stands here.
    fn one_of(&mut self, bytes: &[u8]) -> bool {
        let stands = self.bytes.get(self.at).is_some_and(|b| bytes.contains(b));
        self.at += usize::from(stands);
        stands
    }

    /// At least one.
    fn digits(&mut self) -> Step {
        let rest = &self.bytes[self.at..];
        let count = rest.iter().take_while(|b| b.is_ascii_digit()).count();
        self.at += count;
        (count > 0).then_some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tracewell_testkit::Random;

    fn is_parsed(text: &str) -> bool {
        serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
    }

    #[test]
    fn what_is_json_is_said_to_be() {
        for text in [
            "null",
            " true\n",
            "-0",
            "10.25e+7",
            "1E400",
            "[]",
            "{ }",
            "[[],{},[{}]]",
            r#"{"a":1,"b":[true,false,null],"":{"c":"x"}}"#,
            r#""\"\\\/\b\f\n\r\t\u00e9\ud800 é 🦀""#,
            &format!("{}{}", "[".repeat(127), "]".repeat(127)),
        ] {
            assert!(is_json(text), "{text}");
        }
    }

    #[test]
    fn what_is_none_is_never_said_to_be() {
        for text in [
            "",
            " ",
            "nul",
            "nulll",
            "01",
            "1.",
            "-",
            ".5",
            "1e",
            "+1",
            "NaN",
            "[1,]",
            "[,1]",
            "[1 2]",
            "{,}",
            r#"{"a"}"#,
            r#"{"a":}"#,
            r#"{"a":1,}"#,
            r#"{a:1}"#,
            "[}",
            "{]",
            "[",
            "]",
            "1 1",
            r#"""#,
            r#""\"#,
            r#""\x""#,
            r#""\u12g4""#,
            "\"\n\"",
            "\"\u{1}2345678\"",
            "[]]",
            "{\"a\":1 \"b\":2}",
            "[1]x",
        ] {
            assert!(!is_json(text), "{text}");
        }
    }

    #[test]
    fn altered_texts_are_judged_as_a_parser_does() {
        let seeds = [
            r#"[{"traceId":"a1","tags":{"k":"v","n":"\u00e9"},"duration":12.5e3,"x":[null,true]}]"#,
            r#"{"resourceSpans":[{"scopeSpans":[{"spans":[{"name":"a \"b\"","kind":2}]}]}]}"#,
        ];
        let bytes = b"{}[]\",:\\untrfalse0123456789.-+eE \t\n\x01x";
        let (mut yes, mut no) = (0, 0);
        for seed in 0..100_000 {
            let mut random = Random::new(seed);
            let mut text = random.pick(&seeds).as_bytes().to_vec();
            for _ in 0..=random.below(2) {
                let place = random.below(text.len() as u64) as usize;
                match random.below(3) {
                    0 => text[place] = *random.pick(bytes),
                    1 => text.insert(place, *random.pick(bytes)),
                    _ => drop(text.remove(place)),
                }
            }
            let text = String::from_utf8(text).unwrap();
            assert_eq!(is_json(&text), is_parsed(&text), "{text}");
            let counted = if is_json(&text) { &mut yes } else { &mut no };
            *counted += 1;
        }
        assert!(yes > 10_000 && no > 10_000, "{yes} {no}");
    }
}

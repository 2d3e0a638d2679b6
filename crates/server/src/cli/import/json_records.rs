//! Records of JSON: one object a line, one object of any size, or a list.
//!
//! ```text
//! {"resourceSpans": [R, R, …]}        OTLP: each R is a record
//! {"data": [T, T, …], …}              Jaeger's answers: each T is a record
//! {"traceID": …, "spans": […], …}     one trace of Jaeger: a record
//! ```
//!
//! Only brackets, quotes and the names of the outermost members are looked at
//! here; what a record holds is for the decoders to judge. In a file of one
//! object a line, a broken line costs that line; elsewhere nothing tells where
//! the next record would begin.

mod head;
#[cfg(test)]
mod tests;

use super::input::Input;
use super::record::{Fault, Kind, MAX_RECORD_BYTES, Records, too_large};
pub(super) use head::is_json;
use head::{begins_with_lines, is_blank};

/// Longest name of a member that is looked at.
const MAX_NAME_BYTES: usize = 1 << 10;

/// Where the reader stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Between the outermost values.
    Between,
    /// Within the list of records of an object.
    List(Kind),
    /// Behind that list, before the end of the object.
    Behind,
}

/// The records of one file.
pub(super) struct JsonRecords {
    input: Input,
    state: State,
    begin: u64,
    /// Does each object stand on a line of its own?
    is_lines: bool,
    /// Did a line end within the outermost object?
    has_newline: bool,
    /// Objects that hold other signals.
    passed: u64,
}

/// What an object that was read whole turned out to be.
#[derive(Default)]
struct Names {
    spans: bool,
    trace: bool,
    other_signal: bool,
    any: bool,
}

impl JsonRecords {
    pub(super) fn new(mut input: Input) -> Result<Self, Fault> {
        if input.head()?.starts_with(b"\xef\xbb\xbf") {
            input.skip(3);
        }
        let is_lines = begins_with_lines(input.head()?);
        Ok(Self {
            input,
            state: State::Between,
            begin: 0,
            is_lines,
            has_newline: false,
            passed: 0,
        })
    }

    /// The next byte that is not white space; it stays.
    fn visible(&mut self) -> Result<Option<u8>, Fault> {
        loop {
            let head = self.input.head()?;
            let blank = head.iter().take_while(|byte| is_blank(**byte)).count();
            let found = head.get(blank).copied();
            let at_end = head.is_empty();
            self.input.skip(blank);
            if found.is_some() || at_end {
                return Ok(found);
            }
        }
    }

    /// The next byte of a value that is not white space; it stays.
    fn within(&mut self) -> Result<u8, Fault> {
        loop {
            match self.input.peek()? {
                None => return Err(too_early()),
                Some(b'\n') if self.is_lines => {
                    return Err(self.give_up("the line ends within a value".to_owned()));
                }
                Some(byte) if is_blank(byte) => {
                    self.has_newline |= byte == b'\n';
                    self.input.skip(1);
                }
                Some(byte) => return Ok(byte),
            }
        }
    }

    fn colon(&mut self) -> Result<(), Fault> {
        match self.within()? {
            b':' => {
                self.input.skip(1);
                Ok(())
            }
            byte => Err(self.broken(byte, "a colon")),
        }
    }

    /// A byte that cannot stand here.
    fn broken(&mut self, byte: u8, wanted: &str) -> Fault {
        let at = self.input.at();
        let found = byte.escape_ascii();
        self.give_up(format!(
            "malformed JSON at byte {at}: expected {wanted}, got '{found}'"
        ))
    }

    /// Goes to the next line, if there are lines.
    fn give_up(&mut self, reason: String) -> Fault {
        self.state = State::Between;
        if !self.is_lines {
            return Fault::Lost(reason);
        }
        loop {
            let Ok(head) = self.input.head() else {
                return Fault::Lost(reason);
            };
            let line = head.iter().position(|byte| *byte == b'\n');
            let bytes = line.unwrap_or(head.len());
            let at_end = head.is_empty();
            self.input.skip(bytes);
            if line.is_some() || at_end {
                return Fault::Skipped(reason);
            }
        }
    }

    /// Steps over a value of any kind and depth, and appends it to `out`.
    fn value(&mut self, mut out: Option<&mut Vec<u8>>) -> Result<(), Fault> {
        let (mut depth, mut in_text, mut is_escaped) = (0usize, false, false);
        loop {
            let is_lines = self.is_lines;
            let head = self.input.head()?;
            if head.is_empty() {
                return Err(too_early());
            }
            let (mut len, mut is_over, mut is_torn) = (0, false, false);
            for byte in head {
                self.has_newline |= *byte == b'\n';
                is_torn = *byte == b'\n' && (in_text || is_lines);
                if is_torn {
                    break;
                }
                if in_text {
                    in_text = *byte != b'"' || is_escaped;
                    is_escaped = *byte == b'\\' && !is_escaped;
                    len += 1;
                    is_over = !in_text && depth == 0;
                } else {
                    match byte {
                        b'"' => in_text = true,
                        b'{' | b'[' => depth += 1,
                        // The end of what is around a number or a word.
                        b',' | b'}' | b']' | b' ' | b'\t' | b'\r' | b'\n' if depth == 0 => {
                            is_over = true;
                            break;
                        }
                        b'}' | b']' => depth -= 1,
                        _ => {}
                    }
                    len += 1;
                    is_over = depth == 0 && matches!(byte, b'}' | b']');
                }
                if is_over {
                    break;
                }
            }
            if let Some(out) = &mut out {
                out.extend_from_slice(&head[..len]);
                if out.len() > MAX_RECORD_BYTES {
                    return Err(self.give_up(too_large("a JSON value")));
                }
            }
            self.input.skip(len);
            if is_torn {
                return Err(self.give_up("the line ends within a value".to_owned()));
            }
            if is_over {
                return Ok(());
            }
        }
    }

    /// The next element of the list; `false` at its end.
    fn element(&mut self, kind: Kind, out: &mut Vec<u8>) -> Result<bool, Fault> {
        let (before, after): (&[u8], &[u8]) = match kind {
            Kind::OtlpJson => (b"{\"resourceSpans\":[", b"]}"),
            Kind::OtlpProtobuf | Kind::JaegerJson => (b"", b""),
        };
        loop {
            match self.within()? {
                b']' => {
                    self.input.skip(1);
                    return Ok(false);
                }
                b',' => self.input.skip(1),
                b'{' => {
                    self.begin = self.input.at();
                    out.extend_from_slice(before);
                    self.value(Some(out))?;
                    out.extend_from_slice(after);
                    return Ok(true);
                }
                byte => return Err(self.broken(byte, "an object")),
            }
        }
    }

    /// Steps into an object up to its list of records; one without is put
    /// into `out` whole.
    fn object(&mut self, out: &mut Vec<u8>) -> Result<Option<Kind>, Fault> {
        let mut names = Names::default();
        self.begin = self.input.at();
        self.has_newline = false;
        self.input.skip(1);
        out.push(b'{');
        loop {
            match self.within()? {
                b'}' => {
                    self.end_object()?;
                    out.push(b'}');
                    return self.judge(&names, out);
                }
                b',' => {
                    self.input.skip(1);
                    out.push(b',');
                }
                b'"' => {
                    let from = out.len();
                    self.value(Some(out))?;
                    let name = &out[from..];
                    let list = match name {
                        b"\"resourceSpans\"" => Some(Kind::OtlpJson),
                        b"\"data\"" => Some(Kind::JaegerJson),
                        _ if name.len() > MAX_NAME_BYTES => {
                            return Err(self.give_up("the name of a member is too long".to_owned()));
                        }
                        _ => None,
                    };
                    names.note(name);
                    self.colon()?;
                    out.push(b':');
                    let is_list = self.within()? == b'[';
                    if let Some(kind) = list.filter(|_| is_list) {
                        self.input.skip(1);
                        self.state = State::List(kind);
                        return Ok(None);
                    }
                    self.value(Some(out))?;
                }
                byte => return Err(self.broken(byte, "a member")),
            }
        }
    }

    /// Steps over the brace. An object that is a line tells that all are.
    fn end_object(&mut self) -> Result<(), Fault> {
        self.input.skip(1);
        self.is_lines |= !self.has_newline && self.input.peek()? == Some(b'\n');
        Ok(())
    }

    fn judge(&mut self, names: &Names, out: &mut Vec<u8>) -> Result<Option<Kind>, Fault> {
        if names.spans && names.trace {
            return Ok(Some(Kind::JaegerJson));
        }
        out.clear();
        if names.other_signal {
            self.passed += 1;
        } else if names.any {
            return Err(Fault::Skipped(
                "the object is neither OTLP nor Jaeger: it has no resourceSpans, data or spans"
                    .to_owned(),
            ));
        }
        Ok(None)
    }

    /// Members behind the list of records, up to the end of the object.
    fn behind(&mut self) -> Result<(), Fault> {
        loop {
            match self.within()? {
                b'}' => {
                    self.end_object()?;
                    self.state = State::Between;
                    return Ok(());
                }
                b',' => self.input.skip(1),
                b'"' => {
                    self.value(None)?;
                    self.colon()?;
                    self.within()?;
                    self.value(None)?;
                }
                byte => return Err(self.broken(byte, "a member")),
            }
        }
    }
}

impl Records for JsonRecords {
    fn next(&mut self, bytes: &mut Vec<u8>) -> Result<Option<Kind>, Fault> {
        loop {
            match self.state {
                State::List(kind) => {
                    if self.element(kind, bytes)? {
                        return Ok(Some(kind));
                    }
                    self.state = State::Behind;
                }
                State::Behind => self.behind()?,
                State::Between => {
                    bytes.clear();
                    match self.visible()? {
                        None => return Ok(None),
                        Some(b'{') => {
                            if let Some(kind) = self.object(bytes)? {
                                return Ok(Some(kind));
                            }
                            bytes.clear();
                        }
                        // A list of objects is read like the objects.
                        Some(b'[' | b']' | b',') => self.input.skip(1),
                        Some(byte) => {
                            self.begin = self.input.at();
                            return Err(self.broken(byte, "an object"));
                        }
                    }
                }
            }
        }
    }

    fn byte(&self) -> u64 {
        self.begin
    }

    fn passed(&self) -> u64 {
        self.passed
    }
}

impl Names {
    fn note(&mut self, quoted: &[u8]) {
        self.any = true;
        match quoted {
            b"\"spans\"" => self.spans = true,
            b"\"traceID\"" | b"\"processes\"" => self.trace = true,
            b"\"resourceSpans\"" | b"\"data\"" => self.other_signal = true,
            b"\"resourceMetrics\"" | b"\"resourceLogs\"" | b"\"resourceProfiles\"" => {
                self.other_signal = true;
            }
            _ => {}
        }
    }
}

fn too_early() -> Fault {
    Fault::Lost("the file ends within a JSON value".to_owned())
}

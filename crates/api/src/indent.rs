//! Lays out JSON for people (`prettyPrint`), piece by piece as it is written.

/// Spaces of one level; Jaeger's number.
const INDENT: &[u8] = b"    ";

/// Turns compact JSON into JSON with lines. It trusts that the input is JSON.
#[derive(Debug, Default)]
pub(crate) struct Indenter {
    depth: usize,
    is_in_text: bool,
    is_escaped: bool,
    /// A bracket was opened and nothing stands behind it yet.
    is_just_open: bool,
}

impl Indenter {
    /// Lays out the next piece.
    pub(crate) fn write(&mut self, json: &[u8], out: &mut Vec<u8>) {
        for byte in json {
            self.byte(*byte, out);
        }
    }

    fn byte(&mut self, byte: u8, out: &mut Vec<u8>) {
        if self.is_in_text {
            out.push(byte);
            let is_end = byte == b'"' && !self.is_escaped;
            self.is_in_text = !is_end;
            self.is_escaped = byte == b'\\' && !self.is_escaped;
            return;
        }
        let closes = matches!(byte, b'}' | b']');
        if closes {
            self.depth = self.depth.saturating_sub(1);
        }
        // An empty pair of brackets stays together.
        if self.is_just_open != closes {
            self.line(out);
        }
        self.is_just_open = false;
        out.push(byte);
        match byte {
            b'{' | b'[' => {
                self.depth += 1;
                self.is_just_open = true;
            }
            b',' => self.line(out),
            b':' => out.push(b' '),
            b'"' => self.is_in_text = true,
            _ => {}
        }
    }

    fn line(&self, out: &mut Vec<u8>) {
        out.push(b'\n');
        for _ in 0..self.depth {
            out.extend_from_slice(INDENT);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_the_pieces_it_is_what_serde_json_prints() {
        let value = serde_json::json!({
            "data": [{"a": "x\\\"{,:[", "b": [], "c": {}}, 1, -2.5, null, true],
            "errors": null,
            "nested": [[[]], {"k": {"l": "m"}}],
        });
        let compact = serde_json::to_vec(&value).unwrap();
        let mut expected = Vec::new();
        let formatter = serde_json::ser::PrettyFormatter::with_indent(INDENT);
        let mut serializer = serde_json::Serializer::with_formatter(&mut expected, formatter);
        serde::Serialize::serialize(&value, &mut serializer).unwrap();
        for size in [1, 2, 7, compact.len()] {
            let (mut indenter, mut out) = (Indenter::default(), Vec::new());
            for piece in compact.chunks(size) {
                indenter.write(piece, &mut out);
            }
            assert_eq!(
                String::from_utf8(out).unwrap(),
                String::from_utf8(expected.clone()).unwrap()
            );
        }
    }
}

//! What the first bytes of a file say of it: whether it is JSON, and whether each line
//! is an object. **Nothing is taken from the file here.**

pub(super) fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

/// Do the first lines look like one object each, even if the first is torn?
/// Objects in several lines begin with a short line or a list.
pub(super) fn begins_with_lines(head: &[u8]) -> bool {
    const SHORT: usize = 4;
    let mut lines = head.splitn(3, |byte| *byte == b'\n');
    let (first, second) = (lines.next().unwrap_or_default(), lines.next());
    first.starts_with(b"{")
        && first.len() > SHORT
        && !first.ends_with(b"[")
        && !first.ends_with(b",")
        && second.is_some_and(|line| line.starts_with(b"{"))
}

/// Do these bytes begin an object or a list of objects?
pub(in super::super) fn is_json(head: &[u8]) -> bool {
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    let mut visible = head.iter().filter(|byte| !is_blank(**byte));
    match visible.next() {
        Some(b'{') => matches!(visible.next(), Some(b'"' | b'}') | None),
        Some(b'[') => matches!(visible.next(), Some(b'{' | b']') | None),
        _ => false,
    }
}

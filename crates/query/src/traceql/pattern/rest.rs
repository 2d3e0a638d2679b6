//! What is left of a pattern while it is read.
//!
//! **It knows characters only**: what they mean is for others to say.

/// What is left of a pattern.
pub(super) struct Rest {
    chars: Vec<char>,
    at: usize,
}

impl Rest {
    pub(super) fn new(text: &str) -> Self {
        Self {
            chars: text.chars().collect(),
            at: 0,
        }
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    pub(super) fn peek_at(&self, ahead: usize) -> Option<char> {
        self.chars.get(self.at + ahead).copied()
    }

    pub(super) fn take(&mut self) -> Option<char> {
        let next = self.peek();
        self.at += usize::from(next.is_some());
        next
    }

    /// Takes `text` if it comes next.
    pub(super) fn skip(&mut self, text: &str) -> bool {
        let is_next = (text.chars().enumerate()).all(|(ahead, c)| self.peek_at(ahead) == Some(c));
        if is_next {
            self.at += text.chars().count();
        }
        is_next
    }

    /// Takes what stands before `end`, and `end`; nothing if it does not come.
    pub(super) fn take_until(&mut self, end: &str) -> Option<String> {
        let from = self.at;
        while self.at < self.chars.len() {
            let before = self.at;
            if self.skip(end) {
                return Some(self.chars[from..before].iter().collect());
            }
            self.at += 1;
        }
        self.at = from;
        None
    }

    /// Where it is.
    pub(super) fn mark(&self) -> usize {
        self.at
    }

    /// Back to where it was.
    pub(super) fn back_to(&mut self, mark: usize) {
        self.at = mark;
    }
}

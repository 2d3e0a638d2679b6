//! How much an answer looked at, and what it therefore lacks.
//!
//! **Every answer that left something out says so**, in the words of this file.

/// How much a scan looked at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ScanReport {
    /// Blocks, live batches included as one, that were opened.
    pub searched_blocks: u64,
    /// Blocks that the time range did not rule out.
    pub total_blocks: u64,
    /// Bytes read from blocks, as stored.
    pub searched_bytes: u64,
    /// Spans whose filter columns were looked at.
    pub searched_spans: u64,
    /// Blocks that were left out, whole or in part, because they cannot be
    /// read; [`StoreStatus::damaged`](super::StoreStatus::damaged) names them. A log that lost spans counts
    /// as one.
    pub unread_blocks: u64,
    /// Did the log lose spans that it had acknowledged?
    pub lacks_log: bool,
    /// Spans in the parts that were left out, whether they match or not.
    pub unread_spans: u64,
}

impl ScanReport {
    /// What an answer made from this lacks, as a sentence for people.
    #[must_use]
    pub fn lacking(&self) -> Option<String> {
        let blocks = self.unread_blocks.saturating_sub(self.lacks_log.into());
        let blocks = match blocks {
            0 => None,
            1 => Some("1 block".to_owned()),
            blocks => Some(format!("{blocks} blocks")),
        };
        let subject = match (blocks, self.lacks_log) {
            (None, false) => return None,
            (Some(blocks), false) => blocks,
            (None, true) => "the write-ahead log".to_owned(),
            (Some(blocks), true) => format!("the write-ahead log and {blocks}"),
        };
        let spans = match self.unread_spans {
            // What was lost of the log cannot always be counted.
            0 => "spans".to_owned(),
            spans => format!("up to {spans} spans"),
        };
        Some(format!(
            "{subject} could not be read in full, {spans} are missing; \
             /api/status names what is damaged"
        ))
    }

    /// Takes over what another read of the same blocks left out: the larger
    /// number, because both met the same damage.
    pub fn lacks_also(&mut self, other: &Self) {
        self.unread_blocks = self.unread_blocks.max(other.unread_blocks);
        self.lacks_log |= other.lacks_log;
        self.unread_spans = self.unread_spans.max(other.unread_spans);
    }

    /// Adds another read of the same blocks: what each looked at, and what they
    /// left out once.
    pub fn add_again(&mut self, other: &Self) {
        self.lacks_also(other);
        self.add(&Self {
            unread_blocks: 0,
            unread_spans: 0,
            ..*other
        });
    }

    /// Adds what another read looked at, as if both were one.
    pub fn add(&mut self, other: &Self) {
        self.searched_blocks += other.searched_blocks;
        self.total_blocks += other.total_blocks;
        self.searched_bytes += other.searched_bytes;
        self.searched_spans += other.searched_spans;
        self.unread_blocks += other.unread_blocks;
        self.lacks_log |= other.lacks_log;
        self.unread_spans += other.unread_spans;
    }
}

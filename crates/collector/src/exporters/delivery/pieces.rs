//! A batch in pieces of which no message is too large, unless one span alone is.

use std::ops::Range;

use bytes::Bytes;
use tracewell_model::SpanBatch;

use crate::exporters::peer::Peer;

/// A part of a batch that is small enough.
pub(super) struct Piece {
    pub(super) messages: Vec<Bytes>,
    /// Of the batch.
    pub(super) rows: Range<usize>,
}

impl Piece {
    pub(super) fn spans(&self) -> u64 {
        self.rows.len() as u64
    }
}

/// See the module's text.
pub(super) fn pieces(batch: &SpanBatch, peer: &Peer) -> Vec<Piece> {
    let messages = peer.encode(batch);
    let largest = messages.iter().map(Vec::len).max().unwrap_or(0);
    let most = peer.message_bytes_max();
    if largest <= most || batch.len() < 2 {
        let messages = messages.into_iter().map(|message| peer.pack(message));
        return vec![Piece {
            messages: messages.collect(),
            rows: 0..batch.len(),
        }];
    }
    drop(messages);
    // Spans are not all of one size.
    let count = largest.div_ceil((most / 8 * 7).max(1)).max(2);
    let (mut found, mut first) = (Vec::new(), 0);
    for part in batch.in_parts(count) {
        let of_part = pieces(&part, peer).into_iter();
        found.extend(of_part.map(|piece| Piece {
            rows: first + piece.rows.start..first + piece.rows.end,
            ..piece
        }));
        first += part.len();
    }
    found
}

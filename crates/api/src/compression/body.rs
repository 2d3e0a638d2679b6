//! An answer that is compressed on its way out, piece by piece.
//!
//! Pieces that come at once are compressed together; when the answer pauses,
//! what was taken leaves, so that a search shows what it found while it goes
//! on. It holds a piece and its compressed form, **never the whole answer**.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes, HttpBody};
use http::HeaderMap;
use hyper::body::Frame;
use tokio::task::JoinHandle;

use super::Coding;
use super::encoder::Encoder;

/// Bytes that are compressed at a time: a client that left is noticed after it.
const PIECE_BYTES: usize = 256 << 10;

/// A body in another coding.
pub(super) struct CompressedBody {
    plain: Body,
    /// Of the last frame, what is still to be compressed.
    rest: Bytes,
    trailers: Option<HeaderMap>,
    state: State,
    /// Something was taken that has not left yet.
    owes: bool,
}

enum State {
    Waiting(Box<Encoder>),
    /// The encoder works on a thread that may; it comes back unless it is done.
    Working(JoinHandle<io::Result<Worked>>),
    Done,
}

impl CompressedBody {
    /// The body back where it cannot be compressed.
    pub(super) fn new(coding: Coding, plain: Body) -> Result<Self, Body> {
        match Encoder::new(coding) {
            None => Err(plain),
            Some(encoder) => Ok(Self {
                plain,
                rest: Bytes::new(),
                trailers: None,
                state: State::Waiting(Box::new(encoder)),
                owes: false,
            }),
        }
    }

    /// What to do next: the work of the encoder, or the answer's error.
    fn next_work(&mut self, context: &mut Context<'_>) -> Poll<Result<Work, axum::Error>> {
        loop {
            if !self.rest.is_empty() {
                let piece = self.rest.split_to(self.rest.len().min(PIECE_BYTES));
                self.owes = true;
                return Poll::Ready(Ok(Work::Push(piece)));
            }
            let frame = match Pin::new(&mut self.plain).poll_frame(context) {
                Poll::Ready(Some(Ok(frame))) => frame,
                Poll::Ready(Some(Err(error))) => return Poll::Ready(Err(error)),
                Poll::Ready(None) => return Poll::Ready(Ok(Work::Finish)),
                Poll::Pending if std::mem::take(&mut self.owes) => {
                    return Poll::Ready(Ok(Work::Flush));
                }
                Poll::Pending => return Poll::Pending,
            };
            match frame.into_data() {
                Ok(data) => self.rest = data,
                Err(frame) => {
                    self.trailers = frame.into_trailers().ok();
                    return Poll::Ready(Ok(Work::Finish));
                }
            }
        }
    }
}

/// The encoder, unless it is done, and what it gave.
type Worked = (Option<Box<Encoder>>, Bytes);

enum Work {
    Push(Bytes),
    Flush,
    Finish,
}

impl Work {
    fn run(self, mut encoder: Box<Encoder>) -> io::Result<Worked> {
        let out = match self {
            Self::Push(piece) => encoder.push(&piece)?,
            Self::Flush => encoder.flush()?,
            Self::Finish => return Ok((None, encoder.finish()?)),
        };
        Ok((Some(encoder), out))
    }
}

impl HttpBody for CompressedBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        loop {
            // An error leaves it done: nothing can follow.
            match std::mem::replace(&mut self.state, State::Done) {
                State::Waiting(encoder) => match self.next_work(context) {
                    Poll::Ready(Ok(work)) => {
                        let work = tokio::task::spawn_blocking(move || work.run(encoder));
                        self.state = State::Working(work);
                    }
                    Poll::Ready(Err(error)) => return Poll::Ready(Some(Err(error))),
                    Poll::Pending => {
                        self.state = State::Waiting(encoder);
                        return Poll::Pending;
                    }
                },
                State::Working(mut work) => {
                    let Poll::Ready(worked) = Pin::new(&mut work).poll(context) else {
                        self.state = State::Working(work);
                        return Poll::Pending;
                    };
                    let worked = worked.map_err(axum::Error::new);
                    let (encoder, out) = match worked.map(|out| out.map_err(axum::Error::new)) {
                        Ok(Ok(worked)) => worked,
                        Ok(Err(error)) | Err(error) => return Poll::Ready(Some(Err(error))),
                    };
                    self.state = encoder.map_or(State::Done, State::Waiting);
                    if !out.is_empty() {
                        return Poll::Ready(Some(Ok(Frame::data(out))));
                    }
                }
                State::Done => {
                    let trailers = self.trailers.take();
                    return Poll::Ready(trailers.map(|trailers| Ok(Frame::trailers(trailers))));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::BodyExt;
    use std::io::{Read, Write};
    use tokio::sync::mpsc;
    use tokio_stream::StreamExt;
    use tokio_stream::wrappers::ReceiverStream;

    type Piece = Result<&'static str, io::Error>;

    fn body(coding: Coding) -> (mpsc::Sender<Piece>, CompressedBody) {
        let (sender, pieces) = mpsc::channel(1);
        let plain = Body::from_stream(ReceiverStream::new(pieces).map(|piece| piece));
        let Ok(packed) = CompressedBody::new(coding, plain) else {
            panic!("{coding:?}")
        };
        (sender, packed)
    }

    /// Reads as much as was sent so far, as browsers do.
    fn readable(coding: Coding, packed: &[u8]) -> String {
        let mut plain = Vec::new();
        match coding {
            Coding::Gzip => {
                let mut decoder = flate2::write::GzDecoder::new(&mut plain);
                decoder.write_all(packed).unwrap();
                decoder.flush().unwrap();
            }
            Coding::Brotli => {
                let mut decoder = brotli::DecompressorWriter::new(&mut plain, 64);
                decoder.write_all(packed).unwrap();
                decoder.flush().unwrap();
            }
            Coding::Zstd => {
                let mut decoder = zstd::stream::write::Decoder::new(&mut plain).unwrap();
                decoder.write_all(packed).unwrap();
                decoder.flush().unwrap();
            }
            Coding::Identity => panic!("not compressed"),
        }
        String::from_utf8(plain).unwrap()
    }

    #[tokio::test]
    async fn what_was_found_is_readable_while_the_search_goes_on() {
        for coding in [Coding::Gzip, Coding::Brotli, Coding::Zstd] {
            let (sender, mut body) = body(coding);
            let mut packed = Vec::new();
            let mut so_far = String::new();
            for line in ["{\"type\":\"trace\"}\n", "{\"type\":\"done\"}\n"] {
                sender.send(Ok(line)).await.unwrap();
                so_far.push_str(line);
                while readable(coding, &packed) != so_far {
                    let frame = body.frame().await.unwrap().unwrap();
                    packed.extend_from_slice(&frame.into_data().unwrap());
                }
            }
            drop(sender);
            let rest = body.collect().await.unwrap().to_bytes();
            packed.extend_from_slice(&rest);
            assert_eq!(readable(coding, &packed), so_far, "{coding:?}");
        }
    }

    #[tokio::test]
    async fn an_answer_that_breaks_off_does_not_end_well() {
        let (sender, body) = body(Coding::Gzip);
        sender.send(Ok("begun")).await.unwrap();
        let sending = tokio::spawn(async move {
            let broken = Err(io::ErrorKind::BrokenPipe.into());
            sender.send(broken).await
        });
        assert!(body.collect().await.is_err());
        sending.await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn large_frames_are_compressed_whole() {
        let large: Vec<u8> = (0..PIECE_BYTES * 3 + 7).map(|i| (i / 100) as u8).collect();
        let body = CompressedBody::new(Coding::Gzip, Body::from(large.clone()));
        let Ok(body) = body else { panic!("gzip") };
        let packed = body.collect().await.unwrap().to_bytes();
        let mut read = Vec::new();
        let mut decoder = flate2::read::GzDecoder::new(&packed[..]);
        decoder.read_to_end(&mut read).unwrap();
        assert!(read == large);
    }
}

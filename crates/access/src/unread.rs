//! The rest of a request that nobody needs.

use std::time::Duration;

use http_body_util::BodyExt;

/// Time for it.
const DISCARD_TIMEOUT: Duration = Duration::from_secs(10);

/// Reads and forgets a body, up to `most_bytes` and ten seconds: clients that write
/// all before they read, and some over HTTP/2, see no answer on a connection that
/// is reset. Too slow or too long, the connection closes with the body unread.
pub async fn discard<B: BodyExt + Unpin>(mut body: B, most_bytes: usize) {
    let reading = async {
        let mut left = most_bytes;
        while let Some(Ok(frame)) = body.frame().await {
            let data = frame.into_data().ok();
            let read = data.map_or(0, |data| bytes::Buf::remaining(&data));
            let Some(rest) = left.checked_sub(read) else {
                return;
            };
            left = rest;
        }
    };
    tokio::time::timeout(DISCARD_TIMEOUT, reading).await.ok();
}

//! What happens to spans between receivers and exporters.
//!
//! A processor is a `Consumer` before another one. **It never acknowledges what
//! it only holds**: who is asked answers when those behind it have answered.

pub mod batch;

//! For tests only: spans written by hand or by chance, Thrift that carries
//! them, and the suite that every `TraceStore` must pass.
//!
//! **Nothing that ships may depend on this crate.**

pub mod conformance;
pub mod decisions;
pub mod narrow;
pub mod random;
pub mod shared_data;
pub mod spans;
pub mod thrift;

pub use random::Random;
pub use spans::{TestEvent, TestLink, TestSpan, batch, flatten};

//! For tests only: spans written by hand or by chance, and the suite that
//! every `TraceStore` must pass.
//!
//! **Nothing that ships may depend on this crate.**

pub mod conformance;
pub mod decisions;
pub mod narrow;
pub mod random;
pub mod shared_data;
pub mod spans;

pub use random::Random;
pub use spans::{TestEvent, TestLink, TestSpan, batch, flatten};

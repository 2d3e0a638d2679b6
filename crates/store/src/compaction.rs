//! Compaction: many blocks become few, and what a trace's spans say together
//! is written beside them.
//!
//! [`policy`] says which blocks, [`merge`] makes one of them, [`pace`] keeps
//! it from taking the machine. Whoever calls decides when, and what becomes of
//! the result: **nothing here touches the manifest, removes a file that was
//! finished or starts a thread.**

pub(crate) mod merge;
pub(crate) mod pace;
pub(crate) mod policy;

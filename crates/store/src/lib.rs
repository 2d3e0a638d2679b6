//! The embedded store: spans on the local disk of one process.
//!
//! An acknowledged batch is in the write-ahead log ([`wal`]) before anybody
//! hears of it; sealed blocks are listed in the [`manifest`]; one process at a
//! time owns the directory ([`lock`]). Only [`files`] opens files, so that a
//! test can put a failing disk under everything else.
//!
//! **The store never knows HTTP, gRPC or a query language, and never runs on
//! an async runtime.**

pub mod backup;
pub mod block;
mod bulk;
mod compaction;
pub mod embedded;
pub mod files;
mod gather;
mod inventory;
mod layout;
pub mod listing;
pub mod live;
pub mod lock;
pub mod manifest;
pub mod memory;
pub mod neighbours;
mod priority;
mod quarantine;
mod rebuild;
pub mod repair;
pub mod snapshot;
pub mod spool;
pub mod verify;
pub mod wal;
pub mod with_waiting;

//! The crate as an application uses it; exports go to a collector made for
//! these tests, which decodes with independent code.
//!
//! It exists because what counts is what arrives. No test may need a fixed
//! port, a sleep or the process's environment.

#![expect(
    clippy::unwrap_used,
    reason = "a test that unwraps says where it failed"
)]

extern crate axum_0_8 as axum;

mod again;
mod certificates;
mod collector;
mod delivery;
mod encoding;
mod errors;
mod handles;
mod keep;
mod large;
mod layer;
mod logs;
mod logs_delivery;
mod logs_process;
mod logs_setup;
mod opentelemetry_api;
mod opentelemetry_context;
mod opentelemetry_stock;
mod opentelemetry_tasks;
mod process;
mod processors;
mod proxy;
mod proxy_server;
mod samplers;
mod setup;
mod shutdown;
mod spans;
mod tls;
mod variables;

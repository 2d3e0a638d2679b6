//! Middleware between real servers and clients, on both flavours of tokio.

mod grpc;
mod http;
#[cfg(feature = "reqwest-0_13")]
mod reqwest;

use crate::mock::MockExporter;
use std::future::Future;
use std::sync::Arc;

/// Runs a test on a current-thread and a multi-thread runtime.
fn on_each_flavour<F: Future>(test: impl Fn(Arc<MockExporter>) -> F) {
    use tokio::runtime::Builder;
    let flavours = [
        Builder::new_current_thread().enable_all().build(),
        Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build(),
    ];
    for runtime in flavours {
        runtime
            .unwrap()
            .block_on(test(Arc::new(MockExporter::new())));
    }
}

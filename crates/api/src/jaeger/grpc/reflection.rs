//! Descriptions of everything that port 16685 serves, so that clients like
//! grpcurl can list and call it without proto files.
//!
//! protoc would write these from the proto files; here they are tables
//! (`jaeger`, `opentelemetry`) from which `table` builds the same descriptors.

mod jaeger;
mod opentelemetry;
mod table;

use prost_types::FileDescriptorSet;
use tonic::service::Routes;
use tonic_reflection::server::Builder;

/// Adds the reflection services, v1 and the older v1alpha.
pub(super) fn add_to(routes: Routes) -> Routes {
    const COMPLETE: &str = "the descriptors are constant and complete";
    let builder = || {
        Builder::configure()
            .register_file_descriptor_set(descriptors())
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
    };
    routes
        .add_service(builder().build_v1().expect(COMPLETE))
        .add_service(builder().build_v1alpha().expect(COMPLETE))
}

fn descriptors() -> FileDescriptorSet {
    let tables = opentelemetry::FILES.iter().chain(jaeger::FILES);
    FileDescriptorSet {
        file: tables.map(table::File::descriptor).collect(),
    }
}

//! tonic's server and client of `cinema.Seats`. Described here and not in a `.proto`
//! file, which would need protoc; its messages are in `lib.rs`.

use tonic_build::manual::{Builder, Method, Service};

fn main() {
    let reserve = Method::builder()
        .name("reserve")
        .route_name("Reserve")
        .input_type("crate::ReserveRequest")
        .output_type("crate::ReserveReply")
        .codec_path("tonic_prost::ProstCodec")
        .build();
    let seats = Service::builder()
        .package("cinema")
        .name("Seats")
        .method(reserve)
        .build();
    Builder::new().compile(&[seats]);
}

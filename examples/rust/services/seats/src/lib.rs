//! The contract of `cinema.Seats`: its messages, what tonic makes of `build.rs`, and a client.

use seats_client::SeatsClient;
use tonic::codegen::http::Uri;
use tonic::transport::Channel;
use tower::ServiceBuilder;
use tracewell_instrument::middleware::client::{ClientLayer, TracedClient};

/// Asks for seats of a show.
#[derive(Clone, PartialEq, prost::Message)]
pub struct ReserveRequest {
    #[prost(string, tag = "1")]
    pub show: String,
    #[prost(uint32, tag = "2")]
    pub seats: u32,
}

/// They are reserved.
#[derive(Clone, PartialEq, prost::Message)]
pub struct ReserveReply {
    /// How many are left.
    #[prost(uint32, tag = "1")]
    pub left: u32,
}

tonic::include_proto!("cinema.Seats");

/// A client with a span for each call.
pub type Client = SeatsClient<TracedClient<Channel>>;

/// Connects with the first call.
pub fn client(address: Uri) -> Client {
    let host = address.host().unwrap_or_default().to_owned();
    let layer = ClientLayer::grpc().server(host, address.port_u16().unwrap_or(80));
    let channel = Channel::builder(address).connect_lazy();
    SeatsClient::new(ServiceBuilder::new().layer(layer).service(channel))
}

/// Where they are, unless `SEATS_URL` says.
pub const ADDRESS: &str = "http://127.0.0.1:50051";

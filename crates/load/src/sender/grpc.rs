//! OTLP over gRPC with a codec that passes bytes through: requests are already
//! encoded, and answers are small.

use std::time::Duration;

use bytes::{Buf, BufMut, Bytes};
use http::HeaderValue;
use http::uri::{PathAndQuery, Scheme, Uri};
use prost::Message;
use tonic::client::Grpc;
use tonic::codec::{Codec, CompressionEncoding, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::metadata::AsciiMetadataValue;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request, Status};

use super::{Answer, Compression, ExportResponse, root_cause};
use crate::error::LoadError;
use crate::reach::Credentials;

const EXPORT: &str = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
const RETRY_INFO: &str = "type.googleapis.com/google.rpc.RetryInfo";

pub(super) struct GrpcSender {
    client: Grpc<Channel>,
    timeout: Duration,
    authorization: Option<AsciiMetadataValue>,
}

impl GrpcSender {
    pub(super) fn new(
        endpoint: &str,
        compression: Compression,
        timeout: Duration,
        credentials: &Credentials,
    ) -> Result<Self, LoadError> {
        let origin: Uri = endpoint
            .parse()
            .map_err(|error| LoadError::endpoint(endpoint, error))?;
        let is_encrypted = origin.scheme() == Some(&Scheme::HTTPS);
        let (host, port) = (origin.host().unwrap_or_default(), origin.port_u16());
        let port = port.unwrap_or(if is_encrypted { 443 } else { 80 });
        // TLS is the connector's: at an address that says https tonic would want to
        // do it.
        let channel = Endpoint::from_shared(format!("http://{host}:{port}"))
            .map_err(|error| LoadError::endpoint(endpoint, error))?
            .origin(origin)
            .connect_with_connector_lazy(credentials.grpc_connector(is_encrypted));
        let client = Grpc::new(channel);
        let client = match compression {
            Compression::None => client,
            Compression::Gzip => client.send_compressed(CompressionEncoding::Gzip),
            Compression::Zstd => client.send_compressed(CompressionEncoding::Zstd),
        };
        let authorization = credentials.authorization().map(HeaderValue::as_bytes);
        let authorization = authorization.map(AsciiMetadataValue::try_from);
        Ok(Self {
            client,
            timeout,
            authorization: authorization.transpose().map_err(|_| LoadError::Token)?,
        })
    }

    pub(super) async fn send(&mut self, body: Bytes) -> Answer {
        if let Err(error) = self.client.ready().await {
            return Answer::Retry {
                after: None,
                reason: root_cause(&error),
            };
        }
        let path = PathAndQuery::from_static(EXPORT);
        let mut request = Request::new(body);
        if let Some(authorization) = &self.authorization {
            let metadata = request.metadata_mut();
            metadata.insert("authorization", authorization.clone());
        }
        let call = self.client.unary(request, path, BytesCodec);
        match tokio::time::timeout(self.timeout, call).await {
            Err(_) => Answer::Retry {
                after: None,
                reason: "no answer in time".to_owned(),
            },
            Ok(Err(status)) => judge(&status),
            Ok(Ok(response)) => match ExportResponse::decode(response.into_inner()) {
                Ok(response) => response.answer(),
                Err(error) => Answer::Refused {
                    reason: format!("unreadable answer: {error}"),
                },
            },
        }
    }
}

/// OTLP's table of retryable codes; a broken connection is retryable as well.
fn judge(status: &Status) -> Answer {
    let after = retry_delay(status.details());
    let is_retryable = match status.code() {
        Code::Cancelled
        | Code::DeadlineExceeded
        | Code::Aborted
        | Code::OutOfRange
        | Code::Unavailable
        | Code::DataLoss => true,
        Code::ResourceExhausted => after.is_some(),
        _ => std::error::Error::source(status).is_some(),
    };
    let reason = match std::error::Error::source(status) {
        Some(source) => root_cause(source),
        None => format!("{:?}: {}", status.code(), status.message()),
    };
    if is_retryable {
        Answer::Retry { after, reason }
    } else {
        Answer::Refused { reason }
    }
}

/// `google.rpc.Status`.
#[derive(Clone, PartialEq, Message)]
struct RpcStatus {
    #[prost(message, repeated, tag = "3")]
    details: Vec<prost_types::Any>,
}

/// `google.rpc.RetryInfo`.
#[derive(Clone, PartialEq, Message)]
struct RetryInfo {
    #[prost(message, optional, tag = "1")]
    retry_delay: Option<prost_types::Duration>,
}

fn retry_delay(details: &[u8]) -> Option<Duration> {
    let status = RpcStatus::decode(details).ok()?;
    let info = status
        .details
        .iter()
        .find(|detail| detail.type_url == RETRY_INFO)?;
    let info = RetryInfo::decode(&info.value[..]).ok()?;
    Duration::try_from(info.retry_delay.unwrap_or_default()).ok()
}

/// Bytes in, bytes out.
struct BytesCodec;

impl Codec for BytesCodec {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for BytesCodec {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, body: Bytes, out: &mut EncodeBuf<'_>) -> Result<(), Status> {
        out.put(body);
        Ok(())
    }
}

impl Decoder for BytesCodec {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, body: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(body.copy_to_bytes(body.remaining())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn details(seconds: i64) -> Bytes {
        let delay = prost_types::Duration {
            seconds,
            nanos: 500_000_000,
        };
        let info = RetryInfo {
            retry_delay: Some(delay),
        };
        let any = prost_types::Any {
            type_url: RETRY_INFO.to_owned(),
            value: info.encode_to_vec(),
        };
        RpcStatus { details: vec![any] }.encode_to_vec().into()
    }

    #[test]
    fn an_exhausted_resource_is_worth_a_retry_only_with_a_delay() {
        let refused = judge(&Status::resource_exhausted("too large"));
        assert_eq!(
            refused,
            Answer::Refused {
                reason: "ResourceExhausted: too large".to_owned()
            }
        );
        let busy = Status::with_details(Code::ResourceExhausted, "full", details(2));
        let Answer::Retry { after, .. } = judge(&busy) else {
            panic!("{busy:?}")
        };
        assert_eq!(after, Some(Duration::from_millis(2_500)));
    }

    #[test]
    fn unavailable_is_retried_and_invalid_is_not() {
        assert!(matches!(
            judge(&Status::unavailable("x")),
            Answer::Retry { after: None, .. }
        ));
        assert!(matches!(
            judge(&Status::invalid_argument("x")),
            Answer::Refused { .. }
        ));
    }
}

//! Reflection as grpcurl uses it, and the tables against the messages.

use std::collections::{BTreeMap, BTreeSet};

use prost::Message;
use prost::bytes::Buf;
use prost::encoding::{WireType, decode_key, decode_varint};
use prost_types::field_descriptor_proto::Type;
use prost_types::{DescriptorProto, FileDescriptorProto};
use tonic::transport::Channel;
use tonic_reflection::pb::v1::ServerReflectionRequest;
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;
use tonic_reflection::pb::v1alpha;

use super::{ORDER, TracesData, connect, id, stream, v2, v3, v3_query};

async fn ask(channel: &Channel, question: MessageRequest) -> MessageResponse {
    let request = ServerReflectionRequest {
        host: String::new(),
        message_request: Some(question),
    };
    let mut client = ServerReflectionClient::new(channel.clone());
    let answers = client.server_reflection_info(tokio_stream::once(request));
    let mut answers = answers.await.unwrap().into_inner();
    let answer = answers.message().await.unwrap().unwrap();
    answer.message_response.unwrap()
}

async fn files_of(channel: &Channel, question: MessageRequest) -> Vec<FileDescriptorProto> {
    match ask(channel, question).await {
        MessageResponse::FileDescriptorResponse(found) => found
            .file_descriptor_proto
            .iter()
            .map(|bytes| FileDescriptorProto::decode(&**bytes).unwrap())
            .collect(),
        other => panic!("{other:?}"),
    }
}

/// All files that a service needs, by name, as a client gathers them.
async fn gather(channel: &Channel, service: &str) -> BTreeMap<String, FileDescriptorProto> {
    let symbol = MessageRequest::FileContainingSymbol(service.to_owned());
    let mut waiting = files_of(channel, symbol).await;
    let mut files = BTreeMap::new();
    while let Some(file) = waiting.pop() {
        for name in file
            .dependency
            .iter()
            .filter(|name| !files.contains_key(*name))
        {
            let question = MessageRequest::FileByFilename(name.clone());
            waiting.extend(files_of(channel, question).await);
        }
        files.insert(file.name().to_owned(), file);
    }
    files
}

/// Messages and enums by full name.
fn messages(
    files: &BTreeMap<String, FileDescriptorProto>,
) -> (BTreeMap<String, DescriptorProto>, BTreeSet<String>) {
    let (mut all, mut enums) = (BTreeMap::new(), BTreeSet::new());
    for file in files.values() {
        let prefix = format!(".{}", file.package());
        enums.extend(
            file.enum_type
                .iter()
                .map(|e| format!("{prefix}.{}", e.name())),
        );
        let mut waiting: Vec<_> = file
            .message_type
            .iter()
            .map(|message| (prefix.clone(), message.clone()))
            .collect();
        while let Some((parent, message)) = waiting.pop() {
            let name = format!("{parent}.{}", message.name());
            enums.extend(
                message
                    .enum_type
                    .iter()
                    .map(|e| format!("{name}.{}", e.name())),
            );
            waiting.extend(
                message
                    .nested_type
                    .iter()
                    .map(|inner| (name.clone(), inner.clone())),
            );
            all.insert(name, message);
        }
    }
    (all, enums)
}

#[tokio::test]
async fn everything_that_is_served_can_be_listed_and_described() {
    let channel = connect().await;
    let MessageResponse::ListServicesResponse(listed) =
        ask(&channel, MessageRequest::ListServices(String::new())).await
    else {
        panic!("no list of services");
    };
    let services: BTreeSet<_> = listed
        .service
        .into_iter()
        .map(|service| service.name)
        .collect();
    for expected in [
        "jaeger.api_v2.QueryService",
        "jaeger.api_v3.QueryService",
        "grpc.health.v1.Health",
        "grpc.reflection.v1.ServerReflection",
    ] {
        assert!(
            services.contains(expected),
            "{expected} is not in {services:?}"
        );
    }
    for service in services {
        let files = gather(&channel, &service).await;
        let (messages, enums) = messages(&files);
        for (name, message) in &messages {
            for field in message
                .field
                .iter()
                .filter(|field| field.type_name.is_some())
            {
                let known = match field.r#type() {
                    Type::Enum => enums.contains(field.type_name()),
                    _ => messages.contains_key(field.type_name()),
                };
                assert!(known, "{name}.{}: {}", field.name(), field.type_name());
            }
        }
        for method in files
            .values()
            .flat_map(|file| &file.service)
            .flat_map(|s| &s.method)
        {
            assert!(messages.contains_key(method.input_type()), "{method:?}");
            assert!(messages.contains_key(method.output_type()), "{method:?}");
        }
    }
}

#[tokio::test]
async fn the_older_reflection_answers_too() {
    let channel = connect().await;
    let mut client = v1alpha::server_reflection_client::ServerReflectionClient::new(channel);
    let question = v1alpha::server_reflection_request::MessageRequest::ListServices(String::new());
    let request = v1alpha::ServerReflectionRequest {
        host: String::new(),
        message_request: Some(question),
    };
    let answers = client
        .server_reflection_info(tokio_stream::once(request))
        .await;
    let answer = answers
        .unwrap()
        .into_inner()
        .message()
        .await
        .unwrap()
        .unwrap();
    let text = format!("{answer:?}");
    assert!(text.contains("jaeger.api_v3.QueryService"), "{text}");
}

/// What is sent has only fields that are described, with the types described.
#[tokio::test]
async fn the_descriptions_are_those_of_the_messages() {
    let channel = connect().await;
    let mut files = gather(&channel, "jaeger.api_v2.QueryService").await;
    files.extend(gather(&channel, "jaeger.api_v3.QueryService").await);
    let (messages, _) = messages(&files);

    let request = v2::GetTraceRequest {
        trace_id: id(ORDER),
        ..Default::default()
    };
    check(
        &messages,
        ".jaeger.api_v2.GetTraceRequest",
        &request.encode_to_vec(),
    );
    let method = "api_v2.QueryService/GetTrace";
    let chunks: Vec<v2::SpansResponseChunk> = stream(&channel, method, request).await.unwrap();
    check(
        &messages,
        ".jaeger.api_v2.SpansResponseChunk",
        &chunks[0].encode_to_vec(),
    );

    let mut query = v3_query("shop");
    query
        .attributes
        .insert("customer".to_owned(), "c-7".to_owned());
    query.search_depth = 1;
    let request = v3::FindTracesRequest { query: Some(query) };
    check(
        &messages,
        ".jaeger.api_v3.FindTracesRequest",
        &request.encode_to_vec(),
    );
    let method = "api_v3.QueryService/FindTraceSummaries";
    let chunks: Vec<v3::FindTraceSummariesResponse> =
        stream(&channel, method, request.clone()).await.unwrap();
    check(
        &messages,
        ".jaeger.api_v3.FindTraceSummariesResponse",
        &chunks[0].encode_to_vec(),
    );
    let method = "api_v3.QueryService/FindTraces";
    let traces: Vec<TracesData> = stream(&channel, method, request).await.unwrap();
    check(
        &messages,
        ".opentelemetry.proto.trace.v1.TracesData",
        &traces[0].encode_to_vec(),
    );
}

fn check(messages: &BTreeMap<String, DescriptorProto>, name: &str, mut bytes: &[u8]) {
    while bytes.has_remaining() {
        let (number, wire_type) = decode_key(&mut bytes).unwrap();
        let field = messages[name]
            .field
            .iter()
            .find(|field| field.number() == number as i32);
        let field = field.unwrap_or_else(|| panic!("{name} has no field {number}"));
        let expected = match field.r#type() {
            Type::Fixed64 | Type::Double => WireType::SixtyFourBit,
            Type::Fixed32 => WireType::ThirtyTwoBit,
            Type::String | Type::Bytes | Type::Message => WireType::LengthDelimited,
            _ => WireType::Varint,
        };
        assert_eq!(wire_type, expected, "{name}.{}", field.name());
        match wire_type {
            WireType::Varint => drop(decode_varint(&mut bytes).unwrap()),
            WireType::SixtyFourBit => bytes.advance(8),
            WireType::ThirtyTwoBit => bytes.advance(4),
            _ => {
                let len = decode_varint(&mut bytes).unwrap() as usize;
                let (inner, rest) = bytes.split_at(len);
                if field.r#type() == Type::Message {
                    check(messages, field.type_name(), inner);
                }
                bytes = rest;
            }
        }
    }
}

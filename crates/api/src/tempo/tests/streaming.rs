//! The same over gRPC, through a real connection to Tempo's port: HTTP/1.1 and
//! HTTP/2 in the clear at one address.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use http::uri::PathAndQuery;
use prost::Message;
use tokio::net::TcpListener;
use tonic::client::Grpc;
use tonic::transport::Channel;
use tonic::{Code, Request, Status};
use tonic_prost::ProstCodec;
use tracewell_model::clock::ManualClock;
use tracewell_store::memory::MemoryStore;
use tracewell_testkit::conformance;

use super::{MS, NOW_NS, ORDER, S, START_NS, shop};
use crate::{QueryLimits, QueryState};

/// As a client has them: numbers of fields from `tempo.proto`.
mod client {
    use super::{HashMap, Message};

    #[derive(Clone, PartialEq, Message)]
    pub(super) struct SearchRequest {
        #[prost(map = "string, string", tag = "1")]
        pub(super) tags: HashMap<String, String>,
        #[prost(uint32, tag = "2")]
        pub(super) min_duration_ms: u32,
        #[prost(uint32, tag = "4")]
        pub(super) limit: u32,
        #[prost(uint32, tag = "5")]
        pub(super) start: u32,
        #[prost(uint32, tag = "6")]
        pub(super) end: u32,
        #[prost(string, tag = "8")]
        pub(super) query: String,
        #[prost(uint32, tag = "9")]
        pub(super) spans_per_span_set: u32,
    }

    #[derive(Clone, PartialEq, Message)]
    pub(super) struct SearchResponse {
        #[prost(message, repeated, tag = "1")]
        pub(super) traces: Vec<Trace>,
        #[prost(message, optional, tag = "2")]
        pub(super) metrics: Option<Metrics>,
    }

    #[derive(Clone, PartialEq, Message)]
    pub(super) struct Trace {
        #[prost(string, tag = "1")]
        pub(super) id: String,
        #[prost(string, tag = "2")]
        pub(super) root_service: String,
        #[prost(uint64, tag = "4")]
        pub(super) start_ns: u64,
        #[prost(uint32, tag = "5")]
        pub(super) duration_ms: u32,
        #[prost(message, repeated, tag = "7")]
        pub(super) span_sets: Vec<SpanSet>,
    }

    #[derive(Clone, PartialEq, Message)]
    pub(super) struct SpanSet {
        #[prost(message, repeated, tag = "1")]
        pub(super) spans: Vec<Span>,
        #[prost(uint32, tag = "2")]
        pub(super) matched: u32,
    }

    #[derive(Clone, PartialEq, Message)]
    pub(super) struct Span {
        #[prost(string, tag = "1")]
        pub(super) id: String,
        #[prost(uint64, tag = "4")]
        pub(super) duration_ns: u64,
    }

    #[derive(Clone, PartialEq, Message)]
    pub(super) struct Metrics {
        #[prost(uint32, tag = "4")]
        pub(super) completed_jobs: u32,
        #[prost(uint32, tag = "5")]
        pub(super) total_jobs: u32,
    }

    #[derive(Clone, PartialEq, Message)]
    pub(super) struct QueryRequest {
        #[prost(string, tag = "1")]
        pub(super) query: String,
        #[prost(uint64, tag = "2")]
        pub(super) start_ns: u64,
        #[prost(uint64, tag = "3")]
        pub(super) end_ns: u64,
        #[prost(uint64, tag = "4")]
        pub(super) step_ns: u64,
    }

    #[derive(Clone, PartialEq, Message)]
    pub(super) struct RangeResponse {
        #[prost(message, repeated, tag = "1")]
        pub(super) series: Vec<TimeSeries>,
        #[prost(message, optional, tag = "2")]
        pub(super) metrics: Option<Metrics>,
    }

    #[derive(Clone, PartialEq, Message)]
    pub(super) struct TimeSeries {
        #[prost(message, repeated, tag = "1")]
        pub(super) labels: Vec<opentelemetry_proto::tonic::common::v1::KeyValue>,
        #[prost(message, repeated, tag = "2")]
        pub(super) samples: Vec<Sample>,
    }

    #[derive(Clone, PartialEq, Message)]
    pub(super) struct Sample {
        #[prost(double, tag = "1")]
        pub(super) value: f64,
        #[prost(int64, tag = "2")]
        pub(super) timestamp_ms: i64,
    }

    #[derive(Clone, PartialEq, Message)]
    pub(super) struct InstantResponse {
        #[prost(message, repeated, tag = "1")]
        pub(super) series: Vec<InstantSeries>,
    }

    #[derive(Clone, PartialEq, Message)]
    pub(super) struct InstantSeries {
        #[prost(double, tag = "2")]
        pub(super) value: f64,
    }

    /// Of tags and of values: what is asked for first, and a query.
    #[derive(Clone, PartialEq, Message)]
    pub(super) struct Names {
        #[prost(string, tag = "1")]
        pub(super) of: String,
        #[prost(string, tag = "2")]
        pub(super) query: String,
    }

    #[derive(Clone, PartialEq, Message)]
    pub(super) struct Texts {
        #[prost(string, repeated, tag = "1")]
        pub(super) texts: Vec<String>,
    }

    /// A scope with tags, or a type with a value.
    #[derive(Clone, PartialEq, Message)]
    pub(super) struct Pairs {
        #[prost(message, repeated, tag = "1")]
        pub(super) pairs: Vec<Pair>,
    }

    #[derive(Clone, PartialEq, Message)]
    pub(super) struct Pair {
        #[prost(string, tag = "1")]
        pub(super) first: String,
        #[prost(string, repeated, tag = "2")]
        pub(super) second: Vec<String>,
    }
}

async fn connect() -> Channel {
    let store = MemoryStore::new(1 << 30);
    conformance::append(&store, &shop()).unwrap();
    let limits = QueryLimits {
        concurrent: 2,
        waiting: 8,
        time: Duration::from_secs(60),
    };
    let clock = Arc::new(ManualClock::new(NOW_NS));
    let state = Arc::new(QueryState::new(Arc::new(store), clock, limits));
    let router = crate::tempo::router(&state).merge(crate::tempo::streaming_router(&state));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    let endpoint = Channel::from_shared(format!("http://{address}")).unwrap();
    endpoint.connect().await.unwrap()
}

async fn stream<Req, Res>(channel: &Channel, method: &str, request: Req) -> Result<Vec<Res>, Status>
where
    Req: Message + 'static,
    Res: Message + Default + 'static,
{
    let mut grpc = Grpc::new(channel.clone());
    grpc.ready().await.unwrap();
    let path = format!("/tempopb.StreamingQuerier/{method}");
    let path = PathAndQuery::try_from(path).unwrap();
    let codec = ProstCodec::<Req, Res>::default();
    let answer = grpc.server_streaming(Request::new(request), path, codec);
    let mut messages = answer.await?.into_inner();
    let mut all = Vec::new();
    while let Some(message) = messages.message().await? {
        all.push(message);
    }
    Ok(all)
}

fn searching(query: &str) -> client::SearchRequest {
    client::SearchRequest {
        query: query.to_owned(),
        limit: 20,
        start: (START_NS / S - 60) as u32,
        end: (NOW_NS / S) as u32,
        spans_per_span_set: 1,
        ..client::SearchRequest::default()
    }
}

#[tokio::test]
async fn each_trace_comes_once_and_the_last_message_says_that_all_is_done() {
    let channel = connect().await;
    let messages: Vec<client::SearchResponse> =
        stream(&channel, "Search", searching("{ }")).await.unwrap();
    assert!(messages.iter().all(|message| message.metrics.is_some()));
    let last = messages.last().unwrap().metrics.as_ref().unwrap();
    assert!(last.total_jobs > 0 && last.completed_jobs == last.total_jobs);
    let traces: Vec<_> = messages
        .iter()
        .flat_map(|message| &message.traces)
        .collect();
    let mut ids: Vec<_> = traces.iter().map(|trace| &*trace.id).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!((ids.len(), traces.len()), (3, 3));
    let order = traces.iter().find(|trace| trace.id == ORDER).unwrap();
    assert_eq!((&*order.root_service, order.duration_ms), ("shop", 1_500));
    assert_eq!(order.start_ns, START_NS);
    let set = &order.span_sets[0];
    assert_eq!((set.matched, set.spans.len()), (2, 1));
    assert_eq!(set.spans[0].id, "0000000000000001");
    assert_eq!(set.spans[0].duration_ns, 1_500 * MS);
}

#[tokio::test]
async fn conditions_of_a_call() {
    let channel = connect().await;
    let found = async |request| -> usize {
        let messages = stream(&channel, "Search", request).await.unwrap();
        let messages: Vec<client::SearchResponse> = messages;
        messages.iter().map(|message| message.traces.len()).sum()
    };
    let nothing_set = client::SearchRequest::default();
    assert_eq!(found(nothing_set.clone()).await, 3);
    assert_eq!(found(searching("{ status = error }")).await, 1);
    let with_tags = client::SearchRequest {
        tags: HashMap::from([("customer".to_owned(), "ann".to_owned())]),
        ..nothing_set.clone()
    };
    assert_eq!(found(with_tags).await, 2);
    let long = client::SearchRequest {
        min_duration_ms: 1_000,
        ..nothing_set
    };
    assert_eq!(found(long).await, 2);
}

#[tokio::test]
async fn names_and_values() {
    let channel = connect().await;
    let names = |of: &str, query: &str| client::Names {
        of: of.to_owned(),
        query: query.to_owned(),
    };
    let tags: Vec<client::Texts> = stream(&channel, "SearchTags", names("resource", ""))
        .await
        .unwrap();
    assert_eq!(tags[0].texts, ["service.name"]);
    let scopes: Vec<client::Pairs> = stream(&channel, "SearchTagsV2", names("event", ""))
        .await
        .unwrap();
    let event = &scopes[0].pairs[0];
    assert_eq!(
        (&*event.first, &event.second[..]),
        ("event", &["exception.type".to_owned()][..])
    );
    let values: Vec<client::Texts> = stream(&channel, "SearchTagValues", names("service.name", ""))
        .await
        .unwrap();
    assert_eq!(values[0].texts, ["bank", "jobs", "shop"]);
    let among = names("name", r#"{resource.service.name="bank" && name="#);
    let values: Vec<client::Pairs> = stream(&channel, "SearchTagValuesV2", among).await.unwrap();
    let pay = &values[0].pairs[0];
    assert_eq!(
        (&*pay.first, &pay.second[..]),
        ("string", &["pay".to_owned()][..])
    );
    assert_eq!(values[0].pairs.len(), 1);
}

#[tokio::test]
async fn what_is_wrong_is_said_with_its_code() {
    let channel = connect().await;
    let wrong: Result<Vec<client::SearchResponse>, _> =
        stream(&channel, "Search", searching("{ nam = 1 }")).await;
    let status = wrong.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    assert!(
        status.message().contains("line 1, col 3"),
        "{}",
        status.message()
    );
    let names = client::Names {
        of: "service.name".to_owned(),
        ..client::Names::default()
    };
    let wrong: Result<Vec<client::Pairs>, _> = stream(&channel, "SearchTagValuesV2", names).await;
    assert_eq!(wrong.unwrap_err().code(), Code::InvalidArgument);
}

#[tokio::test]
async fn figures_over_time_and_at_once() {
    let channel = connect().await;
    let request = |query: &str| client::QueryRequest {
        query: query.to_owned(),
        start_ns: START_NS - 60 * S,
        end_ns: NOW_NS,
        step_ns: 60 * S,
    };
    let by_service = request("{ } | count_over_time() by (resource.service.name)");
    let messages: Vec<client::RangeResponse> =
        stream(&channel, "MetricsQueryRange", by_service.clone())
            .await
            .unwrap();
    assert!(messages.iter().all(|message| message.metrics.is_some()));
    let series: Vec<_> = messages
        .iter()
        .flat_map(|message| &message.series)
        .collect();
    assert_eq!(series.len(), 3);
    assert_eq!(series[0].labels[0].key, "resource.service.name");
    let of_bank: f64 = series[0].samples.iter().map(|sample| sample.value).sum();
    assert_eq!(of_bank, 2.0);
    let edges = series[0].samples.iter().map(|sample| sample.timestamp_ms);
    assert!(edges.clone().all(|at_ms| at_ms % 60_000 == 0));
    let messages: Vec<client::InstantResponse> =
        stream(&channel, "MetricsQueryInstant", by_service)
            .await
            .unwrap();
    let values: Vec<_> = messages[0]
        .series
        .iter()
        .map(|series| series.value)
        .collect();
    assert_eq!(values, [2.0, 1.0, 2.0]);
    let nothing: Vec<client::RangeResponse> = stream(
        &channel,
        "MetricsQueryRange",
        request("{ name = \"no\" } | rate()"),
    )
    .await
    .unwrap();
    assert!(nothing[0].series.is_empty() && nothing[0].metrics.is_some());
    let wrong: Result<Vec<client::RangeResponse>, _> =
        stream(&channel, "MetricsQueryRange", request("{ }")).await;
    assert_eq!(wrong.unwrap_err().code(), Code::InvalidArgument);
}

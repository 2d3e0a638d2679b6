//! axum behind the server layer, called by hyper behind the client layer.

use super::super::client::{ClientLayer, UrlTemplate};
use super::super::server::ServerLayer;
use super::on_each_flavour;
use crate::mock::{MockExporter, expect};
use crate::propagation::Propagators;
use crate::{SpanKind, Status, Tracer};
use axum::Router;
use axum::body::Body;
use axum::extract::Path;
use axum::routing::get;
use http::{Request, Response, StatusCode};
use http_body_util::BodyExt;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use std::convert::Infallible;
use std::net::SocketAddr;
use tower::{Layer, ServiceExt};

async fn serve(tracer: Tracer) -> SocketAddr {
    let order = move |Path(id): Path<u32>| async move {
        drop(tracer.span("look up").start());
        format!("order {id}")
    };
    let streaming = move || async move {
        let frames = (0..3).map(move |_| {
            drop(tracer.span("frame").start());
            Ok::<_, Infallible>("frame")
        });
        Body::from_stream(tokio_stream::iter(frames))
    };
    let router = Router::new()
        .route("/orders/{id}", get(order))
        .route("/streaming", get(streaming))
        .route(
            "/broken",
            get(|| async { (StatusCode::BAD_GATEWAY, "broken") }),
        )
        .layer(ServerLayer::http().tracer(tracer));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, service).await });
    address
}

async fn call(layer: ClientLayer, request: Request<Body>) -> (StatusCode, String) {
    let client = layer.layer(Client::builder(TokioExecutor::new()).build_http());
    let response = client.oneshot(request).await.unwrap();
    let status = response.status();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

fn request(address: SocketAddr, path: &str) -> Request<Body> {
    Request::get(format!("http://{address}{path}"))
        .body(Body::empty())
        .unwrap()
}

#[test]
fn one_request_is_one_trace_with_stable_names() {
    on_each_flavour(|mock| async move {
        let address = serve(mock.tracer()).await;
        let mut request = request(address, "/orders/7?sig=secret&page=2");
        request
            .headers_mut()
            .insert("user-agent", "test/1".parse().unwrap());
        request
            .extensions_mut()
            .insert(UrlTemplate("/orders/{id}".into()));
        let answer = call(ClientLayer::http().tracer(mock.tracer()), request).await;
        assert_eq!(answer, (StatusCode::OK, "order 7".to_owned()));
        let url = format!("http://{address}/orders/7?sig=REDACTED&page=2");
        let client = expect("GET /orders/{id}")
            .kind(SpanKind::Client)
            .root()
            .status(Status::Unset)
            .attribute("http.request.method", "GET")
            .attribute("url.full", url)
            .attribute("url.template", "/orders/{id}")
            .attribute("server.address", "127.0.0.1")
            .attribute("server.port", address.port())
            .attribute("http.response.status_code", 200);
        let server = expect("GET /orders/{id}")
            .kind(SpanKind::Server)
            .child_of_remote()
            .status(Status::Unset)
            .attribute("http.request.method", "GET")
            .attribute("http.route", "/orders/{id}")
            .attribute("url.path", "/orders/7")
            .attribute("url.query", "sig=REDACTED&page=2")
            .attribute("url.scheme", "http")
            .attribute("server.address", "127.0.0.1")
            .attribute("server.port", address.port())
            .attribute("client.address", "127.0.0.1")
            .attribute("network.peer.address", "127.0.0.1")
            .attribute("network.protocol.version", "1.1")
            .attribute("user_agent.original", "test/1")
            .attribute("http.response.status_code", 200);
        mock.assert([
            client,
            server,
            expect("look up").child_of("GET /orders/{id}"),
        ]);
        let spans = mock.spans();
        assert!(
            spans
                .iter()
                .all(|span| span.context.trace_id == spans[0].context.trace_id)
        );
    });
}

#[test]
fn errors_are_each_sides_own() {
    on_each_flavour(|mock| async move {
        let address = serve(mock.tracer()).await;
        for path in ["/broken", "/nowhere"] {
            call(
                ClientLayer::http().tracer(mock.tracer()),
                request(address, path),
            )
            .await;
        }
        let client = |code: &'static str| {
            expect("GET")
                .kind(SpanKind::Client)
                .error()
                .attribute("error.type", code)
        };
        mock.assert([
            client("502"),
            expect("GET /broken")
                .kind(SpanKind::Server)
                .error()
                .attribute("error.type", "502"),
            client("404"),
            // Not found is the caller's error; and no route, no route's name.
            expect("GET")
                .kind(SpanKind::Server)
                .status(Status::Unset)
                .attribute("http.response.status_code", 404)
                .without_attribute("http.route"),
        ]);
    });
}

#[test]
fn a_span_lasts_until_the_last_frame_of_its_body() {
    on_each_flavour(|mock| async move {
        let address = serve(mock.tracer()).await;
        let layer = ClientLayer::http().tracer(mock.tracer());
        let answer = call(layer, request(address, "/streaming")).await;
        assert_eq!(answer.1, "frameframeframe");
        let spans = mock.spans();
        let server = mock.span("GET /streaming");
        let frames: Vec<_> = spans.iter().filter(|span| span.name == "frame").collect();
        assert_eq!(frames.len(), 3);
        for frame in frames {
            assert_eq!(
                frame.parent_span_id, server.context.span_id,
                "current in the body too"
            );
            assert!(frame.end_unix_ns <= server.end_unix_ns);
        }
    });
}

#[test]
fn a_client_that_reaches_nobody_says_so() {
    on_each_flavour(|mock| async move {
        // Bound and never listening: refused, and nobody else gets the port.
        let closed = tokio::net::TcpSocket::new_v4().unwrap();
        closed.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let address = closed.local_addr().unwrap();
        let client = ClientLayer::http().tracer(mock.tracer());
        let client = client.layer(Client::builder(TokioExecutor::new()).build_http::<Body>());
        client.oneshot(request(address, "/")).await.unwrap_err();
        mock.assert([expect("GET")
            .error()
            .attribute("error.type", "connect")
            .without_attribute("http.response.status_code")]);
    });
}

fn service(
    answer: impl AsyncFn() -> Response<Body> + Clone + 'static,
) -> impl tower::Service<Request<()>, Response = Response<Body>, Error = Infallible> {
    tower::service_fn(move |_: Request<()>| {
        let answer = answer.clone();
        async move { Ok(answer().await) }
    })
}

#[test]
fn panics_and_cancelled_requests_end_their_spans() {
    let mock = MockExporter::new();
    let layer = ServerLayer::http().tracer(mock.tracer());
    let panicking = layer.layer(service(async || panic!("on purpose")));
    let pending = layer.layer(service(async || std::future::pending().await));
    let run = |future| {
        tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap()
            .block_on(future)
    };
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        run(
            Box::pin(panicking.oneshot(Request::get("/panic").body(()).unwrap()))
                as std::pin::Pin<Box<dyn Future<Output = _>>>,
        )
    }));
    assert!(panicked.is_err());
    let mut cancelled = Box::pin(pending.oneshot(Request::put("/").body(()).unwrap()));
    let waker = std::task::Waker::noop();
    assert!(
        cancelled
            .as_mut()
            .poll(&mut std::task::Context::from_waker(waker))
            .is_pending()
    );
    drop(cancelled);
    mock.assert([
        expect("GET").error().attribute("error.type", "panic"),
        expect("PUT").status(Status::Unset).event("cancelled"),
    ]);
}

#[test]
fn callers_in_every_format_are_parents_and_made_up_methods_name_nothing() {
    let mock = MockExporter::new();
    let layer = ServerLayer::http()
        .tracer(mock.tracer())
        .propagators(Propagators::from_names("b3,jaeger").unwrap())
        .route_of(|extensions| {
            extensions
                .get::<&'static str>()
                .map(|route| (*route).to_owned())
        });
    let server = layer.layer(service(async || Response::new(Body::empty())));
    let request = Request::builder()
        .method("BREW")
        .uri("/pot")
        .extension("/{vessel}")
        .header("b3", "0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-1")
        .body(())
        .unwrap();
    let run = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    run.block_on(server.oneshot(request)).unwrap();
    mock.assert([expect("HTTP /{vessel}")
        .child_of_remote()
        .attribute("http.request.method", "_OTHER")
        .attribute("http.request.method_original", "BREW")
        .attribute("http.route", "/{vessel}")]);
    assert_eq!(mock.spans()[0].parent_span_id.0, 0xb7ad_6b71_6920_3331);
}

#[test]
fn routes_of_the_axum_before_are_known_too() {
    on_each_flavour(|mock| async move {
        use axum_0_7::{Router, body::Body, routing::get};
        let router = Router::new()
            .route("/orders/:id", get(|| async {}))
            .layer(ServerLayer::http().tracer(mock.tracer()));
        let request = Request::get("/orders/7").body(Body::empty()).unwrap();
        drop(router.oneshot(request).await.unwrap());
        mock.assert([expect("GET /orders/:id").attribute("http.route", "/orders/:id")]);
    });
}

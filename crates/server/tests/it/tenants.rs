//! Tenants that share a process never see one another: random writers and
//! readers over every protocol and API, restarts in between, and what each
//! tenant is told is what that tenant has sent.

mod steps;

use crate::process::tracewell;
use crate::running::{Running, request_with, until};
use serde_json::Value;
use steps::{Model, READS, TENANTS};
use tracewell_testkit::Random;

/// Steps of one run; one in forty is a restart.
const STEPS: u64 = 400;

#[test]
fn random_tenants_writers_and_readers_never_meet() {
    let data = tempfile::tempdir().unwrap();
    let seed = std::process::id().into();
    println!("seed {seed}");
    let mut random = Random::new(seed);
    let mut model = Model::default();
    let mut server = Running::start(data.path(), &["--tenants"]);
    for step in 0..STEPS {
        let tenant = *random.pick(&TENANTS);
        match random.below(40) {
            0 => {
                assert_eq!(server.terminate(), Some(0));
                server = Running::start(data.path(), &["--tenants"]);
                model.restarted();
            }
            1..=14 => model.write(&server, tenant, &mut random),
            _ => model.read(&server, tenant, &mut random, step),
        }
    }
    // And everything once, for each of them.
    for tenant in TENANTS {
        let own = READS
            .iter()
            .filter(|read| model.read_one(&server, tenant, read, &mut random, STEPS));
        let own = own.count();
        assert!(own > 10, "{tenant} sees itself in {own} answers only");
        model.assert_counts(&server, tenant);
    }
}

fn as_tenant(server: &Running, path: &str, tenant: &str) -> (u16, Value) {
    let url = server.url("query-http", path);
    let answer = request_with("GET", &url, &[("x-scope-orgid", tenant)], Vec::new());
    let json = serde_json::from_slice(&answer.body).unwrap_or(Value::Null);
    (answer.status, json)
}

fn send(server: &Running, tenant: Option<&str>, trace: u64) -> u16 {
    let url = server.url("otlp-http", "/v1/traces");
    let json = ("content-type", "application/json");
    let headers: Vec<_> = tenant.map(|name| ("x-tenant", name)).into_iter().collect();
    let headers = [&[json][..], &headers].concat();
    let body = steps::otlp_json(trace, "svc", "op", "k", "v");
    request_with("POST", &url, &headers, body).status
}

#[test]
fn who_names_no_tenant_is_told_to_and_questions_make_none() {
    let data = tempfile::tempdir().unwrap();
    let server = Running::start(data.path(), &["--tenants"]);
    assert_eq!(send(&server, None, 1), 401);
    let services = server.get("/api/services");
    assert_eq!(services.status, 401);
    assert!(services.json().to_string().contains("X-Scope-OrgID"));
    assert_eq!(send(&server, Some("a/b"), 1), 400);
    assert_eq!(as_tenant(&server, "/api/services", "a/b").0, 400);
    assert_eq!(as_tenant(&server, "/api/services", "acme").0, 200);
    assert!(!data.path().join("tenants").exists(), "a question made one");
    // Nor does what holds no span.
    let url = server.url("otlp-http", "/v1/traces");
    for (body, status) in [(&b"junk"[..], 400), (b"{}", 200)] {
        let headers = [("x-tenant", "acme"), ("content-type", "application/json")];
        let answer = request_with("POST", &url, &headers, body.to_vec());
        assert_eq!(answer.status, status, "{answer:?}");
    }
    assert!(!data.path().join("tenants").exists());
    assert_eq!(send(&server, Some("acme"), 1), 200);
    assert!(data.path().join("tenants/acme").is_dir());
    // The pages, how the server is, and signing in belong to nobody.
    for open in ["/", "/search", "/health", "/api/session", "/metrics"] {
        assert_eq!(server.get(open).status, 200, "{open}");
    }
}

#[test]
fn requests_without_a_name_may_belong_to_one_and_limits_hold() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("tenants.yaml");
    let text = "only_listed: true\n\
                tenants:\n  rest: {}\n  small: { live_traces: 3, retention_age: 30d }\n";
    std::fs::write(&file, text).unwrap();
    let more = [
        "--tenants",
        "--tenants-default",
        "rest",
        "--tenants-file",
        file.to_str().unwrap(),
    ];
    let server = Running::start(&dir.path().join("data"), &more);
    assert_eq!(send(&server, None, 1), 200);
    let (_, services) = as_tenant(&server, "/api/services", "rest");
    assert_eq!(services["data"], serde_json::json!(["svc"]));
    for trace in 1..=3 {
        assert_eq!(send(&server, Some("small"), trace), 200);
    }
    assert_eq!(send(&server, Some("small"), 3), 200, "it is known");
    assert_eq!(send(&server, Some("small"), 4), 429);
    assert_eq!(send(&server, None, 2), 200, "the others notice nothing");
    assert_eq!(send(&server, Some("stranger"), 1), 400);
    let (_, status) = as_tenant(&server, "/api/status", "small");
    assert_eq!(status["receivers"][0]["rejected"]["refused_live_traces"], 1);
    assert_eq!(status["spans"]["received"], 5);
    assert_eq!(status["store"]["disk"]["retentionAgeSeconds"], 30 * 86_400);

    // Who is on the list no more sends no more; what is stored stays.
    let mut server = server;
    assert_eq!(server.terminate(), Some(0));
    std::fs::write(&file, "only_listed: true\ntenants: { rest: {} }\n").unwrap();
    let server = Running::start(&dir.path().join("data"), &more);
    assert_eq!(send(&server, Some("small"), 9), 400);
    let (_, services) = as_tenant(&server, "/api/services", "small");
    assert_eq!(services["data"], serde_json::json!(["svc"]));
}

#[test]
fn a_credential_may_belong_to_a_tenant() {
    let dir = tempfile::tempdir().unwrap();
    let tokens = dir.path().join("tokens");
    let text = "read,write acme-acme-acme-acme acme tenant=acme\n\
                read,write any-any-any-any-any gateway\n\
                admin operator-operator-1 operator\n";
    std::fs::write(&tokens, text).unwrap();
    let more = [
        "--tenants",
        "--access-tokens-file",
        tokens.to_str().unwrap(),
    ];
    let server = Running::start(&dir.path().join("data"), &more);
    let send = |token: &str, tenant: Option<&str>| {
        let bearer = format!("Bearer {token}");
        let mut headers = vec![
            ("authorization", bearer.as_str()),
            ("content-type", "application/json"),
        ];
        headers.extend(tenant.map(|name| ("x-scope-orgid", name)));
        let url = server.url("otlp-http", "/v1/traces");
        request_with(
            "POST",
            &url,
            &headers,
            steps::otlp_json(1, "s", "o", "k", "v"),
        )
        .status
    };
    assert_eq!(send("acme-acme-acme-acme", None), 200);
    assert_eq!(send("acme-acme-acme-acme", Some("acme")), 200);
    assert_eq!(send("acme-acme-acme-acme", Some("other")), 403);
    assert_eq!(send("any-any-any-any-any", Some("other")), 200);
    assert_eq!(send("any-any-any-any-any", None), 401);
    let ask = |token: &str, path: &str| {
        let bearer = format!("Bearer {token}");
        let url = server.url("query-http", path);
        request_with("GET", &url, &[("authorization", &bearer)], Vec::new())
    };
    let status = ask("acme-acme-acme-acme", "/api/status").json();
    assert_eq!(status["spans"]["stored"], 2);
    // What all of them do together is for who runs the server.
    assert_eq!(ask("acme-acme-acme-acme", "/metrics").status, 403);
    assert_eq!(ask("any-any-any-any-any", "/metrics").status, 403);
    assert_eq!(ask("operator-operator-1", "/metrics").status, 200);
    let all = ask("operator-operator-1", "/api/status").json();
    assert_eq!(all["spans"]["stored"], 3);
    assert_eq!(all["store"]["spans"], 3);
}

#[test]
fn what_was_there_before_tenants_is_told_and_can_be_given_to_one() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path();
    let mut before = Running::start(data, &[]);
    assert_eq!(send(&before, None, 1), 200);
    assert_eq!(before.terminate(), Some(0));

    let mut server = Running::start(data, &["--tenants"]);
    let told = "belongs to none of them";
    until("it is told", || server.log().contains(told).then_some(()));
    assert_eq!(send(&server, Some("acme"), 2), 200);
    assert_eq!(server.terminate(), Some(0));

    // As the message says.
    let old = data.join("tenants/old");
    std::fs::create_dir(&old).unwrap();
    for entry in std::fs::read_dir(data).unwrap() {
        let entry = entry.unwrap();
        if entry.file_name() != "tenants" {
            std::fs::rename(entry.path(), old.join(entry.file_name())).unwrap();
        }
    }
    let server = Running::start(data, &["--tenants"]);
    let (_, services) = as_tenant(&server, "/api/services", "old");
    assert_eq!(services["data"], serde_json::json!(["svc"]));
    assert!(!server.log().contains(told));
    drop(server);
    // A tenant's directory is one as any other.
    let verify = tracewell(&["verify", "--data-dir", old.to_str().unwrap()], &[]).output();
    assert!(verify.unwrap().status.success());
}

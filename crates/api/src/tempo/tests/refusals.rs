//! What is not answered: a line of text with the place and what to write.

use super::{ORDER, server};

#[tokio::test]
async fn lines_of_text() {
    for (path, status, says) in [
        (
            "search?q=%7Bnam%20%3D%201%7D",
            400,
            "invalid TraceQL query: parse error at line 1, col 2:",
        ),
        ("search?q=%7B%7D%0A%7C%20cnt()", 400, "at line 2, col 3:"),
        (
            "search?q=%7B%7D&tags=a%3D1",
            400,
            "can't specify tags and q in the same query",
        ),
        ("search?tags=a", 400, "invalid tags"),
        ("search?tags=a%3D1%20a%3D2", 400, "tag a has been set twice"),
        (
            "search?limit=0",
            400,
            "invalid limit: must be a positive number",
        ),
        ("search?limit=-1", 400, "invalid limit"),
        (
            "search?limit=300000",
            400,
            "limit 300000 exceeds max limit 262144",
        ),
        (
            "search?spss=101",
            400,
            "spans per span set exceeds 100. received 101",
        ),
        ("search?minDuration=5", 400, "invalid minDuration"),
        (
            "search?minDuration=5s&maxDuration=1s",
            400,
            "must be greater",
        ),
        (
            "search?start=1700000000",
            400,
            "only one of start and end provided",
        ),
        ("search?start=20&end=10", 400, "received start=20 end=10"),
        ("search?start=x&end=10", 400, "invalid start: \"x\""),
        ("search/tags?scope=x", 400, "invalid scope: x"),
        (
            "v2/search/tag/service.name/values",
            400,
            "please provide a valid tagName",
        ),
        (
            "v2/search/tag/name,kind/values",
            400,
            "please provide a valid tagName",
        ),
        ("v2/search/tag/name", 404, "/values"),
        ("traces/xyz", 400, "can only contain hex characters"),
        (
            "traces/0123456789012345678901234567890123",
            400,
            "at most 32",
        ),
        (
            "v2/traces/1?start=20&end=10",
            400,
            "start must be before end",
        ),
        ("traces/1234", 404, ""),
        ("overrides", 404, "tenants.file"),
        ("nothing", 404, "there is no"),
    ] {
        let answer = server().get(&format!("/tempo/api/{path}")).await;
        let text = answer.text();
        assert_eq!(answer.status.as_u16(), status, "{path}: {text}");
        assert!(text.contains(says), "{path}: {text}");
        assert!(!text.starts_with('{'), "{path}: {text}");
        if !says.is_empty() {
            assert!(
                answer.header("content-type").starts_with("text/plain"),
                "{path}"
            );
        }
    }
    // Where there is one, the same path answers.
    assert_eq!(
        server()
            .get(&format!("/tempo/api/traces/{ORDER}"))
            .await
            .status,
        200
    );
}

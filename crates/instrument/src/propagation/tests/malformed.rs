//! Headers at and beyond the edges of their formats.

use super::super::{MAX_BAGGAGE_BYTES, MAX_BAGGAGE_MEMBERS, MAX_TRACE_STATE_BYTES};
use super::{read, read_span, span, written};
use crate::context::TraceFlags;

const T: &str = "0af7651916cd43dd8448eb211c80319c";
const S: &str = "b7ad6b7169203331";

#[test]
fn traceparent() {
    let cases = [
        ("00-T-S-01", "T-S-01"),
        ("00-T-S-00", "T-S-00"),
        ("00-T-S-03", "T-S-03"),
        (" \t00-T-S-01 ", "T-S-01"),
        // Flags that are not defined yet are not ours to pass on.
        ("00-T-S-ff", "T-S-03"),
        // Later versions: what is known of them is read.
        ("01-T-S-01", "T-S-01"),
        ("cc-T-S-01-what the future brings", "T-S-01"),
        ("cc-T-S-01-", "T-S-01"),
        ("cc-T-S-01.what", "-"),
        ("cc-T-S-011", "-"),
        ("00-T-S-01-extra", "-"),
        ("00-T-S-01-", "-"),
        ("ff-T-S-01", "-"),
        ("0x-T-S-01", "-"),
        ("00-T-S-0", "-"),
        ("00-T-S-0G", "-"),
        ("00-T-S-+1", "-"),
        ("00-T-S", "-"),
        ("00-00000000000000000000000000000000-S-01", "-"),
        ("00-T-0000000000000000-01", "-"),
        ("00-0AF7651916CD43DD8448EB211C80319C-S-01", "-"),
        ("00-T-B7AD6B7169203331-01", "-"),
        ("00-0af7651916cd43dd8448eb211c80319-Sa-01", "-"),
        ("00T-S-01--", "-"),
        ("00-é0af7651916cd43dd8448eb211c803-S-01", "-"),
        ("", "-"),
        ("-", "-"),
    ];
    for (header, expected) in cases {
        let fill = |text: &str| text.replace('T', T).replace('S', S);
        let found = read_span("tracecontext", &[("traceparent", &fill(header))]);
        assert_eq!(found, fill(expected), "{header:?}");
    }
    let header = format!("00-{T}-{S}-01");
    assert_eq!(
        read_span("tracecontext", &[("traceparent", header.as_str()); 2]),
        "-",
        "two of them"
    );
}

#[test]
fn tracestate() {
    let parent = format!("00-{T}-{S}-01");
    let members = |count: usize| {
        (0..count)
            .map(|i| format!("k{i}=v"))
            .collect::<Vec<_>>()
            .join(",")
    };
    let long_value = "v".repeat(256);
    let cases: [(&[&str], Option<String>); 17] = [
        (&["a=1,b=2"], Some("a=1,b=2".into())),
        (&["a=1", " b=2 ,\tc=3"], Some("a=1,b=2,c=3".into())),
        (&["", "a=1,,"], Some("a=1".into())),
        (&["a=1,a=2"], Some("a=1".into())),
        (
            &["0a=1,t@sys=2,0t_-*/@s=3"],
            Some("0a=1,t@sys=2,0t_-*/@s=3".into()),
        ),
        (&["a=in ner"], Some("a=in ner".into())),
        (&[&members(32)], Some(members(32))),
        (&[&members(33)], None),
        (&["a"], None),
        (&["a="], None),
        (&["=1"], None),
        (&["A=1"], None),
        (&["a=1=2"], None),
        (&["a@0sys=1"], None),
        (&["a@b@c=1"], None),
        (&["a=é"], None),
        (&[&format!("a={long_value}v")], None),
    ];
    for (headers, expected) in cases {
        let mut all = vec![("traceparent", parent.as_str())];
        all.extend(headers.iter().map(|header| ("tracestate", *header)));
        let span = read("tracecontext", &all).span;
        assert!(
            span.is_valid(),
            "a bad tracestate is no reason to break the trace: {headers:?}"
        );
        assert_eq!(
            span.trace_state.as_deref(),
            expected.as_deref(),
            "{headers:?}"
        );
    }
    assert_eq!(
        read("tracecontext", &[("tracestate", "a=1")])
            .span
            .trace_state,
        None
    );
}

#[test]
fn a_long_tracestate_loses_its_long_members_first_and_then_its_oldest() {
    let parent = format!("00-{T}-{S}-01");
    let long = format!("long={}", "v".repeat(200));
    let short: Vec<_> = (0..20)
        .map(|i| format!("k{i:02}={}", "v".repeat(48)))
        .collect();
    let header = format!("ot=th:8,{long},{}", short.join(","));
    let read = read(
        "tracecontext",
        &[("traceparent", &parent), ("tracestate", &header)],
    );
    let state = read.span.trace_state.unwrap();
    assert!(state.len() <= MAX_TRACE_STATE_BYTES);
    assert!(state.starts_with("ot=th:8,k00="), "{state}");
    assert!(
        !state.contains("long=") && !state.contains("k19="),
        "{state}"
    );
}

#[test]
fn b3() {
    let cases: [(&[(&str, &str)], &str); 20] = [
        (&[("b3", "T-S-1")], "T-S-01"),
        (&[("b3", "T-S-0")], "T-S-00"),
        (&[("b3", "T-S-d")], "T-S-81"),
        (&[("b3", "T-S-true")], "T-S-01"),
        (&[("b3", "T-S")], "T-S-40"),
        (&[("b3", "T-S-1-05e3ac9a4f6e3b90")], "T-S-01"),
        (
            &[("B3", "8448EB211C80319C-S-1")],
            "00000000000000008448eb211c80319c-S-01",
        ),
        (&[("b3", "T-S-2")], "-"),
        (&[("b3", "T-S-1-x")], "-"),
        (&[("b3", "T-S-1-05e3ac9a4f6e3b90-1")], "-"),
        (&[("b3", "T")], "-"),
        (&[("b3", "1")], "-"),
        (&[("b3", "7651916cd43dd-S-1")], "-"),
        (&[("b3", "00000000000000000000000000000000-S-1")], "-"),
        (
            &[
                ("X-B3-TraceId", "T"),
                ("X-B3-SpanId", "S"),
                ("X-B3-Sampled", "1"),
            ],
            "T-S-01",
        ),
        (&[("X-B3-TraceId", "T"), ("X-B3-SpanId", "S")], "T-S-40"),
        (
            &[
                ("X-B3-TraceId", "T"),
                ("X-B3-SpanId", "S"),
                ("X-B3-Flags", "1"),
            ],
            "T-S-81",
        ),
        (&[("X-B3-TraceId", "T"), ("X-B3-Sampled", "0")], "-"),
        (
            &[("b3", "T-S-0"), ("X-B3-TraceId", "S"), ("X-B3-SpanId", "S")],
            "T-S-00",
        ),
        (
            &[("b3", "no"), ("X-B3-TraceId", "T"), ("X-B3-SpanId", "S")],
            "T-S-40",
        ),
    ];
    let fill = |text: &str| match text {
        "T" => T.to_owned(),
        "S" => S.to_owned(),
        text => text
            .replace("T-", &format!("{T}-"))
            .replace("-S", &format!("-{S}")),
    };
    for (headers, expected) in cases {
        let filled: Vec<_> = headers
            .iter()
            .map(|(name, value)| (*name, fill(value)))
            .collect();
        let headers: Vec<_> = filled
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        for names in ["b3", "b3multi"] {
            assert_eq!(read_span(names, &headers), fill(expected), "{headers:?}");
        }
    }
}

#[test]
fn jaeger() {
    let cases = [
        ("T:S:0:1", "T-S-01"),
        ("T:S:0:01", "T-S-01"),
        ("T:S:0000000000000000:03", "T-S-81"),
        ("T:S:0:0", "T-S-00"),
        // Debug without sampled is not sampled.
        ("T:S:0:2", "T-S-00"),
        ("T%3AS%3A0%3A1", "T-S-01"),
        (
            "abc:1:0:1",
            "00000000000000000000000000000abc-0000000000000001-01",
        ),
        (
            "ABC:1:0:1",
            "00000000000000000000000000000abc-0000000000000001-01",
        ),
        ("T:S:1", "-"),
        ("T:S:0:1:1", "-"),
        ("T:S:0:", "-"),
        ("T:S:0:100", "-"),
        ("0:S:0:1", "-"),
        ("T:0:0:1", "-"),
        ("T0:S:0:1", "-"),
        ("", "-"),
    ];
    for (header, expected) in cases {
        let fill = |text: &str| text.replace('T', T).replace('S', S);
        assert_eq!(
            read_span("jaeger", &[("uber-trace-id", &fill(header))]),
            fill(expected),
            "{header}"
        );
    }
}

#[test]
fn xray() {
    let root = "Root=1-0af76519-16cd43dd8448eb211c80319c";
    let cases = [
        (";Parent=b7ad6b7169203331;Sampled=1", "T-S-01"),
        (
            "; Parent=b7ad6b7169203331; Sampled=0;Lineage=a87bd80c:1|68fd508a:5",
            "T-S-00",
        ),
        (";Parent=b7ad6b7169203331;Sampled=?", "T-S-40"),
        (";Parent=b7ad6b7169203331", "T-S-40"),
        // What a load balancer adds is no parent.
        ("", "-"),
        (";Self=1-67891234-12456789abcdef012345678", "-"),
        (";Parent=b7ad;Sampled=1", "-"),
        (";Parent=0000000000000000;Sampled=1", "-"),
    ];
    for (rest, expected) in cases {
        let header = format!("{root}{rest}");
        let expected = expected.replace('T', T).replace('S', S);
        assert_eq!(
            read_span("xray", &[("X-Amzn-Trace-Id", &header)]),
            expected,
            "{header}"
        );
    }
    for root in [
        "Root=2-0af76519-16cd43dd8448eb211c80319c",
        "Root=1-0af7651916cd43dd8448eb211c80319c",
        "",
    ] {
        let header = format!("{root};Parent={S};Sampled=1");
        assert_eq!(
            read_span("xray", &[("x-amzn-trace-id", &header)]),
            "-",
            "{header}"
        );
    }
}

#[test]
fn ot_trace() {
    let cases = [
        ((T, S, Some("true")), "T-S-01"),
        ((T, S, Some("1")), "T-S-01"),
        ((T, S, Some("false")), "T-S-00"),
        ((T, S, Some("0")), "T-S-00"),
        ((T, S, None), "T-S-40"),
        ((T, S, Some("yes")), "T-S-40"),
        // Of 64 bits, as OpenTracing's own tracers have them.
        (
            ("8448eb211c80319c", S, Some("true")),
            "00000000000000008448eb211c80319c-S-01",
        ),
        (("0000000000000000", S, Some("true")), "-"),
        ((T, "0", Some("true")), "-"),
        ((T, "b7ad6b71692033310", Some("true")), "-"),
        (("zz", S, Some("true")), "-"),
        (("", S, Some("true")), "-"),
    ];
    for ((trace_id, span_id, sampled), expected) in cases {
        let mut headers = vec![
            ("ot-tracer-traceid", trace_id),
            ("Ot-Tracer-Spanid", span_id),
        ];
        headers.extend(sampled.map(|sampled| ("ot-tracer-sampled", sampled)));
        let expected = expected.replace('T', T).replace('S', S);
        assert_eq!(read_span("ottrace", &headers), expected, "{headers:?}");
    }
    assert_eq!(read_span("ottrace", &[("ot-tracer-traceid", T)]), "-");
}

#[test]
fn baggage_members() {
    let cases = [
        ("a=1,b=2", "a=1 b=2"),
        (" a = 1 , b\t=\t2 ", "a=1 b=2"),
        ("a=1,a=2", "a=2"),
        ("a=", "a="),
        ("a=x=y", "a=x=y"),
        ("a=%41%zz%4", "a=A%zz%4"),
        ("a=%ff", "a=\u{fffd}"),
        // Plus signs: Python's spaces, everybody else's plus signs.
        ("a=x+y%2B1", "a=x y+1"),
        ("a=me+you@example.org", "a=me+you@example.org"),
        ("a=+4912345", "a=+4912345"),
        ("a=1;p;q=2", "a=1[p;q=2]"),
        ("a=1; p ", "a=1[p]"),
        ("novalue,=1,b c=2,,a=1", "a=1"),
        ("", ""),
    ];
    for (header, expected) in cases {
        let read = read("baggage", &[("baggage", header)]);
        let found: Vec<_> = read
            .baggage
            .iter()
            .map(|entry| {
                let metadata = entry.metadata.as_deref().map(|text| format!("[{text}]"));
                format!(
                    "{}={}{}",
                    entry.key,
                    entry.value,
                    metadata.unwrap_or_default()
                )
            })
            .collect();
        assert_eq!(found.join(" "), expected, "{header}");
    }
    let two = read("baggage", &[("baggage", "a=1"), ("Baggage", "b=2;m")]);
    assert_eq!(written("baggage", &two)["baggage"], "a=1,b=2;m");
}

#[test]
fn baggage_is_limited_both_ways() {
    let mut propagated = span(TraceFlags::SAMPLED);
    for i in 0..100 {
        propagated.baggage = propagated.baggage.with(format!("k{i}"), "v");
    }
    let header = written("baggage", &propagated)["baggage"].clone();
    assert_eq!(header.split(',').count(), MAX_BAGGAGE_MEMBERS);
    assert_eq!(
        written("jaeger", &propagated).len(),
        MAX_BAGGAGE_MEMBERS + 1
    );
    let longer = format!("{header},one=more");
    assert_eq!(
        read("baggage", &[("baggage", &longer)]).baggage.len(),
        MAX_BAGGAGE_MEMBERS
    );

    let big = "x".repeat(3000);
    propagated.baggage = ["a", "b", "c", "d"]
        .iter()
        .fold(Default::default(), |baggage: super::super::Baggage, key| {
            baggage.with(*key, &big)
        });
    let header = written("baggage", &propagated)["baggage"].clone();
    assert!(header.len() <= MAX_BAGGAGE_BYTES);
    assert_eq!(read("baggage", &[("baggage", &header)]).baggage.len(), 2);
    let too_long = format!("a={big},b={big},c={big}");
    assert_eq!(read("baggage", &[("baggage", &too_long)]).baggage.len(), 2);
}

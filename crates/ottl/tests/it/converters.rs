//! Every converter: what it makes of values that are constant, and of the same
//! values when they come with a span.

use tracewell_model::AnyValue;
use tracewell_ottl::{Cache, Context};
use tracewell_testkit::{batch, flatten};

use crate::{compiler, pairs, request, statement, text, texts};

/// What an attribute becomes that is set to this.
fn value_of(expression: &str) -> Result<Option<AnyValue>, String> {
    let written = format!("set(attributes[\"out\"], {expression})");
    let compiled = compiler().statement(&written, Context::Span);
    let statement = compiled.map_err(|mistake| mistake.message)?;
    let mut spans = batch(&[request()]);
    let ran = statement.run(&mut spans, None, &mut Cache::default());
    if let Some(error) = ran.first_error {
        return Err(error);
    }
    let span = flatten(&spans).remove(0);
    let mut attributes = span.attributes.into_iter();
    Ok(attributes
        .find(|(key, _)| key == "out")
        .map(|(_, value)| value))
}

fn check(cases: &[(&str, AnyValue)]) {
    for (expression, wanted) in cases {
        assert_eq!(
            value_of(expression),
            Ok(Some(wanted.clone())),
            "{expression}"
        );
    }
}

fn int(value: i64) -> AnyValue {
    AnyValue::Int(value)
}

fn double(value: f64) -> AnyValue {
    AnyValue::Double(value)
}

fn yes() -> AnyValue {
    AnyValue::Bool(true)
}

fn no() -> AnyValue {
    AnyValue::Bool(false)
}

#[test]
fn fields_are_read_by_their_paths() {
    check(&[
        ("name", text("GET /cart/42")),
        ("span.name", text("GET /cart/42")),
        ("kind", int(2)),
        ("kind.string", text("Server")),
        ("kind.deprecated_string", text("SPAN_KIND_SERVER")),
        ("status.code", int(2)),
        ("status.message", text("too slow")),
        ("trace_id.string", text("aaaa0000000000000000000000000007")),
        ("span_id", AnyValue::Bytes(vec![0, 0, 0, 0, 0, 0, 0, 9])),
        ("parent_span_id.string", text("0000000000000003")),
        ("trace_state", text("rojo=1,congo=t61")),
        ("trace_state[\"congo\"]", text("t61")),
        ("start_time_unix_nano", int(1_700_000_000_000_000_000)),
        ("end_time_unix_nano", int(1_700_000_001_500_000_000)),
        ("Milliseconds(end_time - start_time)", int(1500)),
        ("flags", int(0)),
        ("dropped_events_count", int(0)),
        ("Len(events)", int(2)),
        ("Len(span.links)", int(0)),
        ("resource.attributes[\"service.name\"]", text("shop")),
        ("scope.name", text("http")),
        ("instrumentation_scope.version", text("1.2")),
        ("attributes[\"user\"][\"ages\"][0]", int(7)),
        (
            "attributes[\"user\"][Concat([\"na\", \"me\"], \"\")]",
            text("ann"),
        ),
        ("Len(attributes)", int(7)),
        ("SPAN_KIND_CLIENT", int(3)),
    ]);
    assert_eq!(value_of("attributes[\"none\"]"), Ok(None));
    assert_eq!(value_of("attributes[\"user\"][\"none\"]"), Ok(None));
    assert_eq!(value_of("attributes[\"none\"][\"deep\"]"), Ok(None));
    assert_eq!(value_of("trace_state[\"none\"]"), Ok(Some(text(""))));
}

#[test]
fn numbers_are_calculated_with() {
    check(&[
        ("1 + 2 * 3 - 4 / 2", int(5)),
        ("(1 + 2) * -3", int(-9)),
        ("attributes[\"http.status\"] / 100 * 100", int(500)),
        ("attributes[\"weight\"] + 1", double(2.5)),
        ("-attributes[\"http.status\"]", int(-503)),
        ("7 / 2.0", double(3.5)),
        (
            "UnixSeconds(start_time + Duration(\"1m\"))",
            int(1_700_000_060),
        ),
        (
            "Seconds(Duration(\"1m\") + Duration(\"1.5s\"))",
            double(61.5),
        ),
    ]);
}

#[test]
fn texts_are_put_together_and_taken_apart() {
    check(&[
        (
            "Concat([attributes[\"http.method\"], attributes[\"http.status\"], nil, true], \"-\")",
            text("GET-503-<nil>-true"),
        ),
        ("Concat([span_id, 1.0], \"/\")", text("0000000000000009/1")),
        ("Split(\"a|b|c\", \"|\")", texts(&["a", "b", "c"])),
        ("Split(name, \"/\")[1]", text("cart")),
        ("Substring(name, 4, 5)", text("/cart")),
        ("Substring(\"一二三\", 0, 4, true)", text("一")),
        ("HasPrefix(name, \"GET\")", yes()),
        ("HasSuffix(name, \"GET\")", no()),
        ("TrimPrefix(name, \"GET \")", text("/cart/42")),
        ("TrimSuffix(name, \"/42\")", text("GET /cart")),
        ("Trim(\"  a b \")", text("a b")),
        ("Trim(\"!!a!!\", \"!\")", text("a")),
        ("ConvertCase(name, \"lower\")", text("get /cart/42")),
        ("ToUpperCase(attributes[\"user\"][\"name\"])", text("ANN")),
        ("ToLowerCase(\"ÄB\")", text("äb")),
        (
            "ToSnakeCase(\"CPUUtilizationMetric\")",
            text("cpu_utilization_metric"),
        ),
        ("ToSnakeCase(\"simple-String\")", text("simple_string")),
        ("ToCamelCase(\"my_metric name\")", text("MyMetricName")),
        ("ConvertCase(\"my-metric\", \"camel\")", text("MyMetric")),
        (
            "Format(\"%s %05d %.2f|%-4s|%4s|%x %v%%\", [name, 42, 1.005, \"a\", \"b\", 255, true])",
            text("GET /cart/42 00042 1.00|a   |   b|ff true%"),
        ),
        ("Format(\"%d\", [\"x\"])", text("%!d(x)")),
        (
            "Format(\"%04d-%02d\", [Year(start_time), Month(start_time)])",
            text("2023-11"),
        ),
        ("Base64Encode(\"hi?>\")", text("aGk/Pg==")),
        ("Base64Encode(\"hi?>\", \"base64-raw-url\")", text("aGk_Pg")),
        ("Base64Decode(\"aGVsbG8=\")", text("hello")),
        ("Decode(\"aGVsbG8=\", \"base64\")", text("hello")),
        ("Decode(\"aGVsbG8\", \"base64-raw\")", text("hello")),
        ("Index(name, \"cart\")", int(5)),
        ("Index(name, \"none\")", int(-1)),
        ("IsMatch(name, \"^GET /cart/[0-9]+$\")", yes()),
        ("IsMatch(attributes[\"http.status\"], \"^5\")", yes()),
        ("IsMatch(attributes[\"none\"], \".*\")", no()),
        ("IsMatch(name, attributes[\"http.method\"])", yes()),
        (
            "ExtractPatterns(name, \"/(?P<what>[a-z]+)/(?P<id>[0-9]+)\")",
            pairs(&[("what", text("cart")), ("id", text("42"))]),
        ),
        ("ExtractPatterns(name, \"(?P<a>zzz)\")", pairs(&[])),
    ]);
}

#[test]
fn conversions_and_types() {
    check(&[
        ("Int(\"12\")", int(12)),
        ("Int(1.9)", int(1)),
        ("Int(attributes[\"retry\"])", int(1)),
        ("Double(\"2.5\")", double(2.5)),
        ("Double(attributes[\"http.status\"])", double(503.0)),
        ("Bool(\"T\")", yes()),
        ("Bool(0)", no()),
        ("String(attributes[\"http.status\"])", text("503")),
        ("String(span_id)", text("0000000000000009")),
        ("String([1, \"a\", 2.0])", text("[1,\"a\",2]")),
        (
            "String({\"b\": 1, \"a\": [true]})",
            text("{\"a\":[true],\"b\":1}"),
        ),
        ("Hex(12)", text("c")),
        ("Hex(\"1\")", text("31")),
        ("Hex(1.1)", text("3ff199999999999a")),
        ("Hex(attributes[\"raw\"])", text("01ab")),
        ("Hex(true)", text("01")),
        ("ParseInt(\"0xFF\", 0)", int(255)),
        ("ParseInt(\"-0o123\", 0)", int(-83)),
        ("ParseInt(\"0b1111_0000\", 0)", int(240)),
        ("ParseInt(\"AA\", 16)", int(170)),
        ("ParseInt(\"-20\", 8)", int(-16)),
        ("Int(Log(\"2.718281828459046\") * 1000)", int(1000)),
        ("IsValidLuhn(\"17893729974\")", yes()),
        ("IsValidLuhn(17893729975)", no()),
        ("IsString(name)", yes()),
        ("IsInt(attributes[\"http.status\"])", yes()),
        ("IsDouble(attributes[\"http.status\"])", no()),
        ("IsBool(attributes[\"retry\"])", yes()),
        ("IsMap(attributes)", yes()),
        ("IsMap(attributes[\"user\"])", yes()),
        ("IsList(attributes[\"tags\"])", yes()),
        ("IsEmpty(attributes[\"none\"])", yes()),
        ("IsEmpty(0)", yes()),
        ("IsEmpty(span_id)", no()),
        ("IsRootSpan()", no()),
        (
            "Coalesce([attributes[\"none\"], attributes[\"http.method\"], \"x\"])",
            text("GET"),
        ),
        ("Len(name)", int(12)),
        ("Len([1, 2])", int(2)),
        (
            "Hex(TraceID(\"aaaa0000000000000000000000000007\"))",
            text("aaaa0000000000000000000000000007"),
        ),
        (
            "SpanID(0x0000000000000009)",
            AnyValue::Bytes(vec![0, 0, 0, 0, 0, 0, 0, 9]),
        ),
    ]);
    assert_eq!(value_of("Int(\"a\")"), Ok(None));
    assert_eq!(value_of("Bool(\"maybe\")"), Ok(None));
}

#[test]
fn times_and_durations() {
    check(&[
        ("UnixNano(Now())", int(1_700_000_000_000_000_000)),
        ("UnixMicro(start_time)", int(1_700_000_000_000_000)),
        ("UnixMilli(start_time)", int(1_700_000_000_000)),
        ("UnixSeconds(Unix(12, 5))", int(12)),
        ("UnixNano(Unix(12, 5))", int(12_000_000_005)),
        ("Year(start_time)", int(2023)),
        ("Month(start_time)", int(11)),
        ("Day(start_time)", int(14)),
        ("Hour(start_time)", int(22)),
        ("Minute(start_time)", int(13)),
        ("Second(start_time)", int(20)),
        ("Nanosecond(Unix(1, 7))", int(7)),
        ("Weekday(start_time)", int(2)),
        ("Hours(Duration(\"90m\"))", double(1.5)),
        ("Minutes(Duration(\"90s\"))", double(1.5)),
        ("Seconds(Duration(\"1h1.5s\"))", double(3601.5)),
        ("Milliseconds(Duration(\"-2s\"))", int(-2000)),
        ("Microseconds(Duration(\"3ms\"))", int(3000)),
        ("Nanoseconds(Duration(\"2µs\"))", int(2000)),
        (
            "UnixSeconds(TruncateTime(start_time, Duration(\"1h\")))",
            int(1_699_999_200),
        ),
        (
            "UnixSeconds(Time(\"02/04/2023\", \"%m/%d/%Y\"))",
            int(1_675_468_800),
        ),
        (
            "UnixSeconds(Time(\"Feb 15, 2023\", \"%b %d, %Y\"))",
            int(1_676_419_200),
        ),
        (
            "UnixSeconds(Time(\"1986-10-01T00:17:33 MST\", \"%Y-%m-%dT%H:%M:%S %Z\"))",
            int(528_535_053),
        ),
        (
            "UnixSeconds(Time(\"2023-05-26 12:34:56 +0200\", \"%F %T %z\"))",
            int(1_685_097_296),
        ),
        (
            "UnixSeconds(Time(\"2023-05-26 00:34:56 PM\", \"%F %I:%M:%S %p\"))",
            int(1_685_104_496),
        ),
        (
            "UnixSeconds(Time(\"1970-01-01\", \"%F\", \"+01:00\"))",
            int(-3600),
        ),
        (
            "FormatTime(start_time, \"%A %h %e %Y\")",
            text("Tuesday Nov 14 2023"),
        ),
        (
            "FormatTime(start_time, \"%Y-%m-%dT%H:%M:%S.%L%z %j %p %l%%\")",
            text("2023-11-14T22:13:20.000+0000 +00:00 PM 10%"),
        ),
    ]);
    for wrong in [
        "Time(\"2023-02-30\", \"%F\")",
        "Time(\"x\", \"%F\")",
        "Duration(\"3 s\")",
        "Duration(\"\")",
    ] {
        assert!(value_of(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn digests_and_identifiers() {
    check(&[
        ("MD5(\"\")", text("d41d8cd98f00b204e9800998ecf8427e")),
        (
            "SHA1(\"abc\")",
            text("a9993e364706816aba3e25717850c26c9cd0d89d"),
        ),
        (
            "SHA256(\"abc\")",
            text("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        ),
        ("Len(SHA512(name))", int(128)),
        ("FNV(\"hello world\")", int(8_618_312_879_776_256_743)),
        ("Murmur3Hash(\"Hello World\")", text("ce837619")),
        ("Murmur3Hash(\"\")", text("00000000")),
        (
            "Murmur3Hash128(\"\")",
            text("00000000000000000000000000000000"),
        ),
        (
            "Murmur3Hash128(\"hello\")",
            text("029bbd41b3a7d8cb191dae486a901e5b"),
        ),
        ("XXH3(\"\")", text("2d06800538d394c2")),
        ("XXH128(\"\")", text("99aa06d3014798d86001c324468d497f")),
        ("Len(UUID())", int(36)),
        ("Substring(UUIDv7(), 14, 1)", text("7")),
    ]);
}

#[test]
fn another_identifier_for_each_span() {
    let mut spans = batch(&[request(), request(), request()]);
    statement("set(name, UUID())", Context::Span).run(&mut spans, None, &mut Cache::default());
    let mut names: Vec<String> = flatten(&spans).into_iter().map(|span| span.name).collect();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), 3);
}

#[test]
fn lists_and_maps() {
    check(&[
        (
            "Append(attributes[\"tags\"], \"c\")",
            texts(&["b", "a", "c"]),
        ),
        (
            "Append(attributes[\"none\"], values=[\"c\", \"d\"])",
            texts(&["c", "d"]),
        ),
        ("DeleteIndex(attributes[\"tags\"], 0)", texts(&["a"])),
        (
            "DeleteIndex([1, 2, 3], 0, 2)",
            AnyValue::Array(vec![int(3)]),
        ),
        ("ContainsValue(attributes[\"tags\"], \"a\")", yes()),
        ("ContainsValue([1, 2], 2.0)", yes()),
        ("Index([1, \"a\"], \"a\")", int(1)),
        ("Keys(attributes[\"user\"])", texts(&["name", "ages"])),
        (
            "Values({\"a\": 1, \"b\": \"x\"})",
            AnyValue::Array(vec![int(1), text("x")]),
        ),
        ("Sort(attributes[\"tags\"])", texts(&["a", "b"])),
        (
            "Sort([3, 1.5, 2], \"desc\")",
            AnyValue::Array(vec![int(3), int(2), double(1.5)]),
        ),
        (
            "SliceToMap([{\"n\": \"a\", \"v\": 1}, {\"n\": \"b\", \"v\": 2}], [\"n\"], [\"v\"])",
            pairs(&[("a", int(1)), ("b", int(2))]),
        ),
        ("SliceToMap([\"x\"])", pairs(&[("0", text("x"))])),
    ]);
}

#[test]
fn texts_that_hold_more() {
    check(&[
        (
            "ParseJSON(\"{\\\"a\\\": [1, true, null], \\\"b\\\": \\\"x\\\"}\")",
            pairs(&[
                (
                    "a",
                    AnyValue::Array(vec![double(1.0), yes(), AnyValue::Empty]),
                ),
                ("b", text("x")),
            ]),
        ),
        ("ParseJSON(\"[1]\")[0]", double(1.0)),
        (
            "ParseCSV(\"1,\\\"a, b\\\"\", \"id,name\")",
            pairs(&[("id", text("1")), ("name", text("a, b"))]),
        ),
        (
            "ParseCSV(\"1|x\", \"id,name\", delimiter=\"|\", headerDelimiter=\",\")",
            pairs(&[("id", text("1")), ("name", text("x"))]),
        ),
        (
            "ParseCSV(\"\\\"a,b\", \"x,y\", mode=\"ignoreQuotes\")",
            pairs(&[("x", text("\"a")), ("y", text("b"))]),
        ),
        (
            "ParseKeyValue(\"k1=v1 k2='v 2'\")",
            pairs(&[("k1", text("v1")), ("k2", text("v 2"))]),
        ),
        (
            "ParseKeyValue(\"k1!v1_k2!v2\", \"!\", \"_\")[\"k2\"]",
            text("v2"),
        ),
        (
            "ToKeyValueString({\"b\": \"v=2\", \"a\": 1}, sort_output=true)",
            text("a=1 b=\"v=2\""),
        ),
        (
            "ToKeyValueString({\"a\": [1]}, \":\", \",\")",
            text("a:[1]"),
        ),
        (
            "IsInCIDR(\"10.1.2.3\", [\"192.168.0.0/16\", \"10.0.0.0/8\"])",
            yes(),
        ),
        ("IsInCIDR(\"2001:db8::1\", [\"2001:db8::/32\"])", yes()),
        ("IsInCIDR(\"11.1.2.3\", [\"10.0.0.0/8\"])", no()),
        (
            "URL(\"http://u:p@www.example.com:80/foo.gif?k=v#f\")",
            pairs(&[
                (
                    "url.original",
                    text("http://u:p@www.example.com:80/foo.gif?k=v#f"),
                ),
                ("url.scheme", text("http")),
                ("url.domain", text("www.example.com")),
                ("url.path", text("/foo.gif")),
                ("url.fragment", text("f")),
                ("url.query", text("k=v")),
                ("url.extension", text("gif")),
                ("url.user_info", text("u:p")),
                ("url.username", text("u")),
                ("url.password", text("p")),
                ("url.port", int(80)),
            ]),
        ),
    ]);
}

#[test]
fn what_a_function_cannot_do_says_why() {
    for (expression, wanted) in [
        (
            "HasPrefix(attributes[\"http.status\"], \"x\")",
            "expected a text, found an integer",
        ),
        (
            "Split(attributes[\"none\"], \"/\")[0]",
            "expected a text, found nil",
        ),
        (
            "Split(name, \"/\")[9]",
            "index 9 is not within the 3 values of the list",
        ),
        ("attributes[\"http.status\"] / 0", "a division by zero"),
        (
            "attributes[\"http.method\"] + 1",
            "`+` is not defined for a text and an integer",
        ),
        (
            "start_time",
            "an attribute cannot hold a time, use UnixNano or FormatTime",
        ),
        (
            "Substring(name, 10, 10)",
            "start 10 and length 10 do not lie within the 12 bytes of the text",
        ),
        (
            "ParseJSON(name)",
            "the text is not JSON: expected value at line 1 column 1",
        ),
        (
            "ParseInt(name, 10)",
            "\"GET /cart/42\" is no integer of base 10",
        ),
        ("attributes[\"http.method\"][\"x\"]", "a text has no keys"),
    ] {
        assert_eq!(value_of(expression), Err(wanted.to_owned()), "{expression}");
    }
}

//! Random queries over random spans, against an evaluator that shares no code: it
//! looks at plain spans one by one.

use std::collections::BTreeMap;

use tracewell_model::{AnyValue, SpanKind, StatusCode, TraceStore};
use tracewell_query::metrics::{Asked, Series, Steps};
use tracewell_testkit::{Random, TestSpan, conformance};

use super::{SECOND_NS, answer, text};
use crate::sealed::embedded;
use crate::store_of;

const START_NS: u64 = 1_700_000_000 * SECOND_NS;

type Filter = (&'static str, fn(&TestSpan) -> bool);

const FILTERS: [Filter; 5] = [
    ("true", |_| true),
    (r#"resource.service.name = "cart""#, |span| {
        service(span) == "cart"
    }),
    ("kind = server", |span| span.kind == SpanKind::Server),
    ("status = error", |span| span.status == StatusCode::Error),
    ("duration > 1s", |span| duration_ns(span) > 1e9),
];

/// The text of a value.
type Label = (&'static str, fn(&TestSpan) -> Option<String>);

const LABELS: [Label; 6] = [
    ("name", |span| Some(span.name.clone())),
    ("kind", |span| Some(span.kind.name().to_owned())),
    ("status", |span| Some(span.status.name().to_owned())),
    ("resource.service.name", |span| {
        Some(service(span).to_owned())
    }),
    ("span.retry", |span| own(span, "retry").and_then(shown)),
    (".user.id", |span| {
        let inherited = span.resource.iter().find(|(key, _)| key == "user.id");
        let inherited = inherited.map(|(_, value)| value);
        own(span, "user.id").or(inherited).and_then(shown)
    }),
];

/// What is measured, in what is shown.
type Number = (&'static str, f64, fn(&TestSpan) -> Option<f64>);

const NUMBERS: [Number; 2] = [
    ("duration", 1e-9, |span| Some(duration_ns(span))),
    ("span.weight", 1.0, |span| match own(span, "weight")? {
        AnyValue::Int(value) => Some(*value as f64),
        AnyValue::Double(value) => Some(*value),
        _ => None,
    }),
];

const FUNCTIONS: [&str; 8] = [
    "rate",
    "count_over_time",
    "min_over_time",
    "max_over_time",
    "avg_over_time",
    "sum_over_time",
    "histogram_over_time",
    "quantile_over_time",
];

fn service(span: &TestSpan) -> &str {
    match span.resource.iter().find(|(key, _)| key == "service.name") {
        Some((_, AnyValue::String(service))) => service,
        _ => "",
    }
}

fn duration_ns(span: &TestSpan) -> f64 {
    span.end_ns.saturating_sub(span.start_ns) as f64
}

fn own<'s>(span: &'s TestSpan, key: &str) -> Option<&'s AnyValue> {
    let own = span.attributes.iter().find(|(known, _)| known == key);
    own.map(|(_, value)| value)
}

fn shown(value: &AnyValue) -> Option<String> {
    Some(match value {
        AnyValue::Empty => return None,
        AnyValue::String(text) => text.clone(),
        AnyValue::Int(value) => value.to_string(),
        AnyValue::Double(value) => value.to_string(),
        AnyValue::Bool(value) => value.to_string(),
        other => format!("{other:?}"),
    })
}

fn weight(span: &TestSpan) -> f64 {
    match span.trace_state.as_str() {
        "ot=th:8" => 2.0,
        "vendor=a,ot=th:c" => 4.0,
        _ => 1.0,
    }
}

/// A query and what is to come of it.
struct Wanted {
    text: String,
    filter: Filter,
    by: Vec<Label>,
    function: &'static str,
    number: Number,
    steps: Steps,
}

/// Where the samples of a series are, each with how far it may be off.
type Samples = BTreeMap<u64, (f64, f64)>;

impl Wanted {
    fn by_chance(random: &mut Random) -> Self {
        let filter = *random.pick(&FILTERS);
        let function = *random.pick(&FUNCTIONS);
        let number = *random.pick(&NUMBERS);
        let mut by: Vec<Label> = Vec::new();
        for _ in 0..random.below(4) {
            let label = *random.pick(&LABELS);
            if by.iter().all(|(known, _)| *known != label.0) {
                by.push(label);
            }
        }
        let argument = match function {
            "rate" | "count_over_time" => String::new(),
            "quantile_over_time" => format!("{}, 0, 0.5, 0.99", number.0),
            _ => number.0.to_owned(),
        };
        // What needs the whole trace goes another way.
        let whole = if random.once_in(2) {
            " && trace:duration >= 0ns"
        } else {
            ""
        };
        let names: Vec<&str> = by.iter().map(|(name, _)| *name).collect();
        let grouped = if by.is_empty() {
            String::new()
        } else {
            format!(" by ({})", names.join(", "))
        };
        let start_ns = START_NS + random.below(40) * SECOND_NS;
        let end_ns = start_ns + (1 + random.below(30)) * SECOND_NS;
        let step_ns = *random.pick(&[500_000_000, SECOND_NS, 5 * SECOND_NS, 60 * SECOND_NS]);
        let steps = if random.once_in(5) {
            Steps::instant(start_ns, end_ns)
        } else {
            Steps::over(start_ns, end_ns, Some(step_ns))
        };
        Self {
            text: format!(
                "{{ {}{whole} }} | {function}({argument}){grouped}",
                filter.0
            ),
            filter,
            by,
            function,
            number,
            steps: steps.unwrap(),
        }
    }

    /// The moment that a span counts for.
    fn moment_ns(&self, span: &TestSpan) -> Option<u64> {
        let moments: Vec<u64> = self.steps.moments_ns().collect();
        let step_ns = self.steps.step_ns();
        moments.into_iter().find(|at_ns| {
            let is_instant = self.steps.count() == 1;
            let after = span.start_ns + u64::from(is_instant) > at_ns - step_ns;
            after && span.start_ns <= *at_ns
        })
    }

    fn series(&self, spans: &[TestSpan]) -> BTreeMap<String, Samples> {
        // By labels, by moment: numbers with their weights.
        let mut groups: BTreeMap<String, BTreeMap<u64, Vec<(f64, f64)>>> = BTreeMap::new();
        let measures = !matches!(self.function, "rate" | "count_over_time");
        let is_bucketed = matches!(self.function, "histogram_over_time" | "quantile_over_time");
        for span in spans.iter().filter(|span| (self.filter.1)(span)) {
            let (Some(at_ns), number) = (self.moment_ns(span), (self.number.2)(span)) else {
                continue;
            };
            if measures && number.is_none() {
                continue;
            }
            let mut labels: Vec<String> = Vec::new();
            for (name, value) in &self.by {
                labels.extend(value(span).map(|value| format!("{name}={value}")));
            }
            if labels.is_empty() && !self.by.is_empty() {
                labels.push(format!("{}=nil", self.by[0].0));
            }
            let number = number.unwrap_or(0.0);
            if self.function == "histogram_over_time" {
                labels.push(format!("__bucket={}", edge(number) * self.number.1));
            }
            if labels.is_empty() && !is_bucketed {
                labels.push(format!("__name__={}", self.function));
            }
            let of_series = groups.entry(labels.join(",")).or_default();
            of_series
                .entry(at_ns)
                .or_default()
                .push((number, weight(span)));
        }
        let mut series = BTreeMap::new();
        for (labels, moments) in groups {
            let shares = match self.function {
                "quantile_over_time" => vec![Some(0.0), Some(0.5), Some(0.99)],
                _ => vec![None],
            };
            for share in shares {
                let label = match share {
                    Some(share) if labels.is_empty() => format!("p={share}"),
                    Some(share) => format!("{labels},p={share}"),
                    None => labels.clone(),
                };
                series.insert(label, self.samples(&moments, share.unwrap_or(0.0)));
            }
        }
        series
    }

    fn samples(&self, moments: &BTreeMap<u64, Vec<(f64, f64)>>, share: f64) -> Samples {
        let mut samples = Samples::new();
        let seconds = self.steps.step_ns() as f64 / 1e9;
        let unit = self.number.1;
        for at_ns in self.steps.moments_ns() {
            let of_moment = moments.get(&at_ns).cloned().unwrap_or_default();
            let count: f64 = of_moment.iter().map(|(_, weight)| weight).sum();
            let all = || of_moment.iter().map(|(number, _)| *number);
            let sum: f64 = of_moment
                .iter()
                .map(|(number, weight)| number * weight)
                .sum();
            let size: f64 = all().map(f64::abs).filter(|size| size.is_finite()).sum();
            let slack = (size * 4.0 * unit).abs() * 1e-12 + 1e-12;
            let value = match self.function {
                "rate" => count / seconds,
                "count_over_time" | "histogram_over_time" => count,
                _ if of_moment.is_empty() => continue,
                "min_over_time" => all().fold(f64::INFINITY, f64::min) * unit,
                "max_over_time" => all().fold(f64::NEG_INFINITY, f64::max) * unit,
                "avg_over_time" => sum / count * unit,
                "sum_over_time" => sum * unit,
                _ => quantile(&of_moment, share) * unit,
            };
            samples.insert(at_ns, (value, slack));
        }
        samples
    }
}

/// The least power of two that is not below a number.
fn edge(number: f64) -> f64 {
    if number <= 0.0 {
        return 0.0;
    }
    let mut edge = 1.0;
    while edge < number {
        edge *= 2.0;
    }
    while edge.is_finite() && edge / 2.0 >= number {
        edge /= 2.0;
    }
    edge
}

fn quantile(numbers: &[(f64, f64)], share: f64) -> f64 {
    let mut buckets: Vec<(f64, f64)> = Vec::new();
    for (number, weight) in numbers {
        let edge = edge(*number);
        match buckets.iter_mut().find(|(known, _)| *known == edge) {
            Some((_, count)) => *count += weight,
            None => buckets.push((edge, *weight)),
        }
    }
    buckets.sort_by(|a, b| a.0.total_cmp(&b.0));
    let total: f64 = buckets.iter().map(|(_, count)| count).sum();
    let wanted = (share * total).ceil().max(1.0);
    let mut before = 0.0;
    for (edge, count) in &buckets {
        if before + count >= wanted {
            return edge / 2.0 * 2f64.powf((wanted - before) / count);
        }
        before += count;
    }
    unreachable!("shares are below one")
}

/// `few_kinds`: so that stores keep sums of them.
fn spans_by_chance(random: &mut Random, few_kinds: bool) -> Vec<TestSpan> {
    let mut spans = random.spans(if few_kinds { 2_500 } else { 250 }, START_NS);
    for index in 0..spans.len() {
        let span = &mut spans[index];
        if few_kinds {
            span.attributes.clear();
            span.resource.retain(|(key, _)| key == "service.name");
            span.name = (*random.pick(&["GET /", "add"])).to_owned();
            span.end_ns = span.start_ns + *random.pick(&[3_000, 900_000_000]);
            if !random.once_in(10) {
                span.kind = SpanKind::Server;
                (span.status, span.events) = (StatusCode::Unset, Vec::new());
            }
        }
        // On an edge, or just behind it.
        if random.once_in(4) {
            let length_ns = span.end_ns.wrapping_sub(span.start_ns);
            span.start_ns = span.start_ns / SECOND_NS * SECOND_NS + random.below(2);
            span.end_ns = span.start_ns.wrapping_add(length_ns);
        }
        if random.once_in(6) {
            span.trace_state = (*random.pick(&["ot=th:8", "vendor=a,ot=th:c"])).to_owned();
        }
        // A span of its own that looks like this one.
        if random.once_in(40) {
            let mut other = span.clone();
            other.name = format!("not {}", other.name);
            spans.push(other);
        }
    }
    spans
}

fn stored(store: &dyn TraceStore, parts: &[&[TestSpan]]) {
    for part in parts {
        conformance::append(store, part).unwrap();
    }
}

#[test]
fn random_queries_agree_with_a_naive_evaluator_wherever_spans_lie() {
    let mut with_samples = 0;
    for seed in 0..6 {
        let mut random = Random::new(seed);
        let few_kinds = seed % 3 == 2;
        let spans = spans_by_chance(&mut random, few_kinds);
        let mut parts: Vec<&[TestSpan]> = spans.chunks(spans.len() / 5).collect();
        // Sent again.
        parts.push(&spans[30..70]);
        let memory = store_of(&parts);
        let (sealed, mixed, merged) = (embedded(1), embedded(20_000), embedded(1));
        for store in [&sealed, &mixed, &merged] {
            stored(store, &parts);
        }
        while sealed.status().blocks == 0 || merged.status().blocks == 0 {
            std::thread::yield_now();
        }
        merged.compact_now().unwrap();
        let stores: [(&str, &dyn TraceStore); 4] = [
            ("memory", &memory),
            ("sealed", &sealed),
            ("mixed", &mixed),
            ("merged", &merged),
        ];
        for number in 0..40 {
            let wanted = Wanted::by_chance(&mut random);
            let want = wanted.series(&spans);
            with_samples += want.len();
            for (place, store) in stores {
                let asked = Asked {
                    exemplars: 5,
                    ..Asked::of(wanted.steps)
                };
                let got = answer(store, &wanted.text, &asked);
                let case = format!("seed {seed}, query {number}, {place}: {}", wanted.text);
                assert!(got.is_exact && got.partial.is_none(), "{case}");
                agree(&got.series, &want, &wanted.steps, &case);
                exemplars_are_spans(&got.series, &spans, &case);
            }
        }
        sealed.shut_down();
        mixed.shut_down();
        merged.shut_down();
    }
    assert!(with_samples > 1_000, "{with_samples} series");
}

fn agree(got: &[Series], want: &BTreeMap<String, Samples>, steps: &Steps, case: &str) {
    let names: Vec<String> = got.iter().map(labels).collect();
    let mut sorted: Vec<&String> = names.iter().collect();
    sorted.sort();
    assert_eq!(sorted, want.keys().collect::<Vec<_>>(), "{case}");
    for (series, name) in got.iter().zip(&names) {
        let samples: BTreeMap<u64, f64> = series.samples(steps).collect();
        let want = &want[name];
        let moments: Vec<&u64> = samples.keys().collect();
        assert_eq!(moments, want.keys().collect::<Vec<_>>(), "{case}: {name}");
        for (at_ns, (value, slack)) in want {
            let got = samples[at_ns];
            let is_equal = got == *value || (got - value).abs() <= *slack;
            assert!(is_equal, "{case}: {name} at {at_ns}: {got}, not {value}");
        }
    }
}

fn labels(series: &Series) -> String {
    let labels = series.labels.iter();
    let labels: Vec<String> = labels
        .map(|(name, value)| format!("{name}={}", text(value)))
        .collect();
    labels.join(",")
}

fn exemplars_are_spans(got: &[Series], spans: &[TestSpan], case: &str) {
    let all: Vec<_> = got.iter().flat_map(|series| &series.exemplars).collect();
    assert!(all.len() <= 5, "{case}: {} exemplars", all.len());
    assert_eq!(all.is_empty(), got.is_empty(), "{case}");
    for exemplar in all {
        let is_it = |span: &&TestSpan| {
            let same = span.trace_id == exemplar.trace_id && span.span_id == exemplar.span_id;
            same && span.start_ns == exemplar.at_ns
        };
        assert!(
            spans.iter().any(|span| is_it(&span)),
            "{case}: {exemplar:?}"
        );
    }
}

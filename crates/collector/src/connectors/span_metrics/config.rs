//! What `span_metrics` can be told, with the Collector's defaults.

use std::sync::Arc;
use std::time::Duration;

use crate::series::{
    Bounds, Head, LABEL_OF_INSTANCE, LABEL_OF_OVERFLOW, MetricHead, Unit, label_name, metric_name,
};
use crate::written::fields::{Fields, Placed};
use crate::written::go_duration;

const NAMESPACE: &str = "traces.span.metrics";

const BUCKETS_MS: [u64; 16] = [
    2, 4, 6, 8, 10, 50, 100, 200, 400, 800, 1_000, 1_400, 2_000, 5_000, 10_000, 15_000,
];

/// More buckets say nothing more, and each is a line of each series.
const BUCKETS_MAX: usize = 200;

/// The Collector's.
const EXPONENTIAL_BUCKETS: u64 = 160;

/// Series of one metric where the file names no limit: some 5 MB of memory for
/// histograms, and 40 MB of text for each scrape.
const SERIES_MAX: u64 = 10_000;

const EXEMPLARS_MAX: u64 = 5;

/// Attributes that are none of the span's.
const SCOPE_NAME: &str = "span.instrumentation.scope.name";
const SCOPE_VERSION: &str = "span.instrumentation.scope.version";
const OVERFLOW: &str = "otel.metric.overflow";
const INSTANCE: &str = "collector.instance.id";

/// The Collector's.
const FLUSH_INTERVAL: Duration = Duration::from_secs(60);

/// See the module's text.
#[derive(Debug, Clone)]
pub struct SpanMetricsConfig {
    pub(super) namespace: String,
    /// What all three metrics are divided by.
    pub(super) fixed: Vec<Fixed>,
    pub(super) calls: Vec<Dimension>,
    pub(super) durations: Option<Durations>,
    pub(super) events: Option<Vec<Dimension>>,
    /// Of each metric.
    pub(super) series_max: usize,
    pub(super) lifetime_ns: Option<u64>,
    /// Of each series; 0: none.
    pub(super) exemplars_max: usize,
    /// Time between two rounds in which what is counted is sent.
    pub(in crate::connectors) flush_interval: Duration,
    /// Is only what was added sent, to peers that know such?
    pub(in crate::connectors) is_delta: bool,
    /// Does a series say which process counted it, where it is sent?
    says_instance: bool,
}

/// The histogram.
#[derive(Debug, Clone)]
pub(super) struct Durations {
    pub(super) bounds: Bounds,
    pub(super) dimensions: Vec<Dimension>,
}

/// What every span has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fixed {
    Service,
    Name,
    Kind,
    Status,
}

impl Fixed {
    const ALL: [Self; 4] = [Self::Service, Self::Name, Self::Kind, Self::Status];

    fn key(self) -> &'static str {
        match self {
            Self::Service => "service.name",
            Self::Name => "span.name",
            Self::Kind => "span.kind",
            Self::Status => "status.code",
        }
    }

    pub(super) fn label(self) -> &'static str {
        match self {
            Self::Service => "service_name",
            Self::Name => "span_name",
            Self::Kind => "span_kind",
            Self::Status => "status_code",
        }
    }
}

/// What else series are divided by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Dimension {
    pub(super) label: String,
    pub(super) of: DimensionOf,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum DimensionOf {
    /// Of the span, or of its resource.
    Attribute {
        key: String,
        default: Option<String>,
    },
    /// The instrumentation scope, if it is one of these.
    ScopeName(Arc<[String]>),
    ScopeVersion(Arc<[String]>),
}

impl Dimension {
    /// What OpenTelemetry calls it.
    fn key(&self) -> &str {
        match &self.of {
            DimensionOf::Attribute { key, .. } => key,
            DimensionOf::ScopeName(_) => SCOPE_NAME,
            DimensionOf::ScopeVersion(_) => SCOPE_VERSION,
        }
    }
}

impl SpanMetricsConfig {
    /// Reads the fields of the section.
    pub(crate) fn read(fields: Fields<'_>) -> Self {
        let namespace = fields.text("namespace");
        let namespace = namespace.map_or(NAMESPACE.to_owned(), |written| written.text);
        let excluded = fields.list("exclude_dimensions");
        let is_kept = |fixed: &Fixed| excluded.iter().all(|name| name.text != fixed.key());
        let fixed: Vec<Fixed> = Fixed::ALL.into_iter().filter(is_kept).collect();
        let shared = [scopes(&fields), dimensions(&fields, "dimensions")].concat();
        let with = |own: Vec<Dimension>| [shared.clone(), own].concat();
        let series_max = fields.number("aggregation_cardinality_limit", 0, 0);
        let config = Self {
            calls: with(dimensions(&fields, "calls_dimensions")),
            durations: durations(&fields, with),
            events: events(&fields, with),
            namespace,
            fixed,
            series_max: usize::try_from(if series_max == 0 {
                SERIES_MAX
            } else {
                series_max
            })
            .unwrap_or(usize::MAX),
            lifetime_ns: lifetime_ns(&fields),
            exemplars_max: exemplars_max(&fields),
            flush_interval: flush_interval(&fields),
            // Whatever else is written is cumulative to the Collector.
            is_delta: fields.value("aggregation_temporality", false, |text| {
                Ok(text == "AGGREGATION_TEMPORALITY_DELTA")
            }),
            says_instance: excluded.iter().all(|name| name.text != INSTANCE),
        };
        if let Some(label) = config.label_twice() {
            fields.mistake(format!(
                "{}: two dimensions would have the label {label}; leave one out",
                fields.path("dimensions")
            ));
        }
        fields.not_served(
            "add_resource_attributes",
            "name those that series are to be divided by below dimensions",
        );
        fields.not_served(
            "enable_metrics_sampling_method",
            "counts of sampled spans are always those of all spans",
        );
        // Series are divided by their labels alone, so none is in the way of another
        // that has the same.
        for taken in [
            "resource_metrics_key_attributes",
            "resource_metrics_cache_size",
            "dimensions_cache_size",
            "metric_timestamp_cache_size",
        ] {
            fields.has(taken);
        }
        fields.end();
        config
    }

    /// What Prometheus calls one of its metrics.
    pub(crate) fn metric_name(&self, metric: &str) -> String {
        metric_name(&self.namespace, metric)
    }

    /// What it counts.
    pub(super) fn head(&self) -> Head {
        let name = |metric: &str| match &*self.namespace {
            "" => metric.to_owned(),
            namespace => format!("{namespace}.{metric}"),
        };
        let mut metrics = vec![MetricHead::counter(name("calls"), "Spans")];
        let mut dimensions: Vec<&Dimension> = self.calls.iter().collect();
        if let Some(Durations {
            bounds,
            dimensions: own,
        }) = &self.durations
        {
            let help = "How long spans took";
            metrics.push(MetricHead::histogram(name("duration"), help, bounds));
            dimensions.extend(own);
        }
        if let Some(own) = &self.events {
            metrics.push(MetricHead::counter(name("events"), "Events of spans"));
            dimensions.extend(own);
        }
        let of_all = self.fixed.iter().map(|fixed| (fixed.label(), fixed.key()));
        let own = dimensions.iter().map(|own| (&*own.label, own.key()));
        let keys = of_all.chain(own).chain([(LABEL_OF_OVERFLOW, OVERFLOW)]);
        let service = self.fixed.contains(&Fixed::Service);
        Head {
            scope: "spanmetricsconnector",
            keys: keys
                .map(|(label, key)| (label.to_owned(), key.to_owned()))
                .collect(),
            service_label: service.then(|| Fixed::Service.label()),
            says_instance: self.says_instance,
            metrics,
        }
    }

    /// A label that a metric would have twice.
    fn label_twice(&self) -> Option<&str> {
        let histogram = self.durations.as_ref();
        let histogram = histogram.map(|histogram| &histogram.dimensions);
        [Some(&self.calls), histogram, self.events.as_ref()]
            .into_iter()
            .flatten()
            .find_map(|dimensions| {
                let mut taken = vec!["le", LABEL_OF_OVERFLOW];
                taken.extend(self.says_instance.then_some(LABEL_OF_INSTANCE));
                taken.extend(self.fixed.iter().map(|fixed| fixed.label()));
                dimensions.iter().find_map(|Dimension { label, .. }| {
                    let is_taken = taken.contains(&&**label);
                    taken.push(label);
                    is_taken.then_some(&**label)
                })
            })
    }
}

fn dimensions(fields: &Fields<'_>, name: &'static str) -> Vec<Dimension> {
    let mut read = Vec::new();
    for section in fields.sections(name) {
        section.not_served("glob", "write a name for each attribute");
        let default = section.text("default").map(|written| written.text);
        match section.text("name") {
            Some(name) => read.push(Dimension {
                label: label_name(&name.text),
                of: DimensionOf::Attribute {
                    key: name.text,
                    default,
                },
            }),
            None => section.mistake(format!(
                "{} is missing: the attribute to divide by",
                section.path("name")
            )),
        }
        section.end();
    }
    read
}

fn scopes(fields: &Fields<'_>) -> Vec<Dimension> {
    let names = fields.list("include_instrumentation_scope").into_iter();
    let names: Arc<[String]> = names.map(|name| name.text).collect();
    if names.is_empty() {
        return Vec::new();
    }
    let dimension = |key, of| Dimension {
        label: label_name(key),
        of,
    };
    vec![
        dimension(SCOPE_NAME, DimensionOf::ScopeName(Arc::clone(&names))),
        dimension(SCOPE_VERSION, DimensionOf::ScopeVersion(names)),
    ]
}

fn durations(
    fields: &Fields<'_>,
    with: impl Fn(Vec<Dimension>) -> Vec<Dimension>,
) -> Option<Durations> {
    let default = |unit| Bounds::new(BUCKETS_MS.map(|ms| ms * 1_000_000).into(), unit);
    let Some(section) = fields.section("histogram") else {
        return Some(Durations {
            bounds: default(Unit::Milliseconds),
            dimensions: with(Vec::new()),
        });
    };
    let is_off = section.switch("disable", false);
    let unit = section.value("unit", Unit::Milliseconds, |text| match text {
        "ms" => Ok(Unit::Milliseconds),
        "s" => Ok(Unit::Seconds),
        _ => Err(format!("{text:?} is neither ms nor s")),
    });
    let explicit = section.section("explicit").and_then(|explicit| {
        let ends_ns = buckets_ns(&explicit, "buckets");
        explicit.end();
        ends_ns
    });
    let exponential = section.section("exponential").map(|exponential| {
        if section.has("explicit") {
            exponential.mistake(format!(
                "{}: there is explicit too; write one of them",
                section.path("exponential")
            ));
        }
        let most = exponential.number("max_size", EXPONENTIAL_BUCKETS, 2);
        exponential.end();
        Bounds::exponential(most, unit)
    });
    let dimensions = with(dimensions(&section, "dimensions"));
    section.end();
    (!is_off).then(|| Durations {
        bounds: exponential.unwrap_or_else(|| {
            explicit.map_or_else(|| default(unit), |ends_ns| Bounds::new(ends_ns, unit))
        }),
        dimensions,
    })
}

/// The ends of buckets, in ns; `None` where none are listed.
pub(in crate::connectors) fn buckets_ns(
    fields: &Fields<'_>,
    name: &'static str,
) -> Option<Vec<u64>> {
    let list = fields.list(name);
    let mut ends_ns = Vec::with_capacity(list.len());
    for Placed { text, location } in &list {
        match go_duration::read_ns(text).map(u64::try_from) {
            Ok(Ok(end_ns)) => ends_ns.push(end_ns),
            _ => fields.reading().mistake(
                *location,
                format!(
                    "{}: {text:?} is not a duration; write for example 200ms or 1m30s",
                    fields.path(name)
                ),
            ),
        }
    }
    if list.len() > BUCKETS_MAX {
        fields.mistake(format!(
            "{}: {} are too many; list {BUCKETS_MAX} at most",
            fields.path(name),
            list.len()
        ));
    }
    (!list.is_empty()).then_some(ends_ns)
}

/// Time between two rounds in which what is counted is sent.
pub(in crate::connectors) fn flush_interval(fields: &Fields<'_>) -> Duration {
    const NAME: &str = "metrics_flush_interval";
    let interval = fields.duration(NAME, FLUSH_INTERVAL);
    if interval.is_zero() {
        let path = fields.path(NAME);
        fields.mistake(format!(
            "{path}: what is counted is sent at intervals; write for example 15s"
        ));
        return FLUSH_INTERVAL;
    }
    interval
}

fn events(
    fields: &Fields<'_>,
    with: impl Fn(Vec<Dimension>) -> Vec<Dimension>,
) -> Option<Vec<Dimension>> {
    let section = fields.section("events")?;
    let is_on = section.switch("enabled", false);
    let own = dimensions(&section, "dimensions");
    if is_on && own.is_empty() {
        section.mistake(format!(
            "{} is missing: events are counted by the attributes named there",
            section.path("dimensions")
        ));
    }
    section.end();
    is_on.then(|| with(own))
}

fn exemplars_max(fields: &Fields<'_>) -> usize {
    let Some(section) = fields.section("exemplars") else {
        return 0;
    };
    let is_on = section.switch("enabled", false);
    let max = section.number("max_per_data_point", EXEMPLARS_MAX, 0);
    section.end();
    // There is one for each bucket at most.
    let max = max.min(BUCKETS_MAX as u64) as usize;
    if is_on { max } else { 0 }
}

/// The sooner of the two: series have no other owner than themselves.
fn lifetime_ns(fields: &Fields<'_>) -> Option<u64> {
    let of = |name| {
        let lifetime = fields.duration(name, Duration::ZERO);
        u64::try_from(lifetime.as_nanos()).ok()
    };
    let lifetimes = [of("metrics_expiration"), of("series_expiration")];
    let lifetimes = lifetimes.into_iter().flatten();
    lifetimes.filter(|lifetime_ns| *lifetime_ns > 0).min()
}

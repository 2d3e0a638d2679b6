//! Reads `policies`: each a name, a type, and what the type is told.
//!
//! A condition on spans that several policies have is asked once. **A type that is
//! not known is a mistake where it stands**, and so is a policy that could never
//! say yes because something was left out.

mod kinds;

use super::condition::{MAX_CONDITIONS, SpanCondition};
use super::rule::{Composite, Policy, Rule, Share};
use crate::written::fields::Fields;
use crate::written::mistake::nearest;
use kinds::{bucket, latency, ottl, probabilistic, span_count, status_codes, texts};

/// The kinds of policy.
const KINDS: [&str; 17] = [
    "always_sample",
    "latency",
    "numeric_attribute",
    "string_attribute",
    "boolean_attribute",
    "probabilistic",
    "status_code",
    "trace_state",
    "trace_flags",
    "span_count",
    "rate_limiting",
    "bytes_limiting",
    "ottl_condition",
    "and",
    "not",
    "drop",
    "composite",
];

/// The policies of a section, and the conditions that they ask of spans.
#[derive(Debug, Default)]
pub(super) struct Reader {
    pub(super) conditions: Vec<SpanCondition>,
}

impl Reader {
    /// The list under `policies`.
    pub(super) fn policies(&mut self, fields: &Fields<'_>) -> Vec<Policy> {
        let policies = fields.sections("policies");
        if policies.is_empty() {
            fields.mistake(format!(
                "{} is missing or empty, and nothing would ever be sampled; write one policy at least",
                fields.path("policies")
            ));
        }
        let mut read: Vec<Policy> = Vec::new();
        for policy in policies {
            let location = policy.location();
            let path = policy.path("name");
            let Some(policy) = self.policy(policy, true) else {
                continue;
            };
            if read.iter().any(|other| other.name == policy.name) {
                let message = format!("{path}: {:?} is the name of two policies", policy.name);
                fields.reading().mistake(location, message);
            }
            read.push(policy);
        }
        if self.conditions.len() > MAX_CONDITIONS {
            fields.mistake(format!(
                "{}: {} different conditions on spans, and {MAX_CONDITIONS} are the most; join some",
                fields.path("policies"),
                self.conditions.len()
            ));
        }
        read
    }

    /// One policy. Only at the top may it drop.
    fn policy(&mut self, fields: Fields<'_>, is_at_top: bool) -> Option<Policy> {
        let name = fields.text("name").map(|name| name.text);
        let Some(name) = name.filter(|name| !name.is_empty()) else {
            let path = fields.path("name");
            fields.mistake(format!("{path} is missing; any name that tells it apart"));
            return None;
        };
        let Some(kind) = fields.text("type") else {
            let path = fields.path("type");
            fields.mistake(format!("{path} is missing; one of {}", KINDS.join(", ")));
            return None;
        };
        let Some(known) = KINDS.into_iter().find(|known| *known == kind.text) else {
            let (path, text) = (fields.path("type"), &kind.text);
            let meant = match nearest(text, KINDS) {
                Some(meant) => format!("did you mean {meant}?"),
                None => format!("there are {}", KINDS.join(", ")),
            };
            let message = format!("{path}: there is no policy {text:?}; {meant}");
            fields.reading().mistake(kind.location, message);
            return None;
        };
        if known == "drop" && !is_at_top {
            let path = fields.path("type");
            let message = format!("{path}: drop stands only among the policies themselves");
            fields.reading().mistake(kind.location, message);
            return None;
        }
        let rule = self.rule(known, &fields);
        fields.end();
        Some(Policy { name, rule: rule? })
    }

    fn rule(&mut self, kind: &'static str, fields: &Fields<'_>) -> Option<Rule> {
        let of_kind = fields.section(kind);
        if kind == "always_sample" {
            if let Some(section) = of_kind {
                section.end();
            }
            return Some(Rule::Always);
        }
        if kind == "trace_flags" {
            if let Some(section) = of_kind {
                section.end();
            }
            return Some(self.any_span(SpanCondition::SampledFlag, false));
        }
        let Some(section) = of_kind else {
            let path = fields.path(kind);
            fields.mistake(format!("{path} is missing: what the policy looks for"));
            return None;
        };
        let rule = match kind {
            "latency" => latency(&section),
            "probabilistic" => Some(probabilistic(&section)),
            "span_count" => Some(span_count(&section)),
            "rate_limiting" => Some(Rule::SpansPerSecond(bucket(&section, "spans_per_second"))),
            "bytes_limiting" => Some(Rule::BytesPerSecond(bucket(&section, "bytes_per_second"))),
            "and" => self.all(&section, "and_sub_policy").map(Rule::All),
            "drop" => self.all(&section, "drop_sub_policy").map(Rule::Drop),
            "not" => self.not(&section),
            "composite" => self.composite(&section),
            _ => self.condition(kind, &section),
        };
        section.end();
        rule
    }

    fn condition(&mut self, kind: &str, section: &Fields<'_>) -> Option<Rule> {
        if kind == "status_code" {
            return status_codes(section).map(|condition| self.any_span(condition, false));
        }
        if kind == "ottl_condition" {
            return ottl(section).map(|condition| self.any_span(condition, false));
        }
        let key = section.text("key").map(|key| key.text);
        let Some(key) = key.filter(|key| !key.is_empty()) else {
            let path = section.path("key");
            section.mistake(format!("{path} is missing: which to look at"));
            return None;
        };
        let condition = match kind {
            "numeric_attribute" => SpanCondition::Number {
                key,
                least: section.signed("min_value").unwrap_or(i64::MIN),
                most: section.signed("max_value").unwrap_or(i64::MAX),
            },
            "boolean_attribute" => SpanCondition::Truth {
                key,
                value: section.switch("value", false),
            },
            "string_attribute" => SpanCondition::Text {
                key,
                values: texts(section)?,
            },
            _ => SpanCondition::TraceState {
                key,
                values: section
                    .lines("values")
                    .into_iter()
                    .map(|v| v.text)
                    .collect(),
            },
        };
        let is_inverted = kind != "trace_state" && section.switch("invert_match", false);
        Some(self.any_span(condition, is_inverted))
    }

    fn any_span(&mut self, condition: SpanCondition, is_inverted: bool) -> Rule {
        let asked = format!("{condition:?}");
        let mut known = self.conditions.iter();
        let index = known.position(|known| format!("{known:?}") == asked);
        let index = index.unwrap_or_else(|| {
            self.conditions.push(condition);
            self.conditions.len() - 1
        });
        Rule::AnySpan {
            // More than a trace has bits for are a mistake already.
            condition: (index % MAX_CONDITIONS) as u8,
            is_inverted,
        }
    }

    fn all(&mut self, section: &Fields<'_>, name: &'static str) -> Option<Vec<Rule>> {
        let written = section.sections(name);
        if written.is_empty() {
            let path = section.path(name);
            section.mistake(format!("{path} is missing or empty; write what must hold"));
            return None;
        }
        let rules: Vec<Option<Policy>> = written
            .into_iter()
            .map(|fields| self.policy(fields, false))
            .collect();
        rules
            .into_iter()
            .map(|policy| policy.map(|policy| policy.rule))
            .collect()
    }

    fn not(&mut self, section: &Fields<'_>) -> Option<Rule> {
        let Some(inner) = section.section("not_sub_policy") else {
            let path = section.path("not_sub_policy");
            section.mistake(format!("{path} is missing: what must not hold"));
            return None;
        };
        let policy = self.policy(inner, false)?;
        Some(Rule::Not(Box::new(policy.rule)))
    }

    fn composite(&mut self, section: &Fields<'_>) -> Option<Rule> {
        let max_total = section.number("max_total_spans_per_second", 0, 0);
        let written = section.sections("composite_sub_policy");
        let count = written.len();
        let policies: Vec<Option<Policy>> = written
            .into_iter()
            .map(|fields| self.policy(fields, false))
            .collect();
        let mut policies: Vec<Policy> = policies.into_iter().collect::<Option<_>>()?;
        if policies.is_empty() {
            let path = section.path("composite_sub_policy");
            section.mistake(format!("{path} is missing or empty; write what may share"));
            return None;
        }
        let known = |name: &str| policies.iter().any(|policy| policy.name == name);
        let order = section.lines("policy_order");
        for named in order.iter().filter(|named| !known(&named.text)) {
            let (path, name) = (section.path("policy_order"), &named.text);
            let message = format!("{path}: there is no sub-policy {name:?}");
            section.reading().mistake(named.location, message);
        }
        let mut percents: Vec<(String, u64)> = Vec::new();
        for fields in section.sections("rate_allocation") {
            let policy = fields.text("policy").map(|policy| policy.text);
            let percent = fields.number("percent", 0, 0);
            match policy.filter(|name| known(name)) {
                Some(name) => percents.push((name, percent)),
                None => fields.mistake(format!(
                    "{} must name one of the sub-policies",
                    fields.path("policy")
                )),
            }
            fields.end();
        }
        // Those that are not named stay as they are written, behind.
        let place = |policy: &Policy| {
            let mut named = order.iter().map(|named| &named.text);
            named
                .position(|name| *name == policy.name)
                .unwrap_or(usize::MAX)
        };
        policies.sort_by_key(place);
        let share = |policy: Policy| {
            let percent = percents.iter().find(|(name, _)| *name == policy.name);
            let spans_per_second = match percent {
                Some((_, percent)) if *percent > 0 => {
                    (*percent as f64 / 100.0 * max_total as f64) as u64
                }
                _ => max_total / count.max(1) as u64,
            };
            Share {
                rule: policy.rule,
                spans_per_second,
                spent: 0,
            }
        };
        Some(Rule::Composite(Composite {
            max_total,
            shares: policies.into_iter().map(share).collect(),
            second: 0,
        }))
    }
}

//! Editors of maps: keys taken away, kept, merged and made flat.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use base64::Engine as _;
use regex::Regex;
use tracewell_model::AnyValue;

use super::{Made, Quick, Signature, constant_text, of_values};
use crate::functions::{
    Answer, Constants, Pattern, bool_or, int_in, list_in, map, map_in, may, needs, text_in, text_or,
};
use crate::value::{Map, Value, text_of};

pub(super) const EDITORS: &[Signature] = &[
    Signature {
        name: "delete_key",
        parameters: &[needs("target"), needs("key")],
        of_map: true,
        make: |constants| {
            let key = constant_text(constants, 0, "key")?;
            Ok(Made {
                quick: key.map(|key| Quick::Remove(key.to_owned())),
                ..of_values(|a: &[&Value<'_>]| {
                    let key = text_in(a[1])?;
                    kept(a[0], |other| other != key)
                })
            })
        },
    },
    Signature {
        name: "delete_matching_keys",
        parameters: &[needs("target"), needs("pattern")],
        of_map: true,
        make: |constants| matching_keys(constants, false),
    },
    Signature {
        name: "keep_matching_keys",
        parameters: &[needs("target"), needs("pattern")],
        of_map: true,
        make: |constants| matching_keys(constants, true),
    },
    Signature {
        name: "keep_keys",
        parameters: &[needs("target"), needs("keys")],
        of_map: true,
        make: keep_keys,
    },
    Signature {
        name: "limit",
        parameters: &[needs("target"), needs("limit"), needs("priority_keys")],
        of_map: true,
        make: limit,
    },
    Signature {
        name: "merge_maps",
        parameters: &[needs("target"), needs("source"), may("strategy")],
        of_map: true,
        make: merge_maps,
    },
    Signature {
        name: "flatten",
        parameters: &[
            needs("target"),
            may("prefix"),
            may("depth"),
            may("resolve_conflicts"),
        ],
        of_map: true,
        make: |_| Ok(of_values(flatten)),
    },
    Signature {
        name: "stringify_all",
        parameters: &[needs("target")],
        of_map: true,
        make: |_| Ok(of_values(stringify_all)),
    },
];

fn kept(target: &Value<'_>, keep: impl Fn(&str) -> bool) -> Answer {
    let pairs = map_in(target)?;
    if pairs.iter().all(|(key, _)| keep(key)) {
        return Ok(Value::Nil);
    }
    let pairs = pairs.iter().filter(|(key, _)| keep(key));
    Ok(map(pairs.cloned().collect()))
}

fn matching_keys(constants: &Constants<'_>, are_kept: bool) -> Result<Made, (usize, String)> {
    let pattern = Pattern::of(constants[0]).map_err(|message| (0, message))?;
    let quick = match &pattern {
        Pattern::Known(regex) => {
            let regex: Regex = regex.clone();
            Some(Quick::Keep(Box::new(move |key| {
                regex.is_match(key) == are_kept
            })))
        }
        Pattern::Given => None,
    };
    Ok(Made {
        quick,
        ..of_values(move |a: &[&Value<'_>]| {
            let regex = pattern.regex(a[1])?;
            kept(a[0], |key| regex.is_match(key) == are_kept)
        })
    })
}

fn texts(values: &[AnyValue]) -> Result<Vec<String>, String> {
    let text = |value: &AnyValue| match value {
        AnyValue::String(text) => Ok(text.clone()),
        _ => Err("keys are texts".to_owned()),
    };
    values.iter().map(text).collect()
}

fn keep_keys(constants: &Constants<'_>) -> Result<Made, (usize, String)> {
    let quick = match constants[0] {
        Some(keys) => {
            let keys = list_in(keys)
                .and_then(texts)
                .map_err(|message| (0, message))?;
            let keys: HashSet<String> = keys.into_iter().collect();
            Some(Quick::Keep(Box::new(move |key| keys.contains(key))))
        }
        None => None,
    };
    Ok(Made {
        quick,
        ..of_values(|a: &[&Value<'_>]| {
            let keys = texts(list_in(a[1])?)?;
            kept(a[0], |key| keys.iter().any(|known| known == key))
        })
    })
}

fn limit(constants: &Constants<'_>) -> Result<Made, (usize, String)> {
    if let (Some(Value::Int(most)), Some(Value::List(first))) = (constants[0], constants[1]) {
        if *most < 0 {
            return Err((0, "a limit is 0 or more".into()));
        }
        if first.len() as i64 > *most {
            return Err((
                1,
                format!("there are more priority_keys than the limit of {most}"),
            ));
        }
    }
    Ok(of_values(|a: &[&Value<'_>]| {
        let most = usize::try_from(int_in(a[1])?).map_err(|_| "a limit is 0 or more".to_owned())?;
        let first = texts(list_in(a[2])?)?;
        let pairs = map_in(a[0])?;
        if pairs.len() <= most {
            return Ok(Value::Nil);
        }
        let is_first = |key: &String| first.contains(key);
        let mut keys: Vec<&String> = pairs.iter().map(|(key, _)| key).collect();
        keys.sort_by_key(|key| (!is_first(key), *key));
        keys.truncate(most);
        let keys: HashSet<&String> = keys.into_iter().collect();
        let pairs = pairs.iter().filter(|(key, _)| keys.contains(key));
        Ok(map(pairs.cloned().collect()))
    }))
}

fn merge_maps(constants: &Constants<'_>) -> Result<Made, (usize, String)> {
    let (inserts, updates) = match constant_text(constants, 1, "strategy")? {
        None | Some("upsert") => (true, true),
        Some("insert") => (true, false),
        Some("update") => (false, true),
        Some(other) => {
            let message = format!("unknown strategy {other:?}, use insert, update or upsert");
            return Err((1, message));
        }
    };
    Ok(of_values(move |a: &[&Value<'_>]| {
        let mut merged = map_in(a[0])?.clone();
        for (key, value) in map_in(a[1])? {
            match merged.iter_mut().find(|(known, _)| known == key) {
                Some((_, known)) if updates => *known = value.clone(),
                None if inserts => merged.push((key.clone(), value.clone())),
                _ => {}
            }
        }
        Ok(map(merged))
    }))
}

fn flatten(arguments: &[&Value<'_>]) -> Answer {
    let pairs = map_in(arguments[0])?;
    let depth = match arguments[2] {
        Value::Nil => i64::MAX,
        other => int_in(other)?,
    };
    if depth < 0 {
        return Err(format!("depth {depth} is below 0"));
    }
    let mut flat = Flat {
        pairs: Vec::new(),
        seen: bool_or(arguments[3], false)?.then(HashMap::new),
    };
    flat.add(pairs, text_or(arguments[1], "")?, depth);
    Ok(map(flat.pairs))
}

struct Flat {
    pairs: Map,
    /// How often a key was there, where conflicts get a number.
    seen: Option<HashMap<String, usize>>,
}

impl Flat {
    fn add(&mut self, pairs: &Map, prefix: &str, depth: i64) {
        for (key, value) in pairs {
            let key = match prefix {
                "" => key.clone(),
                prefix => format!("{prefix}.{key}"),
            };
            match value {
                AnyValue::KvList(pairs) if depth > 0 => self.add(pairs, &key, depth - 1),
                AnyValue::Array(values) if depth > 0 => {
                    for (index, value) in values.iter().enumerate() {
                        match self.seen {
                            Some(_) => self.put(key.clone(), value),
                            None => self.put(format!("{key}.{index}"), value),
                        }
                    }
                }
                value => self.put(key, value),
            }
        }
    }

    fn put(&mut self, mut key: String, value: &AnyValue) {
        if let Some(seen) = &mut self.seen {
            let count = seen.entry(key.clone()).or_insert(0);
            *count += 1;
            if *count > 1 {
                key = format!("{key}.{}", *count - 2);
            }
        }
        match self.pairs.iter_mut().find(|(known, _)| *known == key) {
            Some((_, known)) => *known = value.clone(),
            None => self.pairs.push((key, value.clone())),
        }
    }
}

fn stringify_all(arguments: &[&Value<'_>]) -> Answer {
    let pairs = map_in(arguments[0])?.iter().map(|(key, value)| {
        let text = match value {
            AnyValue::Bytes(bytes) => base64::engine::general_purpose::STANDARD.encode(bytes),
            value => text_of(&Value::of_any(value.clone())).unwrap_or_default(),
        };
        (key.clone(), AnyValue::String(text))
    });
    Ok(Value::Map(Arc::new(pairs.collect())))
}

//! Editors of texts: matches and patterns replaced, long texts cut.

use regex::{Captures, Regex};
use tracewell_model::AnyValue;

use super::{Made, Quick, Signature, constant_text, of_values};
use crate::functions::{
    self, Call, Constants, Parameter, Pattern, int_in, map, map_in, may, needs, text_in, text_or,
};
use crate::value::{Map, Value};

const OF_MATCH: &[Parameter] = &[
    needs("target"),
    needs("pattern"),
    needs("replacement"),
    may("function"),
    may("replacement_format"),
];

pub(super) const EDITORS: &[Signature] = &[
    Signature {
        name: "replace_match",
        parameters: OF_MATCH,
        of_map: false,
        make: |constants| replace_match(constants, false),
    },
    Signature {
        name: "replace_all_matches",
        parameters: OF_MATCH,
        of_map: true,
        make: |constants| replace_match(constants, true),
    },
    Signature {
        name: "replace_pattern",
        parameters: &[
            needs("target"),
            needs("regex_pattern"),
            needs("replacement"),
            may("function"),
            may("replacement_format"),
        ],
        of_map: false,
        make: replace_pattern,
    },
    Signature {
        name: "replace_all_patterns",
        parameters: &[
            needs("target"),
            needs("mode"),
            needs("regex_pattern"),
            needs("replacement"),
            may("function"),
            may("replacement_format"),
        ],
        of_map: true,
        make: replace_all_patterns,
    },
    Signature {
        name: "truncate_all",
        parameters: &[
            needs("target"),
            needs("limit"),
            may("utf8_safe"),
            may("truncation_marker"),
        ],
        of_map: true,
        make: truncate_all,
    },
];

/// What becomes of a replacement before it is put in: a function, and a format
/// around its result.
struct Dressed {
    function: Option<Box<dyn Call>>,
    format: Option<String>,
}

impl Dressed {
    fn of(constants: &Constants<'_>, first: usize) -> Result<Self, (usize, String)> {
        let function = match constant_text(constants, first, "function")? {
            None => None,
            Some(name) => Some(functions::of_text(name).ok_or_else(|| {
                (
                    first,
                    format!("`{name}` is no function of one text, such as SHA256"),
                )
            })?),
        };
        let format = constant_text(constants, first + 1, "replacement_format")?;
        if let Some(format) = format
            && (format.matches("%s").count() != 1 || format.matches('%').count() != 1)
        {
            return Err((
                first + 1,
                "replacement_format has one %s and no other %".into(),
            ));
        }
        Ok(Self {
            function,
            format: format.map(str::to_owned),
        })
    }

    fn text(&self, replacement: &str) -> Result<String, String> {
        let Some(function) = &self.function else {
            return Ok(replacement.to_owned());
        };
        let text = match function.call(&[&Value::text(replacement)])? {
            Value::Text(text) => text.into_owned(),
            other => return Err(functions::expected("a text of the function", &other)),
        };
        Ok(match &self.format {
            Some(format) => format.replacen("%s", &text, 1),
            None => text,
        })
    }

    /// A text with everything that matches replaced; `None` where nothing does.
    fn replaced(&self, regex: &Regex, text: &str, with: &str) -> Result<Option<String>, String> {
        if !regex.is_match(text) {
            return Ok(None);
        }
        if self.function.is_none() {
            return Ok(Some(regex.replace_all(text, with).into_owned()));
        }
        let mut fault = None;
        let replaced = regex.replace_all(text, |found: &Captures<'_>| {
            let mut expanded = String::new();
            found.expand(with, &mut expanded);
            self.text(&expanded).unwrap_or_else(|message| {
                fault = Some(message);
                String::new()
            })
        });
        let replaced = replaced.into_owned();
        fault.map_or(Ok(Some(replaced)), Err)
    }
}

fn replace_match(constants: &Constants<'_>, in_map: bool) -> Result<Made, (usize, String)> {
    let Some(pattern) = constant_text(constants, 0, "pattern")? else {
        return Err((0, "the pattern is a text that is known beforehand".into()));
    };
    let glob = functions::glob(pattern).map_err(|message| (0, message))?;
    let dressed = Dressed::of(constants, 2)?;
    let known = constant_text(constants, 1, "replacement")?;
    let known = known.map(|text| dressed.text(text)).transpose();
    let known = known.map_err(|message| (1, message))?;
    let quick = known.map(|replacement| {
        let glob = glob.clone();
        Quick::Texts(Box::new(move |text| {
            glob.is_match(text).then(|| replacement.clone())
        }))
    });
    let call = move |a: &[&Value<'_>]| {
        let replacement = dressed.text(text_in(a[2])?)?;
        let new = |text: &str| Ok(glob.is_match(text).then(|| replacement.clone()));
        if in_map {
            in_values(a[0], new)
        } else {
            in_text(a[0], new)
        }
    };
    Ok(Made {
        quick: quick.filter(|_| in_map),
        ..of_values(call)
    })
}

fn replace_pattern(constants: &Constants<'_>) -> Result<Made, (usize, String)> {
    let pattern = Pattern::of(constants[0]).map_err(|message| (0, message))?;
    let dressed = Dressed::of(constants, 2)?;
    Ok(of_values(move |a: &[&Value<'_>]| {
        let (regex, with) = (pattern.regex(a[1])?, text_in(a[2])?);
        in_text(a[0], |text| dressed.replaced(&regex, text, with))
    }))
}

fn replace_all_patterns(constants: &Constants<'_>) -> Result<Made, (usize, String)> {
    let in_keys = match constant_text(constants, 0, "mode")? {
        Some("key") => true,
        Some("value") => false,
        _ => return Err((0, "mode is \"key\" or \"value\"".into())),
    };
    let pattern = Pattern::of(constants[1]).map_err(|message| (1, message))?;
    let dressed = Dressed::of(constants, 3)?;
    let with = constant_text(constants, 2, "replacement")?;
    let quick = match (&pattern, with) {
        (Pattern::Known(regex), Some(with)) if !in_keys && dressed.function.is_none() => {
            let (regex, with) = (regex.clone(), with.to_owned());
            let new = move |text: &str| {
                let is_match = regex.is_match(text);
                is_match.then(|| regex.replace_all(text, with.as_str()).into_owned())
            };
            Some(Quick::Texts(Box::new(new)))
        }
        _ => None,
    };
    let call = move |a: &[&Value<'_>]| {
        let (regex, with) = (pattern.regex(a[2])?, text_in(a[3])?);
        let new = |text: &str| dressed.replaced(&regex, text, with);
        if !in_keys {
            return in_values(a[0], new);
        }
        let mut renamed: Map = Vec::new();
        for (key, value) in map_in(a[0])? {
            let key = new(key)?.unwrap_or_else(|| key.clone());
            match renamed.iter_mut().find(|(known, _)| *known == key) {
                Some((_, known)) => *known = value.clone(),
                None => renamed.push((key, value.clone())),
            }
        }
        Ok(map(renamed))
    };
    Ok(Made {
        quick,
        ..of_values(call)
    })
}

fn truncate_all(constants: &Constants<'_>) -> Result<Made, (usize, String)> {
    let quick = match (constants[0], constants[2]) {
        (Some(limit), Some(marker)) => {
            let cut = Cut::of(limit, marker).map_err(|message| (0, message))?;
            Some(Quick::Texts(Box::new(move |text| cut.text(text))))
        }
        _ => None,
    };
    Ok(Made {
        quick,
        ..of_values(|a: &[&Value<'_>]| {
            let cut = Cut::of(a[1], a[3])?;
            in_values(a[0], |text| Ok(cut.text(text)))
        })
    })
}

/// A longest length in bytes, and what ends a text that was longer.
struct Cut {
    most_bytes: usize,
    marker: String,
}

impl Cut {
    fn of(limit: &Value<'_>, marker: &Value<'_>) -> Result<Self, String> {
        let limit = int_in(limit)?;
        let marker = text_or(marker, "")?;
        let most_bytes =
            usize::try_from(limit).map_err(|_| format!("the limit {limit} is below 0"))?;
        if marker.len() > most_bytes {
            return Err(format!(
                "truncation_marker is longer than the limit {limit}"
            ));
        }
        Ok(Self {
            most_bytes,
            marker: marker.to_owned(),
        })
    }

    fn text(&self, text: &str) -> Option<String> {
        if text.len() <= self.most_bytes {
            return None;
        }
        let end = text.floor_char_boundary(self.most_bytes - self.marker.len());
        Some(format!("{}{}", &text[..end], self.marker))
    }
}

fn in_text(
    value: &Value<'_>,
    new: impl Fn(&str) -> Result<Option<String>, String>,
) -> functions::Answer {
    match value {
        Value::Text(text) => Ok(new(text)?.map_or(Value::Nil, Value::text)),
        _ => Ok(Value::Nil),
    }
}

fn in_values(
    value: &Value<'_>,
    new: impl Fn(&str) -> Result<Option<String>, String>,
) -> functions::Answer {
    let mut pairs = map_in(value)?.clone();
    for (_, value) in &mut pairs {
        if let AnyValue::String(text) = value
            && let Some(new) = new(text)?
        {
            *text = new;
        }
    }
    Ok(map(pairs))
}

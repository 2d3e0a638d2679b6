//! Flags, environment, file and defaults → one configuration.
//!
//! Precedence: flags, then environment, then file, then defaults. Every value
//! that anybody wrote is checked, also one that a stronger source overrides,
//! and all mistakes come back together.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tracewell_access::Secret;

use super::draft::{Draft, Places};
use super::receiver_ports::{self, OfFile};
use super::settings::{RETENTION, settings, variable};
use super::written::Written;
use super::{Config, PipelineFile, document, of_jaeger, pipelines, value};
use tracewell_collector::written::{Mistake, Mistakes, Place, nearest};

/// The variable that names the configuration file.
const CONFIG_VARIABLE: &str = "TRACEWELL_CONFIG";
/// Variables that other parts of the command line read.
const OTHER_VARIABLES: [&str; 7] = [
    "TRACEWELL_SERVER",
    "TRACEWELL_TOKEN",
    "TRACEWELL_TOKEN_FILE",
    "TRACEWELL_CA_FILE",
    "TRACEWELL_CLIENT_CERT_FILE",
    "TRACEWELL_CLIENT_KEY_FILE",
    "TRACEWELL_OTLP_ENDPOINT",
];
/// Tokens themselves, with `;` or line ends between them. No setting, because
/// settings are printed and flags are seen by everybody on a machine.
const TOKENS_VARIABLE: &str = "TRACEWELL_ACCESS_TOKENS";
/// A configuration file is written by people; anything larger is another file.
const MAX_FILE_BYTES: u64 = 1 << 20;

/// Where settings may come from.
#[derive(Debug, Default, Clone)]
pub(crate) struct Sources {
    /// The files of `--config`; later ones are laid over earlier ones.
    pub(crate) files: Vec<PathBuf>,
    /// Names (without dashes) and values of the flags that were given.
    pub(crate) flags: Vec<(String, String)>,
    /// The environment.
    pub(crate) environment: Vec<(OsString, OsString)>,
}

/// A configuration and what there is to say about it.
#[derive(Debug)]
pub(crate) struct Loaded {
    /// The configuration.
    pub(crate) config: Config,
    /// What stands behind the receivers, where a Collector's file says so; else
    /// the store does.
    pub(crate) pipelines: Option<PipelineFile>,
    /// Where the value of each key comes from.
    pub(crate) places: BTreeMap<&'static str, Place>,
    /// The files that were read.
    pub(crate) files: Vec<PathBuf>,
    /// Things that look wrong but stop nothing.
    pub(crate) warnings: Vec<String>,
}

/// Reads all sources.
///
/// # Errors
///
/// All mistakes of all sources.
pub(crate) fn load(sources: Sources) -> Result<Loaded, Mistakes> {
    let mut mistakes = Vec::new();
    let mut written: Vec<Written> = settings()
        .map(|setting| Written {
            key: setting.key.to_owned(),
            text: setting.default.to_owned(),
            place: Place::Default,
        })
        .collect();

    let mut pipeline_file = None;
    let mut ports_of_file = OfFile::default();
    let (from_environment, file_from_environment, mut warnings) =
        read_environment(&sources.environment, &mut mistakes);
    let (mut files, mut named_by) = (sources.files, Place::Flag("config".to_owned()));
    if files.is_empty() {
        files.extend(file_from_environment);
        named_by = Place::Variable(CONFIG_VARIABLE.to_owned());
    }
    let mut texts: Vec<(Arc<Path>, String)> = Vec::new();
    for path in &files {
        match read_file(path) {
            Ok(text) => texts.push((Arc::from(&**path), text)),
            Err(message) => {
                let place = named_by.clone();
                mistakes.push(Mistake { place, message });
            }
        }
    }
    // Of what was to be read together, a part alone says nothing.
    if texts.len() == files.len() {
        let understood = document::read(&texts, &|name| {
            let mut all = sources.environment.iter();
            let (_, value) = all.find(|(known, _)| known == name)?;
            value.to_str().map(str::to_owned)
        });
        written.extend(understood.written);
        mistakes.extend(understood.mistakes);
        warnings.extend(understood.warnings);
        pipeline_file = understood.pipelines;
        ports_of_file = understood.ports;
    }
    written.extend(from_environment);
    written.extend(sources.flags.into_iter().map(|(flag, text)| {
        let place = Place::Flag(flag.clone());
        Written {
            key: key_of_flag(&flag),
            text,
            place,
        }
    }));

    let mut draft = Draft::empty();
    draft.lock.given_tokens = given_tokens(&sources.environment);
    let mut places = Places::new();
    for one in written.into_iter().flat_map(expand) {
        let Some(setting) = settings().find(|setting| setting.key == one.key) else {
            let message = format!("unknown setting {}", one.key);
            mistakes.push(Mistake {
                place: one.place,
                message,
            });
            continue;
        };
        if let Err(reason) = (setting.read)(&mut draft, &one.text) {
            let message = format!("{}: {reason}", setting.key);
            mistakes.push(Mistake {
                place: one.place.clone(),
                message,
            });
        }
        places.insert(setting.key, one.place);
    }
    if mistakes.is_empty() {
        for (key, reason) in draft.contradictions(&places) {
            let place = places.get(key).cloned().unwrap_or(Place::Default);
            mistakes.push(Mistake {
                place,
                message: format!("{key}: {reason}"),
            });
        }
    }
    let more_ports = ports_of_file.more(&draft, &mut mistakes);
    if let Some(file) = &pipeline_file {
        mistakes.extend(pipelines::beside(file, &draft, &places));
    }
    if mistakes.is_empty() {
        let mut config = draft.finish(&places);
        config.receivers = receiver_ports::all(&config, &ports_of_file, more_ports);
        Ok(Loaded {
            config,
            pipelines: pipeline_file,
            places,
            files,
            warnings,
        })
    } else {
        Err(in_order(mistakes, &files))
    }
}

/// As they stand in the files, one file after another; those of elsewhere last.
pub(super) fn in_order(mut mistakes: Vec<Mistake>, files: &[PathBuf]) -> Mistakes {
    mistakes.sort_by_key(|mistake| match &mistake.place {
        Place::File { path, line, column } => {
            let file = files.iter().position(|file| **file == **path);
            (file.unwrap_or(0), *line, *column)
        }
        _ => (usize::MAX, 0, 0),
    });
    Mistakes(mistakes)
}

fn key_of_flag(flag: &str) -> String {
    settings()
        .find(|setting| setting.flag == flag)
        .map_or_else(|| flag.to_owned(), |setting| setting.key.to_owned())
}

/// Turns the shorthand for retention into the settings it stands for.
fn expand(one: Written) -> Vec<Written> {
    if one.key != RETENTION {
        return vec![one];
    }
    let parts = one.text.split(',').map(str::trim);
    parts
        .map(|part| {
            // What is not clearly a size is an age, whose message then fits.
            let key = if value::bytes(part).is_ok() {
                "retention.bytes"
            } else {
                "retention.age"
            };
            Written {
                key: key.to_owned(),
                text: part.to_owned(),
                place: one.place.clone(),
            }
        })
        .collect()
}

type FromEnvironment = (Vec<Written>, Option<PathBuf>, Vec<String>);

fn read_environment(
    environment: &[(OsString, OsString)],
    mistakes: &mut Vec<Mistake>,
) -> FromEnvironment {
    let mut known: Vec<(String, &str)> = settings()
        .map(|setting| (setting.variable(), setting.key))
        .collect();
    known.push((variable(RETENTION), RETENTION));

    let (mut written, mut file, mut warnings) = (Vec::new(), None, Vec::new());
    for (name, text) in environment {
        let Some(name) = name.to_str() else {
            continue;
        };
        if !name.starts_with("TRACEWELL_") {
            warnings.extend(of_jaeger::warning(name, text));
            continue;
        }
        let place = Place::Variable(name.to_owned());
        if name == CONFIG_VARIABLE {
            file = Some(PathBuf::from(text));
        } else if let Some((_, key)) = known.iter().find(|(variable, _)| variable == name) {
            match text.to_str() {
                Some(text) => {
                    written.push(Written {
                        key: (*key).to_owned(),
                        text: text.to_owned(),
                        place,
                    });
                }
                None => mistakes.push(Mistake {
                    place,
                    message: "is not valid UTF-8".to_owned(),
                }),
            }
        } else if name != TOKENS_VARIABLE && !OTHER_VARIABLES.contains(&name) {
            let all = known.iter().map(|(variable, _)| variable.as_str());
            let all = all.chain([CONFIG_VARIABLE, TOKENS_VARIABLE]);
            let hint = nearest(name, all.chain(OTHER_VARIABLES))
                .map(|meant| format!("; did you mean {meant}?"))
                .unwrap_or_default();
            warnings.push(format!(
                "{name} is set but is no setting of tracewell{hint}"
            ));
        }
    }
    warnings.sort();
    (written, file, warnings)
}

/// What is no text is no token either; it is then told as a wrong line.
fn given_tokens(environment: &[(OsString, OsString)]) -> Option<Secret> {
    let mut given = environment.iter();
    let (_, text) = given.find(|(name, text)| name == TOKENS_VARIABLE && !text.is_empty())?;
    Some(text.to_string_lossy().replace(';', "\n").into())
}

pub(super) fn read_file(path: &Path) -> Result<String, String> {
    let cannot = |error: std::io::Error| format!("cannot read {}: {error}", path.display());
    let mut text = String::new();
    let file = File::open(path).map_err(cannot)?;
    file.take(MAX_FILE_BYTES + 1)
        .read_to_string(&mut text)
        .map_err(cannot)?;
    if text.len() as u64 > MAX_FILE_BYTES {
        return Err(format!(
            "{} is larger than 1MiB: not a configuration",
            path.display()
        ));
    }
    Ok(text)
}

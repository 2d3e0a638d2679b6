//! The flags of a server process, made from the table of settings.
//!
//! A setting added to the table is a flag without a line here. Values stay text
//! until the configuration reads them with all others, so that a wrong flag and
//! a wrong line in the file are reported together.

use std::path::{Path, PathBuf};

use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches, value_parser};

use super::error::CliError;
use super::output;
use crate::config::{self, Kind, Loaded, RETENTION, Sources};

/// `--config` and one flag for each setting.
#[derive(Debug, Clone, Default)]
pub(super) struct ServerArgs {
    /// The files of `--config`.
    pub(super) files: Vec<PathBuf>,
    flags: Vec<(String, String)>,
}

impl ServerArgs {
    /// No flags but the configuration file.
    pub(super) fn from_file(file: Option<PathBuf>) -> Self {
        Self {
            files: file.into_iter().collect(),
            flags: Vec::new(),
        }
    }

    /// The data directory that a command works on: the one it names, or the one
    /// a server with this configuration would have.
    pub(super) fn data_dir(
        named: Option<&Path>,
        config: Option<&Path>,
    ) -> Result<PathBuf, CliError> {
        match named {
            Some(dir) => Ok(dir.to_path_buf()),
            None => {
                let args = Self::from_file(config.map(Path::to_path_buf));
                Ok(args.load()?.config.data_dir)
            }
        }
    }

    /// Where the configuration comes from.
    pub(super) fn sources(&self) -> Sources {
        Sources {
            files: self.files.clone(),
            flags: self.flags.clone(),
            environment: std::env::vars_os().collect(),
        }
    }

    /// Reads the configuration from all sources and tells what looks odd.
    pub(super) fn load(&self) -> Result<Loaded, CliError> {
        let loaded = config::load(self.sources())?;
        for warning in &loaded.warnings {
            output::complain(&format!("warning: {warning}"));
        }
        Ok(loaded)
    }
}

impl Args for ServerArgs {
    fn augment_args(command: Command) -> Command {
        let config = Arg::new("config")
            .long("config")
            .short('c')
            .value_name("FILE")
            .value_parser(value_parser!(PathBuf))
            .action(ArgAction::Append)
            .help(
                "Configuration in YAML; of several, later ones are laid over earlier ones \
                 [env: TRACEWELL_CONFIG]",
            );
        let retention = Arg::new(RETENTION)
            .long(RETENTION)
            .value_name("AGE,SIZE")
            .allow_hyphen_values(true)
            .help("Both limits below in short: 72h, 50GiB or 72h,50GiB [env: TRACEWELL_RETENTION]");
        let mut command = command.arg(config);
        let mut retention = Some(retention);
        for setting in config::settings() {
            if setting.key.starts_with(RETENTION) {
                command = command.args(retention.take());
            }
            let default = match setting.default {
                "" => String::new(),
                text => format!(" [default: {text}]"),
            };
            let arg = Arg::new(setting.flag)
                .long(setting.flag)
                .value_name(setting.value_name)
                .help(format!(
                    "{}{default} [env: {}]",
                    setting.help,
                    setting.variable()
                ));
            command = command.arg(match setting.kind {
                Kind::Switch => arg
                    .num_args(0..=1)
                    .require_equals(true)
                    .default_missing_value("true"),
                Kind::Value | Kind::List => arg.allow_hyphen_values(true),
            });
        }
        command
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for ServerArgs {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut args = Self {
            files: matches
                .get_many("config")
                .into_iter()
                .flatten()
                .cloned()
                .collect(),
            flags: Vec::new(),
        };
        // The short form first, so that a flag for one limit wins over it.
        for flag in [RETENTION]
            .into_iter()
            .chain(config::settings().map(|setting| setting.flag))
        {
            if let Some(text) = matches.get_one::<String>(flag) {
                args.flags.push((flag.to_owned(), text.clone()));
            }
        }
        Ok(args)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

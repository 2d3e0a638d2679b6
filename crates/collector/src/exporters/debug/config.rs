//! What `debug` can be told.

use crate::written::fields::Fields;

/// How much is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Verbosity {
    /// How many there are.
    #[default]
    Basic,
    /// A line for each span.
    Normal,
    /// Everything that a span has.
    Detailed,
}

/// See the module's text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DebugConfig {
    /// How much is shown.
    pub verbosity: Verbosity,
}

impl DebugConfig {
    /// Reads the fields of the section.
    #[must_use]
    pub fn read(fields: Fields<'_>) -> Self {
        let verbosity = fields.value("verbosity", Verbosity::Basic, |text| match text {
            "basic" => Ok(Verbosity::Basic),
            "normal" => Ok(Verbosity::Normal),
            "detailed" => Ok(Verbosity::Detailed),
            _ => Err(format!("{text:?} is not one of basic, normal, detailed")),
        });
        // The name that it had when the exporter was called logging.
        let verbosity = fields.value("loglevel", verbosity, |text| match text {
            "debug" => Ok(Verbosity::Detailed),
            "info" => Ok(Verbosity::Normal),
            "warn" | "error" => Ok(Verbosity::Basic),
            _ => Err(format!("{text:?} is not one of debug, info, warn, error")),
        });
        // What comes too fast is left out, and said.
        for taken in [
            "sampling_initial",
            "sampling_thereafter",
            "use_internal_logger",
        ] {
            fields.has(taken);
        }
        fields.not_served("output_paths", "it goes where the log goes");
        fields.end();
        Self { verbosity }
    }
}

//! The set-up in code.
//!
//! It exists so that what is known at compile time need not be in the
//! environment. Everything is optional; what is said here goes before the
//! environment.

use super::endpoint::{Written, endpoint};
use super::env::{Env, Lookup, Set};
use super::error::{Problem, SetupError};
use super::guard::{Guard, Running};
use super::resource::Resource;
use super::{PROPAGATORS, panic_hook};
use crate::export::Signal;
use crate::export::{
    BatchSettings, Compression, Destination, ExporterThread, Otlp, OtlpSettings, Protocol,
    TlsSettings, encode_resource, limit_or_none,
};
use crate::process;
use crate::processing::{Processors, SpanProcessor};
use crate::propagation::Propagators;
use crate::record::{Core, CoreSettings, KeepPolicy, KeyValue, SpanLimits, Tracer, Value};
use crate::sampling::{Sampler, sampler_from_names};
use hyper::header::{HeaderName, HeaderValue};
use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

/// A set-up in the making. [`init`](Builder::init) makes it the process's.
#[must_use = "nothing is set up until init or build is called"]
pub struct Builder {
    lookup: Lookup,
    resource: Vec<KeyValue>,
    default_service_name: Option<Cow<'static, str>>,
    otlp: OtlpInCode,
    #[cfg(feature = "otlp-logs")]
    logs: LogsInCode,
    batch: Option<BatchSettings>,
    limits: Option<SpanLimits>,
    sampler: Option<Arc<dyn Sampler>>,
    propagators: Option<Propagators>,
    keep: Option<KeepPolicy>,
    processors: Processors,
    shutdown_timeout: Duration,
    has_panic_hook: bool,
    has_signals: bool,
}

/// Starts a set-up.
pub fn builder() -> Builder {
    Builder {
        lookup: Box::new(|name| std::env::var(name).ok()),
        resource: Vec::new(),
        default_service_name: None,
        otlp: OtlpInCode::default(),
        #[cfg(feature = "otlp-logs")]
        logs: LogsInCode::default(),
        batch: None,
        limits: None,
        sampler: None,
        propagators: None,
        keep: None,
        processors: Processors::default(),
        shutdown_timeout: Duration::from_secs(5),
        has_panic_hook: true,
        has_signals: false,
    }
}

impl Builder {
    /// The service's name: `service.name`.
    pub fn service_name(self, name: impl Into<Cow<'static, str>>) -> Builder {
        self.resource_attribute("service.name", name.into())
    }

    /// The service's name where the environment says none, so that one program
    /// can be several services.
    pub fn default_service_name(mut self, name: impl Into<Cow<'static, str>>) -> Builder {
        self.default_service_name = Some(name.into());
        self
    }

    /// The service's version: `service.version`.
    pub fn service_version(self, version: impl Into<Cow<'static, str>>) -> Builder {
        self.resource_attribute("service.version", version.into())
    }

    /// Where it runs, such as `production`: `deployment.environment.name`.
    pub fn environment(self, name: impl Into<Cow<'static, str>>) -> Builder {
        self.resource_attribute("deployment.environment.name", name.into())
    }

    /// An attribute of everything that this process sends.
    pub fn resource_attribute(
        mut self,
        key: impl Into<Cow<'static, str>>,
        value: impl Into<Value>,
    ) -> Builder {
        self.resource.push(KeyValue::new(key, value));
        self
    }

    /// Where spans go, such as `http://collector:4318`. Over HTTP `/v1/traces`
    /// is added where there is no path.
    pub fn endpoint(mut self, url: impl Into<String>) -> Builder {
        self.otlp.endpoint = Some(url.into());
        self
    }

    /// How they travel.
    pub fn protocol(mut self, protocol: Protocol) -> Builder {
        self.otlp.protocol = Some(protocol);
        self
    }

    /// A header of all requests, also of those with log records, for instance of
    /// authentication. May be called several times.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Builder {
        self.otlp.headers.push((name.into(), value.into()));
        self
    }

    /// The longest that one try to send takes: 10 s; 0 is no limit.
    pub fn timeout(mut self, timeout: Duration) -> Builder {
        self.otlp.timeout = Some(timeout);
        self
    }

    /// How requests are compressed.
    pub fn compression(mut self, compression: Compression) -> Builder {
        self.otlp.compression = Some(compression);
        self
    }

    /// Certificates for an `https` endpoint.
    pub fn tls(mut self, tls: TlsSettings) -> Builder {
        self.otlp.tls = Some(tls);
        self
    }

    /// When spans are sent.
    pub fn batch(mut self, batch: BatchSettings) -> Builder {
        self.batch = Some(batch);
        self
    }

    /// How much one span may hold.
    pub fn limits(mut self, limits: SpanLimits) -> Builder {
        self.limits = Some(limits);
        self
    }

    /// Which spans are recorded.
    pub fn sampler(mut self, sampler: impl Sampler + 'static) -> Builder {
        self.sampler = Some(Arc::new(sampler));
        self
    }

    /// In which formats trace context is read and written.
    pub fn propagators(mut self, propagators: Propagators) -> Builder {
        self.propagators = Some(propagators);
        self
    }

    /// Which traces are kept although the sampler said no: none unless said.
    pub fn keep(mut self, policy: KeepPolicy) -> Builder {
        self.keep = Some(policy);
        self
    }

    /// What is done with each recorded span when it starts and ends. May be called
    /// several times.
    pub fn processor(mut self, processor: impl SpanProcessor + 'static) -> Builder {
        self.processors.add(processor);
        self
    }

    /// The longest that dropping the guard, or a signal, waits: 5 s.
    pub fn shutdown_timeout(mut self, timeout: Duration) -> Builder {
        self.shutdown_timeout = timeout;
        self
    }

    /// Leaves the panic hook alone. Otherwise a panic first does what
    /// [`before_panic`](super::before_panic) says.
    pub fn without_panic_hook(mut self) -> Builder {
        self.has_panic_hook = false;
        self
    }

    /// Sends what is finished when SIGTERM or SIGINT arrives, then lets the
    /// signal end the process. For programs that do not handle these signals
    /// themselves; others shut the guard down where they handle them.
    #[cfg(all(feature = "signals", unix))]
    pub fn flush_on_signals(mut self) -> Builder {
        self.has_signals = true;
        self
    }

    /// Reads variables from here in place of the process's environment.
    pub fn variables(
        mut self,
        lookup: impl Fn(&str) -> Option<String> + Send + 'static,
    ) -> Builder {
        self.lookup = Box::new(lookup);
        self
    }

    /// Sets it up for the whole process.
    ///
    /// # Errors
    /// All mistakes at once, or that it was set up before.
    pub fn init(self) -> Result<Guard, SetupError> {
        self.init_by(Env::into_result)
    }

    /// Sets it up for the whole process, whatever is wrong: a setting that is not
    /// understood is said on standard error and taken as not set, as OpenTelemetry
    /// asks for. For services that must start. Where nothing can be sent at all,
    /// nothing is recorded.
    pub fn init_or_warn(self) -> Guard {
        let shutdown_timeout = self.shutdown_timeout;
        let set_up = self.init_by(|env| {
            for problem in SetupError::of(env.problems).problems {
                process::say(&format!("{problem}; it is ignored"));
            }
            Ok(())
        });
        set_up.unwrap_or_else(|error| {
            process::say(&format!("nothing is recorded: {error}"));
            Guard {
                running: None,
                shutdown_timeout,
            }
        })
    }

    fn init_by(
        self,
        judge: impl FnOnce(Env) -> Result<(), SetupError>,
    ) -> Result<Guard, SetupError> {
        let (has_panic_hook, has_signals) = (self.has_panic_hook, self.has_signals);
        let (guard, propagators) = self.start(judge)?;
        let is_first = PROPAGATORS.set(propagators).is_ok();
        let Some(running) = &guard.running else {
            return Ok(guard);
        };
        if !is_first || !running.set_global() {
            return Err(Problem::AlreadySet.into());
        }
        if has_panic_hook {
            panic_hook::install(running.clone());
        }
        if has_signals {
            #[cfg(all(feature = "signals", unix))]
            super::signals::install(running.clone(), guard.shutdown_timeout)
                .map_err(Problem::Thread)?;
        }
        Ok(guard)
    }

    /// A recorder beside the process's, reached through [`Guard::tracer`].
    ///
    /// # Errors
    /// All mistakes at once.
    pub fn build(self) -> Result<Guard, SetupError> {
        Ok(self.start(Env::into_result)?.0)
    }

    /// `judge` says whether what is wrong with the settings is in the way.
    fn start(
        mut self,
        judge: impl FnOnce(Env) -> Result<(), SetupError>,
    ) -> Result<(Guard, Propagators), SetupError> {
        let lookup = std::mem::replace(&mut self.lookup, Box::new(|_| None));
        let mut env = Env::new(lookup);
        let is_disabled = {
            let set = env.first(&["OTEL_SDK_DISABLED"]);
            env.is_true(set)
        };
        refuse_config_file(&mut env);
        read_log_level(&mut env);
        let shutdown_timeout = self.shutdown_timeout;
        let propagators = self.read_propagators(&mut env);
        let settings = self.settings(&mut env);
        judge(env)?;
        let mut guard = Guard {
            running: None,
            shutdown_timeout,
        };
        if !is_disabled {
            guard.running = settings.start()?;
        }
        Ok((guard, propagators))
    }
}

/// Everything that is needed, checked.
struct Settings {
    spans: Option<SpanSettings>,
    #[cfg(feature = "otlp-logs")]
    logs: Option<LogSettings>,
}

struct SpanSettings {
    core: CoreSettings,
    batch: BatchSettings,
    destination: Destination,
}

impl Settings {
    /// `None` where nothing is to be exported.
    fn start(self) -> Result<Option<Running>, SetupError> {
        let mut exporter = ExporterThread::default();
        let tracer = self.spans.map(|spans| {
            let core = Core::leak(spans.core);
            exporter.lane(core, spans.destination, spans.batch);
            Tracer::new(core)
        });
        #[cfg(feature = "otlp-logs")]
        let logger = self.logs.map(|logs| logs.start(&mut exporter));
        if exporter.is_idle() {
            return Ok(None);
        }
        let worker = exporter.start().map_err(Problem::Thread)?;
        Ok(Some(Running {
            tracer,
            #[cfg(feature = "otlp-logs")]
            logger,
            worker,
        }))
    }
}

#[cfg(feature = "otlp-logs")]
mod logs;
mod otlp;
mod proxy;
mod read;

#[cfg(feature = "otlp-logs")]
use logs::{LogSettings, LogsInCode};
use otlp::OtlpInCode;
use read::{read_log_level, refuse_config_file};

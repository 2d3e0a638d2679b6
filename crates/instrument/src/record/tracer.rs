//! Who records: the set-up of the process, or of a test's thread.
//!
//! It exists so that library code starts spans without being handed a tracer.
//! The exporter's own thread must never record.

use super::core::Core;
use super::current::Context;
use super::data::{Part, Scope};
use super::span::{Rare, Span};
use crate::sampling::SpanKind;
use crate::statistics::Statistics;
use std::borrow::Cow;
use std::cell::Cell;
use std::marker::PhantomData;
use std::sync::OnceLock;

/// Starts spans of one instrumentation scope. Copying is free.
#[derive(Debug, Clone, Copy)]
pub struct Tracer {
    core: &'static Core,
    scope: u32,
}

static GLOBAL: OnceLock<Tracer> = OnceLock::new();

#[derive(Clone, Copy)]
enum OnThisThread {
    Global,
    Only(Tracer),
    Nothing,
}

thread_local! {
    static ON_THIS_THREAD: Cell<OnThisThread> = const { Cell::new(OnThisThread::Global) };
}

/// Makes it the process's; `false` if there is one.
pub(crate) fn set_global(tracer: Tracer) -> bool {
    GLOBAL.set(tracer).is_ok()
}

/// Nothing that this thread does is recorded: the exporter must not trace its
/// own requests.
pub(crate) fn suppress_this_thread() {
    ON_THIS_THREAD.set(OnThisThread::Nothing);
}

impl Tracer {
    pub(crate) fn new(core: &'static Core) -> Tracer {
        Tracer {
            core,
            scope: core.scope_number(Scope::default()),
        }
    }

    pub(crate) fn core(&self) -> &'static Core {
        self.core
    }

    /// The process's tracer, or the thread's; `None` before set-up.
    #[inline]
    #[must_use]
    pub fn current() -> Option<Tracer> {
        match ON_THIS_THREAD.try_with(Cell::get) {
            Ok(OnThisThread::Global) => GLOBAL.get().copied(),
            Ok(OnThisThread::Only(tracer)) => Some(tracer),
            Ok(OnThisThread::Nothing) | Err(_) => None,
        }
    }

    /// The same for another scope: a library's name and version.
    #[must_use]
    pub fn scoped(
        &self,
        name: impl Into<Cow<'static, str>>,
        version: impl Into<Cow<'static, str>>,
    ) -> Tracer {
        let scope = Scope {
            name: name.into(),
            version: version.into(),
        };
        Tracer {
            core: self.core,
            scope: self.core.scope_number(scope),
        }
    }

    /// The same for a part of this crate, unless it has a scope already.
    pub(crate) fn of_part(self, part: Part) -> Tracer {
        let scope = if self.scope == 0 {
            part as u32
        } else {
            self.scope
        };
        Tracer {
            core: self.core,
            scope,
        }
    }

    /// Makes it the tracer of this thread until the guard is dropped: for tests
    /// that run side by side.
    pub fn set_default(&self) -> DefaultGuard {
        DefaultGuard {
            before: ON_THIS_THREAD.replace(OnThisThread::Only(*self)),
            this_thread: PhantomData,
        }
    }

    /// What became of the spans so far.
    #[must_use]
    pub fn statistics(&self) -> Statistics {
        self.core.counters.read()
    }

    #[inline]
    pub(super) fn start(
        &self,
        name: Cow<'static, str>,
        kind: SpanKind,
        parent: Option<&Context>,
        rare: Option<Box<Rare>>,
    ) -> Span {
        self.core.start(self.scope, name, kind, parent, rare)
    }
}

/// Keeps a tracer the default of the thread that set it.
#[must_use = "the default is set back when the guard is dropped: `let _default = …` keeps it, `let _ = …` drops it at once"]
pub struct DefaultGuard {
    before: OnThisThread,
    this_thread: PhantomData<*const ()>,
}

impl Drop for DefaultGuard {
    fn drop(&mut self) {
        let before = self.before;
        // A thread that is ending has no default to set back.
        ON_THIS_THREAD.try_with(|here| here.replace(before)).ok();
    }
}

impl std::fmt::Debug for DefaultGuard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DefaultGuard").finish_non_exhaustive()
    }
}

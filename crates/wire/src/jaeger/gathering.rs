//! What decoders of Jaeger's binary formats share: a span is put together from
//! tags, logs and references, in whatever form these came.

use tracewell_model::batch::builder::RawValue;
use tracewell_model::{Level, SpanBatchBuilder};

use super::fields::{CHILD_OF, Fields, NO_SERVICE, Parent, REF_TYPE_KEY, Reference};
use crate::WireError;
use crate::gathered::{Gathered, Rows};
use crate::mend;
use crate::notes::Notes;

/// What the OpenTelemetry translator makes of names that Jaeger's clients use.
const SERVICE_NAME: &[u8] = b"service.name";
const MESSAGE: &[u8] = b"message";
const HOSTNAME: &[u8] = b"hostname";
const CLIENT_VERSION: &[u8] = b"jaeger.version";
const EXPORTER_VERSION: &[u8] = b"opencensus.exporterversion";

/// Adds a tag of a process to the resource `row`.
pub(super) fn process_tag<'a>(
    gathered: &mut Gathered<'_>,
    row: u32,
    name: &mut ProcessName<'a>,
    (key, value): (&[u8], RawValue<'a>),
    offset: usize,
) -> Result<(), WireError> {
    let Gathered { builder, notes, .. } = gathered;
    let mut put = |key, value| {
        let owner = (Level::Resource, row);
        mend::attribute(builder, owner, key, value, notes, offset)
    };
    match (key, value) {
        (SERVICE_NAME, value) => {
            name.tag = Some(value);
            Ok(())
        }
        (HOSTNAME, value) => put(b"host.name", value),
        (CLIENT_VERSION, RawValue::Str(version)) => {
            let text = [b"Jaeger-", version].concat();
            put(EXPORTER_VERSION, RawValue::Str(&text))
        }
        (key, value) => put(key, value),
    }
}

/// The name of a process as it comes: by its field, which counts, or by a tag,
/// which some exporters send as well.
#[derive(Default)]
pub(super) struct ProcessName<'a> {
    pub(super) field: &'a [u8],
    tag: Option<RawValue<'a>>,
}

impl ProcessName<'_> {
    /// Adds it to the resource `row`.
    pub(super) fn add(
        self,
        gathered: &mut Gathered<'_>,
        row: u32,
        offset: usize,
    ) -> Result<(), WireError> {
        let is_named = !self.field.is_empty() && self.field != NO_SERVICE.as_bytes();
        let field = is_named.then_some(RawValue::Str(self.field));
        let Some(value) = field.or(self.tag) else {
            return Ok(());
        };
        let Gathered { builder, notes, .. } = gathered;
        let owner = (Level::Resource, row);
        mend::attribute(builder, owner, SERVICE_NAME, value, notes, offset)
    }
}

/// Adds a tag of the span that was begun, or takes it as a field.
#[inline]
pub(super) fn span_tag<'a>(
    gathered: &mut Gathered<'_>,
    fields: &mut Fields<'a>,
    (key, value): (&[u8], RawValue<'a>),
    offset: usize,
) -> Result<(), WireError> {
    if fields.take(key, value) {
        return Ok(());
    }
    let Gathered { builder, notes, .. } = gathered;
    let owner = (Level::Span, builder.next_span());
    mend::attribute(builder, owner, key, value, notes, offset)
}

/// The name and the attributes of an event, as fields of its log come.
#[derive(Default)]
pub(super) struct Event<'a> {
    name: Option<&'a [u8]>,
    /// OpenTracing's other word for it: the name where no field is the event.
    message: Option<&'a [u8]>,
}

impl<'a> Event<'a> {
    /// Adds a field of the log: its name, or an attribute of the event.
    pub(super) fn field(
        &mut self,
        gathered: &mut Gathered<'_>,
        (key, value): (&[u8], RawValue<'a>),
        offset: usize,
    ) -> Result<(), WireError> {
        if let (b"event", RawValue::Str(name), None) = (key, value, self.name) {
            self.name = Some(name);
            return Ok(());
        }
        if let (MESSAGE, RawValue::Str(text), None) = (key, value, self.message) {
            self.message = Some(text);
            return Ok(());
        }
        let Gathered { builder, notes, .. } = gathered;
        let owner = (Level::Event, builder.next_row(Level::Event));
        mend::attribute(builder, owner, key, value, notes, offset)
    }

    pub(super) fn add(
        self,
        gathered: &mut Gathered<'_>,
        time_ns: u64,
        offset: usize,
    ) -> Result<(), WireError> {
        let Gathered { builder, notes, .. } = gathered;
        if let (Some(_), Some(message)) = (self.name, self.message) {
            let owner = (Level::Event, builder.next_row(Level::Event));
            let value = RawValue::Str(message);
            mend::attribute(builder, owner, MESSAGE, value, notes, offset)?;
        }
        let name = self.name.or(self.message).unwrap_or_default();
        mend::event(builder, time_ns, name, 0, notes, offset)
    }
}

/// Adds a reference as a link, unless it is the one to the parent.
pub(super) fn reference(
    gathered: &mut Gathered<'_>,
    parent: &mut Parent,
    reference: &Reference,
    offset: usize,
) -> Result<(), WireError> {
    if parent.is(reference) {
        return Ok(());
    }
    let Gathered { builder, notes, .. } = gathered;
    let row = mend::link(builder, &reference.link(), notes, offset)?;
    if reference.is_child_of {
        let (owner, value) = ((Level::Link, row), RawValue::Str(CHILD_OF.as_bytes()));
        mend::attribute(
            builder,
            owner,
            REF_TYPE_KEY.as_bytes(),
            value,
            notes,
            offset,
        )?;
    }
    Ok(())
}

/// Adds a tag `error` that the status of the span does not tell.
pub(super) fn untold_error(
    gathered: &mut Gathered<'_>,
    fields: &Fields<'_>,
    offset: usize,
) -> Result<(), WireError> {
    let Some(value) = fields.untold_error() else {
        return Ok(());
    };
    let Gathered { builder, notes, .. } = gathered;
    let owner = (Level::Span, builder.next_span());
    mend::attribute(builder, owner, b"error", value, notes, offset)
}

/// The row of the scope that tags named.
pub(super) fn scope<'a>(
    builder: &mut SpanBatchBuilder,
    notes: &mut Notes<'_>,
    scopes: &mut Rows<'a>,
    fields: &Fields<'a>,
    offset: usize,
) -> Result<u32, WireError> {
    let (name, version) = (fields.scope_name, fields.scope_version);
    scopes.row(notes, (name.into(), version), |notes| {
        mend::scope(builder, [name, version, b""], 0, notes, offset)
    })
}

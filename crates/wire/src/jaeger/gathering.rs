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
const HOSTNAME: &[u8] = b"hostname";
const CLIENT_VERSION: &[u8] = b"jaeger.version";
const EXPORTER_VERSION: &[u8] = b"opencensus.exporterversion";

/// Adds a tag of a process to the resource `row`.
pub(super) fn process_tag(
    gathered: &mut Gathered<'_>,
    row: u32,
    (key, value): (&[u8], RawValue<'_>),
    offset: usize,
) -> Result<(), WireError> {
    let Gathered { builder, notes, .. } = gathered;
    let mut put = |key, value| {
        let owner = (Level::Resource, row);
        mend::attribute(builder, owner, key, value, notes, offset)
    };
    match (key, value) {
        (HOSTNAME, value) => put(b"host.name", value),
        (CLIENT_VERSION, RawValue::Str(version)) => {
            let text = [b"Jaeger-", version].concat();
            put(EXPORTER_VERSION, RawValue::Str(&text))
        }
        (key, value) => put(key, value),
    }
}

/// Adds the name of a process to the resource `row`.
pub(super) fn process_name(
    gathered: &mut Gathered<'_>,
    row: u32,
    name: &[u8],
    offset: usize,
) -> Result<(), WireError> {
    if name.is_empty() || name == NO_SERVICE.as_bytes() {
        return Ok(());
    }
    let Gathered { builder, notes, .. } = gathered;
    let (owner, value) = ((Level::Resource, row), RawValue::Str(name));
    mend::attribute(builder, owner, b"service.name", value, notes, offset)
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
        let name = self.name.unwrap_or_default();
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

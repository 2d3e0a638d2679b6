//! A span of version 1 into one or two of ours.
//!
//! A client and its server shared one span: each sent the half that it
//! recorded, and some clients send both in one. What belongs to which half
//! shows in the endpoints of the annotations. Rules as in Zipkin's own
//! `V1SpanConverter`, with one exception: a half that began in the same
//! microsecond on the same host is none, because `py_zipkin` marks what is
//! local in this way.

use tracewell_model::SpanKind;

use super::{Annotation, BinaryAnnotation, Span, Value};
use crate::WireError;
use crate::gathered::{Gathered, Verdict};
use crate::rejected::Fault;
use crate::room::STEP_BYTES;
use crate::zipkin::assembly::{Intake, Parts};
use crate::zipkin::endpoint::Endpoint;

/// The first annotation with this text.
fn find<'s>(span: &'s Span<'_>, text: &[u8]) -> Option<&'s Annotation<'s>> {
    let mut all = span.annotations.iter();
    all.find(|annotation| *annotation.text == *text)
}

/// Whether an annotation begins or ends what a half recorded, and so is no
/// event. When a message came to or from the wire counts beside the message.
fn is_mark(span: &Span<'_>, text: &[u8]) -> bool {
    match text {
        b"cs" | b"cr" | b"sr" | b"ss" | b"ms" | b"mr" => true,
        b"ws" => find(span, b"ms").is_some(),
        b"wr" => find(span, b"mr").is_some(),
        _ => false,
    }
}

/// What one side recorded.
#[derive(Clone, Copy)]
struct Half<'s> {
    kind: SpanKind,
    begin: Option<&'s Annotation<'s>>,
    end: Option<&'s Annotation<'s>>,
}

impl<'s> Half<'s> {
    fn of(span: &'s Span<'_>, kind: SpanKind) -> Option<Self> {
        let find = |text| find(span, text);
        let (begin, end) = match kind {
            SpanKind::Client => (find(b"cs"), find(b"cr")),
            SpanKind::Server => (find(b"sr"), find(b"ss")),
            SpanKind::Producer => {
                let sent = find(b"ms")?;
                (Some(sent), find(b"ws"))
            }
            SpanKind::Consumer => {
                let taken = find(b"mr")?;
                match find(b"wr") {
                    Some(came) => (Some(came), Some(taken)),
                    None => (Some(taken), None),
                }
            }
            SpanKind::Unspecified | SpanKind::Internal => return None,
        };
        let first = begin.or(end);
        first.map(|_| Self { kind, begin, end })
    }

    fn endpoint(&self) -> Option<&'s Endpoint<'s>> {
        let first = self.begin.or(self.end)?;
        Some(&*first.endpoint).filter(|endpoint| endpoint.is_known())
    }

    fn is_same(&self, other: &Self) -> bool {
        let at = |half: &Self| half.begin.map(|begin| (begin.at_us, &begin.endpoint));
        at(self).is_some() && at(self) == at(other)
    }
}

/// Adds the span, as two where it holds two halves: each is kept or rejected
/// by itself.
pub(super) fn add(
    intake: &mut Intake<'_>,
    span: &Span<'_>,
    offset: usize,
) -> Result<impl Iterator<Item = Fault> + use<>, WireError> {
    let half = |kind| Half::of(span, kind);
    let sender = half(SpanKind::Client).or_else(|| half(SpanKind::Producer));
    let receiver = half(SpanKind::Server).or_else(|| half(SpanKind::Consumer));
    let verdicts = match (sender, receiver) {
        (Some(sender), Some(receiver)) if sender.is_same(&receiver) => {
            [add_half(intake, span, None, |_| true, offset)?, None]
        }
        (Some(sender), Some(receiver)) => {
            let of_receiver = |endpoint: &Endpoint<'_>| {
                let is_of = |half: &Half<'_>| {
                    let known = half.endpoint();
                    known.is_some_and(|known| known.service == endpoint.service)
                };
                is_of(&receiver) && !is_of(&sender)
            };
            let of_sender = |endpoint: &Endpoint<'_>| !of_receiver(endpoint);
            [
                add_half(intake, span, Some(sender), of_sender, offset)?,
                add_half(intake, span, Some(receiver), of_receiver, offset)?,
            ]
        }
        (sender, receiver) => {
            let half = sender.or(receiver);
            [add_half(intake, span, half, |_| true, offset)?, None]
        }
    };
    Ok(verdicts.into_iter().flatten())
}

/// Adds what one side recorded; `is_ours` knows it by its endpoint.
fn add_half(
    intake: &mut Intake<'_>,
    span: &Span<'_>,
    half: Option<Half<'_>>,
    is_ours: impl Fn(&Endpoint<'_>) -> bool,
    offset: usize,
) -> Result<Verdict, WireError> {
    let mut assembly = intake.begin();
    let mut unasked_bytes = 0;
    for annotation in &span.annotations {
        if !is_mark(span, &annotation.text) && is_ours(&annotation.endpoint) {
            asked(
                intake,
                &mut unasked_bytes,
                size_of_val(annotation) + annotation.text.len(),
                offset,
            )?;
            assembly.annotation(intake, annotation.at_us, &annotation.text, offset)?;
        }
    }
    for binary in &span.binary_annotations {
        if address(binary).is_some() || !is_ours(&binary.endpoint) {
            continue;
        }
        let bytes = size_of_val(binary) + binary.key.len() + binary.value.text_bytes();
        asked(intake, &mut unasked_bytes, bytes, offset)?;
        match &binary.value {
            // Says where the span was recorded, and nothing more.
            Value::Text(text) if *binary.key == *b"lc" && text.is_empty() => {}
            Value::Text(text) => assembly.tag(intake, &binary.key, (&**text).into(), offset)?,
            value => assembly.attribute(intake, &binary.key, value.raw(), offset)?,
        }
    }
    assembly.finish(intake, &parts(span, half.as_ref(), &is_ours), offset)
}

/// Asks for room once for each [`STEP_BYTES`] that go into the batch.
fn asked(
    intake: &mut Intake<'_>,
    unasked_bytes: &mut usize,
    bytes: usize,
    offset: usize,
) -> Result<(), WireError> {
    *unasked_bytes += bytes;
    if *unasked_bytes < STEP_BYTES {
        return Ok(());
    }
    *unasked_bytes = 0;
    let Gathered { builder, notes, .. } = &mut intake.gathered;
    notes.ask(builder).map_err(|full| full.at_byte(offset))
}

/// Whose address a binary annotation gives: `c`lient, `s`erver or `m`essage
/// broker.
fn address(binary: &BinaryAnnotation<'_>) -> Option<u8> {
    match (&*binary.key, &binary.value) {
        (b"ca" | b"sa" | b"ma", Value::Bool(true)) if binary.endpoint.is_known() => {
            binary.key.first().copied()
        }
        _ => None,
    }
}

fn parts<'s>(
    span: &'s Span<'_>,
    half: Option<&Half<'s>>,
    is_ours: &impl Fn(&Endpoint<'_>) -> bool,
) -> Parts<'s> {
    let whole = &span.parts;
    let (begin, end) = half.map_or((None, None), |half| (half.begin, half.end));
    let is_receiver =
        half.is_some_and(|half| matches!(half.kind, SpanKind::Server | SpanKind::Consumer));
    // The span's own times are those of who began it.
    let is_second = is_receiver && begin.is_some() && has_sender(span);
    let between = || match (begin, end) {
        (Some(begin), Some(end)) => end.at_us.saturating_sub(begin.at_us),
        _ => 0,
    };
    let (start_us, duration_us) = if is_second {
        (begin.map_or(0, |begin| begin.at_us), between())
    } else {
        let begun_us = begin.or(end).map_or(0, |first| first.at_us);
        (
            Some(whole.start_us)
                .filter(|us| *us > 0)
                .unwrap_or(begun_us),
            Some(whole.duration_us)
                .filter(|us| *us > 0)
                .unwrap_or_else(between),
        )
    };
    let addresses = span.binary_annotations.iter();
    let of = |side: u8| {
        let mut with = addresses
            .clone()
            .filter(move |one| address(one) == Some(side));
        with.next().map(|one| &*one.endpoint)
    };
    let (client, server, broker) = (of(b'c'), of(b's'), of(b'm'));
    let local = local(span, half, is_ours).or(if half.is_none() { client } else { None });
    let remote = match half.map(|half| half.kind) {
        Some(SpanKind::Client) => server,
        Some(SpanKind::Server) => client,
        Some(SpanKind::Producer | SpanKind::Consumer) => broker,
        _ => server.or(client).or(broker),
    };
    Parts {
        trace_id: whole.trace_id,
        id: whole.id,
        parent_id: whole.parent_id,
        kind: half.map(|half| half.kind),
        name: (&*whole.name).into(),
        start_us,
        duration_us,
        remote: remote
            .filter(|remote| Some(*remote) != local)
            .cloned()
            .unwrap_or_default(),
        local: local.cloned().unwrap_or_default(),
        is_debug: whole.is_debug,
        fault: whole.fault,
    }
}

fn has_sender(span: &Span<'_>) -> bool {
    [SpanKind::Client, SpanKind::Producer]
        .into_iter()
        .any(|kind| Half::of(span, kind).is_some())
}

/// Where a half was recorded.
fn local<'s>(
    span: &'s Span<'_>,
    half: Option<&Half<'s>>,
    is_ours: &impl Fn(&Endpoint<'_>) -> bool,
) -> Option<&'s Endpoint<'s>> {
    let of_annotations = span.annotations.iter().map(|one| &*one.endpoint);
    let others = span.binary_annotations.iter();
    let of_others = others
        .filter(|one| address(one).is_none())
        .map(|one| &*one.endpoint);
    half.and_then(Half::endpoint).or_else(|| {
        let mut known = of_annotations
            .chain(of_others)
            .filter(|endpoint| endpoint.is_known() && is_ours(endpoint));
        known.next()
    })
}

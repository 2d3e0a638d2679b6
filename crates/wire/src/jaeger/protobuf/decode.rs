//! `PostSpansRequest` from the wire into a batch.
//!
//! A span has a process of its own, or that of its batch, which may stand
//! behind it. So a batch is looked over once for its process, jumping over the
//! spans, before these are read.

use tracewell_model::Level;
use tracewell_model::batch::builder::RawValue;

use crate::fields::{Cursor, known};
use crate::gathered::{Gathered, Rows};
use crate::jaeger::gathering::{ProcessName, process_tag};
use crate::mend;
use crate::notes::Notes;
use crate::rejected::Place;
use crate::room::Room;
use crate::{Decoded, WireError};

const REQUEST: u32 = known(&[1]);
const BATCH: u32 = known(&[1, 2]);
const PROCESS: u32 = known(&[1, 2]);
const KEY_VALUE: u32 = known(&[1, 2, 3, 4, 5, 6, 7]);

/// State of decoding one request.
pub(super) struct Intake<'a, 'r> {
    pub(super) gathered: Gathered<'r>,
    pub(super) scopes: Rows<'a>,
    resources: Rows<'a>,
}

pub(super) fn decode(body: &[u8], room: Room<'_>) -> Result<Decoded, WireError> {
    let mut intake = Intake {
        gathered: Gathered::new(body, room)?,
        scopes: Rows::default(),
        resources: Rows::default(),
    };
    let mut request = Cursor::new(body, 0);
    let mut place = Place::default();
    while !request.is_done() {
        match request.tag()? {
            0x0a => request
                .message()
                .and_then(|batch| intake.batch(batch, &mut place))
                .map_err(|error| error.within("batch"))?,
            tag => request.skip(tag, REQUEST)?,
        }
    }
    Ok(intake.gathered.finish(None))
}

pub(super) fn decode_span(body: &[u8], room: Room<'_>) -> Result<Decoded, WireError> {
    let mut intake = Intake {
        gathered: Gathered::new(body, room)?,
        scopes: Rows::default(),
        resources: Rows::default(),
    };
    let no_process = Cursor::new(&[], 0);
    if let Some(fault) = intake.span(Cursor::new(body, 0), no_process, &mut None)? {
        intake.gathered.builder.abandon_span();
        intake.gathered.reject(fault, Place::default());
    }
    Ok(intake.gathered.finish(None))
}

impl<'a> Intake<'a, '_> {
    fn batch(&mut self, batch: Cursor<'a>, place: &mut Place) -> Result<(), WireError> {
        let mut process = Cursor::new(&[], batch.offset());
        let mut fields = batch;
        while !fields.is_done() {
            match fields.tag()? {
                0x0a => drop(fields.bytes()?),
                0x12 => process = fields.message()?,
                tag => fields.skip(tag, BATCH)?,
            }
        }
        // Only for spans that have none: the row is made when it is needed.
        let mut of_batch = None;
        let mut fields = batch;
        let mut pause = Notes::pause(fields.rest().len());
        while !fields.is_done() {
            if fields.rest().len() < pause {
                pause = fields.ask(&mut self.gathered.notes, &self.gathered.builder)?;
            }
            match fields.tag()? {
                0x0a => {
                    let index = place.span as usize;
                    let verdict = fields
                        .message()
                        .and_then(|span| self.span(span, process, &mut of_batch))
                        .map_err(|error| error.within_item("spans", index))?;
                    if let Some(fault) = verdict {
                        self.gathered.builder.abandon_span();
                        self.gathered.reject(fault, *place);
                    }
                    place.span += 1;
                }
                tag => fields.skip(tag, 0)?,
            }
        }
        Ok(())
    }

    /// The row of a `Process`.
    pub(super) fn process(&mut self, process: Cursor<'a>) -> Result<u32, WireError> {
        let key = (process.rest().into(), &[][..]);
        if let Some(row) = self.resources.get(&key) {
            return Ok(row);
        }
        let row = read_process(&mut self.gathered, process).map_err(|e| e.within("process"))?;
        let notes = &mut self.gathered.notes;
        self.resources.row(notes, key, |_| Ok(row))
    }
}

fn read_process(gathered: &mut Gathered<'_>, process: Cursor<'_>) -> Result<u32, WireError> {
    let row = gathered.builder.next_row(Level::Resource);
    let (mut fields, mut index) = (process, 0);
    let mut name = ProcessName::default();
    let mut pause = Notes::pause(fields.rest().len());
    while !fields.is_done() {
        if fields.rest().len() < pause {
            pause = fields.ask(&mut gathered.notes, &gathered.builder)?;
        }
        match fields.tag()? {
            0x0a => {
                name.field = fields.bytes()?;
            }
            0x12 => {
                let tag = fields.message().and_then(key_value);
                let tag = tag.map_err(|error| error.within_item("tags", index))?;
                process_tag(gathered, row, &mut name, tag, fields.offset())?;
                index += 1;
            }
            tag => fields.skip(tag, PROCESS)?,
        }
    }
    name.add(gathered, row, process.offset())?;
    let Gathered { builder, notes, .. } = gathered;
    mend::resource(builder, b"", 0, b"", notes, process.offset())
}

/// A `KeyValue`: its key and its value, of the type that it states.
pub(super) fn key_value(mut fields: Cursor<'_>) -> Result<(&[u8], RawValue<'_>), WireError> {
    let (mut key, mut text, mut bytes): (&[u8], &[u8], &[u8]) = (b"", b"", b"");
    let (mut kind, mut is_true, mut int, mut double) = (0, false, 0, 0.0);
    while !fields.is_done() {
        match fields.tag()? {
            0x0a => key = fields.bytes()?,
            0x10 => kind = fields.varint32()?,
            0x1a => text = fields.bytes()?,
            0x20 => is_true = fields.varint()? != 0,
            0x28 => int = fields.varint()? as i64,
            0x31 => double = f64::from_bits(fields.fixed64()?),
            0x3a => bytes = fields.bytes()?,
            tag => fields.skip(tag, KEY_VALUE)?,
        }
    }
    let value = match kind {
        0 => RawValue::Str(text),
        1 => RawValue::Bool(is_true),
        2 => RawValue::Int(int),
        3 => RawValue::Double(double),
        4 => RawValue::Bytes(bytes),
        // No value that we know.
        _ => RawValue::Other(b""),
    };
    Ok((key, value))
}

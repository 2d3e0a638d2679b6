//! Columns appended to columns: dictionaries are translated entry by entry,
//! everything else is copied.

use crate::batch::builder::SpanBatchBuilder;
use crate::batch::columns::{AttributeColumn, ColumnValues, StrColumn};
use crate::batch::intern::{Interner, Interning};

impl SpanBatchBuilder {
    pub(super) fn append_event_names(&mut self, from: &StrColumn, entries: &[u32]) {
        let interning = self.interning.clone();
        let (column, interner) = (&mut self.batch.events.name, &mut self.text.event_name);
        translate(column, interner, &interning, from, entries);
    }

    pub(super) fn append_link_states(&mut self, from: &StrColumn, entries: &[u32]) {
        let interning = self.interning.clone();
        let (column, interner) = (&mut self.batch.links.trace_state, &mut self.text.link_state);
        translate(column, interner, &interning, from, entries);
    }

    pub(super) fn append_column(
        &mut self,
        from: &AttributeColumn,
        entries: &[u32],
        new_row: impl Fn(u32) -> u32,
    ) {
        let level = from.level;
        let key = from.key.as_bytes();
        let first = new_row(from.rows[entries[0] as usize]);
        let value_type = from.values.value_type();
        let column = self
            .column_for(level, first, key, value_type)
            .expect("keys are UTF-8");
        let Some(index) = column else {
            for entry in entries.iter().map(|entry| *entry as usize) {
                let value = from.values.get(entry);
                self.attribute(level, new_row(from.rows[entry]), key, value.into())
                    .expect("text of a batch is UTF-8");
            }
            return;
        };
        let interning = self.interning.clone();
        let to = &mut self.batch.attributes[index];
        to.rows.extend(
            entries
                .iter()
                .map(|entry| new_row(from.rows[*entry as usize])),
        );
        let entries_usize = entries.iter().map(|entry| *entry as usize);
        match (&mut to.values, &from.values) {
            (ColumnValues::Str(to), ColumnValues::Str(from)) => {
                translate(to, &mut self.interners[index], &interning, from, entries);
            }
            (ColumnValues::Int(to), ColumnValues::Int(from)) => {
                to.extend(entries_usize.map(|entry| from[entry]));
            }
            (ColumnValues::Double(to), ColumnValues::Double(from)) => {
                to.extend(entries_usize.map(|entry| from[entry]));
            }
            (ColumnValues::Bool(to), ColumnValues::Bool(from)) => {
                to.extend(entries_usize.map(|entry| from[entry]));
            }
            (ColumnValues::Bytes(to), ColumnValues::Bytes(from))
            | (ColumnValues::Other(to), ColumnValues::Other(from)) => {
                entries_usize.for_each(|entry| to.push(from.get(entry)));
            }
            _ => unreachable!("the column was looked up by the type of the values"),
        }
    }
}

/// Appends entries of one dictionary column to another; each distinct value is
/// looked up once.
pub(super) fn translate(
    to: &mut StrColumn,
    interner: &mut Interner,
    interning: &Interning,
    from: &StrColumn,
    entries: &[u32],
) {
    let mut codes = vec![u32::MAX; from.dict.len()];
    for entry in entries {
        let old = from.codes[*entry as usize] as usize;
        if codes[old] == u32::MAX {
            let text = from.dict.get(old).as_bytes();
            let code = interner.code(&mut to.dict, to.codes.len(), text, interning);
            codes[old] = code.expect("text of a batch is UTF-8");
        }
        to.codes.push(codes[old]);
    }
}

//! `service.name` of every resource, as the column `service_name` tells it.

use tracewell_model::SpanBatch;
use tracewell_model::batch::Level;
use tracewell_model::batch::columns::ColumnValues;

use super::cells::{Texts, TooLarge};

const KEY: &str = "service.name";

/// Services of a batch, one per row of the resource table.
#[derive(Debug)]
pub(super) struct Services {
    /// The names; empty where there is none.
    pub(super) names: Texts,
    /// Which resources have one.
    pub(super) named: Vec<bool>,
    /// No resource has a second `service.name` or one that is no text, so the
    /// column says all there is to say of that key.
    pub(super) exact: bool,
}

impl Services {
    pub(super) fn new(batch: &SpanBatch) -> Result<Self, TooLarge> {
        let mut seen = vec![0u32; batch.level_len(Level::Resource)];
        let mut named = vec![false; seen.len()];
        let columns = batch.attributes().iter();
        for column in columns.filter(|c| c.level == Level::Resource && &*c.key == KEY) {
            for row in column.rows.iter().map(|row| *row as usize) {
                seen[row] += 1;
                named[row] |= matches!(column.values, ColumnValues::Str(_));
            }
        }
        let overflow = batch.overflow();
        let overflows = (0..overflow.levels.len()).any(|entry| {
            overflow.levels[entry] == Level::Resource && overflow.keys.get(entry) == KEY
        });
        let told = seen
            .iter()
            .zip(&named)
            .all(|(seen, named)| *seen == u32::from(*named));
        let mut names = Texts::default();
        for name in batch.resource_services() {
            names.push(name)?;
        }
        Ok(Self {
            names,
            named,
            exact: told && !overflows,
        })
    }
}

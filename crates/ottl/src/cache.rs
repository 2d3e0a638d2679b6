//! `cache`: a map for each row, for statements that hand something on to the
//! next.
//!
//! It lives for one run of statements over one batch; **nothing of it reaches
//! another batch.**

use crate::value::Map;

/// The scratch maps of the rows of one context.
#[derive(Debug, Default)]
pub struct Cache {
    /// By row; shorter where no row behind has anything.
    maps: Vec<Map>,
}

impl Cache {
    pub(crate) fn map(&self, row: usize) -> &Map {
        const EMPTY: &Map = &Map::new();
        self.maps.get(row).unwrap_or(EMPTY)
    }

    pub(crate) fn set_map(&mut self, row: usize, map: Map) {
        if self.maps.len() <= row {
            self.maps.resize_with(row + 1, Map::new);
        }
        self.maps[row] = map;
    }
}

//! Rows of a batch that are alike, found from numbers alone: each column divides
//! the groups that there are, and what is decided for a group is decided once.

use foldhash::{HashMap, HashMapExt};

/// See the module's text.
#[derive(Debug, Clone)]
pub(crate) struct Groups {
    /// The group of each row.
    pub(crate) of_row: Vec<u32>,
    /// A row of each group, which stands for it.
    pub(crate) first_row: Vec<u32>,
}

impl Groups {
    /// All of so many rows in one; without rows there is none.
    pub(crate) fn one(rows: usize) -> Self {
        Self {
            of_row: vec![0; rows],
            first_row: if rows == 0 { Vec::new() } else { vec![0] },
        }
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.first_row.len()
    }

    /// Divides them by a number of each row.
    pub(crate) fn divide(&mut self, code_of: impl Fn(usize) -> u32) {
        let mut known: HashMap<(u32, u32), u32> = HashMap::new();
        self.first_row.clear();
        // Neighbours are often alike.
        let mut last = None;
        for (row, group) in self.of_row.iter_mut().enumerate() {
            let key = (*group, code_of(row));
            *group = match last {
                Some((same, group)) if same == key => group,
                _ => *known.entry(key).or_insert_with(|| {
                    self.first_row.push(row as u32);
                    (self.first_row.len() - 1) as u32
                }),
            };
            last = Some((key, *group));
        }
    }
}

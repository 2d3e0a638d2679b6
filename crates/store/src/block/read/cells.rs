//! Cells of a column as columns of a batch. Nothing is taken for granted:
//! cells of another type are a [`Misfit`].

use tracewell_model::RowSet;
use tracewell_model::batch::columns::{ColumnValues, StrColumn, Strings};
use tracewell_parquet::{DecodedCells, DecodedValues};

/// Why cells are not the column that was expected.
#[derive(Debug)]
pub(super) struct Misfit(pub(super) String);

impl Misfit {
    pub(super) fn new(reason: impl ToString) -> Self {
        Self(reason.to_string())
    }

    fn of_type() -> Self {
        Self::new("a column has another type than the index file says")
    }
}

pub(super) type Result<T> = std::result::Result<T, Misfit>;

/// A column of text; null reads as empty.
pub(super) fn text(cells: DecodedCells) -> Result<StrColumn> {
    let DecodedValues::Coded { codes, ends, bytes } = cells.values else {
        return Err(Misfit::of_type());
    };
    let mut dict = strings(ends, bytes)?;
    let codes = match cells.present {
        None => codes,
        Some(present) => {
            let empty = dict.push("");
            spread(&present, &codes, cells.rows, empty)
        }
    };
    Ok(StrColumn { codes, dict })
}

/// Texts that the decoder has checked one by one; as a whole they are UTF-8.
fn strings(ends: Vec<u32>, bytes: Vec<u8>) -> Result<Strings> {
    let text = String::from_utf8(bytes).map_err(Misfit::new)?;
    Strings::from_parts(ends, text).ok_or_else(|| Misfit::new("texts of a dictionary overlap"))
}

fn spread<T: Copy>(present: &[u32], values: &[T], rows: usize, absent: T) -> Vec<T> {
    let mut spread = vec![absent; rows];
    for (row, value) in present.iter().zip(values) {
        spread[*row as usize] = *value;
    }
    spread
}

/// A value per row; null reads as `absent`.
fn every<T: Copy>(present: Option<Vec<u32>>, values: Vec<T>, rows: usize, absent: T) -> Vec<T> {
    match present {
        None => values,
        Some(present) => spread(&present, &values, rows, absent),
    }
}

/// Rows that have the attribute, and its values.
pub(super) fn attribute(cells: DecodedCells) -> Result<(Vec<u32>, ColumnValues)> {
    let rows = match cells.present {
        Some(present) => present,
        None => (0..cells.rows as u32).collect(),
    };
    let values = match cells.values {
        DecodedValues::Coded { codes, ends, bytes } => ColumnValues::Str(StrColumn {
            codes,
            dict: strings(ends, bytes)?,
        }),
        DecodedValues::I64(values) => ColumnValues::Int(values),
        DecodedValues::F64(values) => ColumnValues::Double(values),
        DecodedValues::Bool(values) => ColumnValues::Bool(values),
        DecodedValues::I32(_) | DecodedValues::Fixed16(_) | DecodedValues::Fixed8(_) => {
            return Err(Misfit::of_type());
        }
    };
    Ok((rows, values))
}

/// Ids of 16 bytes.
pub(super) fn ids16<Id>(cells: DecodedCells, id: impl Fn([u8; 16]) -> Id) -> Result<Vec<Id>> {
    let DecodedValues::Fixed16(values) = cells.values else {
        return Err(Misfit::of_type());
    };
    let ids = every(cells.present, values, cells.rows, [0; 16]);
    Ok(ids.into_iter().map(id).collect())
}

/// Ids of 8 bytes; null reads as zeros.
pub(super) fn ids8<Id>(cells: DecodedCells, id: impl Fn([u8; 8]) -> Id) -> Result<Vec<Id>> {
    let DecodedValues::Fixed8(values) = cells.values else {
        return Err(Misfit::of_type());
    };
    let ids = every(cells.present, values, cells.rows, [0; 8]);
    Ok(ids.into_iter().map(id).collect())
}

/// A number per row; null reads as 0.
pub(super) fn int32(cells: DecodedCells) -> Result<Vec<i32>> {
    match cells.values {
        DecodedValues::I32(values) => Ok(every(cells.present, values, cells.rows, 0)),
        _ => Err(Misfit::of_type()),
    }
}

/// A number per row; null reads as 0.
pub(super) fn int64(cells: DecodedCells) -> Result<Vec<i64>> {
    match cells.values {
        DecodedValues::I64(values) => Ok(every(cells.present, values, cells.rows, 0)),
        _ => Err(Misfit::of_type()),
    }
}

pub(super) fn bools(cells: DecodedCells) -> Result<RowSet> {
    let DecodedValues::Bool(values) = cells.values else {
        return Err(Misfit::of_type());
    };
    let values = every(cells.present, values, cells.rows, false);
    Ok(RowSet::from_fn(values.len(), |row| values[row]))
}

/// Byte strings: which of them each row has, if any.
pub(super) struct Messages {
    codes: Vec<u32>,
    present: Option<Vec<u32>>,
    ends: Vec<u32>,
    bytes: Vec<u8>,
}

impl Messages {
    pub(super) fn new(cells: DecodedCells) -> Result<Self> {
        let DecodedValues::Coded { codes, ends, bytes } = cells.values else {
            return Err(Misfit::of_type());
        };
        let present = cells.present;
        Ok(Self {
            codes,
            present,
            ends,
            bytes,
        })
    }

    /// How many distinct ones at most.
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(super) fn get(&self, code: u32) -> &[u8] {
        let code = code as usize;
        let start = code.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.bytes[start as usize..self.ends[code] as usize]
    }

    /// Row and message of every row that has one, ascending.
    pub(super) fn rows(&self) -> impl Iterator<Item = (u32, u32)> + '_ {
        let codes = self.codes.iter().copied().enumerate();
        codes.map(|(entry, code)| {
            let row = self
                .present
                .as_ref()
                .map_or(entry as u32, |rows| rows[entry]);
            (row, code)
        })
    }
}

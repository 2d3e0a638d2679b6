//! Arrow arrays as columns of a batch. Nothing is taken for granted: an array
//! of another type or a code outside its dictionary is a [`Misfit`].

use arrow_array::types::{ByteArrayType, Int32Type, Utf8Type};
use arrow_array::{
    Array, ArrayRef, BooleanArray, DictionaryArray, FixedSizeBinaryArray, Float64Array,
    GenericByteArray, Int32Array, Int64Array, StringArray,
};
use arrow_buffer::NullBuffer;
use tracewell_model::RowSet;
use tracewell_model::batch::columns::{ColumnValues, StrColumn, Strings, ValueType};

/// Why an array is not the column that was expected.
#[derive(Debug)]
pub(super) struct Misfit(pub(super) String);

impl Misfit {
    pub(super) fn new(reason: impl ToString) -> Self {
        Self(reason.to_string())
    }
}

pub(super) type Result<T> = std::result::Result<T, Misfit>;

fn of_type<T: 'static>(array: &ArrayRef) -> Result<&T> {
    let other = || Misfit(format!("a column has the type {}", array.data_type()));
    array.as_any().downcast_ref().ok_or_else(other)
}

/// Byte strings or texts: codes into values, or values as they come.
pub(super) struct Coded<'a, T: ByteArrayType> {
    keys: Option<&'a [i32]>,
    nulls: Option<&'a NullBuffer>,
    pub(super) values: &'a GenericByteArray<T>,
    rows: usize,
}

impl<'a, T: ByteArrayType<Offset = i32>> Coded<'a, T> {
    pub(super) fn new(array: &'a ArrayRef) -> Result<Self> {
        let rows = array.len();
        let Ok(dictionary) = of_type::<DictionaryArray<Int32Type>>(array) else {
            let values: &GenericByteArray<T> = of_type(array)?;
            let (keys, nulls) = (None, values.nulls());
            return Ok(Self {
                keys,
                nulls,
                values,
                rows,
            });
        };
        let values: &GenericByteArray<T> = of_type(dictionary.values())?;
        let nulls = dictionary.keys().nulls();
        let keys = &**dictionary.keys().values();
        let valid = |row: usize| nulls.is_none_or(|nulls| nulls.is_valid(row));
        let inside = |key: i32| usize::try_from(key).is_ok_and(|key| key < values.len());
        if !(0..rows).all(|row| inside(keys[row]) || !valid(row)) {
            return Err(Misfit::new("a dictionary code has no value"));
        }
        let keys = Some(keys);
        Ok(Self {
            keys,
            nulls,
            values,
            rows,
        })
    }

    /// Which value each row has.
    pub(super) fn codes(&self) -> impl Iterator<Item = Option<usize>> + '_ {
        (0..self.rows).map(|row| {
            let valid = self.nulls.is_none_or(|nulls| nulls.is_valid(row));
            valid.then(|| self.keys.map_or(row, |keys| keys[row] as usize))
        })
    }
}

/// A column of text; null reads as empty.
pub(super) fn text(array: &ArrayRef) -> Result<StrColumn> {
    let coded = Coded::<Utf8Type>::new(array)?;
    let mut dictionary = Dictionary::new(&coded)?;
    let mut empty = None;
    let codes = coded.codes().map(|code| match code {
        Some(code) => dictionary.code(code),
        None => *empty.get_or_insert_with(|| dictionary.texts.push("")),
    });
    let codes = codes.collect();
    Ok(StrColumn {
        codes,
        dict: dictionary.texts,
    })
}

/// The dictionary of the column that is being built. A short one is copied
/// whole, so that codes stay; of a long one only what occurs.
struct Dictionary<'a> {
    texts: Strings,
    /// New code of each old one, where they differ.
    moved: Option<Vec<u32>>,
    values: &'a StringArray,
}

const NOT_YET: u32 = u32::MAX;

impl<'a> Dictionary<'a> {
    fn new(coded: &Coded<'a, Utf8Type>) -> Result<Self> {
        let values = coded.values;
        let whole = coded.keys.is_some() && values.len() <= coded.rows;
        if !whole {
            let moved = Some(vec![NOT_YET; values.len()]);
            return Ok(Self {
                texts: Strings::default(),
                moved,
                values,
            });
        }
        let offsets = values.value_offsets();
        let (first, last) = (offsets[0], offsets[values.len()]);
        let bytes = &values.value_data()[first as usize..last as usize];
        let text = std::str::from_utf8(bytes).map_err(Misfit::new)?;
        let ends = offsets[1..]
            .iter()
            .map(|end| (end - first) as u32)
            .collect();
        let texts = Strings::from_parts(ends, text.to_owned());
        let texts = texts.ok_or_else(|| Misfit::new("texts of a dictionary overlap"))?;
        Ok(Self {
            texts,
            moved: None,
            values,
        })
    }

    fn code(&mut self, old: usize) -> u32 {
        let Some(moved) = &mut self.moved else {
            return old as u32;
        };
        if moved[old] == NOT_YET {
            moved[old] = self.texts.push(self.values.value(old));
        }
        moved[old]
    }
}

/// Rows that have the attribute, and its values.
pub(super) fn attribute(
    array: &ArrayRef,
    value_type: ValueType,
) -> Result<(Vec<u32>, ColumnValues)> {
    Ok(match value_type {
        ValueType::Str => {
            let coded = Coded::<Utf8Type>::new(array)?;
            let mut dictionary = Dictionary::new(&coded)?;
            let (mut rows, mut codes) = (Vec::new(), Vec::new());
            for (row, code) in coded.codes().enumerate() {
                if let Some(code) = code {
                    rows.push(row as u32);
                    codes.push(dictionary.code(code));
                }
            }
            let dict = dictionary.texts;
            (rows, ColumnValues::Str(StrColumn { codes, dict }))
        }
        ValueType::Int => {
            let (rows, values) = present(array, of_type::<Int64Array>(array)?.values());
            (rows, ColumnValues::Int(values))
        }
        ValueType::Double => {
            let (rows, values) = present(array, of_type::<Float64Array>(array)?.values());
            (rows, ColumnValues::Double(values))
        }
        ValueType::Bool => {
            let values = of_type::<BooleanArray>(array)?;
            let rows: Vec<u32> = valid_rows(array).collect();
            let values = rows.iter().map(|row| values.value(*row as usize)).collect();
            (rows, ColumnValues::Bool(values))
        }
        ValueType::Bytes | ValueType::Other => {
            return Err(Misfit::new("a column of a type that has no columns"));
        }
    })
}

fn valid_rows(array: &ArrayRef) -> impl Iterator<Item = u32> + '_ {
    (0..array.len())
        .filter(|row| array.is_valid(*row))
        .map(|row| row as u32)
}

fn present<T: Copy>(array: &ArrayRef, values: &[T]) -> (Vec<u32>, Vec<T>) {
    if array.null_count() == 0 {
        return ((0..array.len() as u32).collect(), values.to_vec());
    }
    let rows: Vec<u32> = valid_rows(array).collect();
    let values = rows.iter().map(|row| values[*row as usize]).collect();
    (rows, values)
}

/// Ids of N bytes; null reads as zeros.
pub(super) fn ids<const N: usize, Id>(
    array: &ArrayRef,
    id: impl Fn([u8; N]) -> Id,
) -> Result<Vec<Id>> {
    let array: &FixedSizeBinaryArray = of_type(array)?;
    if array.value_length() as usize != N {
        return Err(Misfit::new("ids of another length"));
    }
    let value = |row: usize| {
        let bytes = if array.is_valid(row) {
            array.value(row).try_into()
        } else {
            Ok([0; N])
        };
        bytes.map(&id).map_err(Misfit::new)
    };
    (0..array.len()).map(value).collect()
}

pub(super) fn int32(array: &ArrayRef) -> Result<&[i32]> {
    Ok(of_type::<Int32Array>(array)?.values())
}

pub(super) fn int64(array: &ArrayRef) -> Result<&[i64]> {
    Ok(of_type::<Int64Array>(array)?.values())
}

/// A number per row; null reads as 0.
pub(super) fn int32_or_zero(array: &ArrayRef) -> Result<impl Iterator<Item = u32> + '_> {
    let values = int32(array)?;
    Ok((0..array.len()).map(move |row| {
        if array.is_valid(row) {
            values[row] as u32
        } else {
            0
        }
    }))
}

pub(super) fn bools(array: &ArrayRef) -> Result<RowSet> {
    let array: &BooleanArray = of_type(array)?;
    Ok(RowSet::from_fn(array.len(), |row| array.value(row)))
}

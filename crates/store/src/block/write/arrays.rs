//! Arrow arrays from plain iterators; what does not fit is an error.

use std::sync::Arc;

use arrow_array::types::Int32Type;
use arrow_array::{
    ArrayRef, BinaryArray, DictionaryArray, FixedSizeBinaryArray, Int32Array, StringArray,
};
use arrow_buffer::{BooleanBufferBuilder, Buffer, NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow_schema::{ArrowError, DataType};

/// The type of dictionary columns.
pub(super) fn dictionary_of(values: DataType) -> DataType {
    DataType::Dictionary(Box::new(DataType::Int32), Box::new(values))
}

/// Ids of N bytes.
pub(super) fn ids<const N: usize>(
    ids: impl Iterator<Item = [u8; N]>,
    nulls: Option<NullBuffer>,
) -> Result<ArrayRef, ArrowError> {
    let bytes: Vec<u8> = ids.flatten().collect();
    let array = FixedSizeBinaryArray::try_new(N as i32, Buffer::from_vec(bytes), nulls)?;
    Ok(Arc::new(array))
}

/// Rows of a dictionary column.
pub(super) fn coded(keys: Int32Array, values: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    let array = DictionaryArray::<Int32Type>::try_new(keys, values.clone())?;
    Ok(Arc::new(array))
}

/// Values of a sparse column, given as (row, entry) in any order, and which rows
/// are null. Costs what the entries cost: most columns are empty in most rows.
pub(super) fn spread<T: Clone + Default>(
    entries: &[(u32, u32)],
    rows: usize,
    value: impl Fn(usize) -> T,
) -> (Vec<T>, Option<NullBuffer>) {
    let mut values = vec![T::default(); rows];
    let mut valid = BooleanBufferBuilder::new(rows);
    valid.append_n(rows, false);
    for (row, entry) in entries {
        values[*row as usize] = value(*entry as usize);
        valid.set_bit(*row as usize, true);
    }
    let nulls = (entries.len() < rows).then(|| NullBuffer::new(valid.finish()));
    (values, nulls)
}

/// Texts, null where `None`.
pub(super) fn texts<'a>(
    texts: impl Iterator<Item = Option<&'a str>>,
) -> Result<StringArray, ArrowError> {
    let (offsets, bytes, nulls) = pack(texts.map(|text| text.map(str::as_bytes)))?;
    StringArray::try_new(offsets, bytes, nulls)
}

/// Byte strings, null where `None`.
pub(super) fn blobs<'a>(
    blobs: impl Iterator<Item = Option<&'a [u8]>>,
) -> Result<BinaryArray, ArrowError> {
    let (offsets, bytes, nulls) = pack(blobs)?;
    BinaryArray::try_new(offsets, bytes, nulls)
}

type Packed = (OffsetBuffer<i32>, Buffer, Option<NullBuffer>);

fn pack<'a>(values: impl Iterator<Item = Option<&'a [u8]>>) -> Result<Packed, ArrowError> {
    let (mut offsets, mut bytes, mut valid) = (vec![0i32], Vec::new(), Vec::new());
    for value in values {
        bytes.extend_from_slice(value.unwrap_or_default());
        valid.push(value.is_some());
        let end = i32::try_from(bytes.len());
        offsets.push(end.map_err(|_| too_large())?);
    }
    let offsets = OffsetBuffer::new(ScalarBuffer::from(offsets));
    let nulls = Some(NullBuffer::from(valid)).filter(|nulls| nulls.null_count() > 0);
    Ok((offsets, Buffer::from_vec(bytes), nulls))
}

/// Byte strings that were written one after another into `bytes`; `ends` says
/// where each ends, and an empty one is null.
pub(super) fn blobs_of(bytes: Vec<u8>, ends: &[usize]) -> Result<BinaryArray, ArrowError> {
    if i32::try_from(bytes.len()).is_err() {
        return Err(too_large());
    }
    let offsets = std::iter::once(0)
        .chain(ends.iter().map(|end| *end as i32))
        .collect();
    let starts = std::iter::once(&0).chain(ends);
    let valid: NullBuffer = starts.zip(ends).map(|(start, end)| start < end).collect();
    let nulls = Some(valid).filter(|nulls| nulls.null_count() > 0);
    BinaryArray::try_new(OffsetBuffer::new(offsets), Buffer::from_vec(bytes), nulls)
}

fn too_large() -> ArrowError {
    ArrowError::InvalidArgumentError("a column has more than 2 GiB in one row group".to_owned())
}

//! Decimals of Arrow IPC files. Writers leave buffers that do not shrink as they are within a compressed file; polars reads
//! such a buffer of numbers of 16 bytes only if it happens to lie at an address of 16. As bytes it reads them all.

use polars_arrow::array::{Array, FixedSizeBinaryArray, PrimitiveArray};
use polars_arrow::datatypes::ArrowDataType;

/// Bytes of a decimal.
const WIDTH: usize = 16;

/// The type as which a column is read from the file.
pub(super) fn in_file(dtype: &ArrowDataType) -> ArrowDataType {
    match dtype {
        ArrowDataType::Decimal(..) => ArrowDataType::FixedSizeBinary(WIDTH),
        other => other.clone(),
    }
}

/// The values read, with the type of the column.
pub(super) fn as_column(array: Box<dyn Array>, dtype: &ArrowDataType) -> Box<dyn Array> {
    let ArrowDataType::Decimal(..) = dtype else { return array };
    let Some(bytes) = array.as_any().downcast_ref::<FixedSizeBinaryArray>() else { return array };
    let (numbers, _) = bytes.values().as_chunks::<WIDTH>();
    let numbers: Vec<i128> = numbers.iter().map(|number| i128::from_le_bytes(*number)).collect();
    PrimitiveArray::new(dtype.clone(), numbers.into(), bytes.validity().cloned()).boxed()
}

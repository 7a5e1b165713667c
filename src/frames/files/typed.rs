//! Types of columns: which can be read, and what they are called in messages.

use polars::prelude::*;
use polars_arrow::array::{Array, FixedSizeBinaryArray, Utf8ViewArray};
use polars_arrow::datatypes::ExtensionType;

/// Arrow's name of UUIDs, 16 bytes each (<https://arrow.apache.org/docs/format/CanonicalExtensions.html#uuid>).
pub const UUID: &str = "arrow.uuid";
/// Bytes of one.
const UUID_BYTES: usize = 16;

/// The type of UUIDs, which are read as texts in their canonical form.
#[must_use]
pub fn uuid() -> ArrowDataType {
    let inner = ArrowDataType::FixedSizeBinary(UUID_BYTES);
    ArrowDataType::Extension(Box::new(ExtensionType { name: UUID.into(), inner, metadata: None }))
}

fn is_uuid(dtype: &ArrowDataType) -> bool {
    matches!(dtype, ArrowDataType::Extension(extension)
        if extension.name == UUID && extension.inner == ArrowDataType::FixedSizeBinary(UUID_BYTES))
}

/// The type of the column that [`series_of`] makes.
#[must_use]
pub(super) fn column_type(field: &ArrowField) -> DataType {
    if is_uuid(&field.dtype) { DataType::String } else { DataType::from_arrow_field(field) }
}

/// UUIDs in their canonical form, such as `123e4567-e89b-12d3-a456-426614174000`.
fn uuid_texts(array: &dyn Array) -> Box<dyn Array> {
    let canonical = |bytes: &[u8]| {
        let hex = |part: &[u8]| part.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let parts = [0..4, 4..6, 6..8, 8..10, 10..16];
        parts.map(|part| bytes.get(part).map(hex).unwrap_or_default()).join("-")
    };
    let bytes = array.as_any().downcast_ref::<FixedSizeBinaryArray>();
    let texts = bytes.into_iter().flat_map(|array| array.iter().map(|cell| cell.map(canonical)));
    Utf8ViewArray::from_slice(texts.collect::<Vec<_>>()).boxed()
}

/// True if columns of this type can be used by some role.
#[must_use]
pub fn is_readable(dtype: &ArrowDataType) -> bool {
    use ArrowDataType as D;
    match dtype {
        D::Null
        | D::Boolean
        | D::Int8
        | D::Int16
        | D::Int32
        | D::Int64
        | D::Int128
        | D::UInt8
        | D::UInt16
        | D::UInt32
        | D::UInt64
        | D::Float32
        | D::Float64
        | D::Timestamp(..)
        | D::Date32
        | D::Date64
        | D::Time32(_)
        | D::Time64(_)
        | D::Duration(_)
        | D::Utf8
        | D::LargeUtf8
        | D::Utf8View
        | D::Decimal(..)
        | D::Decimal32(..)
        | D::Decimal64(..) => true,
        D::Dictionary(_, values, _) => !matches!(**values, D::Dictionary(..)) && is_readable(values),
        other => is_uuid(other),
    }
}

/// The type as it is read: times with a zone are instants, whichever zone they are shown in. polars knows fewer zones
/// than Arrow files have.
#[must_use]
pub fn read_as(dtype: ArrowDataType) -> ArrowDataType {
    match dtype {
        ArrowDataType::Timestamp(unit, Some(zone)) => {
            ArrowDataType::Timestamp(unit, (!zone.is_empty()).then(|| "UTC".into()))
        }
        ArrowDataType::Dictionary(key, values, ordered) => {
            ArrowDataType::Dictionary(key, Box::new(read_as(*values)), ordered)
        }
        other => other,
    }
}

/// The type in which the values of a column are taken over, before [`series_of`] makes a column of them. polars wraps
/// round seconds that are too many for its milliseconds; they come as the numbers they are.
#[must_use]
pub fn stored_as(dtype: &ArrowDataType) -> ArrowDataType {
    match dtype {
        ArrowDataType::Timestamp(ArrowTimeUnit::Second, _) | ArrowDataType::Duration(ArrowTimeUnit::Second) => {
            ArrowDataType::Int64
        }
        uuid if is_uuid(uuid) => ArrowDataType::FixedSizeBinary(UUID_BYTES),
        ArrowDataType::Dictionary(key, values, ordered) => {
            ArrowDataType::Dictionary(*key, Box::new(stored_as(values)), *ordered)
        }
        other => other.clone(),
    }
}

/// The column of a field whose chunks are of the type that [`stored_as`] says. Seconds become milliseconds; those that
/// are too many become the last or first of them, which is out of the range of times.
///
/// # Errors
/// Errors of polars, if chunks and type do not fit.
pub fn series_of(field: &ArrowField, chunks: Vec<Box<dyn Array>>) -> PolarsResult<Series> {
    if is_uuid(&field.dtype) {
        let texts = chunks.iter().map(|chunk| uuid_texts(&**chunk)).collect::<Vec<_>>();
        return Series::try_from((field.name.clone(), texts));
    }
    let stored = ArrowField { dtype: stored_as(&field.dtype), ..field.clone() };
    let series = Series::try_from((&stored, chunks))?;
    if stored.dtype == field.dtype {
        return Ok(series);
    }
    let millis: Int64Chunked = series.i64()?.apply_values(|seconds| seconds.saturating_mul(1_000));
    millis.into_series().cast(&DataType::from_arrow_field(field))
}

/// The name of a type, as polars writes it.
#[must_use]
pub fn type_name(dtype: &ArrowDataType) -> String {
    use ArrowDataType as D;
    let unit = |unit: &ArrowTimeUnit| match unit {
        ArrowTimeUnit::Second => "s",
        ArrowTimeUnit::Millisecond => "ms",
        ArrowTimeUnit::Microsecond => "us",
        ArrowTimeUnit::Nanosecond => "ns",
    };
    match dtype {
        D::Null => "null".into(),
        D::Boolean => "bool".into(),
        D::Int8 => "i8".into(),
        D::Int16 => "i16".into(),
        D::Int32 => "i32".into(),
        D::Int64 => "i64".into(),
        D::Int128 => "i128".into(),
        D::UInt8 => "u8".into(),
        D::UInt16 => "u16".into(),
        D::UInt32 => "u32".into(),
        D::UInt64 => "u64".into(),
        D::UInt128 => "u128".into(),
        D::Float16 => "f16".into(),
        D::Float32 => "f32".into(),
        D::Float64 => "f64".into(),
        D::Utf8 | D::LargeUtf8 | D::Utf8View => "str".into(),
        D::Binary | D::LargeBinary | D::BinaryView => "binary".into(),
        D::FixedSizeBinary(width) => format!("fixed_size_binary[{width}]"),
        D::Date32 => "date".into(),
        D::Date64 => "date64".into(),
        D::Timestamp(u, None) => format!("datetime[{}]", unit(u)),
        D::Timestamp(u, Some(zone)) => format!("datetime[{}, {zone}]", unit(u)),
        D::Time32(_) | D::Time64(_) => "time".into(),
        D::Duration(u) => format!("duration[{}]", unit(u)),
        D::Interval(_) => "interval".into(),
        D::List(field) | D::LargeList(field) => format!("list[{}]", type_name(&field.dtype)),
        D::FixedSizeList(field, width) => format!("array[{}, {width}]", type_name(&field.dtype)),
        D::Struct(fields) => format!("struct[{}]", fields.len()),
        D::Map(..) => "map".into(),
        D::Union(_) => "union".into(),
        D::Dictionary(_, values, _) => format!("dictionary[{}]", type_name(values)),
        D::Decimal(precision, scale) | D::Decimal32(precision, scale) | D::Decimal64(precision, scale) => {
            format!("decimal[{precision},{scale}]")
        }
        D::Decimal256(precision, scale) => format!("decimal256[{precision},{scale}]"),
        uuid if is_uuid(uuid) => "uuid".into(),
        D::Extension(extension) => format!("extension[{}]", extension.name),
        other => format!("{other:?}").to_lowercase(),
    }
}

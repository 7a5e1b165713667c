//! Types of an IPC file, and how many buffers columns of types that are not read have.

use polars::prelude::{ArrowDataType, ArrowField, ArrowTimeUnit, PlSmallStr};
use polars_arrow::datatypes::{IntegerType, Metadata};
use polars_arrow::io::ipc::format::ipc::planus::Error;
use polars_arrow::io::ipc::format::ipc::{self as fb, FieldRef, TypeRef};

use super::typed::{UUID, read_as, type_name, uuid};

/// A column of an IPC file.
#[derive(Debug)]
pub(super) struct IpcColumn {
    pub(super) name: String,
    /// The name of its type.
    pub(super) dtype: String,
    /// What it is, if it is of a type with one value per row.
    pub(super) field: Option<ArrowField>,
    pub(super) dictionary: Option<i64>,
    /// What it has in a batch.
    pub(super) stand_ins: Vec<StandIn>,
}

/// Something with one node and so many buffers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StandIn {
    None,
    One,
    Two,
    Three,
    /// Two, and as many more as the batch says.
    View,
}

impl StandIn {
    /// A type that has these buffers.
    pub(super) fn dtype(self) -> ArrowDataType {
        match self {
            Self::None => ArrowDataType::Null,
            Self::One => ArrowDataType::Struct(Vec::new()),
            Self::Two => ArrowDataType::Int8,
            Self::Three => ArrowDataType::Utf8,
            Self::View => ArrowDataType::Utf8View,
        }
    }
}

/// What the schema says of a column.
pub(super) fn column_of(field: FieldRef<'_>) -> Result<IpcColumn, Error> {
    let name = field.name()?.unwrap_or("").to_owned();
    let mut metadata = Metadata::new();
    for pair in field.custom_metadata()?.into_iter().flatten() {
        let pair = pair?;
        if let (Some(key), Some(value)) = (pair.key()?, pair.value()?) {
            metadata.insert(key.into(), value.into());
        }
    }
    let mut stand_ins = Vec::new();
    stand_ins_of(field, &mut stand_ins, 0)?;
    let extension = metadata.get("ARROW:extension:name");
    let is_uuid = extension.is_some_and(|name| name == UUID);
    let extension = extension.filter(|_| !is_uuid).map(|name| format!("extension[{name}]"));
    let dictionary = field.dictionary()?;
    let mut dtype = match field.type_()? {
        Some(TypeRef::FixedSizeBinary(f)) if is_uuid && f.byte_width()? == 16 => Some(uuid()),
        _ => flat_type(field)?,
    };
    if let (Some(dictionary), Some(values)) = (dictionary, &dtype) {
        let index = dictionary.index_type()?.map(integer).transpose()?.flatten().unwrap_or(IntegerType::Int32);
        dtype = Some(ArrowDataType::Dictionary(index, Box::new(values.clone()), dictionary.is_ordered()?));
    }
    let shown = match (&extension, &dtype) {
        (Some(extension), _) => extension.clone(),
        (None, Some(dtype)) => type_name(dtype),
        (None, None) => nested_name(field, 0)?,
    };
    let field = dtype.filter(|_| extension.is_none()).map(|dtype| ArrowField {
        name: PlSmallStr::from_str(&name),
        dtype: read_as(dtype),
        is_nullable: true,
        metadata: (!metadata.is_empty()).then(|| std::sync::Arc::new(metadata)),
    });
    let id = dictionary.map(|d| d.id()).transpose()?;
    Ok(IpcColumn { name, dtype: shown, field, dictionary: id, stand_ins })
}

fn integer(int: fb::IntRef<'_>) -> Result<Option<IntegerType>, Error> {
    Ok(match (int.bit_width()?, int.is_signed()?) {
        (8, true) => Some(IntegerType::Int8),
        (16, true) => Some(IntegerType::Int16),
        (32, true) => Some(IntegerType::Int32),
        (64, true) => Some(IntegerType::Int64),
        (8, false) => Some(IntegerType::UInt8),
        (16, false) => Some(IntegerType::UInt16),
        (32, false) => Some(IntegerType::UInt32),
        (64, false) => Some(IntegerType::UInt64),
        _ => None,
    })
}

fn unit(unit: fb::TimeUnit) -> ArrowTimeUnit {
    match unit {
        fb::TimeUnit::Second => ArrowTimeUnit::Second,
        fb::TimeUnit::Millisecond => ArrowTimeUnit::Millisecond,
        fb::TimeUnit::Microsecond => ArrowTimeUnit::Microsecond,
        fb::TimeUnit::Nanosecond => ArrowTimeUnit::Nanosecond,
    }
}

/// The type of a column with one value per row; of its values, if it has a dictionary.
fn flat_type(field: FieldRef<'_>) -> Result<Option<ArrowDataType>, Error> {
    use ArrowDataType as D;
    Ok(match field.type_()? {
        Some(TypeRef::Null(_)) => Some(D::Null),
        Some(TypeRef::Bool(_)) => Some(D::Boolean),
        Some(TypeRef::Int(int)) => integer(int)?.map(D::from),
        Some(TypeRef::FloatingPoint(float)) => Some(match float.precision()? {
            fb::Precision::Half => D::Float16,
            fb::Precision::Single => D::Float32,
            fb::Precision::Double => D::Float64,
        }),
        Some(TypeRef::Utf8(_)) => Some(D::Utf8),
        Some(TypeRef::LargeUtf8(_)) => Some(D::LargeUtf8),
        Some(TypeRef::Utf8View(_)) => Some(D::Utf8View),
        Some(TypeRef::Date(date)) => Some(match date.unit()? {
            fb::DateUnit::Day => D::Date32,
            fb::DateUnit::Millisecond => D::Date64,
        }),
        Some(TypeRef::Timestamp(t)) => Some(D::Timestamp(unit(t.unit()?), t.timezone()?.map(PlSmallStr::from_str))),
        Some(TypeRef::Time(t)) => match (t.bit_width()?, unit(t.unit()?)) {
            (32, u @ (ArrowTimeUnit::Second | ArrowTimeUnit::Millisecond)) => Some(D::Time32(u)),
            (64, u @ (ArrowTimeUnit::Microsecond | ArrowTimeUnit::Nanosecond)) => Some(D::Time64(u)),
            _ => None,
        },
        Some(TypeRef::Duration(d)) => Some(D::Duration(unit(d.unit()?))),
        Some(TypeRef::Decimal(d)) => {
            let (precision, scale) = (usize::try_from(d.precision()?), usize::try_from(d.scale()?));
            match (d.bit_width()?, precision, scale) {
                (32, Ok(p), Ok(s)) => Some(D::Decimal32(p, s)),
                (64, Ok(p), Ok(s)) => Some(D::Decimal64(p, s)),
                (128, Ok(p), Ok(s)) => Some(D::Decimal(p, s)),
                (256, Ok(p), Ok(s)) => Some(D::Decimal256(p, s)),
                _ => None,
            }
        }
        Some(TypeRef::Binary(_) | TypeRef::LargeBinary(_) | TypeRef::BinaryView(_)) => Some(D::Binary),
        _ => None,
    })
}

/// Schemas that are nested deeper are damaged.
const DEEPEST: usize = 64;

#[allow(clippy::redundant_closure_for_method_calls, reason = "the crate of its type is not one of ours")]
fn nested_name(field: FieldRef<'_>, depth: usize) -> Result<String, Error> {
    if depth > DEEPEST {
        return Ok("nested".into());
    }
    let child = |field: FieldRef<'_>| -> Result<String, Error> {
        match field.children()?.and_then(|children| children.get(0)) {
            Some(child) => match flat_type(child?)? {
                Some(dtype) => Ok(type_name(&dtype)),
                None => nested_name(child?, depth + 1),
            },
            None => Ok("?".into()),
        }
    };
    Ok(match field.type_()? {
        Some(TypeRef::List(_) | TypeRef::LargeList(_)) => format!("list[{}]", child(field)?),
        Some(TypeRef::ListView(_) | TypeRef::LargeListView(_)) => format!("list_view[{}]", child(field)?),
        Some(TypeRef::FixedSizeList(list)) => format!("array[{}, {}]", child(field)?, list.list_size()?),
        Some(TypeRef::Struct(_)) => format!("struct[{}]", field.children()?.map_or(0, |c| c.len())),
        Some(TypeRef::FixedSizeBinary(f)) => format!("fixed_size_binary[{}]", f.byte_width()?),
        Some(TypeRef::RunEndEncoded(_)) => "run_end_encoded".into(),
        Some(TypeRef::Union(_)) => "union".into(),
        Some(TypeRef::Map(_)) => "map".into(),
        Some(TypeRef::Interval(_)) => "interval".into(),
        Some(TypeRef::Int(int)) => format!("{}{}", if int.is_signed()? { "i" } else { "u" }, int.bit_width()?),
        Some(TypeRef::Decimal(d)) => format!("decimal{}[{},{}]", d.bit_width()?, d.precision()?, d.scale()?),
        _ => "of an unknown type".into(),
    })
}

fn stand_ins_of(field: FieldRef<'_>, out: &mut Vec<StandIn>, depth: usize) -> Result<(), Error> {
    if field.dictionary()?.is_some() {
        // The values are in another message.
        out.push(StandIn::Two);
        return Ok(());
    }
    out.push(match field.type_()? {
        None | Some(TypeRef::Null(_) | TypeRef::RunEndEncoded(_)) => StandIn::None,
        Some(TypeRef::Struct(_) | TypeRef::FixedSizeList(_)) => StandIn::One,
        Some(TypeRef::Union(union)) => match union.mode()? {
            fb::UnionMode::Sparse => StandIn::One,
            fb::UnionMode::Dense => StandIn::Two,
        },
        Some(
            TypeRef::Utf8(_)
            | TypeRef::LargeUtf8(_)
            | TypeRef::Binary(_)
            | TypeRef::LargeBinary(_)
            | TypeRef::ListView(_)
            | TypeRef::LargeListView(_),
        ) => StandIn::Three,
        Some(TypeRef::Utf8View(_) | TypeRef::BinaryView(_)) => StandIn::View,
        Some(_) => StandIn::Two,
    });
    if depth < DEEPEST {
        for child in field.children()?.into_iter().flatten() {
            stand_ins_of(child?, out, depth + 1)?;
        }
    }
    Ok(())
}

//! Tables of other libraries, by the Arrow C stream protocol
//! (<https://arrow.apache.org/docs/format/CDataInterface/PyCapsuleInterface.html>).
//!
//! Only the columns that are used are taken over: the others may have types that no library here knows.

use std::ffi::{CStr, c_char, c_int, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};

use leadlens::frames::{
    Offered, Picked, Table, UUID, Wanted, index_columns, is_readable, read_as, series_of, stored_as, type_name, uuid,
};
use leadlens::{Error, Stop};
use polars::prelude::*;
use polars_arrow::array::{Array, new_empty_array};
use polars_arrow::datatypes::Field;
use polars_arrow::ffi::{ArrowArray, ArrowSchema, import_array_from_c, import_field_from_c};
use pyo3::exceptions::{PyException, PyImportError, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::PyCapsule;

/// The structures of the C interface; their layout is part of the protocol.
#[repr(C)]
struct Schema {
    format: *const c_char,
    name: *const c_char,
    metadata: *const c_char,
    flags: i64,
    n_children: i64,
    children: *mut *mut Schema,
    dictionary: *mut Schema,
    release: Option<unsafe extern "C" fn(*mut Schema)>,
    private_data: *mut c_void,
}

#[repr(C)]
struct Batch {
    length: i64,
    null_count: i64,
    offset: i64,
    n_buffers: i64,
    n_children: i64,
    buffers: *mut *const c_void,
    children: *mut *mut Batch,
    dictionary: *mut Batch,
    release: Option<unsafe extern "C" fn(*mut Batch)>,
    private_data: *mut c_void,
}

#[repr(C)]
struct RawStream {
    get_schema: Option<unsafe extern "C" fn(*mut RawStream, *mut Schema) -> c_int>,
    get_next: Option<unsafe extern "C" fn(*mut RawStream, *mut Batch) -> c_int>,
    get_last_error: Option<unsafe extern "C" fn(*mut RawStream) -> *const c_char>,
    release: Option<unsafe extern "C" fn(*mut RawStream)>,
    private_data: *mut c_void,
}

macro_rules! released_when_dropped {
    ($($name:ident),*) => {$(
        impl $name {
            /// What a producer writes into: released.
            fn empty() -> Self {
                // SAFETY: null pointers, zeros and `None` are valid values of all fields.
                unsafe { std::mem::zeroed() }
            }
        }

        impl Drop for $name {
            fn drop(&mut self) {
                if let Some(release) = self.release {
                    // SAFETY: the protocol asks the owner to call `release` once; it sets it to null.
                    unsafe { release(self) };
                }
            }
        }
    )*};
}
released_when_dropped!(Schema, Batch, RawStream);

/// A stream taken out of its capsule; it can be read without the GIL.
pub(crate) struct Stream(Box<RawStream>);

// SAFETY: the C data interface requires a stream to be usable from any thread, one at a time; `Stream` owns it.
unsafe impl Send for Stream {}

/// Takes the stream of a table: any object with `__arrow_c_stream__`.
pub(crate) fn take_stream(table: &Bound<'_, PyAny>) -> PyResult<Stream> {
    if !table.hasattr("__arrow_c_stream__")? {
        let name = table.get_type().name()?;
        return Err(PyTypeError::new_err(format!(
            "a table must be a path, or an object with __arrow_c_stream__ (polars, pandas ≥ 2.2, pyarrow, DuckDB), not {name}"
        )));
    }
    let capsule = match table.call_method0("__arrow_c_stream__") {
        // One column that Arrow has no type for stops the whole frame of pandas.
        Err(e)
            if table.hasattr("iloc")?
                && e.is_instance_of::<PyException>(table.py())
                && !e.is_instance_of::<PyImportError>(table.py()) =>
        {
            let readable = table.py().import("leadlens._frames")?.getattr("readable_table")?;
            readable.call1((table,)).map_err(|_| e)?.call_method0("__arrow_c_stream__")?
        }
        taken => taken?,
    };
    let capsule = capsule.cast_into::<PyCapsule>()?;
    let pointer = capsule.pointer_checked(Some(c"arrow_array_stream"))?.cast::<RawStream>();
    // SAFETY: a capsule of that name holds a valid stream; moving it out and leaving an empty (released) one is what
    // the protocol asks of a consumer.
    let stream = unsafe { std::ptr::replace(pointer.as_ptr(), RawStream::empty()) };
    Ok(Stream(Box::new(stream)))
}

impl Stream {
    fn said(&mut self, status: c_int) -> String {
        let Some(last_error) = self.0.get_last_error else { return format!("error {status}") };
        // SAFETY: the producer gives null or a text that is valid until the next call.
        let text = unsafe {
            let text = last_error(&raw mut *self.0);
            if text.is_null() { None } else { Some(CStr::from_ptr(text).to_string_lossy().into_owned()) }
        };
        text.unwrap_or_else(|| format!("error {status}"))
    }

    fn schema(&mut self) -> Result<Schema, String> {
        let (Some(get_schema), Some(_)) = (self.0.get_schema, self.0.release) else {
            return Err("the stream was already consumed".into());
        };
        let mut schema = Schema::empty();
        // SAFETY: a valid stream that was not released writes a schema, or gives an error number.
        match unsafe { get_schema(&raw mut *self.0, &raw mut schema) } {
            0 => Ok(schema),
            status => Err(self.said(status)),
        }
    }

    fn next(&mut self) -> Result<Option<Batch>, String> {
        let Some(get_next) = self.0.get_next else { return Err("the stream is empty".into()) };
        let mut batch = Batch::empty();
        // SAFETY: as above; a released batch is the end.
        match unsafe { get_next(&raw mut *self.0, &raw mut batch) } {
            0 => Ok(batch.release.is_some().then_some(batch)),
            status => Err(self.said(status)),
        }
    }
}

/// The text at a pointer, empty if it is null.
fn text<'a>(pointer: *const c_char) -> &'a str {
    if pointer.is_null() {
        return "";
    }
    // SAFETY: the schema holds a text that ends with zero, for as long as it lives; callers do not keep it longer.
    unsafe { CStr::from_ptr(pointer) }.to_str().unwrap_or("")
}

impl Schema {
    fn children(&self) -> impl Iterator<Item = &Self> {
        let n = if self.children.is_null() { 0 } else { usize::try_from(self.n_children).unwrap_or(0) };
        // SAFETY: a valid schema has so many children, which live as long as it does.
        (0..n).filter_map(move |i| unsafe { (*self.children.add(i)).as_ref() })
    }

    fn dictionary(&self) -> Option<&Self> {
        // SAFETY: null, or a schema that lives as long as this one.
        unsafe { self.dictionary.as_ref() }
    }

    /// Whether columns have one value per row, of a type that polars can take over.
    fn is_flat(&self) -> bool {
        let format = text(self.format);
        let flat = matches!(
            format,
            "n" | "b" | "c" | "C" | "s" | "S" | "i" | "I" | "l" | "L" | "f" | "g" | "u" | "U" | "vu" | "_pli128"
        ) || matches!(format, "tdD" | "tdm" | "tts" | "ttm" | "ttu" | "ttn" | "tDs" | "tDm" | "tDu" | "tDn")
            || ["tss:", "tsm:", "tsu:", "tsn:"].iter().any(|start| format.starts_with(start))
            || format.strip_prefix("d:").is_some_and(is_small_decimal);
        flat && self.dictionary().is_none_or(Self::is_flat)
    }

    /// The field of a column of a flat type, or of UUIDs.
    fn field(&self) -> Option<Field> {
        if text(self.format) == "w:16" && self.metadata("ARROW:extension:name").as_deref() == Some(UUID) {
            return Some(Field::new(text(self.name).into(), uuid(), true));
        }
        if !self.is_flat() {
            return None;
        }
        let raw: *const Self = self;
        // SAFETY: both describe the one structure of the protocol.
        let field = unsafe { import_field_from_c(&*raw.cast::<ArrowSchema>()) }.ok()?;
        Some(Field { dtype: read_as(field.dtype.clone()), ..field })
    }

    /// The name of a type that polars cannot take over.
    fn shown(&self) -> String {
        if let Some(values) = self.dictionary() {
            return format!("dictionary[{}]", values.type_name());
        }
        let format = text(self.format);
        let child = || self.children().next().map_or_else(String::new, Self::type_name);
        match format {
            "+l" | "+L" => format!("list[{}]", child()),
            "+vl" | "+vL" => format!("list_view[{}]", child()),
            "+s" => format!("struct[{}]", self.n_children),
            "+m" => "map".into(),
            "+r" => format!("run_end_encoded[{}]", self.children().nth(1).map_or_else(String::new, Self::type_name)),
            "z" | "Z" | "vz" => "binary".into(),
            "e" => "f16".into(),
            "tiM" | "tiD" | "tin" => "interval".into(),
            _ if format.starts_with("+u") => "union".into(),
            _ if format.starts_with("+w:") => format!("array[{}, {}]", child(), format.get(3..).unwrap_or("")),
            _ if format.starts_with("w:") => format!("fixed_size_binary[{}]", format.get(2..).unwrap_or("")),
            _ => match format.strip_prefix("d:").map(|d| d.split(',').collect::<Vec<_>>()).as_deref() {
                Some([precision, scale, bits]) => format!("decimal{bits}[{precision},{scale}]"),
                _ => format!("'{format}'"),
            },
        }
    }

    fn type_name(&self) -> String {
        self.field().map_or_else(|| self.shown(), |field| type_name(&field.dtype))
    }

    fn offered(&self) -> Offered {
        // A column that Python could not hand over: see `_frames.py`.
        let of_child = || self.children().find_map(|child| text(child.name).strip_prefix("leadlens.unreadable="));
        if let Some(kind) = self.metadata("leadlens.unreadable").or_else(|| of_child().map(ToOwned::to_owned)) {
            return Offered { name: text(self.name).to_owned(), dtype: kind, readable: false };
        }
        let field = self.field();
        Offered {
            name: text(self.name).to_owned(),
            dtype: field.as_ref().map_or_else(|| self.shown(), |field| type_name(&field.dtype)),
            readable: field.is_some_and(|field| is_readable(&field.dtype)),
        }
    }

    /// The metadata under a key.
    fn metadata(&self, key: &str) -> Option<String> {
        if self.metadata.is_null() {
            return None;
        }
        let mut at = self.metadata.cast::<u8>();
        let mut take = |n: usize| {
            // SAFETY: the protocol lays pairs out as lengths and bytes, one after the other, as they are read here.
            let bytes = unsafe { std::slice::from_raw_parts(at, n) };
            at = unsafe { at.add(n) };
            bytes
        };
        let number = |bytes: &[u8]| bytes.try_into().map(i32::from_ne_bytes).ok().and_then(|n| usize::try_from(n).ok());
        for _ in 0..number(take(4))? {
            let length = number(take(4))?;
            let found = take(length) == key.as_bytes();
            let length = number(take(4))?;
            let value = take(length);
            if found {
                return Some(String::from_utf8_lossy(value).into_owned());
            }
        }
        None
    }
}

/// Whether `precision,scale` or `precision,scale,bits` is of at most 128 bits.
fn is_small_decimal(parameters: &str) -> bool {
    let numbers: Option<Vec<u32>> = parameters.split(',').map(|n| n.parse().ok()).collect();
    matches!(numbers.as_deref(), Some([precision, scale] | [precision, scale, 32 | 64 | 128]) if scale <= precision)
}

impl Batch {
    /// Takes a column out of the batch.
    fn take(&mut self, place: usize) -> Option<Self> {
        if self.children.is_null() || i64::try_from(place).ok()? >= self.n_children {
            return None;
        }
        // SAFETY: the protocol lets a consumer move children out of their parent, leaving released ones.
        unsafe {
            let child = *self.children.add(place);
            if child.is_null() || (*child).release.is_none() {
                None
            } else {
                Some(std::ptr::replace(child, Self::empty()))
            }
        }
    }

    fn into_array(self, field: &Field) -> PolarsResult<Box<dyn Array>> {
        let raw = std::mem::ManuallyDrop::new(self);
        // SAFETY: both describe the one structure of the protocol, and `raw` is not released here.
        let array = unsafe { std::ptr::read((&raw const raw).cast::<ArrowArray>()) };
        // SAFETY: the producer promises that the array is of the type of its schema.
        unsafe { import_array_from_c(array, stored_as(&field.dtype)) }
    }
}

/// Reads the wanted columns of a stream into a table. Columns of types that no role can use are left out, so a
/// table with one need not be changed.
pub(crate) fn read_stream(stream: Stream, name: &str, wanted: &Wanted) -> Result<Table, Error> {
    let read = catch_unwind(AssertUnwindSafe(|| read_columns(stream, name, wanted)));
    // A library cannot take over what another one made: the table is at fault, not the program.
    read.unwrap_or_else(|_| Err(Error::schema(name, None, "the Arrow data is invalid or of an unsupported type")))
}

fn read_columns(mut stream: Stream, name: &str, wanted: &Wanted) -> Result<Table, Error> {
    let failed = |problem: String| Error::schema(name, None, problem);
    let schema = stream.schema().map_err(failed)?;
    if text(schema.format) != "+s" {
        return Err(failed("the object is a single column; pass a table".into()));
    }
    let offered: Vec<Offered> = schema.children().map(Schema::offered).collect();
    let index = schema.metadata("pandas").map(|text| index_columns(&text)).unwrap_or_default();
    let picked = Picked::of(&offered, wanted, &index);
    let field = |(place, name): &(usize, String)| {
        let field = schema.children().nth(*place).and_then(Schema::field);
        field.map(|field| Field { name: name.as_str().into(), ..field })
    };
    let fields: Vec<Field> = picked.columns.iter().filter_map(field).collect();
    let mut chunks: Vec<Vec<Box<dyn Array>>> = vec![Vec::new(); fields.len()];
    let mut rows = 0;
    let stop = Stop::here();
    while let Some(mut batch) = stream.next().map_err(failed)? {
        stop.check()?;
        let (length, offset) = (usize::try_from(batch.length), usize::try_from(batch.offset));
        let (Ok(length), Ok(offset)) = (length, offset) else {
            return Err(failed("a batch has the wrong length".into()));
        };
        rows += length;
        for ((field, (place, name_of)), column) in fields.iter().zip(&picked.columns).zip(&mut chunks) {
            let wrong = |problem: String| Error::schema(name, Some(name_of), problem);
            let child = batch.take(*place).ok_or_else(|| wrong("a batch lacks the column".into()))?;
            let array = child.into_array(field).map_err(|e| wrong(e.to_string()))?;
            if offset.checked_add(length).is_none_or(|end| end > array.len()) {
                return Err(wrong(format!("a batch of {length} rows has {} values of the column", array.len())));
            }
            column.push(if array.len() == length { array } else { array.sliced(offset, length) });
        }
    }
    let columns = fields.iter().zip(chunks).map(|(field, mut chunks)| {
        if chunks.is_empty() {
            chunks.push(new_empty_array(stored_as(&field.dtype)));
        }
        let series = series_of(field, chunks);
        series.map(IntoColumn::into_column).map_err(|e| Error::schema(name, Some(field.name.as_str()), e.to_string()))
    });
    let columns = columns.collect::<Result<Vec<Column>, Error>>()?;
    Table::of_columns(name, rows, columns, picked)
}

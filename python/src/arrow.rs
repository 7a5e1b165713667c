//! Tables across the boundary, by the Arrow C stream protocol
//! (<https://arrow.apache.org/docs/format/CDataInterface/PyCapsuleInterface.html>).

use std::sync::{Mutex, MutexGuard, OnceLock, TryLockError};
use std::time::Duration;

use leadlens::frames::{Table, is_readable};
use leadlens::{Error, Stop, Task};
use polars::prelude::*;
use polars_arrow::array::{Array, StructArray};
use polars_arrow::datatypes::{ArrowDataType, Field};
use polars_arrow::ffi::{ArrowArrayStream, ArrowArrayStreamReader, export_iterator};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyTuple};

use crate::boundary::{enter, quick};
use crate::error::internal;
use crate::fork::forked;

/// A stream taken out of its capsule; it can be read without the GIL.
pub(crate) struct Stream(Box<ArrowArrayStream>);

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
    let capsule = table.call_method0("__arrow_c_stream__")?.cast_into::<PyCapsule>()?;
    let pointer = capsule.pointer_checked(Some(c"arrow_array_stream"))?.cast::<ArrowArrayStream>();
    // SAFETY: a capsule of that name holds a valid stream; moving it out and leaving an empty (released) one is what
    // the protocol asks of a consumer.
    let stream = unsafe { std::ptr::replace(pointer.as_ptr(), ArrowArrayStream::empty()) };
    Ok(Stream(Box::new(stream)))
}

/// Reads a stream into a table. Columns of types that no role can use (lists, structs, binary) are left out, so that
/// a table with one need not be changed.
pub(crate) fn read_stream(stream: Stream, name: &str) -> Result<Table, Error> {
    let failed = |problem: String| Error::schema(name, None, problem);
    // SAFETY: the stream came out of a capsule that promised a valid one.
    let mut reader = unsafe { ArrowArrayStreamReader::try_new(stream.0) }.map_err(|e| failed(e.to_string()))?;
    let ArrowDataType::Struct(fields) = reader.field().dtype().clone() else {
        return Err(failed("the object is one column, not a table".into()));
    };
    // Types are looked at before the first batch: some of them would panic on the way.
    let wanted: Vec<(usize, &Field)> = fields.iter().enumerate().filter(|(_, f)| is_readable(f.dtype())).collect();
    let unread =
        fields.iter().filter(|f| !is_readable(f.dtype())).map(|f| (f.name.to_string(), format!("{:?}", f.dtype())));
    let unread: Vec<(String, String)> = unread.collect();
    let mut chunks: Vec<Vec<Box<dyn Array>>> = vec![Vec::new(); wanted.len()];
    let stop = Stop::here();
    // SAFETY: as above.
    while let Some(batch) = unsafe { reader.next() } {
        stop.check()?;
        let batch = batch.map_err(|e| failed(e.to_string()))?;
        let Some(batch) = batch.as_any().downcast_ref::<StructArray>() else {
            return Err(failed("a batch is not a table".into()));
        };
        for ((i, _), column) in wanted.iter().zip(&mut chunks) {
            if let Some(values) = batch.values().get(*i) {
                column.push(values.clone());
            }
        }
    }
    let columns = wanted
        .into_iter()
        .zip(chunks)
        .map(|((_, field), chunks)| {
            let made = if chunks.is_empty() {
                Series::try_from((field, vec![polars_arrow::array::new_empty_array(field.dtype().clone())]))
            } else {
                Series::try_from((field, chunks))
            };
            made.map(IntoColumn::into_column).map_err(|e| Error::schema(name, Some(field.name.as_str()), e.to_string()))
        })
        .collect::<Result<Vec<Column>, Error>>()?;
    let frame = DataFrame::new_infer_height(columns).map_err(|e| failed(e.to_string()))?;
    let mut table = Table::new(name, frame);
    table.unread = unread;
    Ok(table)
}

type Make = Box<dyn Fn() -> Result<DataFrame, Error> + Send + Sync>;

/// A result table; read it with any library that knows Arrow. A large one may be made when it is first asked for.
#[pyclass(frozen, module = "leadlens._core")]
pub(crate) struct Frame {
    table: OnceLock<DataFrame>,
    make: Make,
    /// Held by the thread that makes the table.
    making: Mutex<()>,
}

impl From<DataFrame> for Frame {
    fn from(table: DataFrame) -> Self {
        Self { table: OnceLock::from(table), ..Self::later(|| Ok(DataFrame::empty())) }
    }
}

impl Frame {
    /// A table that is made when it is first asked for.
    pub(crate) fn later(make: impl Fn() -> Result<DataFrame, Error> + Send + Sync + 'static) -> Self {
        Self { table: OnceLock::new(), make: Box::new(make), making: Mutex::new(()) }
    }

    fn table(&self, py: Python<'_>) -> PyResult<&DataFrame> {
        if let Some(table) = self.table.get() {
            return Ok(table);
        }
        enter(py, None, |task| {
            let _one = self.turn(task)?;
            if self.table.get().is_none() {
                let _ = self.table.set((self.make)()?);
            }
            Ok(())
        })?;
        self.table.get().ok_or_else(|| internal("a table was not made"))
    }

    /// Waits, without the GIL, until no other thread makes the table.
    fn turn(&self, task: &Task) -> Result<Option<MutexGuard<'_, ()>>, Error> {
        loop {
            match self.making.try_lock() {
                Ok(turn) => return Ok(Some(turn)),
                Err(TryLockError::Poisoned(turn)) => return Ok(Some(turn.into_inner())),
                // It may be a thread of the parent that holds it, which never ends here: made twice at most.
                Err(TryLockError::WouldBlock) if forked() => return Ok(None),
                Err(TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(1)),
            }
            task.check()?;
        }
    }
}

#[pymethods]
impl Frame {
    #[pyo3(signature = (requested_schema=None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        // The protocol lets a producer ignore the schema asked for.
        drop(requested_schema);
        let table = self.table(py)?;
        // Consumers in a forked process may have no pool that joins chunks.
        let alone = forked();
        let frame = py.detach(|| {
            quick(|| {
                let mut frame = table.clone();
                if alone {
                    frame.rechunk_mut_par()
                } else {
                    frame.align_chunks_par()
                };
                Ok(frame)
            })
        })?;
        let schema = frame.schema().to_arrow(CompatLevel::newest());
        let dtype = ArrowDataType::Struct(schema.iter_values().cloned().collect());
        let field = Field::new("".into(), dtype.clone(), false);
        let batches: Vec<Box<dyn Array>> = frame
            .iter_chunks(CompatLevel::newest(), false)
            .map(|chunk| {
                Box::new(StructArray::new(dtype.clone(), chunk.len(), chunk.into_arrays(), None)) as Box<dyn Array>
            })
            .collect();
        let stream = export_iterator(Box::new(batches.into_iter().map(Ok)), field);
        PyCapsule::new_with_value(py, stream, c"arrow_array_stream")
    }

    #[getter]
    fn shape<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        self.table(py)?.shape().into_pyobject(py)
    }

    fn __len__(&self, py: Python<'_>) -> PyResult<usize> {
        Ok(self.table(py)?.height())
    }
}

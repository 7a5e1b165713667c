//! Result tables, by the Arrow C stream protocol
//! (<https://arrow.apache.org/docs/format/CDataInterface/PyCapsuleInterface.html>).

use std::sync::{Mutex, MutexGuard, OnceLock, TryLockError};
use std::time::Duration;

use leadlens::{Error, Task};
use polars::prelude::*;
use polars_arrow::array::{Array, StructArray};
use polars_arrow::datatypes::{ArrowDataType, Field};
use polars_arrow::ffi::export_iterator;
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyTuple};

use crate::boundary::{enter, quick};
use crate::error::internal;
use crate::fork::forked;

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
        self.table.get().ok_or_else(|| internal("a table was not built"))
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

    /// Tables never change: a copy is the same object.
    fn __copy__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __deepcopy__(slf: Py<Self>, _memo: &Bound<'_, PyAny>) -> Py<Self> {
        slf
    }

    #[getter]
    fn shape<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        self.table(py)?.shape().into_pyobject(py)
    }

    fn __len__(&self, py: Python<'_>) -> PyResult<usize> {
        Ok(self.table(py)?.height())
    }
}

//! Columns of the index: numbers in memory, or in a file that the system maps into it.

use std::any::Any;
use std::fs::File;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::path::{Path, PathBuf};
use std::ptr::NonNull;
use std::sync::Arc;

use bytemuck::Pod;
use bytemuck::allocation::try_zeroed_slice_box;
use memmap2::MmapMut;

use crate::error::{Error, Result};

/// Columns of fewer bytes are in memory: a file of their own would waste a page.
const FILES_FROM: usize = 1 << 20;

/// Numbers side by side, read only, whoever owns the memory. A clone shares it.
pub struct MappedColumn<T> {
    start: NonNull<T>,
    len: usize,
    /// Keeps the memory alive and in place.
    owner: Arc<dyn Any + Send + Sync>,
}

// SAFETY: a slab is read only, and its owner may be dropped by any thread.
unsafe impl<T: Send + Sync> Send for MappedColumn<T> {}
// SAFETY: as above.
unsafe impl<T: Send + Sync> Sync for MappedColumn<T> {}

impl<T: 'static> MappedColumn<T> {
    /// The numbers that `owner` gives; as `bytes::Bytes::from_owner`, it must give the same ones whenever asked.
    pub fn from_owner(owner: impl AsRef<[T]> + Send + Sync + 'static) -> Self {
        // The owner is on the heap before it is borrowed, and never moved or changed afterwards.
        let owner = Arc::new(owner);
        let slice = (*owner).as_ref();
        Self { start: NonNull::from(slice).cast(), len: slice.len(), owner }
    }
}

impl<T: Send + Sync + 'static> From<Vec<T>> for MappedColumn<T> {
    fn from(numbers: Vec<T>) -> Self {
        Self::from_owner(numbers)
    }
}

impl<T: Send + Sync + 'static> FromIterator<T> for MappedColumn<T> {
    fn from_iter<I: IntoIterator<Item = T>>(numbers: I) -> Self {
        Self::from(Vec::from_iter(numbers))
    }
}

impl<T: Send + Sync + 'static> Default for MappedColumn<T> {
    fn default() -> Self {
        Self::from(Vec::new())
    }
}

impl<T> Clone for MappedColumn<T> {
    fn clone(&self) -> Self {
        Self { start: self.start, len: self.len, owner: Arc::clone(&self.owner) }
    }
}

impl<T> Deref for MappedColumn<T> {
    type Target = [T];
    fn deref(&self) -> &[T] {
        // SAFETY: `start` and `len` came from one slice of `owner`, which lives as long as `self` and is not changed.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr(), self.len) }
    }
}

impl<'a, T> IntoIterator for &'a MappedColumn<T> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<T: std::fmt::Debug> std::fmt::Debug for MappedColumn<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.deref().fmt(f)
    }
}

impl<T: PartialEq> PartialEq for MappedColumn<T> {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl<T: Eq> Eq for MappedColumn<T> {}

/// Where a column is built.
#[derive(Debug, Clone)]
pub(super) enum ColumnPlace {
    /// In memory.
    Memory,
    /// In a nameless file of this folder, which the system writes out when memory is short.
    File(PathBuf),
}

enum MappedCells<T> {
    Plain(Box<[T]>),
    Mapped(MmapMut),
}

/// A column while it is built.
pub(super) struct SlabMut<T> {
    cells: MappedCells<T>,
    len: usize,
    of: PhantomData<T>,
}

impl<T: Pod + Send + Sync> SlabMut<T> {
    /// `len` zeros.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] if memory cannot be allocated; [`Error::Write`] if the file cannot be created, or the disk has
    /// no room for it.
    pub(super) fn zeroed(len: usize, place: &ColumnPlace) -> Result<Self> {
        let bytes = len.saturating_mul(size_of::<T>());
        let cells = match place {
            ColumnPlace::File(folder) if bytes >= FILES_FROM => MappedCells::Mapped(mapped_file(bytes, folder)?),
            _ => MappedCells::Plain(
                try_zeroed_slice_box(len)
                    .map_err(|()| Error::option("memory", format!("cannot allocate a column of {bytes} bytes")))?,
            ),
        };
        Ok(Self { cells, len, of: PhantomData })
    }

    /// The column, done.
    pub(super) fn freeze(self) -> MappedColumn<T> {
        MappedColumn::from_owner(self)
    }
}

fn mapped_file(bytes: usize, folder: &Path) -> Result<MmapMut> {
    let failed = |e: std::io::Error| Error::Write { path: folder.to_owned(), reason: e.to_string() };
    let file: File = tempfile::tempfile_in(folder).map_err(failed)?;
    reserve(&file, bytes).map_err(failed)?;
    // SAFETY: the file is unnamed, so no other process can change or truncate it.
    unsafe { MmapMut::map_mut(&file) }.map_err(failed)
}

/// Gives a file its length, and the room on disk for it: a page that finds none when it is written ends the process.
fn reserve(file: &File, bytes: usize) -> std::io::Result<()> {
    file.set_len(bytes as u64)?;
    #[cfg(target_os = "linux")]
    {
        use std::os::fd::AsRawFd;
        let len = libc::off_t::try_from(bytes).map_err(std::io::Error::other)?;
        // SAFETY: the descriptor is that of an open file.
        let problem = unsafe { libc::posix_fallocate(file.as_raw_fd(), 0, len) };
        if problem != 0 {
            return Err(std::io::Error::from_raw_os_error(problem));
        }
    }
    Ok(())
}

impl<T: Pod> AsRef<[T]> for SlabMut<T> {
    fn as_ref(&self) -> &[T] {
        match &self.cells {
            MappedCells::Plain(v) => v,
            MappedCells::Mapped(map) => bytemuck::cast_slice(map.get(..self.len * size_of::<T>()).unwrap_or(&[])),
        }
    }
}

impl<T: Pod> Deref for SlabMut<T> {
    type Target = [T];
    fn deref(&self) -> &[T] {
        self.as_ref()
    }
}

impl<T: Pod> DerefMut for SlabMut<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        let bytes = self.len * size_of::<T>();
        match &mut self.cells {
            MappedCells::Plain(v) => v,
            MappedCells::Mapped(map) => bytemuck::cast_slice_mut(map.get_mut(..bytes).unwrap_or(&mut [])),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_outlives_its_builder_wherever_it_is() {
        for place in [ColumnPlace::Memory, ColumnPlace::File(std::env::temp_dir())] {
            for len in [0, 7, 1 << 18] {
                let mut column = SlabMut::<i64>::zeroed(len, &place).unwrap();
                for (x, i) in column.iter_mut().zip(0..) {
                    *x = i;
                }
                let slab = column.freeze();
                let again = slab.clone();
                drop(slab);
                assert!(again.iter().copied().eq(0..len as i64), "{place:?} {len}");
            }
        }
    }

    #[test]
    fn no_room_is_an_error() {
        let memory = SlabMut::<i64>::zeroed(1 << 57, &ColumnPlace::Memory);
        assert!(matches!(memory, Err(Error::InvalidOption { .. })));
        let gone = ColumnPlace::File("/nowhere".into());
        assert!(matches!(SlabMut::<i64>::zeroed(1 << 20, &gone), Err(Error::Write { .. })));
        // More than any disk has.
        let full = ColumnPlace::File(std::env::temp_dir());
        assert!(matches!(SlabMut::<i64>::zeroed(1 << 50, &full), Err(Error::Write { .. })));
    }
}

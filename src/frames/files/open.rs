//! A file that stays open while tables are read from it, so all parts are of one version of it.

use std::fs::{File, Metadata};
use std::io::{Read, Seek, SeekFrom};
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::SystemTime;

use crate::error::{Error, Result};

/// Files that are kept open; more are opened again where they are read.
const KEPT: usize = 256;
static OPEN: AtomicUsize = AtomicUsize::new(0);

/// A file, and what it was like when it was opened.
#[derive(Debug)]
pub(crate) struct OpenFile {
    path: PathBuf,
    file: Option<File>,
    version: FileVersion,
}

impl Drop for OpenFile {
    fn drop(&mut self) {
        if self.file.is_some() {
            OPEN.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

/// Identifies one version of a file.
#[derive(Debug, PartialEq, Eq)]
struct FileVersion {
    bytes: u64,
    modified: Option<SystemTime>,
    identity: (u64, u64),
}

impl FileVersion {
    fn of(metadata: &Metadata) -> Self {
        #[cfg(unix)]
        let identity = {
            use std::os::unix::fs::MetadataExt;
            (metadata.dev(), metadata.ino())
        };
        #[cfg(not(unix))]
        let identity = (0, 0);
        Self { bytes: metadata.len(), modified: metadata.modified().ok(), identity }
    }
}

/// The open file, kept or opened again.
enum Handle<'a> {
    Kept(&'a File),
    Again(File),
}

impl Deref for Handle<'_> {
    type Target = File;

    fn deref(&self) -> &File {
        match self {
            Self::Kept(file) => file,
            Self::Again(file) => file,
        }
    }
}

impl OpenFile {
    /// Opens a file that is not empty.
    ///
    /// # Errors
    /// [`Error::Read`] if the file does not exist, cannot be read, or is empty.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let failed = |reason: String, missing: bool| Error::Read { path: path.to_owned(), reason, missing };
        let file = File::open(path).map_err(|e| failed(e.to_string(), e.kind() == std::io::ErrorKind::NotFound))?;
        let metadata = file.metadata().map_err(|e| failed(e.to_string(), false))?;
        if metadata.is_dir() {
            let hint = "it is a folder; select its files with a pattern such as 'folder/*.parquet'";
            return Err(failed(hint.into(), false));
        }
        if metadata.len() == 0 {
            return Err(failed("the file is empty (0 bytes)".into(), false));
        }
        let kept = OPEN.fetch_add(1, Ordering::Relaxed) < KEPT;
        if !kept {
            OPEN.fetch_sub(1, Ordering::Relaxed);
        }
        Ok(Self { path: path.to_owned(), file: kept.then_some(file), version: FileVersion::of(&metadata) })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Bytes of the file.
    pub(crate) fn bytes(&self) -> u64 {
        self.version.bytes
    }

    /// An error of the file, whose reason is that it was changed meanwhile, if it was.
    pub(crate) fn failed(&self, reason: impl std::fmt::Display) -> Error {
        match self.unchanged() {
            Ok(()) => self.error(reason.to_string()),
            Err(changed) => changed,
        }
    }

    /// An error of one column.
    pub(super) fn of_column(&self, name: &str, error: Error) -> Error {
        match error {
            Error::Read { reason, .. } => self.failed(format!("column '{name}': {reason}")),
            other => other,
        }
    }

    fn error(&self, reason: String) -> Error {
        Error::Read { path: self.path.clone(), reason, missing: false }
    }

    fn changed(&self) -> Error {
        self.error("the file changed while it was read; try again when it is complete".into())
    }

    fn handle(&self) -> Result<Handle<'_>> {
        if let Some(file) = &self.file {
            return Ok(Handle::Kept(file));
        }
        let file = File::open(&self.path).map_err(|e| self.failed(e))?;
        let now = file.metadata().map_err(|e| self.failed(e))?;
        if FileVersion::of(&now) == self.version { Ok(Handle::Again(file)) } else { Err(self.changed()) }
    }

    /// `len` bytes from `start` on. Several threads can read at once.
    ///
    /// # Errors
    /// [`Error::Read`] if the file does not have them.
    pub(crate) fn read_at(&self, start: u64, len: usize) -> Result<Vec<u8>> {
        if start.checked_add(len as u64).is_none_or(|end| end > self.bytes()) {
            return Err(self.failed("the file is truncated"));
        }
        let mut bytes = Vec::with_capacity(len);
        let mut reader = FileCursor { file: self.handle()?, at: start }.take(len as u64);
        reader.read_to_end(&mut bytes).map_err(|e| self.failed(e))?;
        if bytes.len() < len {
            return Err(self.failed("the file is truncated"));
        }
        Ok(bytes)
    }

    /// The file from its beginning, for a reader of its own.
    pub(crate) fn reader(&self) -> Result<FileCursor<'_>> {
        Ok(FileCursor { file: self.handle()?, at: 0 })
    }

    /// Refuses the file if another process has replaced or changed it since it was opened.
    ///
    /// # Errors
    /// [`Error::Read`] naming it.
    pub(crate) fn unchanged(&self) -> Result<()> {
        let same = |metadata: std::io::Result<Metadata>| metadata.is_ok_and(|m| FileVersion::of(&m) == self.version);
        let open = self.file.as_ref().is_none_or(|file| same(file.metadata()));
        if open && same(std::fs::metadata(&self.path)) { Ok(()) } else { Err(self.changed()) }
    }
}

/// A place in a file that others read, too: reading does not move them.
pub(crate) struct FileCursor<'a> {
    file: Handle<'a>,
    at: u64,
}

impl Read for FileCursor<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        #[cfg(unix)]
        let n = std::os::unix::fs::FileExt::read_at(&*self.file, buffer, self.at)?;
        #[cfg(windows)]
        let n = std::os::windows::fs::FileExt::seek_read(&*self.file, buffer, self.at)?;
        self.at += n as u64;
        Ok(n)
    }
}

impl Seek for FileCursor<'_> {
    fn seek(&mut self, to: SeekFrom) -> std::io::Result<u64> {
        let end = || self.file.metadata().map(|m| m.len());
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
            SeekFrom::End(by) => end()?.checked_add_signed(by),
        };
        self.at = at.ok_or_else(|| std::io::Error::from(std::io::ErrorKind::InvalidInput))?;
        Ok(self.at)
    }
}

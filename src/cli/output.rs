//! Files that a command writes: refused before the work if they cannot be written, and put in their places, whole, when
//! all of it is done.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use tempfile::NamedTempFile;

use super::inputs::Inputs;
use crate::error::{Error, Result};
use crate::task::Task;
use crate::whole_file;

/// Files that are not in their places yet; removed if the process must end at once.
static UNFINISHED: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

fn unfinished() -> std::sync::MutexGuard<'static, BTreeSet<PathBuf>> {
    UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Removes all unfinished files, and keeps others from being finished until the process ends.
pub(super) fn abandon() {
    let files = unfinished();
    for file in files.iter() {
        // Nothing more can be done for one that is gone.
        let _ = fs::remove_file(file);
    }
    std::mem::forget(files);
}

fn failed(path: &Path, reason: impl Into<String>) -> Error {
    Error::Write { path: path.to_owned(), reason: reason.into() }
}

/// A place that can be written.
#[derive(Debug, Clone)]
pub(super) struct Destination {
    /// As the user wrote it.
    pub(super) path: PathBuf,
    /// With symbolic links followed.
    target: PathBuf,
    overwrite: bool,
    /// A pipe or a device, which is written to, not replaced.
    device: bool,
}

impl Destination {
    /// Checks that `path`, given by `option`, can be written, is no input, and does not exist unless `overwrite`.
    ///
    /// # Errors
    /// [`Error::Write`] for a folder, a missing folder, or without permission; [`Error::InvalidOption`] for an input, or a
    /// file that exists.
    pub(super) fn new(option: &str, path: &Path, overwrite: bool, inputs: &Inputs) -> Result<Self> {
        let target = follow(path)?;
        if let Some(input) = inputs.find(&target) {
            return Err(Error::option(option, format!("'{}' is {input}; name another file", path.display())));
        }
        let device = match fs::metadata(&target) {
            Ok(m) if m.is_dir() => return Err(failed(path, "it is a folder; give the path of a file")),
            Ok(m) if m.is_file() && !overwrite => {
                let problem = format!("'{}' exists; pass overwrite= to replace it", path.display());
                return Err(Error::option(option, problem));
            }
            Ok(m) if m.is_file() && m.permissions().readonly() => return Err(failed(path, "the file is read-only")),
            Ok(m) => !m.is_file(),
            Err(_) => false,
        };
        let destination = Self { path: path.to_owned(), target, overwrite, device };
        if !device {
            // The only sure way to know whether a file can be made is to make one.
            destination.beside()?;
        }
        Ok(destination)
    }

    fn beside(&self) -> Result<NamedTempFile> {
        let folder = whole_file::folder_of(&self.target);
        if !folder.is_dir() {
            return Err(failed(&self.path, format!("the folder '{}' does not exist", folder.display())));
        }
        // The system's message would name the temporary file.
        let reason = |e: std::io::Error| match e.kind() {
            std::io::ErrorKind::PermissionDenied => format!("no permission to write to '{}'", folder.display()),
            std::io::ErrorKind::ReadOnlyFilesystem => format!("'{}' is read-only", folder.display()),
            _ => e.to_string(),
        };
        whole_file::beside(&self.target).map_err(|e| failed(&self.path, reason(e)))
    }

    /// Writes the contents beside the place. They get there by [`commit`]; without it, nothing is left.
    ///
    /// # Errors
    /// [`Error::Write`].
    pub(super) fn stage(&self, write: impl FnOnce(&mut File) -> std::result::Result<(), String>) -> Result<Staged> {
        if self.device {
            let mut file =
                File::options().write(true).open(&self.target).map_err(|e| failed(&self.path, e.to_string()))?;
            write(&mut file).map_err(|e| failed(&self.path, e))?;
            return Ok(Staged { destination: self.clone(), file: None });
        }
        let file = self.beside()?;
        let mut staged = Staged { destination: self.clone(), file: Some(Unfinished::new(file)) };
        staged.write(write).map_err(|e| failed(&self.path, e))?;
        Ok(staged)
    }

    /// Stages a text.
    ///
    /// # Errors
    /// As [`Destination::stage`].
    pub(super) fn stage_text(&self, text: &str) -> Result<Staged> {
        self.stage(|file| file.write_all(text.as_bytes()).map_err(|e| e.to_string()))
    }
}

/// The file that `path` means once symbolic links are followed.
fn follow(path: &Path) -> Result<PathBuf> {
    match fs::symlink_metadata(path) {
        Ok(m) if m.is_symlink() => {
            fs::canonicalize(path).map_err(|_| failed(path, "it is a symbolic link to a file that does not exist"))
        }
        _ => Ok(path.to_owned()),
    }
}

/// A temporary file, known for as long as it exists.
#[derive(Debug)]
struct Unfinished(Option<NamedTempFile>);

impl Unfinished {
    fn new(file: NamedTempFile) -> Self {
        unfinished().insert(file.path().to_owned());
        Self(Some(file))
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if let Some(file) = self.0.take() {
            unfinished().remove(file.path());
        }
    }
}

/// Contents that wait beside their place.
#[derive(Debug)]
pub(super) struct Staged {
    destination: Destination,
    /// None for a device, which has them already.
    file: Option<Unfinished>,
}

impl Staged {
    fn write(
        &mut self,
        write: impl FnOnce(&mut File) -> std::result::Result<(), String>,
    ) -> std::result::Result<(), String> {
        let Some(file) = self.file.as_mut().and_then(|f| f.0.as_mut()).map(NamedTempFile::as_file_mut) else {
            return Ok(());
        };
        write(file)?;
        whole_file::bring_to_disk(file, &self.destination.target).map_err(|e| e.to_string())
    }

    fn put(mut self, files: &mut BTreeSet<PathBuf>) -> Result<()> {
        let Some(file) = self.file.as_mut().and_then(|f| f.0.take()) else { return Ok(()) };
        let (target, path) = (&self.destination.target, &self.destination.path);
        files.remove(file.path());
        whole_file::put(file, target, self.destination.overwrite).map_err(|e| failed(path, e.to_string()))
    }
}

/// Puts all files in their places, unless the work was interrupted.
///
/// # Errors
/// [`Error::Interrupted`], [`Error::Write`].
pub(super) fn commit(staged: Vec<Staged>, task: &Task) -> Result<()> {
    let mut files = unfinished();
    let mut rest = staged;
    let result = task.check().and_then(|()| {
        while !rest.is_empty() {
            rest.remove(0).put(&mut files)?;
        }
        Ok(())
    });
    // What is left takes itself off the list.
    drop(files);
    drop(rest);
    result
}

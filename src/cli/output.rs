//! Output files of a command: checked before the work, and renamed to their destinations, whole, when
//! all of them are complete.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use tempfile::NamedTempFile;

use super::inputs::Inputs;
use crate::error::{Error, Result};
use crate::progress::Task;
use crate::whole_file;

/// Unfinished files; removed if the process must end at once.
static UNFINISHED: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

fn unfinished() -> std::sync::MutexGuard<'static, BTreeSet<PathBuf>> {
    UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Removes all unfinished files, and prevents others from being finished until the process ends.
pub(super) fn abandon() {
    let files = unfinished();
    // The contents of a folder follow it.
    for path in files.iter().rev() {
        // Nothing more can be done for one that is gone; a folder stays if it is not empty.
        let _ = fs::remove_file(path).or_else(|_| fs::remove_dir(path));
    }
    std::mem::forget(files);
}

/// A folder that is removed again, with any parents created for it, if nothing is written to it.
#[derive(Debug)]
pub(super) struct Folder {
    /// The created folders, innermost first.
    made: Vec<PathBuf>,
}

impl Folder {
    /// # Errors
    /// [`Error::Write`].
    pub(super) fn make(path: &Path) -> Result<Self> {
        let missing = path.ancestors().take_while(|folder| !folder.as_os_str().is_empty() && !folder.exists());
        let folder = Self { made: missing.map(Path::to_owned).collect() };
        unfinished().extend(folder.made.iter().cloned());
        fs::create_dir_all(path).map_err(|e| failed(path, e.to_string()))?;
        Ok(folder)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let mut unfinished = unfinished();
        for folder in &self.made {
            unfinished.remove(folder);
            // It stays if it is not empty.
            let _ = fs::remove_dir(folder);
        }
    }
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
    /// Checks that `path`, given by `option`, can be written, is not an input, and does not exist unless `overwrite`.
    ///
    /// # Errors
    /// [`Error::Write`] for a folder, a missing folder, or without permission; [`Error::InvalidOption`] for an input, or a
    /// file that exists.
    pub(super) fn new(option: &str, path: &Path, overwrite: bool, inputs: &Inputs) -> Result<Self> {
        let target = follow(path)?;
        if let Some(input) = inputs.find(&target) {
            return Err(Error::option(
                option,
                format!("'{}' is {input} and would be overwritten; give another path", path.display()),
            ));
        }
        let device = whole_file::is_stream(path);
        match fs::metadata(&target) {
            _ if device => {}
            Ok(m) if m.is_dir() => return Err(failed(path, "the path is a folder; give the path of a file")),
            Ok(m) if m.is_file() && !overwrite => {
                let problem = format!("'{}' exists; pass overwrite= to replace it", path.display());
                return Err(Error::option(option, problem));
            }
            Ok(m) if m.permissions().readonly() => return Err(failed(path, "the file is read-only")),
            _ => {}
        }
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
            // Bytes written to a stream cannot be taken back, so they also wait in an unnamed file.
            let mut file = tempfile::tempfile().map_err(|e| failed(&self.path, e.to_string()))?;
            write(&mut file).map_err(|e| failed(&self.path, e))?;
            return Ok(Staged { destination: self.clone(), contents: Contents::Stream(file) });
        }
        let file = self.beside()?;
        let mut staged = Staged { destination: self.clone(), contents: Contents::File(Unfinished::new(file)) };
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
    if whole_file::is_stream(path) {
        return Ok(path.to_owned());
    }
    match fs::symlink_metadata(path) {
        Ok(m) if m.is_symlink() => fs::canonicalize(path)
            .map_err(|_| failed(path, "the path is a symbolic link to a file that does not exist")),
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
    contents: Contents,
}

#[derive(Debug)]
enum Contents {
    /// A file that gets its name.
    File(Unfinished),
    /// Output for a pipe or a device.
    Stream(File),
}

impl Staged {
    fn write(
        &mut self,
        write: impl FnOnce(&mut File) -> std::result::Result<(), String>,
    ) -> std::result::Result<(), String> {
        let Contents::File(Unfinished(Some(file))) = &mut self.contents else { return Ok(()) };
        let file = file.as_file_mut();
        write(file)?;
        whole_file::bring_to_disk(file, &self.destination.target).map_err(|e| e.to_string())
    }

    /// Moves a file into place; returns the output of a stream.
    fn put(mut self, files: &mut BTreeSet<PathBuf>) -> Result<Option<Self>> {
        let Contents::File(Unfinished(file)) = &mut self.contents else { return Ok(Some(self)) };
        let Some(file) = file.take() else { return Ok(None) };
        let (target, path) = (&self.destination.target, &self.destination.path);
        files.remove(file.path());
        whole_file::put(file, target, self.destination.overwrite).map_err(|e| failed(path, e.to_string()))?;
        Ok(None)
    }

    /// Writes to the stream.
    fn pour(self) -> Result<()> {
        let Contents::Stream(mut contents) = self.contents else { return Ok(()) };
        let mut copy = || {
            contents.rewind()?;
            let mut stream = whole_file::open_stream(&self.destination.target)?;
            std::io::copy(&mut contents, &mut stream)?;
            stream.flush()
        };
        copy().map_err(|e| failed(&self.destination.path, e.to_string()))
    }
}

/// Puts all files in their places, unless the work was interrupted.
///
/// # Errors
/// [`Error::Interrupted`], [`Error::Write`].
pub(super) fn commit(staged: Vec<Staged>, task: &Task) -> Result<()> {
    let mut files = unfinished();
    let (mut rest, mut streams) = (staged, Vec::new());
    let result = task.check().and_then(|()| {
        while !rest.is_empty() {
            streams.extend(rest.remove(0).put(&mut files)?);
        }
        Ok(())
    });
    // The others are removed from the list when dropped.
    drop(files);
    drop(rest);
    // Whoever reads a stream may keep it waiting, which must not keep the process from ending.
    result.and_then(|()| streams.into_iter().try_for_each(Staged::pour))
}

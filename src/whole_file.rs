//! Atomic files: written next to their destination, synced to disk, then renamed.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use tempfile::NamedTempFile;

use crate::progress::Stop;

/// The folder of a file or folder.
pub(crate) fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// A temporary file in the folder of `target`, which removes itself unless it is renamed. Several processes
/// and threads may write to one target.
pub(crate) fn beside(target: &Path) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".leadlens-");
    // Temporary files are private; the result gets the permissions of a new file.
    #[cfg(unix)]
    let builder = {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(fs::Permissions::from_mode(0o666))
    };
    builder.tempfile_in(folder_of(target))
}

/// Whether a path is written to, not replaced: a pipe or a device, or an open file by a name such as `/dev/stdout`.
pub(crate) fn is_stream(path: &Path) -> bool {
    let open = ["/dev/stdout", "/dev/stderr", "/dev/fd", "/proc/self/fd"];
    open.iter().any(|name| path.starts_with(name)) || fs::metadata(path).is_ok_and(|m| !m.is_file() && !m.is_dir())
}

/// Opens a stream for writing: a pipe as soon as it has a reader, or the thread's task is stopped.
pub(crate) fn open_stream(path: &Path) -> io::Result<File> {
    #[cfg(unix)]
    {
        use std::os::fd::AsFd;
        // Opened by name, a file would be written from its start.
        let is = |name: &str, number: &str| {
            path == Path::new(name) || ["/dev/fd", "/proc/self/fd"].iter().any(|fd| path == Path::new(fd).join(number))
        };
        if is("/dev/stdout", "1") {
            return io::stdout().as_fd().try_clone_to_owned().map(File::from);
        }
        if is("/dev/stderr", "2") {
            return io::stderr().as_fd().try_clone_to_owned().map(File::from);
        }
    }
    let _open = wait_for_reader(path)?;
    File::options().write(true).open(path)
}

/// Keeps a pipe open once it has a reader; other streams need not wait.
#[cfg(target_os = "linux")]
fn wait_for_reader(path: &Path) -> io::Result<Option<File>> {
    use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
    if !fs::metadata(path)?.file_type().is_fifo() {
        return Ok(None);
    }
    let stop = Stop::here();
    loop {
        match File::options().write(true).custom_flags(libc::O_NONBLOCK).open(path) {
            Ok(open) => return Ok(Some(open)),
            Err(e) if e.raw_os_error() != Some(libc::ENXIO) => return Err(e),
            Err(_) => stop.check().map_err(|e| io::Error::other(e.to_string()))?,
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}

/// Opening a pipe blocks until it has a reader.
#[cfg(not(target_os = "linux"))]
fn wait_for_reader(_: &Path) -> io::Result<Option<File>> {
    Stop::here().check().map_err(|e| io::Error::other(e.to_string()))?;
    Ok(None)
}

/// Syncs to disk a file that will replace `target`. It keeps the permissions of the file it replaces.
pub(crate) fn bring_to_disk(file: &mut File, target: &Path) -> io::Result<()> {
    if let Ok(replaced) = fs::metadata(target) {
        file.set_permissions(replaced.permissions())?;
    }
    file.sync_all()
}

/// Renames a synced file to its destination, which must not exist unless `overwrite`.
pub(crate) fn put(file: NamedTempFile, target: &Path, overwrite: bool) -> io::Result<()> {
    let put = if overwrite { file.persist(target) } else { file.persist_noclobber(target) };
    put.map_err(|e| e.error)?;
    sync_folder(folder_of(target));
    Ok(())
}

/// A rename is on disk when its folder is synced. Where folders cannot be opened, renames are as safe as the system makes
/// them.
pub(crate) fn sync_folder(folder: &Path) {
    if let Ok(folder) = File::open(folder) {
        let _ = folder.sync_all();
    }
}

/// Writes a file atomically: readers and concurrent writers see the old contents or the new. Pipes and devices are
/// written to.
///
/// # Errors
/// Errors of the system; the old file is kept.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if path.file_name().is_none() {
        return Err(io::Error::other("the path does not name a file"));
    }
    if is_stream(path) {
        return open_stream(path)?.write_all(bytes);
    }
    // A symbolic link is kept.
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let mut file = beside(&target)?;
    file.write_all(bytes)?;
    bring_to_disk(file.as_file_mut(), &target)?;
    put(file, &target, true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_os = "linux")]
    #[test]
    fn streams_are_written_to() {
        replace(Path::new("/dev/null"), b"x").unwrap();
        assert!(!fs::metadata("/dev/null").unwrap().is_file());
        assert!(is_stream(Path::new("/dev/stdout")) && is_stream(Path::new("/dev/fd/1")));
        let folder = tempfile::tempdir().unwrap();
        assert!(!is_stream(folder.path()) && !is_stream(&folder.path().join("new")));
        let pipe = folder.path().join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        if !made.is_ok_and(|status| status.success()) {
            return;
        }
        let reader = {
            let pipe = pipe.clone();
            std::thread::spawn(move || fs::read(pipe))
        };
        replace(&pipe, b"through").unwrap();
        assert_eq!(reader.join().unwrap().unwrap(), b"through");
        // The reader has gone.
        let task = crate::progress::Task::new();
        task.stop();
        let _here = task.here();
        assert!(replace(&pipe, b"x").is_err());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_file_is_replaced_and_keeps_its_permissions() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.txt");
        replace(&path, b"old").unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
            std::os::unix::fs::symlink(&path, folder.path().join("link.txt")).unwrap();
            replace(&folder.path().join("link.txt"), b"new").unwrap();
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
            assert!(fs::symlink_metadata(folder.path().join("link.txt")).unwrap().is_symlink());
            assert_eq!(fs::read(&path).unwrap(), b"new");
        }
        assert!(replace(&folder.path().join("none").join("a.txt"), b"x").is_err());
        assert!(replace(Path::new("/"), b"x").is_err());
        let left = fs::read_dir(folder.path()).unwrap().count();
        assert_eq!(left, if cfg!(unix) { 2 } else { 1 });
    }
}

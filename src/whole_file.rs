//! Files that readers find whole or not at all: written beside their place, brought to disk, then renamed.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use tempfile::NamedTempFile;

/// The folder of a file or folder.
pub(crate) fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// A file of its own in the folder of `target`, which removes itself unless it is put in its place. Several processes
/// and threads may write to one target.
pub(crate) fn beside(target: &Path) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".leadlens-");
    // Temporary files are private; a result is as readable as any new file.
    #[cfg(unix)]
    let builder = {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(fs::Permissions::from_mode(0o666))
    };
    builder.tempfile_in(folder_of(target))
}

/// Brings a file that is to replace `target` to disk. It may be read by those who may read what it replaces.
pub(crate) fn bring_to_disk(file: &mut File, target: &Path) -> io::Result<()> {
    if let Ok(replaced) = fs::metadata(target) {
        file.set_permissions(replaced.permissions())?;
    }
    file.sync_all()
}

/// Puts a file that was brought to disk in its place, where nothing may stand unless `overwrite`.
pub(crate) fn put(file: NamedTempFile, target: &Path, overwrite: bool) -> io::Result<()> {
    let put = if overwrite { file.persist(target) } else { file.persist_noclobber(target) };
    put.map_err(|e| e.error)?;
    sync_folder(folder_of(target));
    Ok(())
}

/// A new name is on disk when its folder is. Where folders cannot be opened, renames are as safe as the system makes
/// them.
pub(crate) fn sync_folder(folder: &Path) {
    if let Ok(folder) = File::open(folder) {
        let _ = folder.sync_all();
    }
}

/// Writes a file: readers, and other writers at the same time, find the old contents or the new.
///
/// # Errors
/// Those of the system; the old file is left then.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if path.file_name().is_none() {
        return Err(io::Error::other("the path does not name a file"));
    }
    // A symbolic link stays one.
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let mut file = beside(&target)?;
    file.write_all(bytes)?;
    bring_to_disk(file.as_file_mut(), &target)?;
    put(file, &target, true)
}

#[cfg(test)]
mod tests {
    use super::*;

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

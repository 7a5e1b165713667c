//! Paths of tables: names that need not be UTF-8, and patterns.

use std::borrow::Cow;
use std::path::{Component, Path, PathBuf};

use glob::Pattern;

use crate::error::{Error, Result};

/// A byte that is not UTF-8 is, in texts, the character so far from here on.
const RAW: u32 = 0x10_FF00;

/// A text of which some bytes may be no UTF-8; [`path_of`] gives them back.
pub(crate) fn text_of(bytes: &[u8]) -> Cow<'_, str> {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Cow::Borrowed(text);
    }
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().filter_map(|byte| char::from_u32(RAW + u32::from(*byte))));
    }
    Cow::Owned(text)
}

/// Whether a text has bytes that are not UTF-8.
pub(crate) fn is_raw(text: &str) -> bool {
    text.chars().any(|sign| u32::from(sign) >= RAW)
}

/// The path that a text means.
pub(crate) fn path_of(text: &str) -> PathBuf {
    #[cfg(unix)]
    if is_raw(text) {
        use std::os::unix::ffi::OsStringExt;
        let mut bytes = Vec::with_capacity(text.len());
        for sign in text.chars() {
            match u32::from(sign).checked_sub(RAW).and_then(|byte| u8::try_from(byte).ok()) {
                Some(byte) => bytes.push(byte),
                None => bytes.extend_from_slice(sign.encode_utf8(&mut [0; 4]).as_bytes()),
            }
        }
        return std::ffi::OsString::from_vec(bytes).into();
    }
    PathBuf::from(text)
}

/// The files that a text means, relative to a folder: the file of that name, or the files that match it as a pattern, in
/// order. The folder's own name is taken literally.
///
/// # Errors
/// [`Error::Read`] if no file matches.
pub(in crate::frames) fn paths_of(base: &Path, text: &str) -> Result<Vec<PathBuf>> {
    let path = base.join(path_of(text));
    if path.exists() || !text.contains(SPECIAL) {
        return Ok(vec![path]);
    }
    let failed = |reason: String, missing: bool| Error::Read { path: path.clone(), reason, missing };
    let (mut start, mut parts) = (base.to_owned(), Vec::new());
    for part in Path::new(text).components() {
        match part {
            Component::Prefix(_) | Component::RootDir => start.push(part),
            Component::CurDir => {}
            Component::ParentDir | Component::Normal(_) => parts.extend(part.as_os_str().to_str()),
        }
    }
    let mut paths = Vec::new();
    matching(&start, &parts, &mut paths).map_err(|e| failed(format!("invalid pattern: {e}"), false))?;
    paths.sort();
    paths.dedup();
    if paths.is_empty() {
        return Err(failed("no file matches the pattern".into(), true));
    }
    Ok(paths)
}

const SPECIAL: [char; 3] = ['*', '?', '['];

/// Collects the files in `folder` that match the names or patterns of `parts`; `**` matches any number of folders.
fn matching(folder: &Path, parts: &[&str], found: &mut Vec<PathBuf>) -> std::result::Result<(), glob::PatternError> {
    let Some((part, rest)) = parts.split_first() else {
        found.push(folder.to_owned());
        return Ok(());
    };
    let inner = |name: &Path| if folder.as_os_str().is_empty() { name.to_owned() } else { folder.join(name) };
    if !part.contains(SPECIAL) {
        let path = inner(&path_of(part));
        return if path.exists() { matching(&path, rest, found) } else { Ok(()) };
    }
    let everywhere = *part == "**";
    if everywhere && !rest.is_empty() {
        matching(folder, rest, found)?;
    }
    let pattern = Pattern::new(part)?;
    let listed = std::fs::read_dir(if folder.as_os_str().is_empty() { Path::new(".") } else { folder });
    for entry in listed.into_iter().flatten().filter_map(std::result::Result::ok) {
        let (name, path) = (entry.file_name(), inner(Path::new(&entry.file_name())));
        if everywhere {
            // Links to folders could lead around in circles.
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                matching(&path, parts, found)?;
            } else if rest.is_empty() {
                found.push(path);
            }
        } else if pattern.matches(&text_of(name.as_encoded_bytes())) {
            matching(&path, rest, found)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_come_back() {
        for bytes in [&b"plain"[..], "größe".as_bytes(), b"gr\xf6\xdfe", b"\xff", b"a\xe2\x82"] {
            assert_eq!(path_of(&text_of(bytes)).as_os_str().as_encoded_bytes(), bytes);
            assert_eq!(is_raw(&text_of(bytes)), std::str::from_utf8(bytes).is_err());
        }
    }

    #[test]
    fn patterns() {
        let folder = tempfile::tempdir().unwrap();
        let base = folder.path().join("part [1]");
        for name in ["a.csv", "b.csv", "c.txt", "x/d.csv", "x/y/e.csv", "x/y/f.txt"] {
            let path = base.join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
        let of = |text: &str| {
            let relative = |path: &PathBuf| path.strip_prefix(&base).unwrap().to_string_lossy().into_owned();
            paths_of(&base, text).map(|paths| paths.iter().map(relative).collect::<Vec<_>>())
        };
        for (text, names) in [
            ("*.csv", &["a.csv", "b.csv"][..]),
            ("a.csv", &["a.csv"]),
            ("?.[ct]*", &["a.csv", "b.csv", "c.txt"]),
            ("x/*/*.csv", &["x/y/e.csv"]),
            ("**/*.csv", &["a.csv", "b.csv", "x/d.csv", "x/y/e.csv"]),
            ("x/**/*.csv", &["x/d.csv", "x/y/e.csv"]),
            ("**", &["a.csv", "b.csv", "c.txt", "x/d.csv", "x/y/e.csv", "x/y/f.txt"]),
        ] {
            assert_eq!(of(text).unwrap(), names, "{text}");
        }
        assert!(matches!(of("*.parquet"), Err(Error::Read { missing: true, .. })));
        assert!(matches!(of("***"), Err(Error::Read { missing: false, .. })));
    }
}

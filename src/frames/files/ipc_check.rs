//! Checks of the messages of an IPC file before their lengths are trusted: a damaged one must not ask for memory that
//! no machine has.

use std::collections::BTreeSet;

use polars_arrow::io::ipc::format::ipc::planus::{Error, ReadAsRoot};
use polars_arrow::io::ipc::format::ipc::{self as fb, MessageHeaderRef};

use super::OpenFile;
use crate::error::Result;

/// What the messages say.
pub(super) struct Checked {
    /// The dictionaries that are needed.
    pub(super) dictionaries: Vec<fb::Block>,
    pub(super) rows: usize,
}

impl Checked {
    /// Checks all messages; dictionaries whose id is not in `ids` are left out.
    pub(super) fn of(
        file: &OpenFile,
        bytes: &[u8],
        blocks: &[fb::Block],
        dictionaries: &[fb::Block],
        ids: &[i64],
    ) -> Result<Self> {
        let mut checked = Self { dictionaries: Vec::new(), rows: 0 };
        for (number, block) in blocks.iter().enumerate() {
            let damaged = |problem: String| file.failed(format!("record batch {number} is damaged: {problem}"));
            let (message, body) = message(bytes, block).map_err(damaged)?;
            let rows = match message.header() {
                Ok(Some(MessageHeaderRef::RecordBatch(batch))) => check_batch(batch, body).map_err(damaged)?,
                _ => return Err(damaged("its header has the wrong type".into())),
            };
            checked.rows += rows;
        }
        let mut seen = BTreeSet::new();
        for (number, block) in dictionaries.iter().enumerate() {
            let damaged = |problem: String| file.failed(format!("dictionary {number} is damaged: {problem}"));
            let (message, body) = message(bytes, block).map_err(damaged)?;
            let Ok(Some(MessageHeaderRef::DictionaryBatch(dictionary))) = message.header() else {
                return Err(damaged("its header has the wrong type".into()));
            };
            let id = dictionary.id().map_err(|e| damaged(e.to_string()))?;
            if !ids.contains(&id) {
                continue;
            }
            if dictionary.is_delta().map_err(|e| damaged(e.to_string()))? || !seen.insert(id) {
                return Err(file.failed(
                    "delta and replacement dictionaries are not supported; write each column \
                     with one dictionary, or as text",
                ));
            }
            match dictionary.data() {
                Ok(Some(batch)) => check_batch(batch, body).map_err(damaged)?,
                _ => return Err(damaged("it has no values".into())),
            };
            checked.dictionaries.push(*block);
        }
        Ok(checked)
    }
}

/// The message of a block, and the bytes after it.
fn message<'a>(bytes: &'a [u8], block: &fb::Block) -> std::result::Result<(fb::MessageRef<'a>, &'a [u8]), String> {
    let beyond = || "it extends beyond the end of the file".to_owned();
    let start = usize::try_from(block.offset).map_err(|_| beyond())?;
    let length = usize::try_from(block.meta_data_length).map_err(|_| beyond())?;
    let body = usize::try_from(block.body_length).map_err(|_| beyond())?;
    let rest = bytes.get(start..).ok_or_else(beyond)?;
    let (head, rest) = rest.split_at_checked(length).ok_or_else(beyond)?;
    let body = rest.get(..body).ok_or_else(beyond)?;
    // A marker and the length, or, in old files, the length alone.
    let (first, text) = head.split_first_chunk::<4>().ok_or_else(beyond)?;
    let (size, text) =
        if *first == [0xff; 4] { text.split_first_chunk::<4>().ok_or_else(beyond)? } else { (first, text) };
    let size = usize::try_from(i32::from_le_bytes(*size)).map_err(|_| beyond())?;
    let text = text.get(..size).ok_or_else(beyond)?;
    fb::MessageRef::read_as_root(text).map(|message| (message, body)).map_err(|e| e.to_string())
}

/// Checks the lengths of a batch against the bytes it has; gives its rows.
fn check_batch(batch: fb::RecordBatchRef<'_>, body: &[u8]) -> std::result::Result<usize, String> {
    let text = |e: Error| e.to_string();
    let rows = usize::try_from(batch.length().map_err(text)?).map_err(|_| "negative number of rows".to_owned())?;
    let compressed = batch.compression().map_err(text)?.is_some();
    for buffer in batch.buffers().map_err(text)?.into_iter().flatten() {
        let range = usize::try_from(buffer.offset()).ok().zip(usize::try_from(buffer.length()).ok());
        let range = range.and_then(|(start, length)| Some(start..start.checked_add(length)?));
        let Some(content) = range.and_then(|range| body.get(range)) else {
            return Err("a buffer extends beyond the end of the batch".into());
        };
        if !compressed || content.is_empty() {
            continue;
        }
        let Some((length, _)) = content.split_first_chunk::<8>() else {
            return Err("a compressed buffer has no length".into());
        };
        let length = i64::from_le_bytes(*length);
        if length != -1 && !can_hold(length) {
            return Err(format!("a buffer of {} bytes declares {length}", content.len()));
        }
    }
    // Columns without buffers say how long they are, and nothing else does.
    for node in batch.nodes().map_err(text)?.into_iter().flatten() {
        if !(0..=i64::from(u32::MAX)).contains(&node.length()) || !(0..=node.length()).contains(&node.null_count()) {
            return Err("the length of a column is wrong".into());
        }
    }
    if rows > u32::MAX as usize { Err("it has more rows than a table can have".into()) } else { Ok(rows) }
}

/// Whether so many bytes can be had.
fn can_hold(bytes: i64) -> bool {
    usize::try_from(bytes).is_ok_and(|bytes| Vec::<u8>::new().try_reserve_exact(bytes).is_ok())
}

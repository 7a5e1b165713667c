//! Arrow IPC streams that lie in a file: messages one after the other, without a footer that says where they are.

use polars_arrow::io::ipc::format::ipc::planus::ReadAsRoot;
use polars_arrow::io::ipc::format::ipc::{self as fb, MessageHeaderRef};

use super::OpenFile;
use super::ipc_layout::BufferLayout;
use crate::error::Result;
use crate::progress::Stop;

/// The mark and the length before each message.
const PREFIX: u64 = 8;

/// Finds the messages of a stream.
///
/// # Errors
/// [`crate::Error::Read`] if it is damaged, or the mark of its end is missing.
pub(super) fn read_stream(file: &OpenFile) -> Result<BufferLayout> {
    let damaged = |problem: &dyn std::fmt::Display| file.failed(format!("the stream is damaged ({problem})"));
    let mut layout: Option<BufferLayout> = None;
    let mut at = 0u64;
    let stop = Stop::here();
    loop {
        stop.check()?;
        if at.checked_add(PREFIX).is_none_or(|end| end > file.bytes()) {
            return Err(file.failed("the stream is truncated (its end marker is missing); write it again"));
        }
        let prefix = file.read_at(at, PREFIX as usize)?;
        let Some(([0xff, 0xff, 0xff, 0xff], length)) = prefix.split_first_chunk::<4>() else {
            return Err(damaged(&"a message does not start where the previous one ends"));
        };
        let length = <[u8; 4]>::try_from(length).map(i32::from_le_bytes).ok().and_then(|n| u32::try_from(n).ok());
        let length = length.ok_or_else(|| damaged(&"the length of a message is negative"))?;
        if length == 0 {
            return layout.ok_or_else(|| damaged(&"the schema is missing"));
        }
        let text = file.read_at(at + PREFIX, length as usize)?;
        let message = fb::MessageRef::read_as_root(&text).map_err(|e| damaged(&e))?;
        let body_length = message.body_length().map_err(|e| damaged(&e))?;
        let head = PREFIX + u64::from(length);
        let block = fb::Block {
            offset: i64::try_from(at).unwrap_or(i64::MAX),
            meta_data_length: i32::try_from(head).map_err(|e| damaged(&e))?,
            body_length,
        };
        match (message.header().map_err(|e| damaged(&e))?, &mut layout) {
            (Some(MessageHeaderRef::Schema(schema)), None) => {
                layout = Some(BufferLayout::of(schema).map_err(|e| damaged(&e))?);
            }
            (Some(MessageHeaderRef::RecordBatch(_)), Some(layout)) => layout.blocks.push(block),
            (Some(MessageHeaderRef::DictionaryBatch(_)), Some(layout)) => layout.dictionaries.push(block),
            (_, None) => return Err(damaged(&"it does not start with a schema")),
            (_, Some(_)) => return Err(damaged(&"a message is neither a record batch nor a dictionary")),
        }
        let next = u64::try_from(body_length).ok().and_then(|body| at.checked_add(head)?.checked_add(body));
        at = next.ok_or_else(|| damaged(&"the length of a message exceeds the file"))?;
    }
}

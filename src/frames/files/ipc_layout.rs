//! What an Arrow IPC file says of itself: its columns, and where its batches lie.

use polars_arrow::io::ipc::format::ipc as fb;

use super::ipc_types::{IpcColumn, column_of};

/// What a file says of itself.
#[derive(Debug, Default)]
pub(super) struct BufferLayout {
    pub(super) columns: Vec<IpcColumn>,
    pub(super) blocks: Vec<fb::Block>,
    pub(super) dictionaries: Vec<fb::Block>,
    pub(super) pandas: Option<String>,
}

impl BufferLayout {
    /// The columns that a schema has.
    pub(super) fn of(schema: fb::SchemaRef<'_>) -> std::result::Result<Self, String> {
        let text = |e: fb::planus::Error| e.to_string();
        if schema.endianness().map_err(text)? != fb::Endianness::Little {
            return Err("big-endian files are not supported".into());
        }
        let mut layout = Self::default();
        for field in schema.fields().map_err(text)?.into_iter().flatten() {
            layout.columns.push(column_of(field.map_err(text)?).map_err(text)?);
        }
        layout.pandas = schema.custom_metadata().map_err(text)?.into_iter().flatten().find_map(|pair| {
            let pair = pair.ok()?;
            (pair.key().ok()?? == "pandas").then(|| pair.value().ok().flatten().map(str::to_owned))?
        });
        Ok(layout)
    }
}

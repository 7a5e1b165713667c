//! Files as tables: which files a text means, how each format is read, and how the parts of one table are joined.

mod columns;
mod csv;
mod csv_quotes;
mod csv_swallowed;
mod decode;
mod formats;
mod guard;
mod ipc;
mod ipc_check;
mod ipc_decimal;
mod ipc_layout;
mod ipc_stream;
mod ipc_types;
mod kind;
mod open;
mod pandas;
mod parquet;
mod parquet_check;
mod parquet_pages;
mod parts;
mod paths;
mod typed;
mod unify;

pub(super) use columns::unread_remark;
pub use columns::{Offered, Picked, Unread, Wanted};
pub(super) use formats::shown;
pub(super) use open::OpenFile;
pub use pandas::index_columns;
pub(super) use parquet::{GroupRows, ParquetFile};
pub(super) use parts::Parts;
pub(super) use paths::paths_of;
pub(crate) use paths::{is_raw, path_of, text_of};
pub use typed::{is_readable, read_as, series_of, stored_as, type_name};
pub(super) use unify::{Common, convert};

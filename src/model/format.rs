//! The model file: a JSON envelope with a version; data, never code.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::data::ModelData;
use super::lead_model::LeadModel;
use crate::error::{Error, Result};
use crate::whole_file;

/// Value of the `format` key.
pub const FORMAT: &str = "leadlens.model";
/// Version of the format that this library writes and reads.
pub const FORMAT_VERSION: u64 = 1;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Envelope<T> {
    format: String,
    format_version: u64,
    library_version: String,
    model: T,
}

impl LeadModel {
    /// The model as JSON text; numbers are written to read back to the same bits.
    ///
    /// # Errors
    /// [`Error::ModelFormat`] if it cannot be written as JSON.
    pub fn to_json(&self) -> Result<String> {
        let envelope = Envelope {
            format: FORMAT.to_owned(),
            format_version: FORMAT_VERSION,
            library_version: env!("CARGO_PKG_VERSION").to_owned(),
            model: self.data(),
        };
        serde_json::to_string_pretty(&envelope).map_err(|e| Error::ModelFormat { problem: e.to_string() })
    }

    /// Reads a model from JSON text.
    ///
    /// # Errors
    /// [`Error::ModelVersion`] for another format version, [`Error::ModelFormat`] for anything that is not a
    /// complete model of this version.
    pub fn from_json(text: &str) -> Result<Self> {
        let bad = |problem: String| Error::ModelFormat { problem };
        if text.trim().is_empty() {
            return Err(bad("the file is empty".into()));
        }
        // The version is looked at before anything else, so a newer file says so.
        let value: serde_json::Value = serde_json::from_str(text).map_err(|e| bad(format!("invalid JSON: {e}")))?;
        if value.get("format").and_then(|f| f.as_str()) != Some(FORMAT) {
            return Err(bad(format!("the key 'format' is not '{FORMAT}'")));
        }
        match value.get("format_version").and_then(serde_json::Value::as_u64) {
            Some(FORMAT_VERSION) => {}
            Some(found) => return Err(Error::ModelVersion { found, supported: FORMAT_VERSION }),
            None => return Err(bad("the key 'format_version' is missing".into())),
        }
        // From the text again, not from the value: serde_json keeps float_roundtrip for both, and positions
        // in error messages only for text.
        let envelope: Envelope<ModelData> = serde_json::from_str(text).map_err(|e| bad(e.to_string()))?;
        Self::new(envelope.model)
    }

    /// Writes the model beside `path` and renames it: readers, and other writers at the same time, find the old model or a
    /// whole new one, after a crash as well.
    ///
    /// # Errors
    /// [`Error::Write`].
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        let text = self.to_json()?;
        let failed = |e: std::io::Error| Error::Write { path: path.to_owned(), reason: e.to_string() };
        whole_file::replace(path, text.as_bytes()).map_err(failed)
    }

    /// Reads a model file.
    ///
    /// # Errors
    /// [`Error::Read`] if the file does not exist, else as [`LeadModel::from_json`].
    pub fn from_path(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let text = std::fs::read_to_string(path).map_err(|e| Error::Read {
            path: path.to_owned(),
            reason: e.to_string(),
            missing: e.kind() == std::io::ErrorKind::NotFound,
        })?;
        Self::from_json(&text)
    }
}

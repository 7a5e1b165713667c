//! Encoders as files hold them.
//!
//! Read as a plain struct: the way in which serde reads tagged enums takes numbers for maps where another crate of the
//! program turns on `arbitrary_precision` of serde_json.

use serde::Deserialize;

use super::bins::Bins;
use super::spline::Spline;

/// The keys of all encoders.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EncoderForm {
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) missing: bool,
    pub(super) mean: Option<f64>,
    pub(super) deviation: Option<f64>,
    pub(super) log: Option<bool>,
    pub(super) range: Option<(f64, f64)>,
    pub(super) spline: Option<Spline>,
    pub(super) bins: Option<Bins>,
    pub(super) levels: Option<Vec<String>>,
    pub(super) other: Option<bool>,
    pub(super) reference: Option<String>,
}

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
pub(crate) struct EncoderForm {
    #[serde(rename = "type")]
    pub(crate) kind: String,
    pub(crate) missing: bool,
    pub(crate) mean: Option<f64>,
    pub(crate) deviation: Option<f64>,
    pub(crate) log: Option<bool>,
    pub(crate) range: Option<(f64, f64)>,
    pub(crate) spline: Option<Spline>,
    pub(crate) bins: Option<Bins>,
    pub(crate) levels: Option<Vec<String>>,
    pub(crate) other: Option<bool>,
    pub(crate) reference: Option<String>,
}

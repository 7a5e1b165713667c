//! Encoders as files hold them.
//!
//! Read as a plain struct: the way in which serde reads tagged enums takes numbers for maps where another crate of the
//! program turns on `arbitrary_precision` of serde_json.

use serde::Deserialize;

use super::bins::Bins;
use super::encode::Encoder;
use super::spline::Spline;

/// The keys of all encoders.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EncoderForm {
    #[serde(rename = "type")]
    kind: String,
    missing: bool,
    mean: Option<f64>,
    deviation: Option<f64>,
    log: Option<bool>,
    range: Option<(f64, f64)>,
    spline: Option<Spline>,
    bins: Option<Bins>,
    levels: Option<Vec<String>>,
    other: Option<bool>,
    reference: Option<String>,
}

impl TryFrom<EncoderForm> for Encoder {
    type Error = String;

    fn try_from(form: EncoderForm) -> Result<Self, String> {
        let EncoderForm { kind, missing, mean, deviation, log, range, spline, bins, levels, other, reference } = form;
        let has_number_keys = mean.is_some()
            || deviation.is_some()
            || log.is_some()
            || range.is_some()
            || spline.is_some()
            || bins.is_some();
        let has_category_keys = levels.is_some() || other.is_some() || reference.is_some();
        match kind.as_str() {
            "number" if !has_category_keys => match (mean, deviation) {
                (Some(mean), Some(deviation)) => {
                    Ok(Self::Number { mean, deviation, missing, log: log.unwrap_or(false), range, spline, bins })
                }
                _ => Err("a number needs 'mean' and 'deviation'".to_owned()),
            },
            "category" if !has_number_keys => match (levels, other) {
                (Some(levels), Some(other)) => Ok(Self::Category { levels, other, missing, reference }),
                _ => Err("a category needs 'levels' and 'other'".to_owned()),
            },
            "number" | "category" => Err(format!("an encoder of type '{kind}' has keys of the other type")),
            other => Err(format!("unknown type of encoder '{other}', expected 'number' or 'category'")),
        }
    }
}

//! Findings, and which of the tests count after correction for how many there are.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A check of the audit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuditCheck {
    /// The name, or the meaning in the dictionary, says that the field is written after the cutoff.
    Name,
    /// Times of the field lie after the cutoff.
    Timestamp,
    /// The field, or one of its values, occurs for one class only, or among open or closed leads only.
    OneSided,
    /// The field separates the classes almost by itself.
    Separates,
    /// The field equals a later fact of the journey more often than a prediction can.
    TimeTravel,
    /// The field explains more of a later count than its chance allows.
    NoiseCeiling,
    /// The field differs among the leads that were young when the data was exported.
    Cohort,
    /// The values differ from those of an earlier export.
    PreviousExport,
    /// There are few leads of a class, or few for the number of parameters.
    Sufficiency,
    /// The distribution differs between train and test.
    Drift,
    /// Leads of train occur in test as well.
    Duplicates,
    /// The rate of the target has a trend.
    BaseRate,
    /// Rows were dropped because their label window is not over, or journeys begin before the data does.
    Maturity,
}

impl fmt::Display for AuditCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Name => "name",
            Self::Timestamp => "timestamp",
            Self::OneSided => "one_sided",
            Self::Separates => "separates",
            Self::TimeTravel => "time_travel",
            Self::NoiseCeiling => "noise_ceiling",
            Self::Cohort => "cohort",
            Self::PreviousExport => "previous_export",
            Self::Sufficiency => "sufficiency",
            Self::Drift => "drift",
            Self::Duplicates => "duplicates",
            Self::BaseRate => "base_rate",
            Self::Maturity => "maturity",
        })
    }
}

/// How much a finding weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// A test shows that the field holds what came after the cutoff.
    Critical,
    /// A rule applies; whether the field leaks is for someone who knows the data to say.
    Suspect,
    /// The model may be less good than its evaluation says.
    Warning,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Critical => "critical",
            Self::Suspect => "suspect",
            Self::Warning => "warning",
        })
    }
}

/// Something to look at before a model is trusted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// The field; `None` for a finding on the training set as a whole.
    pub field: Option<String>,
    /// The check.
    pub check: AuditCheck,
    /// How much it weighs.
    pub severity: Severity,
    /// Leads that show it.
    pub leads: usize,
    /// The evidence, with counts.
    pub evidence: String,
    /// Probability of evidence as strong without a leak; `None` for a rule.
    pub p_value: Option<f64>,
    /// The same after Holm's correction over all fields and checks.
    pub q_value: Option<f64>,
    /// What to do.
    pub remedy: String,
}

impl Finding {
    /// A finding by rule.
    pub(super) fn rule(field: &str, check: AuditCheck, leads: usize, evidence: String, remedy: String) -> Self {
        let field = Some(field.to_owned());
        Self { field, check, severity: Severity::Suspect, leads, evidence, p_value: None, q_value: None, remedy }
    }

    /// A warning about the training set as a whole.
    pub(super) fn warning(check: AuditCheck, leads: usize, evidence: String, remedy: &str) -> Self {
        let remedy = remedy.to_owned();
        let severity = Severity::Warning;
        Self { field: None, check, severity, leads, evidence, p_value: None, q_value: None, remedy }
    }

    /// The same of one field.
    pub(super) fn of(mut self, field: &str) -> Self {
        self.field = Some(field.to_owned());
        self
    }

    /// The same with the result of a test.
    pub(super) fn tested(mut self, p: f64, severity: Severity) -> Self {
        self.p_value = Some(p.clamp(0.0, 1.0));
        self.severity = severity;
        self
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { check, severity, evidence, remedy, .. } = self;
        match &self.field {
            Some(field) => write!(f, "{severity} ({check}): '{field}' {evidence}; {remedy}"),
            None => write!(f, "{severity} ({check}): {evidence}; {remedy}"),
        }
    }
}

/// Tests that were made, and what they found.
#[derive(Debug, Default)]
pub(super) struct Tests {
    found: Vec<Finding>,
}

impl Tests {
    /// Adds a test; its finding counts if it holds after correction.
    pub(super) fn add(&mut self, finding: Finding) {
        self.found.push(finding);
    }

    /// Number of tests.
    pub(super) fn len(&self) -> usize {
        self.found.len()
    }

    /// The findings that hold at level `alpha` over all tests (Holm 1979).
    pub(super) fn holding(mut self, alpha: f64) -> Vec<Finding> {
        let p = |finding: &Finding| finding.p_value.unwrap_or(1.0);
        self.found.sort_by(|a, b| p(a).total_cmp(&p(b)));
        let (all, mut least) = (self.found.len(), 0.0f64);
        for (rank, finding) in self.found.iter_mut().enumerate() {
            least = least.max((all - rank) as f64 * p(finding)).min(1.0);
            finding.q_value = Some(least);
        }
        self.found.retain(|finding| finding.q_value.is_some_and(|q| q <= alpha));
        self.found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holm_steps_down() {
        let mut tests = Tests::default();
        for p in [0.01, 0.04, 0.03, 0.005] {
            let finding = Finding::warning(AuditCheck::Drift, 0, String::new(), "");
            tests.add(finding.tested(p, Severity::Warning));
        }
        // R: p.adjust(c(0.01, 0.04, 0.03, 0.005), "holm") is 0.03, 0.06, 0.06, 0.02.
        let q: Vec<f64> = tests.holding(1.0).iter().filter_map(|f| f.q_value).collect();
        for (q, expected) in q.iter().zip([0.02, 0.03, 0.06, 0.06]) {
            assert!((q - expected).abs() < 1e-12, "{q} {expected}");
        }
    }
}

//! The lists, and what became of each lead that is not on one.

use serde::Serialize;

use super::spec::CallListSpec;

/// Why a lead is, or is not, on a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Listed by its rank.
    Ranked,
    /// Listed by chance.
    Explored,
    /// The lists of its rep, or of all reps, were full.
    NoCapacity,
    /// Enough leads of its account are listed.
    AccountFull,
    /// Sales worked on it recently.
    WorkedRecently,
    /// Its owner is not one of the reps.
    OwnerElsewhere,
    /// It was excluded by id.
    Excluded,
}

impl Standing {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Ranked,
        Self::Explored,
        Self::NoCapacity,
        Self::AccountFull,
        Self::WorkedRecently,
        Self::OwnerElsewhere,
        Self::Excluded,
    ];

    /// As tables have it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Ranked => "ranked",
            Self::Explored => "explored",
            Self::NoCapacity => "no capacity",
            Self::AccountFull => "account full",
            Self::WorkedRecently => "worked recently",
            Self::OwnerElsewhere => "owner elsewhere",
            Self::Excluded => "excluded",
        }
    }

    /// Whether the lead is on a list.
    #[must_use]
    pub fn is_listed(self) -> bool {
        matches!(self, Self::Ranked | Self::Explored)
    }
}

/// A lead on a list.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ListedLead {
    /// Its place among the candidates.
    pub candidate: usize,
    /// Place of the rep.
    pub rep: usize,
    /// Day, from 1.
    pub day: usize,
    /// Place on the rep's list of the day, from 1.
    pub place: usize,
}

/// The list of one rep.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RepSummary {
    /// The rep; empty for the only list.
    pub rep: String,
    /// Calls that the rep can make in all days.
    pub calls: usize,
    /// Leads listed.
    pub listed: usize,
    /// Leads among them that were drawn.
    pub explored: usize,
    /// Sum of the probabilities of the listed leads.
    pub expected_conversions: f64,
    /// Sum of probability times amount over the listed leads whose amount is known.
    pub expected_value: f64,
}

/// Lists of all reps.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CallList {
    /// What was asked for.
    pub spec: CallListSpec,
    /// Listed leads by rep, day and place.
    pub leads: Vec<ListedLead>,
    /// By candidate: why it is listed or not.
    pub standing: Vec<Standing>,
    /// By candidate: the probability with which it is listed by this design. 1 for leads listed by rank, 0 for leads that
    /// could not be listed; for leads of which some are drawn, the probability of the draw.
    pub chance: Vec<f64>,
    /// By rep.
    pub reps: Vec<RepSummary>,
    /// What readers should know.
    pub remarks: Vec<String>,
}

impl CallList {
    /// Number of candidates of a standing.
    #[must_use]
    pub fn count(&self, standing: Standing) -> usize {
        self.standing.iter().filter(|s| **s == standing).count()
    }
}

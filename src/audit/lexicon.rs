//! Words of names and meanings that say a field is written, or keeps changing, after a lead was created.

use crate::journeys::words_of;

/// A rule: a name or a meaning that has a word of each group.
struct Rule {
    groups: &'static [&'static [&'static str]],
    says: &'static str,
}

const LATEST: &[&str] = &["last", "latest", "current", "currently", "recent", "recently", "final", "newest"];
const STATE: &[&str] = &[
    "activity",
    "activities",
    "action",
    "status",
    "stage",
    "state",
    "touch",
    "touched",
    "contact",
    "contacted",
    "step",
    "phase",
    "notable",
    "modified",
    "updated",
    "engagement",
    "interaction",
    "response",
    "call",
    "email",
    "owner",
    "rep",
    "campaign",
    "disposition",
];
const SALES: &[&str] = &["call", "calls", "contact", "conversation", "talk", "meeting", "dialogue", "demo"];
const EVENTS: &[&str] = &[
    "touches",
    "touch",
    "touchpoints",
    "events",
    "emails",
    "calls",
    "visits",
    "sessions",
    "activities",
    "contacts",
    "meetings",
    "interactions",
    "messages",
    "clicks",
    "opens",
    "count",
    "total",
    "sum",
    "number",
    "n",
    "num",
];

/// Rules on names.
const NAMES: &[Rule] = &[
    Rule { groups: &[&["tag", "tags"]], says: "tags are usually set while a lead is worked on" },
    Rule {
        groups: &[
            &["lead", "prospect", "customer", "contact"],
            &["quality", "profile", "grade", "rating", "score", "rank", "temperature", "potential", "priority"],
        ],
        says: "an assessment of the lead is usually given after contact",
    },
    Rule {
        groups: &[
            &["score", "grade", "rating", "quality", "index"],
            &[
                "activity",
                "profile",
                "engagement",
                "behavior",
                "behaviour",
                "behavioral",
                "behavioural",
                "fit",
                "sales",
                "assigned",
            ],
        ],
        says: "an assessment of the lead keeps changing with its activity",
    },
    Rule { groups: &[LATEST, STATE], says: "the latest state is that of the export" },
    Rule { groups: &[&["duration", "talktime"]], says: "the duration of a contact is known only afterwards" },
    Rule {
        groups: &[SALES, &["length", "seconds", "minutes", "time"]],
        says: "the length of a contact is known only afterwards",
    },
    Rule {
        groups: &[&["all", "lifetime", "ever", "cumulative", "todate", "overall"], EVENTS],
        says: "a count over all time includes what came after the cutoff",
    },
    Rule {
        groups: &[&[
            "lost",
            "loss",
            "won",
            "win",
            "close",
            "closed",
            "closing",
            "churn",
            "rejection",
            "disqualification",
            "disqualified",
        ]],
        says: "it describes the outcome",
    },
    Rule {
        groups: &[&[
            "closed",
            "signed",
            "paid",
            "invoice",
            "invoiced",
            "contract",
            "renewal",
            "onboarding",
            "onboarded",
            "refund",
        ]],
        says: "it exists only after a sale",
    },
];

/// Rules on meanings.
const MEANINGS: &[Rule] = &[
    Rule { groups: &[LATEST, STATE], says: "the latest state is that of the export" },
    Rule {
        groups: &[
            &["assigned", "assessed", "judged", "rated", "graded", "estimated", "given"],
            &["lead", "customer", "prospect", "employee", "agent", "rep", "sales", "call"],
        ],
        says: "an assessment is usually given after contact",
    },
    Rule {
        groups: &[&["intuition", "judgement", "judgment", "opinion", "impression"]],
        says: "an assessment is usually given after contact",
    },
    Rule {
        groups: &[&["duration", "length"], &["call", "contact", "conversation", "meeting", "seconds", "minutes"]],
        says: "the length of a contact is known only afterwards",
    },
    Rule {
        groups: &[&["outcome", "result", "converted", "conversion", "won", "lost", "closed"]],
        says: "it describes the outcome",
    },
    Rule {
        groups: &[
            &["total", "number", "count", "sum", "all"],
            &["ever", "lifetime", "overall", "date", "entire", "whole", "far"],
        ],
        says: "a count over all time includes what came after the cutoff",
    },
    Rule {
        groups: &[
            &["after", "afterwards", "following", "post"],
            &["call", "contact", "sale", "conversion", "deal", "close", "closing", "cutoff", "signing", "purchase"],
        ],
        says: "it is known only afterwards",
    },
];

/// Phrases whose words stand side by side, such as `to date`.
const PHRASES: &[(&[&str], &str)] = &[
    (&["to", "date"], "a count over all time includes what came after the cutoff"),
    (&["so", "far"], "a count over all time includes what came after the cutoff"),
    (&["next", "step"], "the next step is set while a lead is worked on"),
    (&["next", "action"], "the next step is set while a lead is worked on"),
    (&["follow", "up"], "a follow-up comes after the first contact"),
];

fn applies(words: &[String], rules: &[Rule]) -> Option<(String, &'static str)> {
    let found = |group: &&[&str]| words.iter().find(|w| group.contains(&w.as_str())).cloned();
    rules.iter().find_map(|rule| {
        let matched: Option<Vec<String>> = rule.groups.iter().map(found).collect();
        let mut matched = matched?;
        // One word cannot stand for two groups.
        let said = matched.len();
        matched.dedup();
        (matched.len() == said).then(|| (matched.join("' and '"), rule.says))
    })
}

fn phrase(words: &[String]) -> Option<(String, &'static str)> {
    PHRASES.iter().find_map(|(phrase, says)| {
        let same = |window: &[String]| window.iter().zip(*phrase).all(|(w, p)| w == p);
        words.windows(phrase.len()).any(same).then(|| (phrase.join(" "), *says))
    })
}

/// The words of a name that make it suspect, and why.
pub(super) fn of_name(name: &str) -> Option<(String, &'static str)> {
    let words = words_of(name);
    applies(&words, NAMES).or_else(|| phrase(&words))
}

/// The words of a meaning that make it suspect, and why.
pub(super) fn of_meaning(meaning: &str) -> Option<(String, &'static str)> {
    let words = words_of(meaning);
    applies(&words, MEANINGS).or_else(|| phrase(&words))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_say_when_they_are_written() {
        for name in [
            "Tags",
            "lead_quality",
            "LeadProfile",
            "hs_lead_score",
            "Last Notable Activity",
            "latestStage",
            "call_duration",
            "duration",
            "talk_time",
            "total_touches_all",
            "lifetime visits",
            "emails_to_date",
            "closed_reason",
            "next_step",
            "Engagement Score",
        ] {
            assert!(of_name(name).is_some(), "{name}");
        }
        for name in [
            "industry",
            "employees",
            "Total Time Spent on Website",
            "TotalVisits",
            "Country",
            "occupation",
            "What is your current occupation",
            "previous",
            "campaign",
            "Lead Source",
            "Lead Origin",
            "education",
            "credit_score",
            "company_profile",
            "contact_channel",
            "all_inclusive",
        ] {
            assert_eq!(of_name(name), None, "{name}");
        }
    }

    #[test]
    fn meanings_in_plain_words() {
        for meaning in [
            "current status of the lead",
            "Value assigned to the lead by the employee",
            "last activity of the customer",
            "duration of the call, in seconds",
            "all touches to date",
            "outcome of the last campaign",
        ] {
            assert!(of_meaning(meaning).is_some(), "{meaning}");
        }
        for meaning in ["industry of the company", "source of the lead", "number of employees", "city of the customer"]
        {
            assert_eq!(of_meaning(meaning), None, "{meaning}");
        }
    }
}

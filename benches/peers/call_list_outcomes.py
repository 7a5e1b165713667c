"""A call list of the public loan applications (BPI Challenge 2012) as of a day, and what became of the leads on it.

The scorer is trained on what was known that day, so that the outcomes are new to it:

    python benches/peers/call_list_outcomes.py [YYYY-MM-DD]
"""

from __future__ import annotations

import sys
from pathlib import Path

import polars as pl

import leadlens as ll

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests" / "python"))
import real_data

DATA = Path(__file__).resolve().parents[3] / "shared" / "data" / "bpic2012_loan_applications"
CALLS = 100


def main(day: str) -> None:
    """Print the list, its reasons, and the share of leads approved within 30 days by how they were listed."""
    journeys = real_data.bpic(DATA)
    train = journeys.snapshot(every="7d", horizon="30d", known_by=day)
    scorer = ll.LeadScorer(C="cv").fit(train)
    today = journeys.snapshot(as_of=day, horizon="30d")
    calls = scorer.call_list(
        today, per_rep=CALLS, explore=0.2, words={"outcome": "were approved"}, reasons=2, allow_extrapolation=True
    )
    print(scorer)
    print(calls)
    known = today.to_polars().select("lead_id", "label")
    listed = calls.to_polars().join(known, on="lead_id", how="left")
    for row in listed.head(5).iter_rows(named=True):
        became = "approved" if row["label"] else "not approved"
        print(f"\n{row['place']}. {row['lead_id']}: {row['probability']:.0%}, {became} within 30 days")
        print(f"   {row['in_words']}")
    outcome = listed.group_by("standing").agg(
        leads=pl.len(), predicted=pl.col("probability").mean(), approved=pl.col("label").mean()
    )
    rest = calls.design().join(known, on="lead_id").filter(~pl.col("listed"))
    print(f"\nof all {known.height} open leads {known['label'].mean():.1%} were approved within 30 days")
    for standing, leads, predicted, approved in outcome.sort("standing").iter_rows():
        print(f"{standing}: {leads} leads, predicted {predicted:.1%}, approved {approved:.1%}")
    predicted, approved = rest["probability"].mean(), rest["label"].mean()
    print(f"not listed: {rest.height} leads, predicted {predicted:.1%}, approved {approved:.1%}")


if __name__ == "__main__":
    main(*(sys.argv[1:2] or ["2012-01-31"]))

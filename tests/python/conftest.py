"""Shared fixtures: the public data sets, which lie outside the project, and one result of each class."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest

import leadlens as ll

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"


@pytest.fixture(scope="session")
def shared():
    """Return the path of a public data set, or skip where the folder is absent."""

    def find(name: str) -> Path:
        path = SHARED / name
        if not path.exists():
            pytest.skip(f"the public data {name} is not beside the project")
        return path

    return find


@pytest.fixture(scope="session")
def results() -> dict[str, Any]:
    """Return one result of each class that has a table, by the name of its class."""
    steps = ["created", "sql", "closed_won"]
    journeys = ll.datasets.b2b_saas()
    train, test = journeys.snapshot(after="31d", horizon="59d").split(0.3, by="group")
    scorer = ll.LeadScorer(C=0.1).fit(train)
    X = test.features.select(pl.selectors.numeric()).fill_null(0.0).to_numpy()[:, :2]
    return {
        "Funnel": journeys.funnel(steps, by="lead_source", period="quarter"),
        "Drivers": journeys.drivers(steps),
        "Barriers": journeys.barriers(steps, by="lead_source"),
        "Paths": journeys.paths(),
        "StageFunnel": journeys.stage_funnel(pipeline=["lead", "sql", "closed_won"], by="lead_source"),
        "TimeTo": journeys.time_to("closed_won", by="lead_source"),
        "Attribution": journeys.attribution(target="closed_won"),
        "Audit": ll.audit(train, test=test),
        "Check": journeys.check(),
        "Snapshot": test,
        "Scores": scorer.score(test),
        "CallList": scorer.call_list(test, explore=0.2),
        "Scorecard": scorer.scorecard(),
        "Evaluation": scorer.evaluate(test, by="lead_source"),
        "Comparison": scorer.compare(scorer, test),
        "Inference": ll.LogisticRegression(penalty="firth").fit(X, test.label).inference(X, test.label),
    }

"""What stored files of each format are asked, when they are made and ever after."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import polars as pl

import leadlens as ll

STORED = Path(__file__).resolve().parents[1] / "golden" / "stored"
MODELS = STORED / "model-1"
JOURNEYS = STORED / "journeys-3"
AS_OF = "2024-05-01"


def bits(number: float) -> str:
    """Return the bits of a number, so that a file holds it exactly."""
    return struct.pack(">d", number).hex()


def plain(frame: pl.DataFrame) -> dict[str, list[Any]]:
    """Return the columns of a table as JSON has them, times in microseconds."""
    exact = frame.with_columns(pl.selectors.datetime().dt.epoch("us"), pl.selectors.float().fill_nan(None))
    columns: dict[str, list[Any]] = json.loads(json.dumps(exact.to_dict(as_series=False)))
    return columns


def counts(frame: pl.DataFrame) -> dict[str, list[Any]]:
    """Return names and whole numbers of a table: what does not depend on the statistics chosen."""
    return plain(frame.select(pl.selectors.string(), pl.selectors.integer()))


def answers(journeys: ll.Journeys) -> dict[str, Any]:
    """Ask journeys for something of each of their files."""
    steps = ["visit", ll.Step("mail", within="20d"), "won"]
    stages = journeys.stage_funnel()
    return {
        "facts": {name: value for name, value in journeys.facts.items() if name != "bytes_per_event"},
        "audit": journeys.check().tables,
        "time line": plain(journeys.show("7")),
        "snapshot": plain(journeys.snapshot(as_of=AS_OF).to_polars().gather_every(8)),
        "funnel": counts(journeys.funnel(steps, window="60d", by="country").to_polars()),
        "funnel by campaign": counts(journeys.funnel(["visit", "mail"], by="campaign").to_polars()),
        "funnel by rep": counts(journeys.funnel(["sql", "won"], by="rep").to_polars()),
        "funnel of steel": counts(journeys.funnel(["visit", "mail"], where={"account.industry": "steel"}).to_polars()),
        "stage funnel": counts(stages.to_polars()),
        "time to won": counts(journeys.time_to("won").to_polars()),
        "attribution": plain(journeys.attribution(["first", "linear"], lookback="60d").to_polars()),
        "paths": counts(journeys.paths(length=2).to_polars()),
    }


def answers_of_outcomes(journeys: ll.Journeys) -> dict[str, Any]:
    """Ask leads without times."""
    rows = journeys.snapshot()
    return {
        "audit": journeys.check().tables,
        "known": plain(rows.to_polars()),
        "open": plain(journeys.snapshot(outcome="open").to_polars()),
        "found by another spelling": plain(journeys.show("LEAD7@example.org")),
        "counts": rows.counts,
    }


def answers_of_days(journeys: ll.Journeys) -> dict[str, Any]:
    """Ask leads that are known to the day."""
    steps = ["created", "offer", "won"]
    return {
        "facts": {name: value for name, value in journeys.facts.items() if name != "bytes_per_event"},
        "time line": plain(journeys.show("5")),
        "funnel": counts(journeys.funnel(steps, window="14d").to_polars()),
        "funnel by campaign": counts(journeys.funnel(["visit", "won"], by="campaign").to_polars()),
        "stage funnel": counts(journeys.stage_funnel().to_polars()),
        "time to won": counts(journeys.time_to("won").to_polars()),
        "snapshot": plain(journeys.snapshot(after="7d", horizon="30d").to_polars().gather_every(8)),
    }


def scored(scorer: ll.LeadScorer, journeys: ll.Journeys) -> dict[str, list[Any]]:
    """Score some leads of journeys, exactly."""
    scores = scorer.score(journeys.snapshot(as_of=AS_OF), allow_extrapolation=True)
    frame = scores.to_polars().sort("lead_id").gather_every(8)
    names = [c for c in ("probability", "score", "log_odds", "low", "high") if c in frame.columns]
    return {"lead_id": frame["lead_id"].to_list(), **{c: [bits(v) for v in frame[c]] for c in names}}

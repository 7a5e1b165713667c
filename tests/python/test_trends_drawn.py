"""Trends are drawn with dates, and with gaps where outcomes cannot be known."""

from __future__ import annotations

import datetime as dt
from typing import Any

import polars as pl
import pytest
from all_charts import (
    START,
    channels,
    chart,
    journeys,
    plain,
    rows,
    tables,
    title_of,
)

import leadlens as ll

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")


def trend_of(j: ll.Journeys, **options: Any) -> dict[str, Any]:
    made: dict[str, Any] = (
        j.funnel(["created", "won"], window="60d", **{"period": "month", **options}).plot_trend().to_dict()
    )
    return made


def test_periods_without_known_outcomes_are_gaps() -> None:
    leads, events, stages = tables(n=800, groups=2, name=plain)
    made = ll.Journeys(
        leads=ll.Leads(leads, "id", created="created", fields=["group"]),
        stages=ll.Stages(stages, "lead", "at", stage="stage"),
        pipeline=["mql", "sql", "won"],
        won="won",
        lost="lost",
        outcomes_from="2024-02-01",
        observed_until="2024-06-10",
    )
    del events
    for options in ({}, {"by": "group"}):
        drawn = rows(trend_of(made, **options), "of_first")
        rates = drawn.group_by("period").agg(pl.col("of_first").max(), pl.col("of_first").null_count().alias("gaps"))
        known = {str(p)[:7]: rate for p, rate, _ in rates.rows()}
        assert known["2024-01"] is None
        assert known["2024-05"] is None
        assert known["2024-03"] > 0
    # April is partly known: its points are hollow.
    assert drawn.filter(pl.col("period").str.starts_with("2024-04"))["partly"].all()


def test_periods_before_the_first_recorded_outcome_are_gaps() -> None:
    n = 3000
    created = [START + dt.timedelta(days=i * 300 / n) for i in range(n)]
    won = [(i, created[i] + dt.timedelta(days=5), "won") for i in range(n) if i % 5 == 0 and created[i].month > 4]
    made = ll.Journeys(
        leads=ll.Leads(pl.DataFrame({"id": range(n), "created": created}), "id", created="created"),
        stages=ll.Stages(pl.DataFrame(won, schema=["id", "at", "stage"], orient="row"), "id", "at", stage="stage"),
        won="won",
        observed_until="2025-01-01",
    )
    spec = trend_of(made)
    drawn = rows(spec, "of_first").sort("period")
    gaps = [p[:7] for p, rate in drawn.select("period", "of_first").rows() if rate is None]
    assert gaps == ["2024-01", "2024-02", "2024-03", "2024-04"]
    assert "no lead reached won before May 2024; set outcomes_from=" in title_of(spec)


def test_a_share_of_zero_that_may_be_chance_is_drawn() -> None:
    n = 60
    created = [START + dt.timedelta(days=i * 90 / n) for i in range(n)]
    won = [(45, created[45] + dt.timedelta(days=5), "won")]
    made = ll.Journeys(
        leads=ll.Leads(pl.DataFrame({"id": range(n), "created": created}), "id", created="created"),
        stages=ll.Stages(pl.DataFrame(won, schema=["id", "at", "stage"], orient="row"), "id", "at", stage="stage"),
        won="won",
        observed_until="2025-01-01",
    )
    assert rows(trend_of(made), "of_first")["of_first"].null_count() == 0


def test_lines_have_gaps_at_periods_without_entrants() -> None:
    created = [START + dt.timedelta(days=d % 25 + (120 if d % 2 else 0)) for d in range(80)]
    leads = pl.DataFrame({"id": range(80), "created": created})
    stages = pl.DataFrame(
        {"id": range(40), "at": [created[i] + dt.timedelta(days=2) for i in range(40)], "stage": "won"}
    )
    made = ll.Journeys(
        leads=ll.Leads(leads, "id", created="created"),
        stages=ll.Stages(stages, "id", "at", stage="stage"),
        won="won",
        observed_until="2025-01-01",
    )
    drawn = rows(trend_of(made), "of_first").sort("period")
    missing = [p[:7] for p, rate in drawn.select("period", "of_first").rows() if rate is None]
    assert "2024-02" in missing
    assert "2024-03" in missing


@pytest.mark.parametrize("which", ["Funnel.plot_trend", "StageFunnel.plot flow", "StageFunnel.plot flow by"])
def test_periods_are_dates(which: str) -> None:
    spec = chart(which).to_dict()
    assert {e["type"] for name, e in channels(spec) if name == "x"} == {"temporal"}
    # Without a time, a browser west of Greenwich draws the day before.
    assert rows(spec, "period")["period"].str.ends_with("T00:00:00").all()


def test_a_period_between_gaps_has_an_interval() -> None:
    spec = chart("Funnel.plot_trend").to_dict()
    rules = [layer for layer in spec["layer"] if layer["mark"]["type"] == "rule"]
    assert [layer["encoding"]["y2"]["field"] for layer in rules] == ["of_first_high"]


def test_a_funnel_of_one_step_gives_a_sentence() -> None:
    spec = journeys().funnel(["created"], period="month").plot_trend().to_dict()
    assert spec["mark"]["type"] == "text"

"""Incidence curves are drawn with every jump in its place, and fade where few leads are at risk."""

from __future__ import annotations

import datetime as dt
import itertools

import numpy as np
import polars as pl
import pytest
from all_charts import (
    UTC,
    journeys,
    rows,
)

import leadlens as ll

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")


def curve_of(times: ll.TimeTo) -> pl.DataFrame:
    return rows(times.plot().to_dict(), "at_risk")


@pytest.mark.parametrize("by", [None, "group"])
def test_incidence_curves_keep_every_jump_at_its_age(by: str | None) -> None:
    times = journeys(1500, 4).time_to("won", by=by)
    jumps = times.curve().filter((pl.col("events") > 0) & (pl.lit(by is None) | (pl.col("group") != "(all)")))
    drawn = curve_of(times)
    found = jumps.join(drawn, on=["group", "days", "incidence"], how="semi")
    assert found.height == jumps.height > 300


def many_ages(n: int) -> ll.TimeTo:
    """Leads that are all won, each at an age of its own, a tenth of them at one of two ages."""
    days = np.random.default_rng(2).uniform(0, 40_000, n)
    days[: n // 20], days[n // 20 : n // 10] = 11_399.0, 14_881.0
    start = dt.datetime(1900, 1, 1, tzinfo=UTC)
    leads = pl.DataFrame({"id": range(n), "created": [start] * n})
    stages = pl.DataFrame({"id": range(n), "at": [start + dt.timedelta(days=d) for d in days], "stage": ["won"] * n})
    return ll.Journeys(
        leads=ll.Leads(leads, "id", created="created"),
        stages=ll.Stages(stages, "id", "at", stage="stage"),
        won="won",
        observed_until="2015-01-01",
    ).time_to()


def test_thinned_curves_move_no_jump_and_change_no_pixel() -> None:
    times = many_ages(30_000)
    curve, drawn = times.curve(), curve_of(times)
    assert drawn.height < curve.height / 5
    # Each drawn row is a row of the curve; large jumps are among them.
    known = drawn.filter(pl.col("days") > 0).join(curve, on=["days", "incidence"], how="semi")
    assert known.height == drawn.filter(pl.col("days") > 0).height
    assert {11_399.0, 14_881.0} <= set(drawn["days"])
    # At any age, what is drawn differs by less than a tenth of one of 300 pixels.
    line = (
        drawn.select("days", shown="incidence", shown_low="low", shown_high="high")
        .sort("days")
        .unique("days", keep="last")
    )
    both = curve.sort("days").join_asof(line.sort("days"), on="days", strategy="backward")
    for column in ("incidence", "low", "high"):
        shown = both["shown" if column == "incidence" else f"shown_{column}"]
        assert (both[column] - shown).abs().max() < 1 / 3000


def test_curves_and_bands_fade_where_few_are_at_risk() -> None:
    times = journeys().time_to("won")
    spec = times.plot().to_dict()
    band, line = spec["layer"][:2]
    for layer in (band, line):
        opacity = layer["encoding"]["opacity"]
        assert opacity["field"] == "few"
        full, faded = opacity["scale"]["range"]
        assert faded < full / 2 + 0.01
    assert line["encoding"]["strokeDash"]["field"] == "few"
    assert spec["resolve"]["scale"]["opacity"] == "independent"
    curve, drawn = times.curve(), curve_of(times)
    # A row fades if fewer than 20 are at risk just before the next age.
    after = dict(zip(curve["days"], curve["at_risk"].shift(-1), strict=True))
    full = drawn.filter(~pl.col("few"))
    runs = drawn.group_by("run", maintain_order=True).agg(pl.col("days").last()).rows()
    ends = {(run, days) for run, days in runs}
    for run, days in full.select("run", "days").rows():
        assert (run, days) in ends or days == 0 or after[days] >= 20
    assert drawn["few"].any()
    assert not drawn["few"].all()


def test_runs_of_a_curve_join() -> None:
    drawn = curve_of(journeys().time_to("won"))
    runs = drawn.partition_by("run", maintain_order=True)
    for before, after in itertools.pairwise(runs):
        assert before.select("days", "incidence").row(-1) == after.select("days", "incidence").row(0)

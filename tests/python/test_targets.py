"""A target is a stage, an event kind, or events that meet conditions."""

import datetime as dt

import polars as pl
import pytest

import leadlens as ll


def day(n):
    return dt.datetime(2024, 3, 1, tzinfo=dt.UTC) + dt.timedelta(days=n)


@pytest.fixture(scope="module")
def journeys():
    rows = [
        (0, 2, "order", 0.0, "web"),
        (0, 8, "order", 30.0, "web"),
        (1, 3, "order", 5.0, "web"),
        (2, 9, "order", 0.0, "shop"),
        (3, 9, "visit", 7.0, "web"),
    ]
    table = pl.DataFrame(rows, schema=["l", "d", "k", "total", "c"], orient="row")
    table = table.with_columns(at=pl.lit(day(0)) + pl.duration(days=pl.col("d")))
    leads = pl.DataFrame({"id": range(5), "made": [day(0)] * 5, "size": [1.0, 2, 3, 4, 5]})
    return ll.Journeys(
        leads=ll.Leads(leads, "id", created="made"),
        events=ll.Events(table, "l", "at", "k", values=["total"], channel="c"),
        observed_until=day(60),
    )


@pytest.mark.parametrize(
    ("target", "labels"),
    [
        ("order", {2: True, 3: False, 4: False}),
        (ll.Step("order"), {2: True, 3: False, 4: False}),
        (ll.Step("order", where={"total": "> 0"}), {0: True, 2: False, 3: False, 4: False}),
        (ll.Step(where={"total": "> 0"}), {0: True, 2: False, 3: True, 4: False}),
        ([ll.Step("order", channel="shop"), "visit"], {0: False, 1: False, 2: True, 3: True, 4: False}),
    ],
)
def test_a_step_is_a_target(journeys, target, labels):
    # Leads that reached the target before the cutoff are no longer at risk.
    rows = journeys.snapshot(after="5d", horizon="20d", target=target).to_polars()
    assert dict(rows.select(pl.col("lead_id").cast(int), "label").rows()) == labels


def test_names_and_conditions_of_a_target_are_checked(journeys):
    for wrong in (ll.Step("ordr"), ll.Step("order", where={"totl": "> 0"})):
        with pytest.raises(ll.UnknownNameError):
            journeys.snapshot(after="5d", horizon="20d", target=wrong)
    with pytest.raises(ll.OptionError):
        journeys.snapshot(after="5d", horizon="20d", target=ll.Step("order", within="3d"))

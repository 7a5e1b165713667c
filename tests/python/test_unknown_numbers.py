"""Amounts, values and spend that are no numbers: said with an example and what to do."""

import datetime as dt
import warnings

import polars as pl
import pytest

import leadlens as ll

UTC = dt.timezone.utc


def day(n):
    return dt.datetime(2024, 1, 1, tzinfo=UTC) + dt.timedelta(days=n)


def leads(n):
    return ll.Leads(pl.DataFrame({"id": list(range(n)), "made": [day(0)] * n}), "id", created="made")


def with_amounts(amounts, **options):
    n = len(amounts)
    rows = pl.DataFrame({"lead": list(range(n)), "at": [day(5)] * n, "stage": ["won"] * n, "sum": amounts})
    stages = ll.Stages(rows, "lead", "at", stage="stage", amount="sum", **options)
    return ll.Journeys(leads=leads(n), stages=stages, pipeline=["created", "won"], won="won", observed_until=day(30))


def told(make):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        journeys = make()
    return journeys, [str(w.message) for w in caught]


def test_amounts_that_are_mostly_no_numbers_warn_with_an_example_and_the_remedy():
    journeys, warned = told(lambda: with_amounts(["1,234.50", "2,000.00", "7"]))
    assert len(warned) == 1
    assert "amount 'sum': 2 of 3 values are not finite numbers (first: '1,234.50')" in warned[0]
    assert "thousands=" in warned[0]
    assert "2 noted: amount 'sum': not a finite number (first: '1,234.50'); read as missing" in str(journeys.check())
    journeys, warned = told(lambda: with_amounts(["1,234.50", "2,000.00", "7"], thousands=","))
    assert warned == []
    assert journeys.stage_funnel().summary()["value"].to_list() == [3241.5]


def test_a_few_others_among_numbers_are_noted_only():
    journeys, warned = told(lambda: with_amounts(["TBD", "1", "2", "3"]))
    assert warned == []
    assert "1 noted: amount 'sum': not a finite number (first: 'TBD'); read as missing" in str(journeys.check())
    _, warned = told(lambda: with_amounts(["TBD", "open", None, "1"], nulls=["TBD", "open"]))
    assert warned == []
    _, warned = told(lambda: with_amounts(["TBD", None, None, "1"]))
    assert len(warned) == 1
    assert warned[0].endswith("1 of 2 values is not a finite number (first: 'TBD')")


def test_values_of_events_in_parts(tmp_path):
    for part, values in enumerate((["1", "2"], ["n/a", "3"], ["x", "y"])):
        rows = pl.DataFrame({"lead": [0, 1], "at": [day(1)] * 2, "size": values})
        rows.write_parquet(tmp_path / f"{part}.parquet")
    events = ll.Events(tmp_path / "*.parquet", "lead", "at", ll.literal("visit"), values=["size"])
    _, warned = told(lambda: ll.Journeys(leads=leads(2), events=events, observed_until=day(9)))
    assert len(warned) == 1
    assert "3 of 6 values are not finite numbers (first: 'n/a')" in warned[0]


def test_spend_that_is_no_number_names_an_example_and_the_remedy():
    rows = pl.DataFrame({"month": ["2024-01", "2024-01"], "cost": ["1,234.50", "5"]})
    spend = ll.Spend(rows, at="month", amount="cost", channel=ll.literal("ads"))
    with pytest.raises(
        ll.SchemaError, match=r"1 of 2 values is not a finite number \(first: '1,234.50'\); set decimal="
    ):
        with_amounts(["1"]).attribution("linear", spend=spend)
    assert ll.Spend(rows, at="month", amount="cost", channel=ll.literal("ads"), thousands=",") is not None

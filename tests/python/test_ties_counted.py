"""Ties that only the order of rows decides are counted by check(), in every role; an order column decides them."""

from __future__ import annotations

import polars as pl
import pytest

import leadlens as ll

LEADS = pl.DataFrame({"id": [0, 1], "c": ["2024-01-01"] * 2, "acc": ["x", "y"]})


def journeys(**tables):
    leads = ll.Leads(LEADS, "id", created="c", account="acc" if "accounts" in tables else None, fields=[])
    return ll.Journeys(leads=leads, pipeline=["created", "won"], won="won", observed_until="2024-06-01", **tables)


def said(j, word):
    return [line.strip() for line in str(j.check()).splitlines() if word in line]


@pytest.mark.parametrize("form", ["wide", "long"])
def test_fields(form):
    tie = "not decided by order="
    for values, order, ties, kept in [
        (["a", "b"], None, 1, "b"),
        (["b", "a"], None, 1, "b"),
        (["a", "a"], None, 0, "a"),
        (["a", "b"], [2, 1], 0, "a"),
        (["b", "a"], [1, 1], 1, "b"),
    ]:
        table = pl.DataFrame({"l": [0, 0], "f": ["2024-01-02"] * 2, "tier": values, "o": order or [0, 0]})
        options = {"order": "o"} if order else {"ignore": ["o"]}
        if form == "long":
            table = table.with_columns(n=pl.lit("tier"))
            options = {"name": "n", "value": "tier", **({"order": "o"} if order else {})}
        j = journeys(fields=ll.Fields(table, "l", "f", **options))
        assert j.snapshot(as_of="2024-02-01").to_polars()["tier"].to_list() == [kept, None]
        assert len(said(j, tie)) == ties, (values, order)


def test_amounts():
    tie = "amounts at the same time"
    for amounts, order, ties, value in [
        ([5.0, 7.0], None, 1, 7.0),
        ([7.0, 5.0], None, 1, 7.0),
        ([5.0, None], None, 0, 5.0),
        ([None, 5.0], None, 0, 5.0),
        ([5.0, 7.0], [2, 1], 0, 5.0),
        ([7.0, 5.0], [1, 1], 1, 7.0),
    ]:
        table = pl.DataFrame(
            {"l": [0, 0], "at": ["2024-02-01"] * 2, "s": ["won"] * 2, "a": amounts, "o": order or [0] * 2}
        )
        j = journeys(stages=ll.Stages(table, "l", "at", stage="s", amount="a", order="o" if order else None))
        assert j.stage_funnel().summary()["value"].to_list() == [value]
        assert len(said(j, tie)) == ties, (amounts, order)


def test_accounts():
    for order, kept in [(None, "b"), ([2, 1], "a"), ([None, 7], "a"), ([7, None], "b"), ([10, 9], "a")]:
        table = pl.DataFrame({"id": ["x", "x"], "ind": ["b", "a"], "o": order or [0, 0]})
        for rows in (table, table.reverse()) if order else (table,):
            j = journeys(accounts=ll.Accounts(rows, "id", fields=["ind"], order="o" if order else None))
            assert j.snapshot(as_of="2024-02-01").to_polars()["account.ind"].to_list() == [kept, None]
            by = " by 'o'" if order else ""
            assert said(j, f"duplicate account id; the first row{by} was kept")


def test_entries_that_an_order_column_decides_are_no_ties():
    table = pl.DataFrame({"l": [0, 0], "at": ["2024-02-01"] * 2, "k": ["a", "b"], "o": [2, 1]})
    tie = "ordered by order= if given"
    assert said(journeys(events=ll.Events(table, "l", "at", "k")), tie)
    assert not said(journeys(events=ll.Events(table, "l", "at", "k", order="o")), tie)
    equal = table.with_columns(o=pl.lit(1))
    assert said(journeys(events=ll.Events(equal, "l", "at", "k", order="o")), tie)


@pytest.mark.parametrize("empty", [None, float("nan")])
def test_lookups_pick_rows_without_a_place_last(empty):
    for order, first, last in [([empty, 1.0], "b", "b"), ([1.0, empty], "a", "a"), ([empty, empty], "a", "b")]:
        for pick, kept in (("first", first), ("last", last)):
            table = pl.DataFrame({"k": ["d", "d"], "v": ["a", "b"], "o": order}, schema_overrides={"o": pl.Float64})
            channel = ll.lookup(table, "k", value="v", on="dev", pick=pick, order="o")
            events = pl.DataFrame({"l": [0], "at": ["2024-02-01"], "dev": ["d"]})
            j = journeys(events=ll.Events(events, "l", "at", ll.literal("v"), channel=channel))
            assert j.show(0)["channel"].to_list() == [None, kept], (order, pick)

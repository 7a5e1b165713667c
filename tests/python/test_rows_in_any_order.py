"""Stages of one instant: neither the order of rows nor the order in which they arrive changes an answer."""

from __future__ import annotations

import random
import warnings

import polars as pl
import pytest

import leadlens as ll

LEADS = pl.DataFrame({"id": ["a", "b", "c"], "created": ["2024-01-01T10:30:00"] * 3})
VISITS = pl.DataFrame(
    {
        "lead": ["a", "b", "c"] * 2,
        "at": ["2024-01-02T10:30:00"] * 3 + ["2024-01-09T10:30:00"] * 3,
        "channel": ["ads", "mail", "web", "web", "ads", "mail"],
    }
)
SCHEMA = {"lead": pl.String, "deal": pl.String, "at": pl.String, "stage": pl.String, "amount": pl.Float64}


def stages(rows, **options):
    table = pl.DataFrame(rows, schema=SCHEMA, orient="row")
    return ll.Stages(table, "lead", "at", stage="stage", deal="deal", amount="amount", **options)


def journeys(rows, won=("won", "signed")):
    return ll.Journeys(
        leads=ll.Leads(LEADS, id="id", created="created"),
        events=ll.Events(VISITS, "lead", "at", ll.literal("visit"), channel="channel"),
        stages=stages(rows),
        pipeline=["offer"],
        won=list(won),
        lost="lost",
        observed_until="2024-06-01",
    )


def answers(j):
    funnel = j.stage_funnel(pipeline=["created", "offer", "won"])
    attributed = j.attribution(["linear"], conversions="every")
    snapshot = j.snapshot(every="3d", horizon="20d")
    frames = [
        funnel.to_polars(),
        funnel.summary(),
        funnel.wins(),
        j.time_to("won").to_polars(),
        j.time_to(["won", "signed"]).to_polars(),
        j.funnel(["created", "offer", "won"]).to_polars(),
        attributed.to_polars(),
        j.drivers(["created", "visit", "won"], min_support=1).to_polars(),
        snapshot.to_polars(),
    ]
    # Entries of one stage and instant are of different deals, and in whatever order the same.
    lines = [sorted(str(row) for row in j.show(lead).select("at", "what", "deal", "amount").rows()) for lead in "abc"]
    lines += [j.show(lead)["what"].to_list() for lead in "abc"]
    return [str(frame.rows()) for frame in frames], lines


def rows_of(rng, n):
    """Many rows of few instants, among them wins and losses of one deal at one time, with other amounts."""
    return [
        (
            rng.choice("abc"),
            rng.choice(["d", "e", None]),
            f"2024-01-{rng.choice([11, 12, 15]):02d}T10:30:00",
            rng.choice(["offer", "won", "signed", "lost", "call", "demo"]),
            rng.choice([None, 100.0, 200.0, 300.0]),
        )
        for _ in range(n)
    ]


@pytest.mark.parametrize("seed", range(12))
def test_rows_in_any_order_and_in_parts(seed):
    rng = random.Random(seed)
    rows = rows_of(rng, rng.randint(2, 24))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = answers(journeys(rows))
        for _ in range(2):
            rng.shuffle(rows)
            assert answers(journeys(rows)) == expected
            cut = rng.randint(0, len(rows))
            whole = journeys(rows[:cut]).extend(stages=stages(rows[cut:]), observed_until="2024-06-01")[0]
            assert answers(whole) == expected


@pytest.mark.parametrize("reverse", [False, True])
def test_the_largest_amount_of_an_instant_counts(reverse):
    rows = [
        ("a", "d", "2024-01-11T10:30:00", "signed", 200.0),
        ("a", "d", "2024-01-11T10:30:00", "won", 100.0),
        ("a", "d", "2024-01-11T10:30:00", "won", 300.0),
        ("a", "d", "2024-01-11T10:30:00", "won", None),
    ]
    j = journeys(rows[::-1] if reverse else rows)
    assert j.stage_funnel(pipeline=["created", "won"]).summary()["value"].to_list() == [300.0]
    assert j.attribution("linear", conversions="every").to_polars()["value"].sum() == 300.0
    assert any("amounts at the same time" in remark for remark in j.check().remarks)


@pytest.mark.parametrize("reverse", [False, True])
def test_a_deal_won_and_lost_at_one_instant_is_won(reverse):
    rows = [("a", "d", "2024-01-11T10:30:00", "won", 5.0), ("a", "d", "2024-01-11T10:30:00", "lost", 9.0)]
    j = journeys(rows[::-1] if reverse else rows)
    assert j.show("a")["what"].to_list()[-2:] == ["lost", "won"]
    assert not any("later lost" in remark for remark in j.check().remarks)
    assert any("stage order does not decide" in remark for remark in j.check().remarks)


def test_an_order_column_decides_first():
    table = pl.DataFrame(
        {
            "lead": ["a", "a"],
            "at": ["2024-01-11T10:30:00"] * 2,
            "stage": ["won", "signed"],
            "amount": [300.0, 100.0],
            "n": [1, 2],
        }
    )
    for rows in (table, table.reverse()):
        j = ll.Journeys(
            leads=ll.Leads(LEADS, id="id", created="created"),
            stages=ll.Stages(rows, "lead", "at", stage="stage", amount="amount", order="n"),
            won=["won", "signed"],
            observed_until="2024-06-01",
        )
        assert j.stage_funnel(pipeline=["created", "won"]).summary()["value"].to_list() == [100.0]


def test_rows_of_two_tables_are_in_one_order():
    """Whichever table is declared first, and whichever has more columns."""
    first = pl.DataFrame({"lead": ["a"], "at": ["2024-01-11T10:30:00"], "stage": ["won"], "amount": [300.0]})
    second = first.with_columns(amount=pl.lit(100.0), rep=pl.lit("kim"))
    tables = [
        ll.Stages(first, "lead", "at", stage="stage", amount="amount"),
        ll.Stages(second, "lead", "at", stage="stage", amount="amount", rep="rep"),
    ]
    for declared in (tables, tables[::-1]):
        j = ll.Journeys(
            leads=ll.Leads(LEADS, id="id", created="created"),
            stages=declared,
            won="won",
            observed_until="2024-06-01",
        )
        assert j.stage_funnel(pipeline=["created", "won"]).summary()["value"].to_list() == [300.0]

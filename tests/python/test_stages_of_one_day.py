"""Stages of one day, some known by their day and some by their time: the pipeline orders them."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import polars as pl
import pytest

import leadlens as ll

LEADS = pl.DataFrame({"id": ["a", "b"], "created": [datetime(2024, 3, 1, 8), datetime(2024, 3, 1, 8)]})
WIDE = pl.DataFrame(
    {
        "lead": ["a", "b"],
        "sql_date": [date(2024, 3, 5), date(2024, 3, 5)],
        "won_at": [datetime(2024, 3, 5, 14, 30), datetime(2024, 3, 9, 9)],
    }
)
OPTIONS = {"pipeline": ["mql", "sql", "offer"], "won": "won", "lost": "lost", "observed_until": "2024-09-01"}


def wide(table=WIDE):
    return ll.Stages(table, "lead", {"sql": "sql_date", "won": "won_at"})


def by_day():
    table = WIDE.select("lead", at="sql_date", stage=pl.lit("sql"))
    return ll.Stages(table, "lead", "at", stage="stage")


def by_time():
    table = WIDE.select("lead", at="won_at", stage=pl.lit("won"))
    return ll.Stages(table, "lead", "at", stage="stage")


def journeys(stages, leads=LEADS, **options):
    return ll.Journeys(leads=ll.Leads(leads, id="id", created="created"), stages=stages, **{**OPTIONS, **options})


def extended(first, second):
    return journeys(first).extend(stages=second, observed_until=OPTIONS["observed_until"])[0]


def saved(j, folder):
    j.save(folder)
    return ll.Journeys.open(folder)


BUILDS = {
    "wide": lambda _: journeys(wide()),
    "long": lambda _: journeys([by_day(), by_time()]),
    "long, times first": lambda _: journeys([by_time(), by_day()]),
    "days arrive later": lambda _: extended(by_time(), by_day()),
    "times arrive later": lambda _: extended(by_day(), by_time()),
    "saved": lambda folder: saved(journeys(wide()), folder / "saved"),
    "again": lambda _: extended([by_day(), by_time()], by_day()),
}


@pytest.mark.parametrize("build", BUILDS)
def test_every_analysis_sees_the_stage_of_the_day_first(build: str, tmp_path: Path) -> None:
    j = BUILDS[build](tmp_path)
    assert [j.show(lead)["what"].to_list() for lead in "ab"] == [["created", "sql", "won"]] * 2
    funnel = j.funnel(["created", "sql", "won"])
    assert funnel.to_polars()["leads"].to_list() == [2, 2, 2]
    stage = j.stage_funnel(pipeline=["created", "sql", "won"]).to_polars()
    assert stage["reached"].to_list() == [2, 2, 2]
    assert j.time_to("won", start="sql").to_polars()["leads"].to_list()[0] == 2
    # Known from its day on, and never before the lead was.
    assert j.snapshot(as_of="2024-03-05T14:00:00").to_polars().height == 2


def test_durations_are_days_where_one_end_is_a_day():
    j = journeys(wide())
    times = j.funnel(["created", "sql", "won"]).to_polars()
    # Created on the 1st, sql on the 5th; won on the 5th and the 9th.
    median = next(c for c in times.columns if "median" in c)
    assert times[median].to_list()[1:] == [4.0, 2.0]


def test_a_stage_that_is_a_day_in_one_table_and_a_time_in_another():
    """The one that is a time keeps it, to the second, beside a day of the same stage."""
    days = pl.DataFrame({"lead": ["a"], "at": [date(2024, 3, 5)], "stage": ["sql"]})
    times = pl.DataFrame(
        {
            "lead": ["a", "b", "b"],
            "at": [datetime(2024, 3, 5, 14, 30), datetime(2024, 3, 5, 20), datetime(2024, 3, 6, 20)],
            "stage": ["won", "sql", "won"],
        }
    )
    tables = [ll.Stages(t, "lead", "at", stage="stage") for t in (days, times)]
    j = journeys(tables)
    assert j.show("a")["what"].to_list() == ["created", "sql", "won"]
    assert j.show("b")["at"].dt.hour().to_list()[1:] == [20, 20]
    assert j.time_to("won", start="sql").to_polars()["leads"].to_list()[0] == 2


@pytest.mark.parametrize(
    ("stages", "expected"),
    [
        # Not in the pipeline, another day, another deal: as it is.
        ([("d", date(2024, 3, 5), "call"), ("d", datetime(2024, 3, 5, 14), "won")], ["won", "call"]),
        ([("d", date(2024, 3, 6), "sql"), ("d", datetime(2024, 3, 5, 14), "won")], ["won", "sql"]),
        ([("e", date(2024, 3, 5), "sql"), ("d", datetime(2024, 3, 5, 14), "won")], ["won", "sql"]),
        ([(None, date(2024, 3, 5), "sql"), ("d", datetime(2024, 3, 5, 14), "won")], ["sql", "won"]),
        ([("d", date(2024, 3, 5), "won"), ("d", datetime(2024, 3, 5, 14), "sql")], ["sql", "won"]),
        ([("d", date(2024, 3, 5), "offer"), ("d", datetime(2024, 3, 5, 14), "lost")], ["offer", "lost"]),
    ],
)
def test_what_orders_a_day(stages, expected):
    tables = [
        ll.Stages(
            pl.DataFrame({"lead": ["a"], "deal": pl.Series([deal], dtype=pl.String), "at": [at], "stage": [stage]}),
            "lead",
            "at",
            stage="stage",
            deal="deal",
        )
        for deal, at, stage in stages
    ]
    for declared in (tables, tables[::-1]):
        assert journeys(declared).show("a")["what"].to_list()[1:] == expected


def test_days_that_stand_as_their_start():
    table = WIDE.with_columns(offer_at=pl.lit(datetime(2024, 3, 5, 10)), lost_on=pl.lit(date(2024, 3, 5)))
    stages = [
        ll.Stages(table, "lead", {"offer": "offer_at"}),
        ll.Stages(table, "lead", {"lost": "lost_on"}, day="start"),
    ]
    assert journeys(stages).show("a")["what"].to_list()[1:] == ["offer", "lost"]


def test_a_table_of_another_zone_has_its_own_days():
    """The 5th in Tokyo ends at 15:00 UTC."""
    days = pl.DataFrame({"lead": ["a", "b"], "at": [date(2024, 3, 5)] * 2, "stage": ["sql"] * 2})
    times = pl.DataFrame(
        {
            "lead": ["a", "b"],
            "at": [datetime(2024, 3, 4, 16), datetime(2024, 3, 4, 14)],
            "stage": ["won"] * 2,
        }
    )
    stages = [
        ll.Stages(days, "lead", "at", stage="stage", timezone="Asia/Tokyo"),
        ll.Stages(times, "lead", "at", stage="stage"),
    ]
    j = journeys(stages)
    assert [j.show(lead)["what"].to_list()[1:] for lead in "ab"] == [["sql", "won"], ["won", "sql"]]


def test_an_order_column_says_more_than_the_pipeline():
    table = pl.DataFrame({"lead": ["a"], "sql": [date(2024, 3, 5)], "won": [datetime(2024, 3, 5, 14)], "n": [1]})
    days = ll.Stages(table.select("lead", "sql", n=pl.lit(2)), "lead", {"sql": "sql"}, order="n")
    times = ll.Stages(table.select("lead", "won", n=pl.lit(1)), "lead", {"won": "won"}, order="n")
    assert journeys([days, times]).show("a")["what"].to_list()[1:] == ["won", "sql"]


def test_a_later_part_is_seen_in_whatever_order_parts_arrive():
    """A time of an earlier stage arrives last and contradicts: the day stands as it does in one build."""
    first = pl.DataFrame({"lead": ["a"], "at": [datetime(2024, 3, 5, 10)], "stage": ["won"]})
    second = pl.DataFrame({"lead": ["a"], "at": [datetime(2024, 3, 5, 18)], "stage": ["mql"]})
    parts = [by_day(), *(ll.Stages(t, "lead", "at", stage="stage") for t in (first, second))]
    whole = journeys(parts)
    step, _ = extended(parts[0], parts[1]).extend(stages=parts[2], observed_until=OPTIONS["observed_until"])
    for lead in "ab":
        assert step.show(lead).rows() == whole.show(lead).rows()

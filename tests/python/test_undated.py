"""Rows that say won or lost without a time are dated, counted once each, and lost by no route."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest

import leadlens as ll

LEADS = ll.Leads(pl.DataFrame({"id": ["a", "b", "c"], "created": ["2024-03-01"] * 3}), id="id", created="created")


def journeys(rows, stage="stage", won="won", pipeline=(), **options):
    table = pl.DataFrame(rows, schema=["lead", "deal", "at", "stage"], orient="row")
    stages = ll.Stages(table, "lead", "at", stage=stage, deal="deal", **options)
    return ll.Journeys(leads=LEADS, stages=stages, pipeline=list(pipeline), won=won, observed_until="2024-12-01")


def counts(j):
    rows = j.check().to_polars().rows()
    return {row[3] or row[2]: row[4] for row in rows if row[1] == "stages"}


@pytest.mark.parametrize("undated", ["last", "end"])
def test_stages_of_a_lookup(undated):
    rows = [("a", "x", "2024-03-05 10:00", 4), ("a", "x", None, 7), ("b", "y", None, 4)]
    names = pl.DataFrame({"code": [4, 7], "name": ["open", "won"]})
    j = journeys(rows, stage=ll.lookup(names, "code", value="name", on="stage"), undated=undated)
    assert j.show("a")["what"].to_list() == ["created", "open", "won"]
    assert not any("lookup table" in what for what in counts(j))


def test_stages_of_a_lookup_are_refused_or_noted():
    rows = [("a", "x", "2024-03-05 10:00", 4), ("a", "x", None, 7)]
    names = pl.DataFrame({"code": [4, 7], "name": ["open", "won"]})
    stage = ll.lookup(names, "code", value="name", on="stage")
    with pytest.raises(ll.errors.SchemaError, match="1 row is won or lost without a time"):
        journeys(rows, stage=stage, undated="error")
    assert counts(journeys(rows, stage=stage))["won or lost without a time; read as not reached (undated=)"] == 1


def test_a_row_of_several_leads_is_counted_once():
    dated = "won or lost without a time; dated like the last row of the deal"
    left_out = "won or lost without a time, as are all other rows of the deal"
    rows = [("a", "x", "2024-03-05 10:00", "open"), ("a;b", "x", None, "won"), ("b;c", "z", None, "won")]
    found = counts(journeys(rows, split=";", pick="all", undated="last"))
    assert (found["used"], found[dated], found[left_out]) == (2, 1, 1)
    assert found["missing time for one of several leads; left out for that lead"] == 1
    with pytest.raises(ll.errors.SchemaError, match="2 rows are won"):
        journeys(rows, split=";", pick="all", undated="error")


def test_each_table_has_its_own_count():
    def table(rows):
        frame = pl.DataFrame(rows, schema=["lead", "deal", "at", "stage"], orient="row")
        return ll.Stages(frame, "lead", "at", stage="stage", deal="deal", undated="last")

    first = table([("a", "x", "2024-03-05 10:00", "open"), ("a", "x", None, "won")])
    second = table(
        [
            ("b", "y", "2024-03-05 10:00", "open"),
            ("b", "y", None, "won"),
            ("b", "q", None, "won"),
            ("c", "r", None, "won"),
        ]
    )
    j = ll.Journeys(leads=LEADS, stages=[first, second], won="won", observed_until="2024-12-01")
    used = [row[4] for row in j.check().to_polars().rows() if row[1] == "stages" and row[2] == "used"]
    assert used == [2, 2]


def test_a_win_dated_by_a_day_is_known_to_the_day():
    leads = pl.DataFrame({"id": ["a"], "created": [dt.datetime(2024, 3, 1, 15)]})

    def days(rows, **options):
        table = pl.DataFrame(rows, schema=["lead", "at", "stage"], orient="row")
        return ll.Journeys(
            leads=ll.Leads(leads, id="id", created="created"),
            stages=ll.Stages(table, "lead", "at", stage="stage", **options),
            pipeline=["open", "won"],
            won="won",
            observed_until="2024-12-01",
        )

    dated = days([("a", "2024-03-05", "open"), ("a", "2024-03-05", "won")])
    inherited = days([("a", "2024-03-05", "open"), ("a", None, "won")], undated="last")
    assert inherited.time_to("won").curve().rows() == dated.time_to("won").curve().rows()
    start = days([("a", "2024-03-05", "open")])
    late = ll.Stages(
        pl.DataFrame({"l": ["a"], "at": [None], "s": ["won"]}, schema_overrides={"at": pl.String}),
        "l",
        "at",
        stage="s",
        undated="last",
    )
    assert start.extend(stages=late)[0].time_to("won").curve().rows() == dated.time_to("won").curve().rows()


@pytest.mark.parametrize("won", ["7", "7.0"])
def test_names_of_stages_are_canonical_while_tables_are_read(won):
    rows = [("a", "x", "2024-03-05 10:00", 3), ("a", "x", None, 7)]
    assert journeys(rows, won=won, pipeline=["3.0", won], undated="last").show("a")["what"].to_list() == [
        "created",
        "3",
        "7",
    ]


def test_an_id_is_known_once_its_row_is_used():
    columns = ["lead", "id", "at", "stage"]

    def stages(rows, **options):
        return ll.Stages(
            pl.DataFrame(rows, schema=columns, orient="row"), "lead", "at", stage="stage", id="id", **options
        )

    early, right = ("a", "1", "2024-02-01 10:00", "won"), ("a", "1", "2024-03-09 10:00", "won")
    j = ll.Journeys(
        leads=LEADS,
        stages=stages([early, right]),
        won="won",
        before_creation="quarantine",
        observed_until="2024-12-01",
    )
    assert j.show("a")["what"].to_list() == ["created", "won"]
    # A win without any time is left out, and taken when it comes with one.
    first = stages([("a", "1", None, "won"), ("b", "2", "2024-03-04 10:00", "open")], undated="last")
    j = ll.Journeys(leads=LEADS, stages=first, won="won", observed_until="2024-12-01")
    assert j.extend(stages=stages([right]))[0].show("a")["what"].to_list() == ["created", "won"]


def test_what_is_known_of_open_deals_includes_edits():
    rows = [("a", "2024-03-02 01:00", "offer", 100.0), ("a", "2024-03-03 02:00", "offer", 500.0)]
    table = pl.DataFrame(rows, schema=["lead", "at", "stage", "amount"], orient="row")
    stages = ll.Stages(table, "lead", "at", stage="stage", amount="amount")
    j = ll.Journeys(leads=LEADS, stages=stages, pipeline=["offer"], won="won", observed_until="2024-12-01")
    assert j.show("a")["amount"].to_list() == [None, 500.0]


def test_leads_of_events_known_to_the_day_count_days():
    visits = pl.DataFrame({"l": ["a", "b"], "at": [dt.date(2024, 3, 1)] * 2})
    wins = pl.DataFrame({"l": ["a", "b"], "at": [dt.datetime(2024, 3, 2, 15, 7), dt.datetime(2024, 3, 3, 1, 1)]})
    events = ll.Events(visits, "l", "at", ll.literal("visit"))

    def curve(leads):
        return (
            ll.Journeys(
                leads=leads,
                events=events,
                stages=ll.Stages(wins, "l", {"won": "at"}),
                won="won",
                observed_until="2024-05-01",
            )
            .time_to("won")
            .curve()
            .rows()
        )

    listed = ll.Leads(visits.rename({"at": "created"}), id="l", created="created")
    assert curve(ll.Leads.from_events(events)) == curve(listed)


@pytest.mark.parametrize("undated", ["end", "last", "error"])
def test_a_stage_that_is_the_same_for_all_rows(undated):
    rows = [("a", "x", "2024-03-05 10:00", "Won"), ("b", "y", None, "Won"), ("c", "z", None, "Open")]

    def build(stage, **options):
        options["where"] = {"stage": "Won"}
        return journeys(rows, stage=stage, undated=undated, **options)

    if undated == "error":
        with pytest.raises(ll.errors.SchemaError, match="1 row is won or lost without a time"):
            build(ll.literal("won"))
        return
    j = build(ll.literal("won"))
    assert j.stage_funnel(pipeline=["created", "won"]).to_polars()["reached"].to_list() == [
        3,
        2 if undated == "end" else 1,
    ]
    # The name of a literal is meant as it is written, whatever names= maps.
    j = build(ll.literal("won"), names={"Won": "closed"}, unmapped="drop")
    assert "won" in j.show("a")["what"].to_list()


def test_an_empty_cell_of_a_wide_table_is_a_stage_not_reached():
    table = pl.DataFrame({"lead": ["a", "b"], "mql": ["2024-03-05", "2024-03-06"], "won": ["2024-03-07", None]})
    at = {"mql": "mql", "won": "won"}
    for undated in ("end", "last", "error"):
        with pytest.raises(ll.OptionError, match="undated= applies only with stage="):
            ll.Journeys(leads=LEADS, stages=ll.Stages(table, "lead", at, undated=undated), won="won")
    j = ll.Journeys(leads=LEADS, stages=ll.Stages(table, "lead", at), won="won", observed_until="2024-12-01")
    assert j.show("b")["what"].to_list() == ["created", "mql"]

"""Deals are won once, edits are no entries, days are counted on the calendar, and observation ends with the last row."""

from __future__ import annotations

import random
import warnings

import polars as pl
import pytest

import leadlens as ll

LEADS = pl.DataFrame({"id": ["a", "b", "c"], "created": ["2024-03-01"] * 3})


def journeys(rows, columns=("lead", "deal", "at", "stage", "amount"), leads=LEADS, **options):
    table = pl.DataFrame(rows, schema=list(columns), orient="row")
    own = {name: options.pop(name) for name in ("id", "undated", "order") if name in options}
    deal = "deal" if "deal" in columns else None
    stages = ll.Stages(table, "lead", "at", stage="stage", deal=deal, amount="amount", **own)
    options = {"won": "won", "lost": "lost", "observed_until": "2024-12-01", **options}
    return ll.Journeys(leads=ll.Leads(leads, id="id", created="created"), stages=stages, **options)


def entries(j, lead="a"):
    return j.show(lead)["what"].to_list()[1:]


def test_runs_of_a_deal_are_one_entry_with_the_last_amount():
    rows = [
        ("a", "d", "2024-03-02", "offer", 10.0),
        ("a", "e", "2024-03-03", "offer", 99.0),
        ("a", "d", "2024-03-04", "offer", 12.0),
        ("a", "d", "2024-03-05", "won", 12.0),
        ("a", "d", "2024-03-09", "won", 15.0),
    ]
    j = journeys(rows)
    assert entries(j) == ["offer", "offer", "won"]
    assert any("2 rows repeat the current stage of their deal" in remark for remark in j.check().remarks)
    total = j.stage_funnel(pipeline=["created", "won"])
    assert "15" in str(total) or total.wins()["value"].sum() == 15.0


def test_several_won_stages_of_a_deal_are_one_win():
    visits = pl.DataFrame({"lead": ["a"], "at": ["2024-03-01"], "channel": ["ads"]})
    rows = [
        ("a", "d", "2024-03-05", "won", 5.0),
        ("a", "d", "2024-03-06", "paid", 5.0),
        ("a", "d", "2024-03-07", "won", 5.0),
    ]
    table = pl.DataFrame(rows, schema=["lead", "deal", "at", "stage", "amount"], orient="row")
    j = ll.Journeys(
        leads=ll.Leads(LEADS, id="id", created="created"),
        events=ll.Events(visits, "lead", "at", ll.literal("visit"), channel="channel"),
        stages=ll.Stages(table, "lead", "at", stage="stage", deal="deal", amount="amount"),
        won=["won", "paid"],
        observed_until="2024-12-01",
    )
    credit = j.attribution("linear", conversions="every").to_polars()
    assert (credit["conversions"].sum(), credit["value"].sum()) == (1.0, 5.0)


def test_a_win_taken_back_is_named():
    rows = [("a", "d", "2024-03-05", "won", 5.0), ("a", "d", "2024-03-08", "lost", 5.0)]
    assert any("1 deal was won and later lost" in remark for remark in journeys(rows).check().remarks)


def test_build_and_extend_agree_for_any_split():
    shuffled = random.Random(5)
    for _ in range(30):
        rows = [
            (
                shuffled.choice("abc"),
                shuffled.choice(["d", "e", None]),
                f"2024-03-{shuffled.randint(2, 28):02d}T{shuffled.randint(0, 23):02d}:{n % 60:02d}:00",
                shuffled.choice(["offer", "lost", "won", "call"]),
                shuffled.choice([1.0, 2.0, None]),
            )
            for n in range(shuffled.randint(2, 30))
        ]
        whole = journeys(rows, pipeline=["call", "offer", "won"])
        late = [r for r in rows if shuffled.random() < 0.5]
        early = [r for r in rows if r not in late] or rows[:1]
        table = pl.DataFrame(
            late, schema={"lead": str, "deal": str, "at": str, "stage": str, "amount": float}, orient="row"
        )
        stages = ll.Stages(table, "lead", "at", stage="stage", deal="deal", amount="amount")
        grown = journeys(early, pipeline=["call", "offer", "won"])
        if late:
            grown, _ = grown.extend(stages=stages)
        for lead in "abc":
            assert whole.show(lead).equals(grown.show(lead))
        assert str(whole.stage_funnel()) == str(grown.stage_funnel())


@pytest.mark.parametrize(("undated", "events"), [("drop", 0), ("last", 1), ("end", 1)])
def test_won_without_a_date(undated, events):
    rows = [("a", "d", "2024-03-05", "offer", 5.0), ("a", "d", None, "won", 5.0)]
    j = journeys(rows, undated=undated)
    assert j.funnel(["created", "won"]).to_polars()["leads"].to_list()[1:] == ([1] if events else [0])
    assert "without a time" in str(j.check())


def test_won_without_a_date_can_be_refused():
    with pytest.raises(ll.SchemaError, match="1 row is won or lost without a time"):
        journeys([("a", "d", None, "won", 5.0)], undated="error")


def test_rows_with_a_known_id_are_dropped():
    columns = ("lead", "deal", "at", "stage", "amount", "row")
    rows = [("a", "d", "2024-03-05", "won", 5.0, 7), ("a", "d", "2024-03-06", "won", 6.0, 7)]
    j = journeys(rows, columns=columns, id="row")
    assert "1 quarantined: duplicate" in str(j.check())


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Tokyo"])
def test_days_between_dates(zone):
    rows = [
        ("a", "d", "2024-03-01", "won", 1.0),
        ("b", "e", "2024-03-31", "won", 1.0),
        ("c", "f", "2024-04-01", "won", 1.0),
    ]
    j = journeys(rows, calendar_zone=zone)
    assert j.funnel(["created", "won"], window="30d").to_polars()["leads"].to_list() == [3, 2]
    at = j.time_to("won", at=["29d", "30d", "31d"]).at()
    assert at["incidence"].round(6).to_list() == [0.333333, 0.666667, 1.0]


def test_observation_ends_with_silent_stages():
    days = [f"2024-03-{n:02d}" for n in range(1, 31)]
    stages = pl.DataFrame({"lead": ["a"] * 30, "at": days, "stage": ["offer", "call"] * 15})
    visits = pl.DataFrame({"lead": ["a"] * 3, "at": ["2024-03-01", "2024-05-01", "2024-08-01"]})
    with pytest.warns(ll.DataWarning, match="stages table 'stages' ends"):
        j = ll.Journeys(
            leads=ll.Leads(LEADS, id="id", created="created"),
            events=ll.Events(visits, "lead", "at", ll.literal("visit")),
            stages=ll.Stages(stages, "lead", "at", stage="stage"),
        )
    assert j.facts["observed_until"] == "2024-03-31T00:00:00Z"


@pytest.mark.parametrize(
    ("day", "end"), [("2024-03-31", "2024-03-31T22:00:00Z"), ("2024-10-27", "2024-10-27T23:00:00Z")]
)
def test_the_last_day_of_observation_may_have_23_or_25_hours(day, end):
    leads = pl.DataFrame({"id": ["a"], "created": [day]})
    j = ll.Journeys(leads=ll.Leads(leads, id="id", created="created"), timezone="Europe/Berlin")
    assert any(f"observed until {end}" in remark for remark in j.check().remarks)


def test_a_table_that_hardly_matches_warns():
    visits = pl.DataFrame({"lead": ["a", "x", "y"], "at": ["2024-03-02"] * 3})
    with pytest.warns(ll.DataWarning, match="1 of 3 rows are used"):
        ll.Journeys(
            leads=ll.Leads(LEADS, id="id", created="created"),
            events=ll.Events(visits, "lead", "at", ll.literal("visit")),
        )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        journeys([("a", "d", "2024-03-05", "won", 5.0)])


def test_competing_losses_can_be_censored():
    rows = [("a", "d", "2024-03-05", "won", 1.0), ("b", "e", "2024-03-03", "lost", 1.0)]
    j = journeys(rows)
    shares = [j.time_to("won", at="10d", competing_as=how).at()["incidence"][0] for how in ("event", "censored")]
    assert [round(share, 6) for share in shares] == [0.333333, 0.5]


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Tokyo"])
@pytest.mark.parametrize("created", ["2024-03-01", "2024-03-01 15:00"])
def test_stage_funnels_count_days_between_dates(zone, created):
    leads = pl.DataFrame({"id": ["a"], "created": [created]})
    rows = [("a", "d", "2024-03-11", "demo", 1.0), ("a", "d", "2024-03-31", "won", 1.0)]
    j = journeys(rows, leads=leads, calendar_zone=zone, timezone=zone)
    f = j.stage_funnel(pipeline=["created", "demo", "won"])
    assert f.times()["mean_of_left"].to_list()[:2] == [10.0, 20.0]
    assert f.summary()["days_to_win"].item() == 30.0
    at = j.time_to("won", at=["29d", "30d"]).at()
    assert at["incidence"].to_list() == [0.0, 1.0]


def test_days_to_win_leave_out_skipped_stages():
    rows = [
        ("a", "d", "2024-03-11", "demo", 1.0),
        ("a", "d", "2024-03-31", "won", 1.0),
        ("b", "e", "2024-03-05", "won", 1.0),
    ]
    f = journeys(rows).stage_funnel(pipeline=["created", "demo", "won"], opportunity="demo")
    row = f.summary().row(0, named=True)
    assert (row["won"], row["days_known"], row["days_to_win"]) == (2, 1, 20.0)
    assert "20.0 d to the win (1 of 2 wins; the others skipped the first stage)" in str(f)
    assert "skipped the first stage" not in str(
        journeys(rows[:2]).stage_funnel(pipeline=["demo", "won"], opportunity="demo")
    )

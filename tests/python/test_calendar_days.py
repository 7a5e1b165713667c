"""Durations and windows are calendar days where one of the two ends is a whole day: paths, stage funnels, drivers."""

from datetime import date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import polars as pl
import pytest

import leadlens as ll

UTC = timezone.utc
FIRST = date(2024, 3, 1)


def leads(n, created=FIRST):
    return ll.Leads(pl.DataFrame({"id": range(n), "created": [created] * n}), "id", created="created")


def on(days):
    return [FIRST + timedelta(days=d) for d in days]


def events(lead, at, kind, **options):
    return ll.Events(pl.DataFrame({"lead": lead, "at": at, "kind": kind}), "lead", "at", "kind", **options)


def test_sessions_and_times_of_paths():
    journeys = ll.Journeys(
        leads=leads(2),
        events=[
            events([0, 0, 0, 1], on([1, 1, 3, 4]), ["a", "b", "c", "a"], name="days"),
            events(
                [0, 1], [datetime(2024, 3, 2, 23, 59, tzinfo=UTC), datetime(2024, 3, 6, 0, 1, tzinfo=UTC)], ["x", "x"]
            ),
        ],
        observed_until="2024-06-01",
    )
    # Lead 0: x at 23:59 and the days of a and b are one date; c is two days later. Lead 1: a, and x on the day after.
    paths = journeys.paths(unit="session", session_gap="30m")
    assert paths.facts["paths"] == 4
    paths = journeys.paths(unit="session", session_gap="1d")
    assert paths.facts["paths"] == 3
    times = {(r["from"], r["to"]): r for r in journeys.paths(collapse=False).transitions().to_dicts()}
    column = next(c for c in next(iter(times.values())) if c.startswith(("median", "days")))
    assert times["x", "a"][column] == 0
    assert times["b", "c"][column] == 2
    assert times["a", "x"][column] == 1


@pytest.mark.parametrize(("day", "within", "counts"), [(30, "30d", True), (31, "30d", False), (0, "1d", True)])
@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Pacific/Auckland"])
def test_within_of_stage_funnels(day, within, counts, zone):
    evening = datetime(2024, 3, 1, 20, tzinfo=ZoneInfo(zone)) + timedelta(days=day)
    for won in (on([day])[0], evening.astimezone(UTC)):
        stages = ll.Stages(pl.DataFrame({"lead": [0], "at": [won], "stage": ["won"]}), "lead", "at", stage="stage")
        j = ll.Journeys(
            leads=leads(2),
            stages=stages,
            pipeline=["created", "won"],
            won="won",
            lost="lost",
            timezone=zone,
            calendar_zone=zone,
            observed_until="2024-06-01",
        )
        assert j.stage_funnel(window=within).summary()["won"].to_list() == [int(counts)]


def test_cycles_too_young_for_within_are_left_out():
    stages = ll.Stages(
        pl.DataFrame({"lead": [0], "at": [FIRST + timedelta(days=9)], "stage": ["won"]}), "lead", "at", stage="stage"
    )
    options = {"pipeline": ["created", "won"], "won": "won", "lost": "lost", "leads": leads(2), "stages": stages}
    # The tenth day is over at the end of 11 March.
    young = ll.Journeys(observed_until="2024-03-11", **options).stage_funnel(window="10d")
    assert young.facts["immature"] == 2
    assert ll.Journeys(observed_until="2024-03-12", **options).stage_funnel(window="10d").facts["immature"] == 0


def test_recycling_counts_calendar_days():
    """Lost on the day, back at noon 30 days later by the calendar."""
    rows = {"lead": [0, 0], "at": on([0, 5]), "stage": ["open", "lost"], "deal": ["d", "d"]}
    back = {"lead": [0], "at": [datetime(2024, 4, 5, 0, 30, tzinfo=UTC)], "stage": ["open"], "deal": ["e"]}
    tables = [ll.Stages(pl.DataFrame(r), "lead", "at", stage="stage", deal="deal") for r in (rows, back)]
    j = ll.Journeys(
        leads=leads(1), stages=tables, pipeline=["open", "won"], won="won", lost="lost", observed_until="2024-06-01"
    )
    assert j.stage_funnel(recycle_after="30d").facts["recycled"] == 1
    assert j.stage_funnel(recycle_after="31d").facts["recycled"] == 0


def test_drivers_watch_to_the_end_of_the_last_day():
    """Leads that go on late on the last day of the window are watched as long as it."""
    n = 120
    at = [datetime(2024, 3, 11, 21, tzinfo=UTC) for _ in range(n)]
    visits = [datetime(2024, 3, 11, 19, tzinfo=UTC) for _ in range(0, n, 2)]
    j = ll.Journeys(
        leads=leads(2 * n),
        events=[
            events(list(range(n)), at, ["demo"] * n, name="demos"),
            events(list(range(0, n, 2)), visits, ["visit"] * len(visits), name="visits"),
        ],
        observed_until="2024-06-01",
    )
    drivers = j.drivers(["created", "demo"], window="10d", min_support=5)
    assert j.funnel(["created", "demo"], window="10d").to_polars()["leads"].to_list() == [2 * n, n]
    found = drivers.to_polars()
    # The events on the day on which leads go on are not before it.
    assert "visit" not in " ".join(found.filter(pl.col("hazard_ratio").is_not_null())["value"].to_list())


def test_wins_that_were_taken_back_are_named():
    rows = {"lead": [0, 0, 1], "at": on([3, 9, 4]), "stage": ["won", "lost", "won"]}
    j = ll.Journeys(
        leads=leads(3),
        stages=ll.Stages(pl.DataFrame(rows), "lead", "at", stage="stage"),
        pipeline=["created", "won"],
        won="won",
        lost="lost",
        observed_until="2024-06-01",
    )
    words = "1 deal was won and later lost or re-opened"
    assert words in str(j.stage_funnel())
    assert words in str(j.time_to("won"))
    assert words not in str(j.time_to("lost", competing=[]))

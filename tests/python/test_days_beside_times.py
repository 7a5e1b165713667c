"""Dates and points in time of one kind: each keeps its resolution, whatever stands beside it and wherever it is stored."""

import random
from datetime import date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import polars as pl
import pyarrow as pa
import pytest

import leadlens as ll

UTC = timezone.utc
LAST = timedelta(days=1) - timedelta(microseconds=1)
LEADS = pl.DataFrame({"id": [1], "created": [datetime(2024, 5, 1, tzinfo=UTC)]})
INSTANTS = [
    (None, datetime(2024, 5, 9)),
    (None, datetime(2024, 5, 9, 17, 45)),
    ("UTC", datetime(2024, 5, 9)),
    ("Asia/Kolkata", datetime(2024, 5, 9, 2, 30)),
]


def visits(table, **options):
    events = ll.Events(table, "lead", "at", ll.literal("visit"), **options)
    j = ll.Journeys(leads=ll.Leads(LEADS, "id", created="created"), events=events, observed_until="2024-07-01")
    return [t.replace(tzinfo=UTC) for t in j.show(1)["at"].to_list()[1:]]


@pytest.mark.parametrize(("zone", "instant"), INSTANTS)
@pytest.mark.parametrize("suffix", ["parquet", "arrow"])
def test_parts_keep_their_resolution(zone, instant, suffix, tmp_path):
    parts = [pa.array([date(2024, 5, 8)]), pa.array([instant], pa.timestamp("us", zone))]
    for i, part in enumerate(parts):
        frame = pl.from_arrow(pa.table({"lead": [1], "at": part}))
        write = frame.write_parquet if suffix == "parquet" else frame.write_ipc
        write(tmp_path / f"{i}.{suffix}")
    # pyarrow takes a naive time in a column with a zone as one of UTC.
    expected = instant.replace(tzinfo=UTC)
    day = datetime(2024, 5, 8, tzinfo=UTC)
    assert visits(tmp_path / f"*.{suffix}") == [day + LAST, expected]
    assert visits(tmp_path / f"*.{suffix}", day="start") == [day, expected]


@pytest.mark.parametrize("second", ["2024-05-09 00:00:00", "2024-05-09T17:45", "2024-05-09T00:00:00Z"])
def test_texts_keep_their_resolution(second, tmp_path):
    """In one file, in two, in memory; and many midnights beside a date are instants."""
    instant = datetime.fromisoformat(second.replace("Z", "+00:00")).replace(tzinfo=UTC)
    want = [datetime(2024, 5, 8, tzinfo=UTC) + LAST, instant]
    both = pl.DataFrame({"lead": [1, 1], "at": ["2024-05-08", second]})
    assert visits(both) == want
    both.write_csv(tmp_path / "both.csv")
    assert visits(tmp_path / "both.csv") == want
    for i in range(2):
        both[i : i + 1].write_csv(tmp_path / f"part{i}.csv")
    assert visits(tmp_path / "part*.csv") == want
    more = pl.DataFrame({"lead": [1] * 3, "at": ["2024-05-08", "2024-05-09 00:00", "2024-05-10 00:00"]})
    assert [t.hour for t in visits(more)] == [23, 0, 0]


def test_days_of_a_zone(tmp_path):
    """The day of a date is that of the table's zone, on every route."""
    for name in ["America/St_Johns", "Pacific/Auckland", "Asia/Kathmandu"]:
        last = datetime(2024, 5, 9, tzinfo=ZoneInfo(name)).astimezone(UTC) - timedelta(microseconds=1)
        at = datetime(2024, 5, 9, 18, 30, tzinfo=ZoneInfo(name)).astimezone(UTC)
        table = pl.DataFrame({"lead": [1, 1], "at": ["2024-05-08", "2024-05-09 18:30"]})
        assert visits(table, timezone=name) == [last, at]


@pytest.mark.parametrize("hour", [0, 6, 12, 13, 18, 23])
@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Tokyo", "Pacific/Auckland"])
def test_times_of_a_kind_that_has_days_too(zone, hour):
    """A stage is known to the day in one table and to the minute in another: both count the right number of days."""
    tz = ZoneInfo(zone)
    days = ll.Stages(
        pl.DataFrame({"lead": [2], "at": ["2024-05-03"], "stage": ["won"]}), "lead", "at", stage="stage", timezone=zone
    )
    for minute in (0, 15, 37):
        won = datetime(2024, 5, 20, hour, minute, tzinfo=tz)
        called = datetime(2024, 5, 10, 9, 12, tzinfo=tz)
        times = ll.Stages(
            pl.DataFrame({"lead": [1], "at": [won.astimezone(UTC)], "stage": ["won"]}), "lead", "at", stage="stage"
        )
        calls = ll.Events(
            pl.DataFrame({"lead": [1, 2], "at": [called.astimezone(UTC), datetime(2024, 5, 2, 3, tzinfo=UTC)]}),
            "lead",
            "at",
            ll.literal("call"),
        )
        leads = pl.DataFrame({"id": [1, 2], "created": [datetime(2024, 5, 1, tzinfo=UTC)] * 2})
        j = ll.Journeys(
            leads=ll.Leads(leads, "id", created="created"),
            events=calls,
            stages=[days, times],
            won="won",
            calendar_zone=zone,
            observed_until="2024-07-01",
        )
        found = j.funnel(["call", "won"], window="30d").times()
        exact = (won - called) / timedelta(days=1)
        called_on = datetime(2024, 5, 2, 3, tzinfo=UTC).astimezone(tz).date()
        whole = (date(2024, 5, 3) - called_on).days
        means = found.filter(pl.col("step") == "won")["mean"].to_list()
        assert means == pytest.approx([(exact + whole) / 2] * len(means), abs=1e-9)


def test_created_on_a_day_or_at_a_time(tmp_path):
    """Leads of one table: the one created on a day counts calendar days, the one created at midnight exact time."""
    leads = pl.DataFrame({"id": [1, 2], "created": ["2024-05-01", "2024-05-01 00:00:00"]})
    stages = ll.Stages(
        pl.DataFrame({"lead": [1, 2], "at": [datetime(2024, 5, 3, 12, tzinfo=UTC)] * 2, "stage": ["won"] * 2}),
        "lead",
        "at",
        stage="stage",
    )
    j = ll.Journeys(
        leads=ll.Leads(leads, "id", created="created"), stages=stages, won="won", observed_until="2024-07-01"
    )
    mean = j.funnel(["created", "won"], window="60d").times()["mean"].to_list()
    assert mean == pytest.approx([(2 + 2.5) / 2] * len(mean))
    j.save(tmp_path / "saved")
    again = ll.Journeys.open(tmp_path / "saved").funnel(["created", "won"], window="60d")
    assert again.times()["mean"].to_list() == mean


def stage_rows(rows):
    lead, at, stage = zip(*rows, strict=True)
    return ll.Stages(pl.DataFrame({"lead": lead, "at": at, "stage": stage}), "lead", "at", stage="stage")


def pipeline(n, stages, zone):
    return ll.Journeys(
        leads=ll.Leads(pl.DataFrame({"id": range(n), "created": ["2024-01-01"] * n}), "id", created="created"),
        stages=stages,
        pipeline=["open", "won"],
        won="won",
        lost="lost",
        timezone=zone,
        calendar_zone=zone,
        observed_until="2024-12-01",
    )


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kolkata", "America/St_Johns", "Pacific/Auckland"])
def test_a_column_of_both_against_plain_arithmetic(zone):
    """Exact where both ends are times, dates apart where one is a day."""
    rng, n = random.Random(11), 120
    rows, want = [], []
    for lead in range(n):
        ends = []
        first = date(2024, 2, 1) + timedelta(days=rng.randrange(60))
        for day in (first, first + timedelta(days=rng.randrange(1, 40))):
            at = datetime(day.year, day.month, day.day, rng.randrange(3, 24), rng.choice([0, 15, 59]))
            text = day.isoformat() if rng.random() < 0.5 else at.isoformat(sep=" ")
            ends.append((day, at.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC) if len(text) > 10 else None))
            rows.append((lead, text, ["open", "won"][len(ends) - 1]))
        (first, opened), (second, won) = ends
        want.append((won - opened) / timedelta(days=1) if opened and won else float((second - first).days))
    journeys = pipeline(n, stage_rows(rows), zone)
    assert journeys.stage_funnel().summary()["days_to_win"].to_list() == pytest.approx([sum(want) / n], abs=1e-9)
    within = sum(days <= 20 for days in want)
    assert journeys.funnel(["open", "won"], window="20d").to_polars()["leads"].to_list() == [n, within]


@pytest.mark.parametrize("zone", ["UTC", "Asia/Tokyo", "America/New_York"])
def test_days_and_times_that_arrive_one_after_the_other(zone, tmp_path):
    days = stage_rows([(0, date(2024, 1, 5), "open"), (0, date(2024, 1, 20), "won"), (1, date(2024, 1, 6), "open")])
    times = stage_rows(
        [
            (1, datetime(2024, 1, 22, 15, tzinfo=UTC), "won"),
            (2, datetime(2024, 1, 7, 13, tzinfo=UTC), "open"),
            (2, datetime(2024, 1, 8, 1, tzinfo=UTC), "won"),
        ]
    )
    whole = pipeline(3, [days, times], zone)
    grown, _ = pipeline(3, days, zone).extend(stages=times)
    grown.save(tmp_path / "saved")
    later, _ = pipeline(3, times, zone).extend(stages=days)
    for other in (grown, later, ll.Journeys.open(tmp_path / "saved")):
        assert other.stage_funnel(window="15d").summary().equals(whole.stage_funnel(window="15d").summary())
        assert other.time_to("won").to_polars().equals(whole.time_to("won").to_polars())
        steps = ["created", "open", "won"]
        assert other.funnel(steps, window="60d").times().equals(whole.funnel(steps, window="60d").times())

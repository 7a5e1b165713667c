"""Columns of times: resolution by column, exact epoch numbers, one rule for zones; the same on every route."""

from datetime import date, datetime, timedelta, timezone

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import leadlens as ll

UTC = timezone.utc
LEADS = pl.DataFrame({"id": [1, 2], "created": [datetime(2024, 1, 1, tzinfo=UTC)] * 2})


def read(table, **options):
    """Return the times of the events of lead 1, and the remarks on the table of events."""
    events = ll.Events(table, "lead", "at", ll.literal("visit"), **options)
    j = ll.Journeys(leads=ll.Leads(LEADS, "id", created="created"), events=events, observed_until="2024-06-01")
    times = [t.replace(tzinfo=UTC) for t in j.show(1).filter(pl.col("what") == "visit")["at"]]
    return times, str(j.check())


def routes(frame, folder):
    """Yield a polars frame as it comes from memory, pandas, pyarrow, CSV, Parquet and Arrow files."""
    yield frame
    yield frame.to_pandas()
    yield frame.to_arrow()
    frame.write_csv(folder / "t.csv")
    frame.write_parquet(folder / "t.parquet")
    frame.write_ipc(folder / "t.arrow")
    yield from (folder / f"t.{kind}" for kind in ("csv", "parquet", "arrow"))


def test_the_column_decides_on_its_resolution(tmp_path):
    last = timedelta(days=1) - timedelta(microseconds=1)
    day = datetime(2024, 2, 5)
    for others, whole in [
        ([datetime(2024, 2, 6), datetime(2024, 2, 7)], True),
        ([datetime(2024, 2, 6), datetime(2024, 2, 7, 8, 30)], False),
        # One midnight alone may as well be a time.
        ([], False),
        ([day], False),
    ]:
        frame = pl.DataFrame({"lead": [1] + [2] * len(others), "at": [day, *others]})
        for table in routes(frame, tmp_path):
            times, remarks = read(table)
            assert times == [day.replace(tzinfo=UTC) + (last if whole else timedelta(0))], (others, table)
            assert ("has dates: each" in remarks) == whole
    # With a zone they are instants.
    frame = pl.DataFrame({"lead": [1, 1], "at": [day.replace(tzinfo=UTC), datetime(2024, 2, 6, tzinfo=UTC)]})
    for table in routes(frame, tmp_path):
        assert read(table)[0][0] == day.replace(tzinfo=UTC)


def test_a_date_among_times_is_a_day():
    table = pl.DataFrame({"lead": [1, 1], "at": ["2024-02-05", "2024-02-06 10:00"]})
    times, remarks = read(table)
    assert times == [datetime(2024, 2, 5, 23, 59, 59, 999999, tzinfo=UTC), datetime(2024, 2, 6, 10, tzinfo=UTC)]
    assert "1 date without a time" in remarks
    table = pl.DataFrame({"lead": [1, 1], "at": ["05.02.24", "06.02.24"]})
    assert read(table, time_format="%d.%m.%y")[0][0] == datetime(2024, 2, 5, 23, 59, 59, 999999, tzinfo=UTC)
    table = pl.DataFrame({"lead": [1, 1], "at": [20240205, 20240206]})
    assert read(table, time_format="%Y%m%d")[0][0] == datetime(2024, 2, 5, 23, 59, 59, 999999, tzinfo=UTC)


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_epochs_are_exact_on_every_route(unit, tmp_path):
    at = datetime(2024, 2, 1, 19, 28, 32, tzinfo=UTC)
    if unit != "s":
        at += timedelta(microseconds=682_000 if unit == "ms" else 682_417)
    per_second = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}[unit]
    number = (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1) * per_second // 10**6
    for cells in (
        [number, None],
        pl.Series([number, None], dtype=pl.UInt64),
        [str(number), None],
        pl.Series([str(number), None], dtype=pl.Categorical),
        [f" {number}.000 ", None],
        [float(number), None],
        pl.Series([str(number), None]).cast(pl.Decimal(30, 2)),
    ):
        for table in routes(pl.DataFrame({"lead": [1, 1], "at": cells}), tmp_path):
            times, _ = read(table, unit=unit)
            assert times == [at], (unit, cells, table)


def test_floats_that_may_be_rounded_are_told():
    table = pl.DataFrame({"lead": [1, 1], "at": [1706815712682000000.0, 1.7e18]})
    assert "2 epoch numbers as floats beyond 2^53" in read(table, unit="ns")[1]
    table = pl.DataFrame({"lead": [1, 1], "at": [1706815712.682, 1.7e9]})
    times, remarks = read(table, unit="s")
    assert times[1] == datetime(2024, 2, 1, 19, 28, 32, 682000, tzinfo=UTC)
    assert "2^53" not in remarks


def test_epochs_that_overflow_are_quarantined(tmp_path):
    good, bad = 1706815712, 2**62
    for cells in (
        [good, bad],
        [str(good), str(bad)],
        [float(good), float(bad)],
        pl.Series([good, bad], dtype=pl.UInt64),
    ):
        for table in routes(pl.DataFrame({"lead": [1, 1], "at": cells}), tmp_path):
            times, remarks = read(table, unit="s")
            assert len(times) == 1
            assert "unparsable time: time out of range" in remarks
    table = pa.table({"lead": [1, 1], "at": pa.array([good, 2**60], pa.timestamp("s"))})
    times, remarks = read(table)
    assert len(times) == 1
    assert "unparsable time" in remarks


def test_a_unit_that_is_plainly_wrong_names_the_likely_one(tmp_path):
    at = 1706815712
    for scale, stated, likely in [
        (1, "ms", "s"),
        (1, "ns", "s"),
        (10**3, "s", "ms"),
        (10**3, "us", "ms"),
        (10**6, "ms", "us"),
        (10**9, "us", "ns"),
        (10**9, "s", "ns"),
    ]:
        numbers = [at * scale, (at + 86_400) * scale, 0]
        for cells in (numbers, [str(c) for c in numbers], [float(c) for c in numbers]):
            for table in routes(pl.DataFrame({"lead": [1, 1, 2], "at": cells}), tmp_path):
                with pytest.raises(ll.SchemaError, match=f"set unit='{likely}'"):
                    read(table, unit=stated)
    with pytest.raises(ll.SchemaError, match="looks like unit='ms'"):
        read(pl.DataFrame({"lead": [1], "at": [at * 1000]}))
    with pytest.raises(ll.SchemaError, match="looks like time_format='%Y%m%d'"):
        read(pl.DataFrame({"lead": [1], "at": [20240105]}))
    # Some values that are off, and times before 1980, are no reason to doubt the unit.
    read(pl.DataFrame({"lead": [1, 1], "at": [at, at // 1000]}), unit="s")
    read(pl.DataFrame({"lead": [1, 1], "at": [-300_000_000, 100_000_000]}), unit="s")
    # Seconds that pandas took for nanoseconds.
    assert (
        "epoch numbers in s were probably converted" in read(pd.DataFrame({"lead": [1], "at": pd.to_datetime([at])}))[1]
    )


ZONE = "America/New_York"
NAIVE = [
    "2024-03-06",
    "2024-03-06T00:00:00",
    date(2024, 3, 6),
    datetime(2024, 3, 6),
    np.datetime64("2024-03-06"),
    np.datetime64("2024-03-06T00:00:00.000000000"),
    pd.Timestamp("2024-03-06"),
]
AWARE = [
    "2024-03-06T05:00:00Z",
    "2024-03-06T10:30:00+05:30",
    datetime(2024, 3, 6, 5, tzinfo=UTC),
    pd.Timestamp("2024-03-06", tz=ZONE),
    datetime(2024, 3, 6, 8, tzinfo=timezone(timedelta(hours=3))),
]


def in_new_york(**options):
    leads = pl.DataFrame({"id": [1, 2], "created": ["2024-03-01 00:30:00", "2024-03-06 00:00:00"]})
    events = pl.DataFrame({"lead": [1, 1], "at": ["2024-03-05 23:30:00", "2024-03-06 00:00:00"]})
    return ll.Journeys(
        leads=ll.Leads(leads, "id", created="created"),
        events=ll.Events(events, "lead", "at", ll.literal("visit")),
        timezone=ZONE,
        **{"observed_until": "2024-04-01", **options},
    )


@pytest.mark.parametrize("when", NAIVE + AWARE, ids=str)
def test_times_of_options_are_read_as_those_of_tables(when, tmp_path):
    j = in_new_york()
    at = datetime(2024, 3, 6, 5, tzinfo=UTC)

    def cutoffs(j, **rule):
        frame = j.snapshot(**rule).to_polars()
        return [t.replace(tzinfo=UTC) for t in frame["cutoff"]]

    # Both leads exist; the second was created at this very time.
    assert cutoffs(j, as_of=when) == [at, at]
    j.save(tmp_path / "saved")
    assert cutoffs(ll.Journeys.open(tmp_path / "saved"), as_of=when) == [at, at]
    days = cutoffs(j, every="1d", since=when)
    assert min(days) >= at
    assert max(cutoffs(j, every="1d", until=when)) < at
    assert max(cutoffs(j, every="1d", known_by=when)) <= at
    assert in_new_york(observed_until=when).facts["observed_until"] == "2024-03-06T05:00:00Z"
    assert in_new_york(outcomes_from=when).facts["outcomes_from"] == "2024-03-06T05:00:00Z"
    stages = ll.Stages(pl.DataFrame({"l": [1], "at": ["2024-03-02 10:00"], "s": ["won"]}), "l", "at", stage="s")
    longer, _ = in_new_york(observed_until=None, stages=stages).extend(stages=stages, observed_until=when)
    assert longer.facts["observed_until"] == "2024-03-06T05:00:00Z"


@pytest.mark.parametrize("when", [pd.NaT, np.datetime64("NaT"), 20240306, 1.5, True])
def test_what_is_no_time_is_refused(when):
    with pytest.raises(ll.OptionError, match=r"as_of: .* is not a time"):
        in_new_york().snapshot(as_of=when)


def test_times_of_the_cutoffs_table():
    j = in_new_york()

    def cutoff(table, **options):
        (at,) = j.snapshot(cutoffs=ll.Cutoffs(table, **options)).to_polars()["cutoff"].to_list()
        return at.replace(tzinfo=UTC)

    at = datetime(2024, 3, 6, 5, tzinfo=UTC)
    assert cutoff(pl.DataFrame({"lead_id": [1], "cutoff": ["2024-03-06 00:00"]})) == at
    assert cutoff(pl.DataFrame({"lead_id": [1], "cutoff": [datetime(2024, 3, 6)]})) == at
    assert cutoff(pl.DataFrame({"lead_id": [1], "cutoff": [date(2024, 3, 6)]})) == at
    assert cutoff(pl.DataFrame({"lead_id": [1], "cutoff": ["2024-03-06 05:00"]}), timezone="UTC") == at
    assert cutoff(pl.DataFrame({"lead_id": [1], "cutoff": [int(at.timestamp() * 1000)]}), unit="ms") == at
    assert cutoff(pl.DataFrame({"l": [1.0], "c": ["06/03/24"]}), lead="l", at="c", time_format="%d/%m/%y") == at
    only = pl.DataFrame({"lead_id": [1, 7], "cutoff": ["2024-03-06", "?"], "use": [True, False]})
    assert cutoff(only, where={"use": True}, nulls=["?"]) == at
    with pytest.raises(ll.SchemaError, match="1 row names a lead that is not in the journeys"):
        cutoff(only)


def test_times_of_lookups():
    leads = ll.Leads(LEADS, "id", created="created")
    events = pl.DataFrame({"user": ["a"] * 2, "at": ["2024-02-01T04:00:00Z", "2024-02-01T06:00:00Z"]})
    at = datetime(2024, 2, 1, 5, tzinfo=UTC)
    for starts, options in [
        (["2024-01-01", "2024-02-01"], {"timezone": ZONE}),
        ([1704067200, int(at.timestamp())], {"unit": "s"}),
        (["01.01.24 00", "01.02.24 05"], {"time_format": "%d.%m.%y %H"}),
    ]:
        table = pl.DataFrame({"user": ["a", "a"], "lead": [1, 2], "from": starts})
        key = ll.lookup(table, "user", "lead", valid_from="from", **options)
        j = ll.Journeys(leads=leads, events=ll.Events(events, key, "at", ll.literal("v")), observed_until="2024-06-01")
        assert [len(j.show(i)) - 1 for i in (1, 2)] == [1, 1], options


def test_zones_with_offsets_of_half_hours():
    at = datetime(2024, 1, 5, 4, 30, tzinfo=UTC)
    for zone in ["+05:30", "+0530", "UTC+05:30", "Asia/Kolkata"]:
        assert read(pl.DataFrame({"lead": [1], "at": ["2024-01-05 10:00:00"]}), timezone=zone)[0] == [at]
        table = pl.DataFrame({"lead": [1], "at": ["2024-01-05 10:00:00"], "zone": [zone]})
        assert read(table, timezone_column="zone")[0] == [at]
    table = pd.DataFrame({"lead": [1], "at": pd.to_datetime(["2024-01-05T10:00:00+05:30"])})
    assert read(table)[0] == [at]
    with pytest.raises(ll.OptionError, match="neither an IANA time zone"):
        read(pl.DataFrame({"lead": [1], "at": ["2024-01-05 10:00:00"]}), timezone="IST+5")


@pytest.mark.parametrize("when", ['"2024-03-06"', "2024-03-06", "2024-03-06T00:00:00", "2024-03-06T05:00:00Z"])
def test_toml(when, tmp_path):
    pl.DataFrame({"id": [1], "created": ["2024-03-01"]}).write_csv(tmp_path / "leads.csv")
    (tmp_path / "l.toml").write_text(
        f'timezone = "{ZONE}"\nobserved_until = {when}\n[leads]\ntable = "leads.csv"\nid = "id"\ncreated = "created"\n'
    )
    j = ll.Journeys.from_config(tmp_path / "l.toml")
    assert j.facts["observed_until"] == "2024-03-06T05:00:00Z"

"""Times as people have them: types, zones, days, sentinels, planned dates."""

from datetime import datetime, timedelta, timezone

import polars as pl
import pytest
from small_tables import LEADS, audit, build, table, when

import leadlens as ll


def test_types_of_times():
    instant = datetime(2024, 1, 5, 10, 30, tzinfo=timezone.utc)
    micros = int(instant.timestamp() * 1_000_000)
    for column, options in [
        (pl.Series([instant]), {}),
        (pl.Series([instant]).cast(pl.Datetime("ns", "Asia/Tokyo")), {}),
        (pl.Series([instant.replace(tzinfo=None)]), {}),
        (pl.Series([datetime(2024, 1, 5, 11, 30)]), {"timezone": "Europe/Berlin"}),
        (pl.Series(["2024-01-05T12:30:00+02:00"]), {}),
        (pl.Series(["2024-01-05 11:30"]), {"timezone": "Europe/Berlin"}),
        (pl.Series([micros // 1_000_000]), {"unit": "s"}),
        (pl.Series([micros / 1e6]), {"unit": "s"}),
        (pl.Series([micros * 1000]), {"unit": "ns"}),
        (pl.Series([str(micros // 1000)]), {"unit": "ms"}),
        (pl.Series(["05.01.24 10h30"]), {"time_format": "%d.%m.%y %Hh%M"}),
    ]:
        events = pl.DataFrame({"lead": ["1"], "at": column})
        j = ll.Journeys(
            leads=ll.Leads(LEADS, id="id", created="created"),
            events=ll.Events(events, "lead", "at", ll.literal("visit"), **options),
        )
        assert when(j, 1, "visit") == [instant], (column, options)


def test_whole_days():
    days = [datetime(2024, 1, 4), datetime(2024, 1, 5)]
    for column in (
        pl.Series(["2024-01-04", "2024-01-05"]),
        pl.Series(["2024-01-04 00:00:00", "2024-01-05"]),
        pl.Series(["2024-01-04T00:00", "2024-01-05T00:00"]),
        pl.Series(days).cast(pl.Date),
        pl.Series(days),
        pl.Series(days).cast(pl.Datetime("ms")),
    ):
        events = pl.DataFrame({"lead": ["2", "1"], "at": column})
        end = build(events=events, stages=None)
        assert when(end, 1, "visit") == [datetime(2024, 1, 5, 23, 59, 59, 999999, tzinfo=timezone.utc)]
        assert any("microsecond of its day" in r for r in audit(end, "events")["remarks"])
        assert end.facts["observed_until"] == "2024-01-06T00:00:00Z"
        start = ll.Journeys(
            leads=ll.Leads(LEADS, id="id", created="created"),
            events=ll.Events(events, "lead", "at", ll.literal("visit"), day="start"),
        )
        assert when(start, 1, "visit") == [datetime(2024, 1, 5, tzinfo=timezone.utc)]
        assert start.facts["observed_until"] == "2024-01-06T00:00:00Z"


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([1704067200, 1704067201], "need unit="),
        (["1704067200", "1704067201"], "need unit="),
        (["01-02-2024", "03-04-2024"], "can be day-month or month-day"),
        (["13-02-2024", "02-13-2024"], "some values can only be day-month"),
        (["soon", "later"], "none of its 2 values can be read as a time"),
        ([True, False], "cannot be read as times"),
    ],
)
def test_times_that_are_not_guessed(values, message):
    with pytest.raises(ll.SchemaError, match=message):
        build(events=pl.DataFrame({"lead": ["1", "1"], "at": values}))


def test_mixed_offsets_and_sentinels():
    events = table(lead=["1"] * 4, at=["2024-01-05T10:00+01:00", "2024-01-05 10:00", "0001-01-01", "2024-02-30"])
    j = build(events=events, stages=None, timezone="America/New_York")
    found = audit(j, "events")
    assert found["used"] == 2
    assert any("mixes 1 time with an offset and 1 without" in r for r in found["remarks"])
    assert "unparsable time: outside the years 1000 to 9999" in found["quarantined"]
    assert "unparsable time: invalid calendar date" in found["quarantined"]


def test_planned_dates_need_an_end():
    future = (datetime.now() + timedelta(days=400)).date()
    stages = pl.DataFrame({"lead": ["1"], "at": [future], "stage": ["won"]})
    with pytest.raises(ll.SchemaError, match="in the future"):
        build(stages=stages)
    assert build(stages=stages, observed_until="2024-02-01").facts["observed_until"] == "2024-02-01T00:00:00Z"

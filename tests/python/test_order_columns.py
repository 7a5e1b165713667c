"""Columns that order rows: times in texts are ordered as times, in every role."""

from datetime import datetime, timezone

import polars as pl
import pytest

import leadlens as ll

UTC = timezone.utc
# 03:15, 04:00 and 05:00 in UTC, and in another order as texts.
TEXTS = ["2024-03-05T08:45:00+05:30", "2024-03-05T04:00:00+00:00", "2024-03-05T00:00:00-05:00"]
INSTANTS = [datetime.fromisoformat(t).astimezone(UTC) for t in TEXTS]
ORDERS = [
    (TEXTS, {}),
    (INSTANTS, {}),
    (["05.03.2024", "01.04.2024", "02.04.2024"], {"time_format": "%d.%m.%Y"}),
    (["05032024", "01042024", "02052024"], {"time_format": "%d%m%Y"}),
    # Another format than that of the other times.
    (["2024-03-05", "2024-03-05 00:01", "2024-03-06"], {"time_format": "%d.%m.%Y", "day": "start"}),
    (["26/3/2024", "1/4/2024", "2/4/2024"], {}),
    (["9", "10", "11"], {}),
    (["v1", "v2", "v3"], {}),
    # Numbers with the marks of the table: 999, 1000.5 and 10000.
    (["999", "1.000,5", "10.000"], {"decimal": ",", "thousands": "."}),
    (["2,5", "10", "11,25"], {"decimal": ","}),
    # The unit of the other times: 999 is before 1000 whatever it counts.
    ([999, 1000, 1000000000000], {"unit": "ms"}),
    (["999", "1000", "1000000000000"], {"unit": "ms"}),
]


def ordered(times, options):
    """Give a column of times that the options read."""
    if options.get("unit") == "ms":
        return [int(t.replace(tzinfo=UTC).timestamp() * 1000) for t in times]
    return [t.strftime(options.get("time_format", "%Y-%m-%dT%H:%M:%SZ")) for t in times]


def routes(frame, folder):
    yield frame
    yield frame.to_pandas()
    frame.write_csv(folder / "t.csv")
    frame.write_parquet(folder / "t.parquet")
    yield from (folder / "t.csv", folder / "t.parquet")


@pytest.mark.parametrize(("order", "options"), ORDERS, ids=lambda o: str(o)[:30])
def test_rows_of_leads(order, options, tmp_path):
    created = ordered([datetime(2024, 1, 1)] * 3, options)
    for rows in ([0, 1, 2], [2, 0, 1]):
        frame = pl.DataFrame({"id": ["a"] * 3, "c": created, "x": ["x", "y", "z"], "o": order})[rows]
        for table in routes(frame, tmp_path):
            for which, want in (("first", "x"), ("last", "z")):
                j = ll.Journeys(
                    leads=ll.Leads(table, "id", created="c", fields=["x"], rows=which, order="o", **options),
                    observed_until="2024-07-01",
                )
                assert j.snapshot(as_of="2024-06-01").to_polars()["x"].to_list() == [want]


@pytest.mark.parametrize(("order", "options"), ORDERS, ids=lambda o: str(o)[:30])
def test_ties_of_events_and_stages(order, options, tmp_path):
    at = ordered([datetime(2024, 5, 1)] * 3, options)
    leads = ll.Leads(pl.DataFrame({"id": [1], "c": ["2024-01-01"]}), "id", created="c")
    frame = pl.DataFrame({"lead": [1] * 3, "at": at, "k": ["x", "y", "z"], "o": order})[[2, 0, 1]]
    for table in routes(frame, tmp_path):
        events = ll.Events(table, "lead", "at", "k", order="o", **options)
        j = ll.Journeys(leads=leads, events=events, observed_until="2024-07-01")
        assert j.show(1)["what"].to_list()[1:] == ["x", "y", "z"]
        stages = ll.Stages(table, "lead", "at", stage="k", order="o", **options)
        j = ll.Journeys(leads=leads, stages=stages, observed_until="2024-07-01")
        assert j.show(1)["what"].to_list()[1:] == ["x", "y", "z"]


def test_days_and_months_that_are_not_decided():
    frame = pl.DataFrame({"id": ["a"] * 2, "c": ["2024-01-01"] * 2, "o": ["01.02.2024", "02.01.2024"]})
    with pytest.raises(ll.SchemaError, match="can be day-month or month-day"):
        ll.Journeys(leads=ll.Leads(frame, "id", created="c", rows="last", order="o"), observed_until="2024-07-01")


def test_numbers_that_are_no_texts_have_no_marks():
    frame = pl.DataFrame({"id": ["a"] * 3, "c": ["2024-01-01"] * 3, "x": ["x", "y", "z"], "o": [10.5, 2.5, 11.25]})
    for table in (frame, frame.to_pandas(), frame.to_arrow()):
        leads = ll.Leads(table, "id", created="c", fields=["x"], rows="first", order="o", decimal=",")
        j = ll.Journeys(leads=leads, observed_until="2024-07-01")
        assert j.snapshot(as_of="2024-06-01").to_polars()["x"].to_list() == ["y"]

"""Nulls of a table hold for epoch numbers; formats of a table are not those of its ISO fields."""

import datetime as dt

import polars as pl
import pytest

import leadlens as ll

pytestmark = pytest.mark.filterwarnings("ignore::leadlens.errors.DataWarning")

SECONDS = 1_704_500_000
SEEN = dt.datetime(2024, 2, 1, tzinfo=dt.UTC)


@pytest.mark.parametrize("dtype", [pl.Int64, pl.Int32, pl.UInt64, pl.Int128, pl.Float64, pl.String])
def test_an_epoch_that_means_no_value_is_no_event(dtype):
    table = pl.DataFrame({"l": ["a", "b"], "w": pl.Series([SECONDS, 0]).cast(dtype)})
    leads = ll.Leads(pl.DataFrame({"id": ["a", "b"], "c": ["2024-01-01"] * 2}), "id", created="c")
    stages = ll.Stages(table, lead="l", at={"won": "w"}, unit="s", nulls=["0"])
    j = ll.Journeys(leads=leads, stages=stages, won="won", observed_until=SEEN)
    assert [j.show(i).height for i in ("a", "b")] == [2, 1]
    assert j.show("a")["at"].to_list()[1] == dt.datetime.fromtimestamp(SECONDS, dt.UTC)


def test_iso_fields_beside_times_in_another_format():
    table = pl.DataFrame({"id": [1, 2], "c": ["01.01.2024", "03.01.2024"], "signed": ["2023-01-05", "2023-06-06"]})
    j = ll.Journeys(leads=ll.Leads(table, "id", created="c", time_format="%d.%m.%Y"), observed_until=SEEN)
    assert j.funnel(["created"], where={"signed": "< 2023-03-01"}).to_polars()["leads"].to_list() == [1]


@pytest.mark.parametrize("route", ["frame", "parquet", "csv", "pandas"])
@pytest.mark.parametrize("dtype", [pl.Date, pl.Datetime("us"), pl.Datetime("ms", "UTC"), pl.Datetime("ns")])
def test_a_date_that_means_no_value(route, dtype, tmp_path):
    days = [
        dt.date(1900, 1, 1),
        dt.date(2024, 1, 5),
        dt.date(9999, 12, 31) if dtype == pl.Date else dt.date(1900, 1, 1),
    ]
    table = pl.DataFrame({"id": [1, 2, 3], "c": ["2024-01-01"] * 3, "signed": pl.Series(days).cast(dtype)})
    nulls = ["1900-01-01", "9999-12-31"]
    if route == "csv":
        table.with_columns(pl.col("signed").dt.date()).write_csv(tmp_path / "t.csv")
    if route == "parquet":
        table.write_parquet(tmp_path / "t.parquet")
    if route == "pandas" and dtype == pl.Date:
        table = table.with_columns(pl.col("signed").cast(pl.Date))
    source = {
        "frame": table,
        "parquet": tmp_path / "t.parquet",
        "csv": tmp_path / "t.csv",
        "pandas": table.to_pandas(),
    }[route]
    j = ll.Journeys(leads=ll.Leads(source, "id", created="c", nulls=nulls), observed_until=SEEN)
    assert j.funnel(["created"], where={"signed": None}).steps.rows()[0][1] == 2
    # Of events too, and of the end of a validity.
    base = pl.DataFrame({"id": [1, 2, 3], "c": ["2024-01-01"] * 3})
    events = ll.Events(source, "id", "signed", ll.literal("v"), nulls=nulls)
    j = ll.Journeys(leads=ll.Leads(base, "id", created="c"), events=events, observed_until=SEEN)
    assert [j.show(i).height for i in (1, 2, 3)] == [1, 2, 1]

"""Tables in parts: several files, of several types, as one table; and files that change while they are read."""

from datetime import date, datetime, timezone

import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq
import pytest

import leadlens as ll

BIG = 2**60


def write(table: pa.Table, path) -> None:
    if path.suffix == ".parquet":
        pq.write_table(table, path)
    else:
        feather.write_feather(table, path, compression="uncompressed")


def leads(ids) -> ll.Leads:
    return ll.Leads(
        pl.DataFrame({"id": ids, "c": [datetime(2024, 1, 1, tzinfo=timezone.utc)] * len(ids)}), "id", created="c"
    )


@pytest.mark.parametrize("suffix", [".parquet", ".arrow"])
@pytest.mark.parametrize(
    "second",
    [
        pa.array([5, None], pa.float64()),
        pa.array([5, 2**63 + 7], pa.uint64()),
        pa.array(["5", "x"]),
        pa.array([5, 6], pa.int8()),
        pa.array([5, 6], pa.decimal128(38, 2)),
        pa.array(["5", "x"]).dictionary_encode(),
        pa.array([None, None], pa.null()),
    ],
    ids=lambda a: str(a.type),
)
def test_ids_of_several_types_are_the_same_ids(tmp_path, suffix, second):
    day = ["2024-02-01", "2024-02-02"]
    write(pa.table({"lead": pa.array([BIG + 1, 5]), "at": day, "more": [1, 2]}), tmp_path / f"a{suffix}")
    # Columns in another order.
    write(pa.table({"more": [1, 2], "at": day, "lead": second}), tmp_path / f"b{suffix}")
    j = ll.Journeys(
        leads=leads([str(BIG), str(BIG + 1), "5", str(2**63 + 7)]),
        events=ll.Events(tmp_path / f"*{suffix}", "lead", "at", ll.literal("visit")),
        observed_until="2024-03-01",
    )
    fives = 1 + sum(str(v) in ("5", "5.0", "5.00") for v in second.to_pylist())
    assert [j.show(i).height - 1 for i in (str(BIG), str(BIG + 1), "5")] == [0, 1, fives]
    assert j.show(str(2**63 + 7)).height - 1 == int(second.type == pa.uint64())


def test_numbers_of_several_types_are_numbers(tmp_path):
    for i, kind in enumerate([pa.int64(), pa.float64(), pa.decimal128(10, 2)]):
        table = pa.table({"id": [3 * i, 3 * i + 1, 3 * i + 2], "c": ["2024-01-01"] * 3, "x": pa.array([1, 2, 3], kind)})
        pq.write_table(table, tmp_path / f"{i}.parquet")
    j = ll.Journeys(leads=ll.Leads(tmp_path / "*.parquet", "id", created="c"), observed_until="2024-03-01")
    frame = j.snapshot(as_of="2024-02-01").to_polars()
    assert frame["x"].dtype == pl.Float64
    assert sorted(frame["x"].to_list()) == [1, 1, 1, 2, 2, 2, 3, 3, 3]


def test_days_in_one_part_and_times_in_another(tmp_path):
    pq.write_table(pa.table({"lead": [1], "at": pa.array([date(2024, 1, 5)])}), tmp_path / "a.parquet")
    pq.write_table(
        pa.table({"lead": [1], "at": pa.array([datetime(2024, 1, 7)], pa.timestamp("ns"))}), tmp_path / "b.parquet"
    )
    j = ll.Journeys(
        leads=leads([1]),
        events=ll.Events(tmp_path / "*.parquet", "lead", "at", ll.literal("visit")),
        observed_until="2024-03-01",
    )
    # The date is its day, the midnight of a column of times beside it is an instant.
    assert [t.hour for t in j.show(1)["at"].to_list()[1:]] == [23, 0]


@pytest.mark.parametrize("zones", [("Europe/Berlin", "Asia/Tokyo"), ("+05:30", "UTC")])
def test_instants_in_several_zones_and_units(tmp_path, zones):
    at = datetime(2024, 1, 5, 10, tzinfo=timezone.utc)
    for i, (zone, unit) in enumerate(zip(zones, ("ns", "ms"), strict=True)):
        pq.write_table(
            pa.table({"lead": [1], "at": pa.array([at], pa.timestamp(unit, zone))}), tmp_path / f"{i}.parquet"
        )
    j = ll.Journeys(
        leads=leads([1]),
        events=ll.Events(tmp_path / "*.parquet", "lead", "at", ll.literal("visit")),
        observed_until="2024-03-01",
    )
    assert [t.replace(tzinfo=timezone.utc) for t in j.show(1)["at"].to_list()[1:]] == [at, at]


def test_types_that_do_not_go_together_are_named(tmp_path):
    pq.write_table(pa.table({"lead": [1], "at": ["2024-01-05"], "kind": [True]}), tmp_path / "a.parquet")
    pq.write_table(pa.table({"lead": [1], "at": ["2024-01-05"], "kind": [7]}), tmp_path / "b.parquet")
    with pytest.raises(ll.ReadError, match=r"'kind'.*bool in a\.parquet, i64 in b\.parquet"):
        ll.Journeys(leads=leads([1]), events=ll.Events(tmp_path / "*.parquet", "lead", "at", "kind"))
    # Where no role names it, it stops nothing.
    ll.Journeys(
        leads=leads([1]),
        events=ll.Events(tmp_path / "*.parquet", "lead", "at", ll.literal("x")),
        observed_until="2025-01-01",
    )


def test_the_index_of_pandas_is_no_field(tmp_path):
    frame = pd.DataFrame(
        {"id": [5, 3, 8, 1, 9, 2], "c": ["2024-01-01"] * 6, "x": [1.0, 2, 3, 4, 5, 6]}, index=[9, 8, 7, 3, 2, 1]
    )
    frame.to_parquet(tmp_path / "l.parquet")
    frame.reset_index(drop=True).iloc[[0, 2, 5]].to_csv(tmp_path / "l.csv")
    pq.write_table(pa.Table.from_pandas(frame), tmp_path / "again.parquet")
    again = pl.read_parquet(tmp_path / "l.parquet")
    for table in (frame, tmp_path / "l.parquet", tmp_path / "l.csv", tmp_path / "again.parquet", again):
        j = ll.Journeys(leads=ll.Leads(table, "id", created="c"), observed_until="2024-03-01")
        assert j.facts["fields"] == ["x"]
    named = frame.set_index("id")
    assert ll.Journeys(leads=ll.Leads(named, "id", created="c"), observed_until="2024-03-01").facts["leads"] == 6

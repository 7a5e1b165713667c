"""UUIDs in frames are ids by their canonical text."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import leadlens as ll

IDS = [uuid.UUID(int=n) for n in (1, 2**64, 2**128 - 1)]
TEXTS = [str(i) for i in IDS]


def uuid_array(values: list[uuid.UUID | None]) -> Any:
    return pa.array([None if v is None else v.bytes for v in values], pa.uuid())


@pytest.mark.parametrize(
    "leads",
    [
        pd.DataFrame({"id": IDS, "made": ["2024-01-01"] * 3}),
        pa.table({"id": uuid_array(list(IDS)), "made": ["2024-01-01"] * 3}),
        pl.DataFrame({"id": TEXTS, "made": ["2024-01-01"] * 3}),
    ],
    ids=["pandas", "pyarrow", "texts"],
)
def test_the_same_leads_from_objects_arrays_and_texts(leads: Any) -> None:
    events = pd.DataFrame({"lead": [IDS[0], IDS[2]], "at": ["2024-01-02"] * 2})
    journeys = ll.Journeys(
        leads=ll.Leads(leads, id="id", created="made"),
        events=ll.Events(events, lead="lead", at="at", kind=ll.literal("visit")),
    )
    assert "3 leads, 2 events" in str(journeys)
    assert journeys.snapshot(as_of="2024-01-03").to_polars()["lead_id"].to_list() == TEXTS
    # The creation, and the visit.
    assert [journeys.show(str(i)).height for i in IDS] == [2, 1, 2]


def test_null_uuids_are_counted() -> None:
    table = pa.table({"id": uuid_array([IDS[0], None, IDS[1]]), "made": ["2024-01-01"] * 3})
    journeys = ll.Journeys(leads=ll.Leads(table, id="id", created="made"))
    assert journeys.check().to_polars().filter(pl.col("status") == "quarantined")["rows"].to_list() == [1]


def test_batches_and_slices_keep_their_rows() -> None:
    array = pa.chunked_array([uuid_array([IDS[0], IDS[1]]).slice(1), uuid_array([IDS[2]])])
    table = pa.table({"id": array, "made": ["2024-01-01"] * 2})
    journeys = ll.Journeys(leads=ll.Leads(table, id="id", created="made"))
    assert journeys.snapshot(as_of="2024-01-02").to_polars()["lead_id"].to_list() == TEXTS[1:]


def test_other_bytes_are_refused() -> None:
    table = pa.table({"id": pa.array([b"0" * 16], pa.binary(16)), "made": ["2024-01-01"]})
    with pytest.raises(ll.SchemaError, match=r"fixed_size_binary\[16\]"):
        ll.Journeys(leads=ll.Leads(table, id="id", created="made"))


FILES = ["parquet", "parquet without Arrow's schema", "arrow", "arrow stream", "compressed arrow", "duckdb"]


@pytest.mark.parametrize("kind", FILES)
def test_uuids_of_files(tmp_path: Path, kind: str) -> None:
    table = pa.table({"id": uuid_array([*IDS, None]), "made": ["2024-01-01"] * 4})
    path = tmp_path / ("leads.parquet" if "parquet" in kind or kind == "duckdb" else "leads.arrow")
    if kind == "duckdb":
        duckdb = pytest.importorskip("duckdb")
        values = ", ".join(f"('{text}'::UUID, '2024-01-01')" for text in TEXTS)
        duckdb.sql(f"COPY (SELECT * FROM (VALUES {values}, (NULL, '2024-01-01')) t(id, made)) TO '{path}'")
    elif "parquet" in kind:
        pq.write_table(table, path, store_schema="without" not in kind)
    else:
        options = pa.ipc.IpcWriteOptions(compression="lz4" if "compressed" in kind else None)
        new = pa.ipc.new_stream if "stream" in kind else pa.ipc.new_file
        with pa.OSFile(str(path), "wb") as file, new(file, table.schema, options=options) as writer:
            writer.write_table(table.slice(0, 2))
            writer.write_table(table.slice(2))
    journeys = ll.Journeys(leads=ll.Leads(path, id="id", created="made"))
    assert journeys.snapshot(as_of="2024-01-03").to_polars()["lead_id"].to_list() == TEXTS
    assert journeys.check().to_polars().filter(pl.col("status") == "quarantined")["rows"].to_list() == [1]


def test_uuids_are_fields_in_files_and_frames(tmp_path: Path) -> None:
    table = pa.table(
        {"id": ["a", "b", "c"], "made": ["2024-01-01"] * 3, "campaign": uuid_array([IDS[0], IDS[0], IDS[1]])}
    )
    pq.write_table(table, tmp_path / "leads.parquet")
    for leads in (table, tmp_path / "leads.parquet"):
        journeys = ll.Journeys(leads=ll.Leads(leads, id="id", created="made"))
        funnel = journeys.funnel(["created"], by="campaign").to_polars().filter(pl.col("group") != "(all)")
        assert dict(funnel.select("group", "leads").rows()) == {TEXTS[0]: 2, TEXTS[1]: 1}


def test_uuid_objects_of_polars() -> None:
    leads = pl.DataFrame({"id": pl.Series([*IDS, None], dtype=pl.Object), "made": ["2024-01-01"] * 4})
    events = pl.DataFrame({"lead": pl.Series([IDS[0]], dtype=pl.Object), "at": ["2024-01-02"]})
    journeys = ll.Journeys(
        leads=ll.Leads(leads, id="id", created="made"),
        events=ll.Events(events, lead="lead", at="at", kind=ll.literal("visit")),
    )
    assert journeys.snapshot(as_of="2024-01-03").to_polars()["lead_id"].to_list() == TEXTS
    assert journeys.show(TEXTS[0]).height == 2


def test_other_objects_of_polars_are_named_where_they_are_used() -> None:
    class Key:
        pass

    objects = pl.Series("id", [Key(), 3], dtype=pl.Object)
    leads = pl.DataFrame({"id": ["a", "b"], "made": ["2024-01-01"] * 2}).with_columns(other=objects)
    journeys = ll.Journeys(leads=ll.Leads(leads, id="id", created="made"))
    assert "other (object (Key, int))" in str(journeys.check())
    with pytest.raises(ll.SchemaError, match=r"column 'other'.*object \(Key, int\).*str\(id\)"):
        ll.Journeys(leads=ll.Leads(leads, id="other", created="made"))


@pytest.mark.parametrize("width", [8, 16])
@pytest.mark.parametrize("kind", ["frame", "parquet", "arrow"])
def test_other_bytes_of_files_are_refused_with_what_to_do(tmp_path: Path, kind: str, width: int) -> None:
    table: Any = pa.table({"id": pa.array([b"0" * width], pa.binary(width)), "made": ["2024-01-01"]})
    if kind == "parquet":
        pq.write_table(table, tmp_path / "a.parquet")
        table = tmp_path / "a.parquet"
    elif kind == "arrow":
        with pa.OSFile(str(tmp_path / "a.arrow"), "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
            writer.write_table(table)
        table = tmp_path / "a.arrow"
    with pytest.raises(ll.SchemaError, match=rf"fixed_size_binary\[{width}\] are not supported; convert it to text"):
        ll.Journeys(leads=ll.Leads(table, id="id", created="made"))


def test_the_values_of_a_dictionary_are_named() -> None:
    array = pa.array([b"0" * 16] * 2, pa.binary(16)).dictionary_encode()
    with pytest.raises(ll.SchemaError, match=r"dictionary\[fixed_size_binary\[16\]\] are not supported; convert it"):
        ll.Journeys(leads=ll.Leads(pa.table({"id": array, "made": ["2024-01-01"] * 2}), id="id", created="made"))

"""UUIDs in frames are ids by their canonical text."""

from __future__ import annotations

import uuid
from typing import Any

import pandas as pd
import polars as pl
import pyarrow as pa
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

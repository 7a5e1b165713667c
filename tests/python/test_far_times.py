"""Times in seconds that do not fit into microseconds are no times, whichever library made them."""

from datetime import datetime, timezone

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.feather as feather
import pytest

import leadlens as ll

UTC = timezone.utc
GOOD = 1_714_521_600  # 2024-05-01
FAR = [2**61 + 17, -(2**61), 2**63 - 1, 9_300_000_000_000, 10**12]
LEADS = pl.DataFrame({"id": [1], "created": [datetime(2024, 1, 1, tzinfo=UTC)]})


def tables(ticks, folder, zone=None):
    """Yield a table with the ticks, seconds, as `at` from all that have seconds."""
    table = pa.table({"lead": [1] * len(ticks), "at": pa.array(ticks, pa.timestamp("s", zone))})
    yield table
    yield pa.table({"lead": table["lead"], "at": table["at"].dictionary_encode()})
    feather.write_feather(table, folder / "t.arrow", compression="uncompressed")
    yield folder / "t.arrow"
    if zone is None:
        yield pd.DataFrame({"lead": [1] * len(ticks), "at": np.array(ticks, "datetime64[s]")})


@pytest.mark.parametrize("far", FAR)
@pytest.mark.parametrize("zone", [None, "UTC", "Asia/Kolkata"])
def test_events(far, zone, tmp_path):
    for table in tables([far, GOOD], tmp_path, zone):
        j = ll.Journeys(
            leads=ll.Leads(LEADS, "id", created="created"),
            events=ll.Events(table, "lead", "at", ll.literal("visit")),
            observed_until="2024-07-01",
        )
        assert [t.date().isoformat() for t in j.show(1)["at"]] == ["2024-01-01", "2024-05-01"]
        (events,) = [t for t in j.check().tables if t["role"] == "events"]
        assert events["used"] == 1
        assert sum(q["rows"] for q in events["quarantined"].values()) == 1


def test_duckdb():
    events = duckdb.sql("select 1 as lead, 'infinity'::timestamp_s as at union all select 1, '2024-05-01'::timestamp_s")
    j = ll.Journeys(
        leads=ll.Leads(LEADS, "id", created="created"),
        events=ll.Events(events, "lead", "at", ll.literal("visit")),
        observed_until="2024-07-01",
    )
    assert [t.date().isoformat() for t in j.show(1)["at"]] == ["2024-01-01", "2024-05-01"]


def test_other_roles(tmp_path):
    for table in tables([FAR[0], GOOD], tmp_path):
        if not isinstance(table, pa.Table):
            continue
        ids = pa.table({"id": [1, 2], "created": table["at"]})
        j = ll.Journeys(leads=ll.Leads(ids, "id", created="created"), observed_until="2024-07-01")
        assert [t["used"] for t in j.check().tables] == [1]
        field = pa.table({"id": [1, 2], "created": ["2024-01-01"] * 2, "since": table["at"]})
        snapshot = ll.Journeys(
            leads=ll.Leads(field, "id", created="created", fields=["since"]), observed_until="2024-07-01"
        ).snapshot(as_of="2024-06-01")
        values = snapshot.to_polars().sort("lead_id")
        (column,) = [name for name in values.columns if "since" in name]
        assert values[column][0] is None
        assert values[column][1] is not None
        # A value that holds for ever, as this one would, does not end in 1970.
        history = pa.table({"id": [1, 1], "from": ["2024-01-01", "2024-01-02"], "to": table["at"], "x": [7.0, 8.0]})
        j = ll.Journeys(
            leads=ll.Leads(LEADS, "id", created="created"),
            fields=ll.Fields(history, "id", "from", valid_to="to"),
            observed_until="2024-07-01",
        )
        (fields,) = [t for t in j.check().tables if t["role"] == "fields"]
        assert fields["used"] == 1
        assert "unparsable valid_to" in str(fields["quarantined"])


def journeys_by(table, **options):
    """Join two visits by a lookup, whose rows have the times of `table` as `when`."""
    early = datetime(2020, 1, 1, tzinfo=UTC)
    visit = pl.DataFrame({"key": ["k", "m"], "at": [datetime(2024, 5, 2, tzinfo=UTC)] * 2})
    keys = pa.table({"key": ["k", "m"], "lead": [1, 1], "when": table["at"], "early": [early] * 2})
    return ll.Journeys(
        leads=ll.Leads(LEADS, "id", created="created"),
        events=ll.Events(visit, ll.lookup(keys, "key", "lead", **options), "at", ll.literal("visit")),
        observed_until="2024-07-01",
    )


@pytest.mark.parametrize("far", [2**61 + 17, 2**63 - 1])
def test_lookups(far, tmp_path):
    for table in tables([far, GOOD], tmp_path):
        if not isinstance(table, pa.Table):
            continue
        for options in ({"valid_from": "when"}, {"valid_to": "when"}, {"valid_from": "early", "valid_to": "when"}):
            # No row is guessed to hold for ever, or never.
            with pytest.raises(ll.SchemaError, match=r"column 'when': row 0: time out of range"):
                journeys_by(table, **options)
        (events,) = [t for t in journeys_by(table, order="when").check().tables if t["role"] == "events"]
        assert events["used"] == 2

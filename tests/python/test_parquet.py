"""Parquet files as writers make them: the same journeys however a file is laid out, and what a damaged one gives."""

import os
from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pyarrow.parquet as pq
import pytest

import leadlens as ll

N = 40_000


@pytest.fixture(scope="module")
def tables() -> tuple[pl.DataFrame, pl.DataFrame]:
    """Leads and events with most faults that rows have: nulls, blanks, placeholders, unknown leads and bad times."""
    rng = np.random.default_rng(3)

    def some(values, share=0.02):
        return pl.Series(values).set(pl.Series(rng.random(N) < share), None)

    day = datetime(2024, 1, 1)
    texts = [f"{day + timedelta(hours=int(h)):%Y-%m-%d %H:%M}" for h in rng.integers(0, 8_000, N)]
    events = pl.DataFrame(
        {
            "lead": some([f"L{i}" for i in rng.integers(0, 520, N)]),
            "at": some(rng.choice(["soon", *texts[:4000]], N)),
            "kind": some(rng.choice([" visit", "visit", "mail", "", "n/a", "a kind of more than twelve bytes"], N)),
            "channel": some(rng.choice(["web", "ads ", "n/a", "é" * 9], N), 0.3),
            "page": some([f"/page/{i}" for i in rng.integers(0, 9_000, N)]),
            "value": some(rng.choice([1.5, 2.0, float("inf")], N)),
        }
    )
    leads = pl.DataFrame(
        {
            "id": [f"L{i}" for i in range(500)],
            "created": [f"{day + timedelta(days=i % 90):%Y-%m-%d}" for i in range(500)],
            "region": pl.Series(rng.choice(["north", "south ", ""], 500)).set(pl.Series(rng.random(500) < 0.1), None),
        }
    )
    return leads, events


def build(leads, events, **options) -> ll.Journeys:
    return ll.Journeys(
        leads=ll.Leads(leads, id="id", created="created", fields=["region"], nulls=["n/a"]),
        events=ll.Events(
            events,
            **dict(lead="lead", at="at", kind="kind", name="web", channel="channel", nulls=["n/a"]) | options,
        ),
        observed_until="2025-02-01",
    )


FEATURES = ll.FeatureSet(
    only=["count(*)", "count(web:visit)", "days_since_last(*)", "distinct_channels(*)", "sum(web:*.value)", "region"]
)
MORE = {"values": ["value"], "props": ["page"]}


def said(journeys: ll.Journeys) -> tuple[list[dict], list[dict]]:
    """What became of the rows, and what there is then; names of tables aside."""
    check = journeys.check().to_polars().drop("table").to_dicts()
    snapshot = journeys.snapshot(as_of="2024-11-01", features=FEATURES).to_polars()
    ways = journeys.funnel(["web:visit", "web:mail"], window="9d", by="page").to_polars()
    return check, [*snapshot.to_dicts(), *ways.to_dicts()]


LAYOUTS = {
    "one group": {},
    "small groups": {"row_group_size": 777},
    "small pages": {"row_group_size": 9_000, "data_page_size": 512},
    "no dictionary": {"use_dictionary": False},
    "some dictionaries": {"use_dictionary": ["kind"], "compression": "gzip"},
    # Pages of codes, then pages of texts, in one column.
    "full dictionaries": {"dictionary_pagesize_limit": 200, "data_page_size": 512, "compression": "zstd"},
    "pages of version 2": {"data_page_version": "2.0", "compression": "brotli"},
    "not compressed": {"compression": "none", "write_statistics": False, "version": "1.0"},
    "delta": {"use_dictionary": False, "column_encoding": {c: "DELTA_BYTE_ARRAY" for c in ("kind", "at", "page")}},
}


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS.keys())
def test_every_layout_is_the_same_table(tables, tmp_path, layout):
    leads, events = tables
    columns = layout.get("column_encoding")
    for name, table in [("leads", leads), ("events", events)]:
        options = layout
        if columns is not None:
            options = {**layout, "column_encoding": {c: e for c, e in columns.items() if c in table.columns}}
        pq.write_table(table.to_arrow(), tmp_path / f"{name}.parquet", **options)
    by_file = build(tmp_path / "leads.parquet", tmp_path / "events.parquet", **MORE)
    by_frame = build(leads, events, **MORE)
    assert said(by_file) == said(by_frame)
    kept = by_file.facts["events"]
    assert 0 < kept < N


@pytest.mark.parametrize("dtype", [pl.Categorical, pl.Enum(["mail", "visit"])], ids=["categorical", "enum"])
def test_categories(tables, tmp_path, dtype):
    leads, events = tables
    events = events.with_columns(pl.col("kind").str.strip_chars()).filter(pl.col("kind").is_in(["visit", "mail"]))
    events.with_columns(pl.col("kind").cast(dtype)).write_parquet(tmp_path / "events.parquet", row_group_size=999)
    assert said(build(leads, tmp_path / "events.parquet", **MORE)) == said(build(leads, events, **MORE))


def test_files_side_by_side(tables, tmp_path):
    leads, events = tables
    for i, part in enumerate([events[:100], events[100:30_000], events[30_000:]]):
        part.write_parquet(tmp_path / f"events-{i}.parquet")
    leads[:200].write_parquet(tmp_path / "leads-0.parquet")
    # A column of another type: texts and numbers are read as texts.
    leads[200:].with_columns(region=pl.lit(7)).write_parquet(tmp_path / "leads-1.parquet")
    by_files = build(str(tmp_path / "leads-*.parquet"), str(tmp_path / "events-*.parquet"), **MORE)
    region = pl.when(pl.int_range(500) < 200).then("region").otherwise(pl.lit("7"))
    by_frame = build(leads.with_columns(region), events, **MORE)
    facts, same = said(by_files), said(by_frame)
    assert facts[1] == same[1]


def test_words_that_no_row_has(tmp_path):
    """A dictionary can hold texts of rows that are elsewhere: they are no kinds, channels or levels."""
    kinds = pl.Series(["b", "a"], dtype=pl.Enum(["unused", "a", "b"]))
    events = pl.DataFrame({"lead": [1, 1], "at": ["2024-01-02 10:00", "2024-01-03 10:00"], "kind": kinds})
    events.write_parquet(tmp_path / "events.parquet")
    pq.write_table(pq.read_table(tmp_path / "events.parquet"), tmp_path / "again.parquet")
    leads = pl.DataFrame({"id": [1], "created": ["2024-01-01"], "region": ["x"]})
    for name in ("events.parquet", "again.parquet"):
        j = build(leads, tmp_path / name, channel=None)
        assert [kind for kind, *_ in j.facts["kinds"]] == ["b", "a"], name


def test_a_group_of_very_many_rows_is_read_in_pieces(tmp_path):
    n = (1 << 20) + 70_001
    rng = np.random.default_rng(1)
    events = pl.DataFrame(
        {
            "lead": rng.integers(0, 900, n),
            "at": np.datetime64("2024-01-01", "us") + rng.integers(0, 10**13, n).astype("timedelta64[us]"),
            "kind": rng.choice(["visit", "mail"], n),
            "channel": pl.Series(rng.choice(["web", "ads"], n)).set(pl.Series(rng.random(n) < 0.1), None),
            "page": rng.choice([f"/{i}" for i in range(50)], n),
            "value": rng.random(n),
        }
    )
    events.write_parquet(tmp_path / "events.parquet", row_group_size=n)
    assert pq.ParquetFile(tmp_path / "events.parquet").num_row_groups == 1
    leads = pl.DataFrame({"id": range(900), "created": ["2024-01-01"] * 900, "region": ["x"] * 900})
    assert said(build(leads, tmp_path / "events.parquet", **MORE)) == said(build(leads, events, **MORE))


def test_a_damaged_file_is_an_error(tables, tmp_path):
    leads, events = tables
    path = tmp_path / "events.parquet"
    events.write_parquet(path, row_group_size=9_000)
    whole = path.read_bytes()
    # The pages are cut out; what the file says of itself is left.
    end = int.from_bytes(whole[-8:-4], "little") + 8
    path.write_bytes(whole[:100] + whole[-end:])
    with pytest.raises(ll.ReadError, match=r"events\.parquet.*truncated"):
        build(leads, path)
    # Pages of zeros.
    path.write_bytes(whole[:4] + bytes(len(whole) - end - 4) + whole[-end:])
    with pytest.raises(ll.ReadError, match=r"events\.parquet"):
        build(leads, path)
    with pytest.raises(ll.ReadError, match=r"events\.parquet"):
        ll.Journeys(leads=ll.Leads(path, id="lead", created="at"))


def test_the_file_may_go_once_it_is_read(tables, tmp_path):
    leads, events = tables
    events.write_parquet(tmp_path / "events.parquet")
    j = build(leads, tmp_path / "events.parquet", **MORE)
    os.truncate(tmp_path / "events.parquet", 0)
    assert said(j) == said(build(leads, events, **MORE))

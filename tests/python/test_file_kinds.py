"""What a file is: Arrow streams are read as Arrow files are, and what is no table says what to do with it."""

from __future__ import annotations

import decimal
import gzip
import random
import struct
import warnings
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.ipc as ipc
import pytest

import leadlens as ll

N = 900
LEADS = pa.table(
    {
        "id": [f"L{i}" for i in range(N)],
        "created": ["2024-01-01"] * N,
        "size": [None if i % 7 == 0 else i for i in range(N)],
        "word": pa.array([f"a word of some length {i % 5}" for i in range(N)]).dictionary_encode(),
        "view": pa.array([f"one of many long texts: {i}" for i in range(N)]).cast(pa.string_view()),
        "unread": pa.array([[i] for i in range(N)]),
    }
)


def rows(table: Any) -> list[dict[str, Any]]:
    journeys = ll.Journeys(leads=ll.Leads(table, id="id", created="created", fields=["size", "word", "view"]))
    return journeys.snapshot(as_of="2024-02-01").to_polars().to_dicts()


@pytest.mark.parametrize("name", ["a.arrows", "a.arrow", "a.feather"])
@pytest.mark.parametrize("compression", [None, "lz4", "zstd"])
def test_arrow_streams_are_tables(tmp_path: Path, name: str, compression: str | None) -> None:
    options = ipc.IpcWriteOptions(compression=compression)
    with ipc.new_stream(tmp_path / name, LEADS.schema, options=options) as stream:
        stream.write_table(LEADS, max_chunksize=200)
    assert rows(tmp_path / name) == rows(LEADS)
    assert len(rows(tmp_path / name)) == N


def test_a_stream_that_is_cut_short_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "a.arrows"
    with ipc.new_stream(path, LEADS.schema) as stream:
        stream.write_table(LEADS, max_chunksize=200)
    whole = path.read_bytes()
    # Without the mark of the end, a batch may be missing.
    for length in [len(whole) - 8, len(whole) // 2, 100, 5]:
        path.write_bytes(whole[:length])
        with pytest.raises(ll.ReadError, match=r"a\.arrows"):
            rows(path)


def test_dictionaries_that_change_on_the_way_are_refused(tmp_path: Path) -> None:
    schema = pa.schema([("id", pa.string()), ("created", pa.string()), ("word", pa.dictionary(pa.int8(), pa.string()))])
    batches = [
        pa.record_batch(
            [
                pa.array([f"{i}"]),
                pa.array(["2024-01-01"]),
                pa.array([f"w{i}"]).dictionary_encode().cast(schema[2].type),
            ],
            schema=schema,
        )
        for i in range(3)
    ]
    for deltas in (False, True):
        with ipc.new_stream(
            tmp_path / "a.arrows", schema, options=ipc.IpcWriteOptions(emit_dictionary_deltas=deltas)
        ) as stream:
            for batch in batches:
                stream.write_batch(batch)
        with pytest.raises(ll.ReadError, match=r"a\.arrows.*write each column with one dictionary"):
            ll.Journeys(leads=ll.Leads(tmp_path / "a.arrows", id="id", created="created"))
        # A column that is not read may have any.
        ll.Journeys(leads=ll.Leads(tmp_path / "a.arrows", id="id", created="created", fields=[]))


def test_decimals_that_do_not_shrink(tmp_path: Path) -> None:
    rng = random.Random(3)
    values = [decimal.Decimal(rng.randrange(10**37)) for _ in range(400)]
    table = pa.table(
        {
            "id": [f"L{i}" for i in range(400)],
            "created": ["2024-01-01"] * 400,
            "amount": pa.array(values, pa.decimal128(38, 0)),
        }
    )
    path = tmp_path / "a.arrow"
    with ipc.new_file(path, table.schema, options=ipc.IpcWriteOptions(compression="zstd")) as file:
        file.write_table(table)
    content = path.read_bytes()
    # As arrow-rs writes it: -1 for the length, and the bytes as they are.
    raw = table["amount"].chunk(0).buffers()[1].to_pybytes()[: 16 * 400]
    at = content.index(struct.pack("<q", len(raw)) + bytes.fromhex("28b52ffd"))
    stored = [n for n in range(len(raw), len(raw) + 64) if content.count(struct.pack("<q", 8 + n)) == 1]
    assert len(stored) == 1
    patched = content[:at] + struct.pack("<q", -1) + raw + content[at + 8 + len(raw) :]
    path.write_bytes(patched.replace(struct.pack("<q", 8 + stored[0]), struct.pack("<q", 8 + len(raw))))
    assert pa.ipc.open_file(path).read_all().equals(table)
    tables = [path, table]
    journeys = [ll.Journeys(leads=ll.Leads(one, id="id", created="created", fields=["amount"])) for one in tables]
    frames = [j.snapshot(as_of="2024-02-01").to_polars() for j in journeys]
    assert frames[0].equals(frames[1])
    assert frames[0]["amount"].null_count() == 0


OTHERS = {
    "a.json": "write Parquet or CSV",
    "a.jsonl": "write Parquet or CSV",
    "a.NDJSON": "write Parquet or CSV",
    "a.jsonl.gz": "write Parquet or CSV",
    "a.xlsx": "save the sheet as CSV",
    "a.csv.zst": "decompress the file",
    "a.zip": "decompress the file",
    "a.avro": "export the table",
    "a.dat": r"use \.parquet",
    "a": r"use \.parquet",
}


@pytest.mark.parametrize("name", OTHERS)
def test_other_formats_say_what_to_do(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text('{"id": 1}\n')
    with pytest.raises(ll.ReadError, match=OTHERS[name]):
        rows(tmp_path / name)


def test_a_name_that_does_not_say_what_a_file_holds(tmp_path: Path) -> None:
    table = pl.DataFrame({"id": ["1"], "created": ["2024-01-01"]})
    table.write_parquet(tmp_path / "parquet")
    table.write_ipc(tmp_path / "arrow")
    table.write_csv(tmp_path / "csv")
    held = {name: (tmp_path / name).read_bytes() for name in ("parquet", "arrow", "csv")}
    held |= {
        "gz": gzip.compress(held["csv"]),
        "xlsx": b"PK\x03\x04\x14\x00\x00\x00",
        "feather1": b"FEA1\x00\x00\x00\x00",
    }
    wrong = {
        "a.csv": {
            "parquet": r"rename it to \.parquet",
            "arrow": r"rename it to \.arrow",
            "gz": r"rename it to \.csv\.gz",
            "xlsx": "save the sheet as CSV",
        },
        "a.parquet": {"csv": r"rename it to \.csv", "arrow": r"rename it to \.arrow"},
        "a.feather": {"feather1": "version=2", "parquet": r"rename it to \.parquet", "csv": r"rename it to \.csv"},
        "a.csv.gz": {"csv": r"rename it to \.csv"},
    }
    for name, contents in wrong.items():
        for content, said in contents.items():
            (tmp_path / name).write_bytes(held[content])
            with pytest.raises(ll.ReadError, match=said):
                rows(tmp_path / name)


def test_a_column_may_be_called_like_a_format(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("PAR1,created\n1,2024-01-01\n")
    assert len(ll.Journeys(leads=ll.Leads(tmp_path / "a.csv", id="PAR1", created="created")).facts["fields"]) == 0


WRITERS = {
    "csv": pl.DataFrame.write_csv,
    "parquet": pl.DataFrame.write_parquet,
    "arrow": pl.DataFrame.write_ipc,
    "frame": None,
}


@pytest.mark.parametrize("kind", WRITERS)
def test_numbers_with_a_few_other_texts_are_told(tmp_path: Path, kind: str) -> None:
    sizes = ["TBD" if i % 40 == 0 else str(i * 1.5) for i in range(200)]
    table = pl.DataFrame({"id": [f"L{i}" for i in range(200)], "created": ["2024-01-01"] * 200, "size": sizes})
    source: Any = table
    if (write := WRITERS[kind]) is not None:
        source = tmp_path / f"a.{kind}"
        write(table, source)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        journeys = ll.Journeys(leads=ll.Leads(source, id="id", created="created"))
    (told,) = [suspect for suspect in journeys.check().suspects if suspect["column"] == "size"]
    assert told["suspicion"] == "numbers"
    assert told["leads"] == 195
    assert "nulls=['TBD']" in told["remedy"]
    declared = ll.Journeys(leads=ll.Leads(source, id="id", created="created", nulls=["TBD"], fields=["size"]))
    assert not declared.check().suspects


def test_compressed_views_say_what_to_do(tmp_path: Path) -> None:
    table = pa.table({"id": [1, 2], "c": pa.array(["a", "b"], pa.string_view())})
    for compression in ("uncompressed", "lz4", "zstd"):
        feather.write_feather(table, tmp_path / "t.arrow", compression)
        leads = ll.Leads(tmp_path / "t.arrow", "id", fields=["c"])
        if compression == "uncompressed":
            assert ll.Journeys(leads=leads).facts["fields"] == ["c"]
            continue
        with pytest.raises(ll.ReadError, match=r"column 'c'.*write this string_view column as string"):
            ll.Journeys(leads=leads)

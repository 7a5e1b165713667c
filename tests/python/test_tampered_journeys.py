"""Saved journeys that were changed along with their sums: an error that names the file, or answers, never a crash."""

from __future__ import annotations

import json
import shutil
import zlib
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from stored import JOURNEYS

import leadlens as ll

FEW = ll.FeatureSet(only=["team", "stage", "last_channel", "sum(web:*.pages)"])
BITS = {pl.UInt8: 8, pl.UInt16: 16, pl.UInt32: 32, pl.UInt64: 64, pl.Int64: 63}


def used(folder: Path) -> str:
    """Open a folder whose sums fit, ask for something, and return what came of it."""
    sums = {}
    for path in folder.iterdir():
        if path.name != "checksums.json":
            content = path.read_bytes()
            sums[path.name] = {"bytes": len(content), "blocks": [zlib.crc32(content)] if content else []}
    (folder / "checksums.json").write_text(json.dumps(sums))
    try:
        journeys = ll.Journeys.open(folder)
    except ll.ReadError:
        return "refused"
    try:
        journeys.snapshot(as_of="2024-05-01", features=FEW).to_polars()
        journeys.funnel(["visit", "won"], by="country")
    except (ll.OptionError, ll.UnknownNameError, ll.NotEnoughDataError):
        return "answered"
    return "answered"


def copied(tmp_path: Path) -> Path:
    folder = tmp_path / "saved"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(JOURNEYS / "saved", folder)
    return folder


def test_sums_that_are_made_anew_fit(tmp_path: Path) -> None:
    assert used(copied(tmp_path)) == "answered"


def objects(value: Any, place: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Places of all objects."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    own = [place] if isinstance(value, dict) else []
    return own + [found for key, one in inner for found in objects(one, (*place, key))]


@pytest.mark.parametrize("stored", sorted(path.name for path in JOURNEYS.iterdir() if path.is_dir()))
def test_keys_that_no_version_wrote_are_refused(stored: str, tmp_path: Path) -> None:
    """Wherever they stand, but for what the caller keeps and counts by reason, whose keys are texts."""
    meta: dict[str, Any] = json.loads((JOURNEYS / stored / "journeys.json").read_text())
    kinds = set()
    for place in objects(meta):
        kind = tuple("" if isinstance(key, int) else key for key in place)
        if kind in kinds or place[:1] == ("kept",) or place[-1:] in (("quarantined",), ("noted",), ("not_numbers",)):
            continue
        kinds.add(kind)
        changed = json.loads(json.dumps(meta))
        inner = changed
        for key in place:
            inner = inner[key]
        inner["unheard_of"] = 1
        folder = tmp_path / "saved"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(JOURNEYS / stored, folder)
        (folder / "journeys.json").write_text(json.dumps(changed))
        assert used(folder) == "refused", place
    assert {(), ("audit",), ("audit", "tables", ""), ("days",), ("kinds", "")} <= kinds | {("kinds", "")}


def test_journeys_json_with_other_values(tmp_path: Path) -> None:
    meta: dict[str, Any] = json.loads((JOURNEYS / "saved" / "journeys.json").read_text())
    outcomes = []
    for key in meta:
        for other in (None, -1, ["x"]):
            folder = copied(tmp_path)
            (folder / "journeys.json").write_text(json.dumps({**meta, key: other}))
            outcomes.append(used(folder))
        folder = copied(tmp_path)
        (folder / "journeys.json").write_text(json.dumps({k: v for k, v in meta.items() if k != key}))
        outcome = used(folder)
        assert outcome == "refused" or key in ("normalize", "kept"), key
    assert outcomes.count("refused") > 40


@pytest.mark.parametrize("path", sorted((JOURNEYS / "saved").glob("*.arrow")), ids=lambda path: path.stem)
def test_columns_with_other_values(path: Path, tmp_path: Path) -> None:
    table = pl.read_ipc(path)
    for name in table.columns:
        column = table[name]
        changed = [
            table.drop(name),
            table.with_columns(column.reverse()),
            table.with_columns(pl.lit(None).cast(column.dtype).alias(name)),
            table.with_columns(column.cast(pl.String)),
        ]
        if type(column.dtype) in BITS:
            beyond = 2 ** BITS[type(column.dtype)] - 2
            changed.append(table.with_columns(pl.Series(name, [beyond, *column.to_list()[1:]], dtype=column.dtype)))
        outcomes = []
        for other in changed:
            folder = copied(tmp_path)
            other.write_ipc(folder / path.name, compression="uncompressed")
            outcomes.append(used(folder))
        assert set(outcomes) <= {"refused", "answered"}

    folder = copied(tmp_path)
    table.head(table.height // 2).write_ipc(folder / path.name, compression="uncompressed")
    assert used(folder) in ("refused", "answered")

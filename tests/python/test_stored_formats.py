"""Files that earlier versions wrote load and answer as they did then."""

from __future__ import annotations

import json
import math
import shutil
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from stored import JOURNEYS, MODELS, answers, answers_of_days, answers_of_outcomes, bits, scored

import leadlens as ll

NAMES = [
    "base-rate",
    "beta",
    "cubic",
    "firth",
    "interactions",
    "isotonic",
    "linear-monotone",
    "logs",
    "no-penalty",
    "sigmoid-weighted",
    "straight",
    "without-times",
]


def read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def journeys() -> ll.Journeys:
    return ll.Journeys.open(JOURNEYS / "saved")


def test_every_stored_model_is_looked_at() -> None:
    assert sorted(p.stem for p in MODELS.glob("*.json")) == NAMES
    assert sorted(read(MODELS / "rows" / "scores.json")) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_models_of_format_1_score_rows_as_recorded(name: str) -> None:
    scorer = ll.load(MODELS / f"{name}.json")
    recorded = read(MODELS / "rows" / "scores.json")[name]
    assert len(recorded) == 15
    for row in recorded:
        probability, reasons = scorer.score_row(row["values"], reasons=len(row["contributions"]))
        assert bits(probability) == row["probability"]
        assert {feature: bits(c) for feature, c in reasons} == row["contributions"]


@pytest.mark.parametrize("name", NAMES)
def test_models_of_format_1_are_written_as_they_were_read(name: str, tmp_path: Path) -> None:
    stored = MODELS / f"{name}.json"
    ll.load(stored).save(tmp_path / "again.json")
    before, after = read(stored), read(tmp_path / "again.json")
    assert before["format_version"] == 1
    # Keys that a later version adds have defaults; what was there stays, number by number.
    assert without_new(after["model"], before["model"]) == before["model"]


def without_new(after: Any, before: Any) -> Any:
    """Leave out keys that the older file does not have."""
    if isinstance(after, dict) and isinstance(before, dict):
        return {key: without_new(value, before[key]) for key, value in after.items() if key in before}
    if isinstance(after, list) and isinstance(before, list) and len(after) == len(before):
        return [without_new(a, b) for a, b in zip(after, before, strict=True)]
    return after


def test_journeys_of_format_3_answer_as_recorded(journeys: ll.Journeys) -> None:
    recorded = read(JOURNEYS / "answers.json")
    now = json.loads(json.dumps(answers(journeys)))
    assert sorted(now) == sorted(recorded)
    for question, answer in recorded.items():
        assert now[question] == answer, question


@pytest.mark.parametrize(("name", "ask"), [("outcomes", answers_of_outcomes), ("days", answers_of_days)])
def test_journeys_of_other_kinds_answer_as_recorded(
    name: str, ask: Callable[[ll.Journeys], dict[str, Any]], tmp_path: Path
) -> None:
    stored = ll.Journeys.open(JOURNEYS / name)
    stored.save(tmp_path / "again")
    recorded = read(JOURNEYS / f"answers_{name}.json")
    for opened in (stored, ll.Journeys.open(tmp_path / "again")):
        now = json.loads(json.dumps(ask(opened)))
        for question, answer in recorded.items():
            assert now[question] == answer, question


def test_every_part_of_the_format_is_stored() -> None:
    metas = [read(path) for path in sorted(JOURNEYS.glob("*/journeys.json"))]
    assert len(metas) == 3
    assert {meta["days"]["created"] for meta in metas} == {"none", "all"}
    assert {meta["stage_order"] for meta in metas} == {"pipeline", "column"}
    assert any(meta["days"]["mixed"] for meta in metas)
    assert any(meta["histories"] for meta in metas)
    assert any(field["hidden"] for meta in metas for field in meta["fields"])
    assert {meta["normalize"] for meta in metas} == {None, "email"}
    columns = {column for path in JOURNEYS.glob("*/leads.arrow") for column in pl.read_ipc(path).columns}
    assert {"account", "owner", "outcome", "order"} <= columns
    codes = {pl.read_ipc(path)["deal"].dtype for path in JOURNEYS.glob("*/stages.arrow")}
    assert codes == {pl.UInt8, pl.UInt16}


@pytest.mark.parametrize("name", [name for name in NAMES if name != "without-times"])
def test_stored_models_score_stored_journeys_as_recorded(name: str, journeys: ll.Journeys) -> None:
    recorded = read(JOURNEYS / "scores.json")[name]
    assert len(recorded["lead_id"]) > 30
    assert scored(ll.load(MODELS / f"{name}.json"), journeys) == recorded


def test_recorded_scores_differ_by_model_and_lead() -> None:
    probabilities = [
        struct.unpack(">d", bytes.fromhex(p))[0]
        for m in read(JOURNEYS / "scores.json").values()
        for p in m["probability"]
    ]
    assert all(0 < p < 1 for p in probabilities)
    assert len(set(probabilities)) > len(probabilities) / 2
    assert math.isclose(sum(probabilities) / len(probabilities), 0.1, abs_tol=0.09)


def test_journeys_of_format_3_are_saved_as_they_were(journeys: ll.Journeys, tmp_path: Path) -> None:
    journeys.save(tmp_path / "again")
    names = sorted(p.name for p in (JOURNEYS / "saved").iterdir())
    assert sorted(p.name for p in (tmp_path / "again").iterdir()) == names
    again = ll.Journeys.open(tmp_path / "again")
    assert json.loads(json.dumps(answers(again))) == read(JOURNEYS / "answers.json")


@pytest.mark.parametrize("version", [0, 2, 4, 99])
def test_other_formats_of_journeys_are_refused_by_their_number(version: int, tmp_path: Path) -> None:
    shutil.copytree(JOURNEYS / "saved", tmp_path / "other")
    meta = tmp_path / "other" / "journeys.json"
    meta.write_text(meta.read_text(encoding="utf-8").replace('"format": 3', f'"format": {version}'), encoding="utf-8")
    with pytest.raises(ll.ReadError, match=f"format {version}"):
        ll.Journeys.open(tmp_path / "other")


@pytest.mark.parametrize("version", [0, 2, 99])
def test_other_formats_of_models_are_refused_by_their_number(version: int, tmp_path: Path) -> None:
    text = (MODELS / "straight.json").read_text(encoding="utf-8")
    other = tmp_path / "other.json"
    other.write_text(text.replace('"format_version": 1', f'"format_version": {version}'), encoding="utf-8")
    with pytest.raises(ll.ModelFormatError, match=str(version)):
        ll.load(other)

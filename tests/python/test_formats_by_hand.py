"""What docs/formats.md says is enough to read the files: models and journeys are read here without leadlens."""

from __future__ import annotations

import bisect
import json
import math
import struct
import zlib
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from stored import JOURNEYS, MODELS

Cell = float | str | None


def read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def spline_columns(spline: dict[str, Any], z: float) -> list[float]:
    """The first column and the curved ones of a standardised value."""
    knots, shares = spline["knots"], spline.get("shares", [])
    inside = min(max(z, knots[0]), knots[-1])

    def ramp(j: int) -> float:
        return min(max(inside - knots[j], 0.0), knots[j + 1] - knots[j])

    def cube(j: int) -> float:
        t, before, last = knots[j], knots[-2], knots[-1]
        rises = [max(inside - knot, 0.0) ** 3 for knot in (t, before, last)]
        bend = rises[0] - rises[1] * (last - t) / (last - before) + rises[2] * (before - t) / (last - before)
        return bend / (last - knots[0]) ** 2

    if spline["bend"] == "cubic":
        raw = [inside, *(cube(j) for j in range(len(spline["means"])))]
    else:
        raw = [inside if shares else ramp(0), *(ramp(j + 1) for j in range(len(spline["means"])))]
    moments = [spline["first"], *zip(spline["means"], spline["deviations"], strict=True)]
    columns = [(x - mean) / deviation for x, (mean, deviation) in zip(raw, moments, strict=True)]
    return [columns[0], *(c - share * columns[0] for c, share in zip(columns[1:], shares or [0.0] * 9, strict=False))]


def columns_and_group(encoder: dict[str, Any], cell: Cell) -> tuple[list[float], int | None]:
    """Design columns of a cell, and its group in interactions."""
    if encoder["type"] == "category":
        names = [*encoder["levels"], *(["(other)"] * encoder["other"]), *(["(missing)"] * encoder["missing"])]
        known = encoder["levels"] if encoder["reference"] is None else [*encoder["levels"], encoder["reference"]]
        name = "(missing)" if cell is None else cell if cell in known else "(other)"
        place = names.index(name) if name in names else None
        return [float(i == place) for i in range(len(names))], place if place is None or place < 40 else None
    spline, bins = encoder.get("spline"), encoder.get("bins")
    curved = len(spline["means"]) if spline else 0
    if cell is None:
        columns = [0.0] * (1 + curved)
    else:
        x = math.log1p(max(float(cell), 0.0)) if encoder.get("log") else float(cell)
        z = (x - encoder["mean"]) / encoder["deviation"] if encoder["deviation"] > 0 else 0.0
        columns = spline_columns(spline, z) if spline else [z]
    if encoder["missing"]:
        columns.append(float(cell is None))
    if bins is None:
        return columns, None
    count = len(bins["edges"]) + 1
    bin_ = None if cell is None else bisect.bisect_right(bins["edges"], float(cell))
    columns += [float(i == bin_) for i in range(count)]
    return columns, (count if encoder["missing"] else None) if cell is None else bin_


def groups(encoder: dict[str, Any]) -> int:
    if encoder["type"] == "category":
        return min(40, len(encoder["levels"]) + encoder["other"] + encoder["missing"])
    return len(encoder["bins"]["edges"]) + 1 + encoder["missing"]


def calibrated(calibration: dict[str, Any] | None, eta: float) -> float:
    def sigmoid(x: float) -> float:
        return 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x))

    if calibration is None:
        return sigmoid(eta)
    if calibration["type"] == "beta":
        ln_p, ln_q = (-max(-x, 0.0) - math.log1p(math.exp(-abs(x))) for x in (eta, -eta))
        return sigmoid(calibration["a"] * ln_p - calibration["b"] * ln_q + calibration["c"])
    xs, ys = calibration["log_odds"], calibration["probability"]
    if not xs[0] <= eta < xs[-1]:
        return float(ys[0] if eta < xs[0] else ys[-1])
    i = bisect.bisect_right(xs, eta)
    return float(ys[i - 1] + (ys[i] - ys[i - 1]) * (eta - xs[i - 1]) / (xs[i] - xs[i - 1]))


def score(model: dict[str, Any], row: list[Cell]) -> tuple[float, list[float]]:
    """The probability of a row and its contributions."""
    base, contributions, of_groups = model["intercept"], [], []
    for term, cell in zip(model["terms"], row, strict=True):
        columns, group = columns_and_group(term["encoder"], cell)
        of_groups.append(group)
        base += sum(c * m for c, m in zip(term["coefficients"], term["means"], strict=True))
        terms = zip(term["coefficients"], columns, term["means"], strict=True)
        contributions.append(sum(c * (x - m) for c, x, m in terms))
    for pair in model["interactions"]:
        a, b = (groups(model["terms"][pair[side]]["encoder"]) for side in ("first", "second"))
        i, j = of_groups[pair["first"]], of_groups[pair["second"]]
        contributions.append(pair["effects"][(a if i is None else i) * (b + 1) + (b if j is None else j)])
    return calibrated(model["calibration"], base + sum(contributions)), contributions


def number(bits: str) -> float:
    return float(struct.unpack(">d", bytes.fromhex(bits))[0])


@pytest.mark.parametrize("path", sorted(MODELS.glob("*.json")), ids=lambda path: path.stem)
def test_a_model_is_scored_as_the_page_says(path: Path) -> None:
    model = read(path)["model"]
    rows = read(MODELS / "rows" / "scores.json")[path.stem]
    for row in rows:
        probability, contributions = score(model, row["values"])
        assert probability == pytest.approx(number(row["probability"]), rel=1e-9)
        recorded = sorted(number(c) for c in row["contributions"].values())
        # Zeros are no reasons.
        assert sorted(c for c in contributions if abs(c) > 1e-12) == pytest.approx(
            [c for c in recorded if abs(c) > 1e-12], rel=1e-7, abs=1e-11
        )


SAVED = JOURNEYS / "saved"
NONE = {pl.UInt8: 255, pl.UInt16: 65_535, pl.UInt32: 4_294_967_295}


def table(name: str) -> pl.DataFrame:
    return pl.read_ipc(SAVED / f"{name}.arrow")


def dictionaries() -> dict[str, list[str]]:
    texts, at, out = table("texts")["text"].to_list(), 0, {}
    for name, length in read(SAVED / "journeys.json")["dictionaries"]:
        out[name], at = texts[at : at + length], at + length
    assert at == len(texts)
    return out


def decoded(codes: pl.Series, texts: list[str]) -> list[str | None]:
    none = NONE[type(codes.dtype)]
    return [None if code == none else texts[code] for code in codes]


def test_sums_of_files_are_those_of_the_page() -> None:
    sums = read(SAVED / "checksums.json")
    assert set(sums) == {path.name for path in SAVED.iterdir()} - {"checksums.json"}
    for name, sum_ in sums.items():
        content = (SAVED / name).read_bytes()
        blocks = [zlib.crc32(content[at : at + (1 << 24)]) for at in range(0, len(content), 1 << 24)]
        assert sum_ == {"bytes": len(content), "blocks": blocks}


def test_a_time_line_is_read_as_the_page_says() -> None:
    meta, texts = read(SAVED / "journeys.json"), dictionaries()
    leads, offsets, events, stages, edits = (table(n) for n in ("leads", "offsets", "events", "stages", "edits"))
    assert offsets.height == leads.height + 1
    lead = leads["id"].to_list().index("7")
    first, last = offsets["events"][lead], offsets["events"][lead + 1]
    kinds = [kind["plain"] for kind in meta["kinds"]]
    what = ["created", *(kinds[code] for code in events["kind"][first:last])]
    at = [leads["created"][lead], *events["at"][first:last]]
    channel = [None, *decoded(events["channel"][first:last], texts["channels"])]
    deal: list[str | None] = [None] * len(what)
    amount: list[float | None] = [None] * len(what)
    deals = decoded(stages["deal"], texts["deals"])
    for entry in range(offsets["stages"][lead], offsets["stages"][lead + 1]):
        place = 1 + stages["position"][entry] - first
        deal[place], amount[place] = deals[entry], stages["amount"][entry]
        for edited in edits.filter(pl.col("entry") == entry)["amount"]:
            amount[place] = edited
    recorded = read(JOURNEYS / "answers.json")["time line"]
    assert (what, at, channel) == (recorded["what"], recorded["at"], recorded["channel"])
    assert (deal, amount) == (recorded["deal"], recorded["amount"])


def test_fields_and_histories_are_read_as_the_page_says() -> None:
    meta, texts, leads = read(SAVED / "journeys.json"), dictionaries(), table("leads")
    names = {field["name"]: i for i, field in enumerate(meta["fields"])}
    assert set(decoded(leads[f"field{names['source']}"], texts[f"field{names['source']}"])) == {
        "ads",
        "fair",
        "partner",
        "seo",
    }
    assert leads[f"field{names['staff']}"].is_nan().any()
    assert leads[f"field{names['since']}"].dtype == pl.Int64
    for i, name in enumerate(meta["histories"]):
        history, offsets = table(f"history{i}"), table(f"history{i}_offsets")["start"]
        assert (offsets.len(), offsets[-1]) == (leads.height + 1, history.height)
        if name == "team":
            assert set(decoded(history[f"history{i}"], texts[f"history{i}"])) == {"north", "south"}
    assert table("event_ids").height == table("event_ids").unique().height > 1_000

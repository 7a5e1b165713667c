"""Scorecards: the published table alone gives the points of every row."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import leadlens as ll

UTC = timezone.utc
START = datetime(2024, 1, 1, tzinfo=UTC)


def world(n: int, seed: int, *, unseen: bool = False) -> ll.Journeys:
    """Leads with numbers, texts, missing values and counts; ``unseen`` ones have levels and values of their own."""
    rng = np.random.default_rng(seed)
    created = [START + timedelta(hours=float(h)) for h in rng.uniform(0, 24 * 90, n)]
    size = np.exp(rng.normal(4, 1.5, n))
    age = rng.uniform(18, 80, n)
    source = rng.choice(["web", "fair", "partner", "radio, tv"], n, p=[0.5, 0.3, 0.15, 0.05]).astype(object)
    score = 0.8 * (source == "partner") - ((age - 45) / 15) ** 2 * 0.5 + 0.3 * np.log(size) - 1.5
    leads = pl.DataFrame(
        {
            "id": [f"l{seed}_{i}" for i in range(n)],
            "created": created,
            "size": [None if i % 7 == 0 else float(s) for i, s in enumerate(size)],
            "age": age,
            "source": [None if i % 11 == 0 else str(s) for i, s in enumerate(source)],
        }
    )
    if unseen:
        leads = leads.with_columns(
            source=pl.when(pl.int_range(pl.len()) % 5 == 0).then(pl.lit("podcast")).otherwise("source"),
            size=pl.when(pl.int_range(pl.len()) % 3 == 0).then(pl.col("size") * 1e6).otherwise("size"),
            age=pl.when(pl.int_range(pl.len()) % 4 == 0).then(None).otherwise("age"),
        )
    visits = rng.poisson(2.0, n)
    events = [
        {"id": f"l{seed}_{i}", "at": created[i] + timedelta(hours=float(h)), "kind": "visit"}
        for i in range(n)
        for h in rng.uniform(0, 24 * 6, visits[i])
    ]
    events += [{"id": f"l{seed}_{i}", "at": created[i] + timedelta(days=1), "kind": "call"} for i in range(0, n, 3)]
    won = rng.random(n) < 1 / (1 + np.exp(-(score + 0.3 * visits)))
    stages = [
        {"id": f"l{seed}_{i}", "at": created[i] + timedelta(days=7 + float(d)), "stage": "won"}
        for i, d in enumerate(rng.uniform(0, 20, n))
        if won[i]
    ]
    return ll.Journeys(
        leads=ll.Leads(leads, id="id", created="created"),
        events=ll.Events(pl.DataFrame(events), lead="id", at="at", kind="kind"),
        stages=ll.Stages(pl.DataFrame(stages), lead="id", at="at", stage="stage"),
        won="won",
        observed_until="2024-06-01",
    )


def replayed(card: ll.Scorecard, rows: pl.DataFrame) -> np.ndarray:
    """Return the points of rows of features by the lines of a card, and nothing else."""
    total = np.zeros(rows.height, dtype=np.int64)
    lines = card.to_polars()
    for (term,), of_term in lines.group_by("term", maintain_order=True):
        if term == "(base)":
            total += of_term["points"][0]
            continue
        hits = np.zeros(rows.height, dtype=np.int64)
        conditions = of_term.rows(named=True)
        named = {
            (side, c[f"{side}level"]) for c in conditions for side in ("", "other_") if c[f"{side}level"] is not None
        }
        for line in conditions:
            meets = np.ones(rows.height, dtype=bool)
            for side in ("", "other_"):
                if line[f"{side}feature"] is None:
                    continue
                values = rows[line[f"{side}feature"]]
                level, low, high = (line[f"{side}{key}"] for key in ("level", "from", "to"))
                if level == "(missing)":
                    meets &= values.is_null().to_numpy()
                elif level == "(other)":
                    known = [name for at, name in named if at == side]
                    meets &= (values.is_not_null() & ~values.is_in(known)).to_numpy()
                elif level is not None:
                    meets &= (values == level).fill_null(False).to_numpy()
                else:
                    within = values.is_not_null()
                    within &= (values >= low).fill_null(False) if low is not None else True
                    within &= (values < high).fill_null(False) if high is not None else True
                    meets &= within.to_numpy()
            hits += meets
            total += line["points"] * meets
        assert (hits == 1).all(), f"{term}: each row meets one line"
    return total


OPTIONS: list[dict[str, Any]] = [
    {"C": 1.0},
    {"C": 1.0, "nonlinear": "cubic"},
    {"C": 0.1, "nonlinear": "linear", "interactions": [("source", "age"), ("size", "count(visit)")]},
    {"C": float("inf"), "nonlinear": "log"},
    {"C": 1.0, "calibration": "isotonic"},
    {"penalty": "firth"},
    {"C": 0.5, "monotone": {"size": "increasing"}},
]


@pytest.fixture(scope="module")
def train() -> ll.Snapshot:
    return world(3000, 1).snapshot(after="7d", horizon="25d")


@pytest.fixture(scope="module")
def others() -> ll.Snapshot:
    return world(1500, 2, unseen=True).snapshot(after="7d", horizon="25d")


@pytest.mark.parametrize("options", OPTIONS, ids=lambda o: " ".join(map(str, o.values()))[:40])
def test_the_table_adds_up_to_the_points_of_every_row(options, train, others):
    scorer = ll.LeadScorer(**options).fit(train)
    card = scorer.scorecard()
    for snapshot in (train, others):
        points = card.points(snapshot)
        assert points["points"].to_list() == replayed(card, snapshot.to_polars()).tolist()
    exact = scorer.score(train).to_polars()["log_odds"].to_numpy()
    factor = 50 / np.log(2)
    own = card.points(train)
    wanted = 600 - factor * np.log(1 / 19) + factor * exact
    # Rounding of sums; the numbers are of the size of a thousand.
    assert np.allclose(own["points"] - own["error"], wanted, atol=1e-9)
    assert own["error"].abs().max() <= card.largest_error
    # Points stay close: the largest error is what all roundings amount to with one sign.
    assert own["error"].std() < card.largest_error / 2


def test_points_rank_as_the_scores_do(train):
    scorer = ll.LeadScorer().fit(train)
    label = train.to_polars()["label"]
    auc = ll.metrics.roc_auc(label, scorer.score(train).to_polars()["probability"])
    assert abs(ll.metrics.roc_auc(label, scorer.scorecard().points(train)["points"]) - auc) < 0.005
    # Ranges of numbers stay, so that finer points end at their error.
    coarse, fine = (scorer.scorecard(pdo=pdo).points(train)["error"].std() / pdo for pdo in (2, 500))
    assert fine < 0.75 * coarse


def test_probabilities_are_those_of_the_points(train):
    scorer = ll.LeadScorer().fit(train)
    card = scorer.scorecard(points=0, odds=1, pdo=100)
    points = card.points(train)
    wanted = 1 / (1 + 2 ** (-points["points"].to_numpy() / 100))
    assert np.allclose(points["probability"], wanted, rtol=1e-12)
    calibrated = ll.LeadScorer(calibration="isotonic").fit(train)
    close = calibrated.scorecard(pdo=5000).points(train)["probability"]
    exact = calibrated.score(train).to_polars()["probability"]
    assert (close - exact).abs().mean() < 0.02


def test_one_line_for_each_level(train):
    card = ll.LeadScorer().fit(train).scorecard()
    levels = card.to_polars().filter(pl.col("term") == "source")["level"].to_list()
    assert sorted(levels) == ["(missing)", "(other)", "fair", "partner", "radio, tv", "web"]
    counts = card.to_polars().filter((pl.col("term") == "count(visit)") & pl.col("from").is_not_null())["from"]
    assert counts.len() > 2
    assert (counts == counts.floor()).all(), "counts are cut at whole numbers"


def test_wrong_scales_and_states(train):
    scorer = ll.LeadScorer().fit(train)
    for options, said in [
        ({"pdo": 0}, "pdo: must be from 1"),
        ({"odds": -1}, "odds: must be a finite number above 0"),
        ({"odds": float("nan")}, "odds"),
        ({"points": "many"}, "points must be a number"),
    ]:
        with pytest.raises(ll.OptionError, match=said):
            scorer.scorecard(**options)
    with pytest.raises(ll.NotFittedError):
        ll.LeadScorer().scorecard()
    empty = world(60, 3).snapshot(after="7d", horizon="25d", known_by="2024-01-02")
    with pytest.raises(ll.NotEnoughDataError):
        scorer.scorecard().points(empty)


def test_cards_are_shown_pickled_and_charted(train, others):
    card = ll.LeadScorer().fit(train).scorecard()
    text = repr(card)
    assert text.startswith("Scorecard of ")
    assert "600 points at odds of 0.0526, 50 more double the odds" in text
    assert f"points of a lead = {card.base} + one line of each term" in text
    assert "<table" in card._repr_html_()
    again = pickle.loads(pickle.dumps(card))
    assert again.to_polars().equals(card.to_polars())
    assert again.points(others).equals(card.points(others))
    assert "spread" in str(card.plot().to_dict()["datasets"])
    assert card.spec == {"points": 600.0, "odds": 1 / 19, "pdo": 50.0}


def test_the_command_line_has_the_same_lines(train, tmp_path: Path):
    scorer = ll.LeadScorer().fit(train)
    scorer.save(tmp_path / "model.json")
    (tmp_path / "leadlens.toml").write_text(
        '[leads]\ntable = "leads.csv"\nid = "id"\n\n[scorecard]\npdo = 20\npoints = 100\nodds = 1.0\n'
    )
    (tmp_path / "leads.csv").write_text("id\n1\n")

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "leadlens", "scorecard", "--config", str(tmp_path / "leadlens.toml")]
        command += ["--model", str(tmp_path / "model.json"), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    card = scorer.scorecard(points=100, odds=1, pdo=20)
    done = run("--output", str(tmp_path / "card.parquet"))
    assert done.returncode == 0, done.stderr
    assert pl.read_parquet(tmp_path / "card.parquet").equals(card.to_polars())
    said = json.loads(run("--format", "json", "--pdo", "40").stdout)
    assert said["scale"]["pdo"] == 40.0
    assert said["base"] == scorer.scorecard(points=100, odds=1, pdo=40).base
    wrong = run("--pdo", "0")
    assert wrong.returncode == 2
    assert "pdo: must be from 1 to 1000000, not 0" in wrong.stderr

"""Grades, the grid of fit and engagement, percentiles within the batch, thresholds."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

import leadlens as ll


@pytest.fixture(scope="module")
def sides() -> tuple[ll.Snapshot, ll.Snapshot]:
    return ll.datasets.b2b_saas().snapshot(every="7d", horizon="14d").split(0.3, by="group")


@pytest.fixture(scope="module")
def scorer(sides) -> ll.LeadScorer:
    return ll.LeadScorer(C=0.01).fit(sides[0])


def test_grades_by_each_scale(scorer, sides):
    base = scorer.training_["base_rate"]
    scores = scorer.score(sides[1]).to_polars()
    for grades, by, value in [
        ({"hot": 0.08, "warm": 0.03, "cold": 0}, "probability", scores["probability"]),
        ({"hot": 90, "warm": 40.5, "cold": 0}, "score", scores["score"]),
        ({"hot": 2.5, "warm": 1, "cold": 0}, "lift", scores["probability"] / base),
    ]:
        own = scorer.with_grades(grades, by=by).score(sides[1]).to_polars()
        hot, warm, _ = grades.values()
        wanted = pl.select(
            pl.when(value >= hot).then(pl.lit("hot")).when(value >= warm).then(pl.lit("warm")).otherwise(pl.lit("cold"))
        ).to_series()
        assert own["grade"].to_list() == wanted.to_list()
        # Ties are never split.
        assert own.group_by("probability").agg(pl.col("grade").n_unique())["grade"].max() == 1
        assert own.drop("grade").equals(scores.drop("grade"))


def test_grades_are_kept_by_the_next_training(scorer, sides, tmp_path):
    kept = ll.LeadScorer(C=1.0).fit(sides[1]).with_grades(scorer.grades_)
    assert kept.grades_ == pytest.approx(scorer.grades_)
    probability, grade = kept.score(sides[0]).to_polars().select("probability", "grade").get_columns()
    lowest = list(scorer.grades_.values())
    wanted = [list(scorer.grades_)[next((i for i, cut in enumerate(lowest) if p >= cut), 3)] for p in probability]
    assert grade.to_list() == wanted
    kept.save(tmp_path / "model.json")
    assert ll.load(tmp_path / "model.json").grades_ == kept.grades_
    # Those of a fresh scorer are quarters of its training rows.
    shares = scorer.score(sides[0]).to_polars()["grade"].value_counts(normalize=True)["proportion"]
    assert np.allclose(shares, 0.25, atol=0.01)


def test_wrong_grades(scorer):
    for grades, by, message in [
        ({}, "probability", "must name at least one grade"),
        ({"A": 0.1, "B": 0.1}, "probability", "must descend"),
        ({"A": 0.1, "B": 0.2}, "probability", "must descend"),
        ({"A": 80, "B": 0}, "probability", "the cut-off of 'A' must be from 0 to 1, not 80"),
        ({"A": 101}, "score", "must be from 0 to 100, not 101"),
        ({"A": -1}, "lift", "the cut-off of 'A'"),
        ({"A": 1000, "B": 0}, "lift", "the cut-off of 'A' must be from 0 to "),
        ({" ": 0.2}, "probability", "names must be unique and not empty"),
        ({"A": "high"}, "probability", "must be a number"),
        ({"A": 0.2}, "rank", "by: must be 'score', 'probability' or 'lift', not 'rank'"),
        (["A"], "probability", "grades must be a dict"),
    ]:
        with pytest.raises(ll.OptionError, match=message):
            scorer.with_grades(grades, by=by)
    with pytest.raises(ll.NotFittedError):
        ll.LeadScorer().with_grades({"A": 0})


def test_the_grid_has_quarters_of_fit_and_engagement(scorer, sides):
    scores = scorer.score(sides[0]).to_polars()
    for part, place in (("fit", 0), ("engagement", 1)):
        cells = scores.select(pl.col(part), of=pl.col("grid").str.slice(place, 1))
        spans = cells.group_by("of").agg(low=pl.col(part).min(), high=pl.col(part).max(), n=pl.len()).sort("of")
        # Best first, and no two quarters overlap.
        assert (spans["low"][:-1] > spans["high"][1:]).all()
        assert np.allclose(spans["n"] / scores.height, 0.25, atol=0.02)
    without = ll.Journeys(
        leads=ll.Leads(
            pl.DataFrame(
                {
                    "id": range(400),
                    "x": np.arange(400) % 7,
                    "y": [(i % 7 > 3 and i % 2 > 0) or i % 3 == 0 for i in range(400)],
                }
            ),
            id="id",
            outcome="y",
        )
    )
    snapshot = without.snapshot()
    assert ll.LeadScorer().fit(snapshot).score(snapshot).to_polars()["grid"].null_count() == 400


def test_percentiles_within_the_batch(scorer, sides):
    scores = scorer.score(sides[1]).to_polars()
    own, p = scores["batch_percentile"].to_numpy(), scores["log_odds"]
    assert np.allclose(own, 100 * (p.rank("average") - 0.5) / len(p))
    assert abs(own.mean() - 50) < 1e-9


def test_thresholds():
    assert ll.metrics.break_even(1, 3) == 0.25
    for wrong in [(0, 1), (1, 0), (-1, 1), (float("nan"), 1), (1, float("inf"))]:
        with pytest.raises(ll.OptionError):
            ll.metrics.break_even(*wrong)
    rng = np.random.default_rng(2)
    y, p, w = rng.random(500) < 0.3, rng.integers(0, 40, 500) / 40, rng.random(500)
    p = p + 0.3 * y
    for weight in (None, w):
        threshold, f1 = ll.metrics.f1_threshold(y, p, sample_weight=weight)
        own = np.ones(500) if weight is None else weight
        found = {}
        for t in np.unique(p):
            called = p >= t
            hits, wrong_calls, missed = (
                (own * (called & y)).sum(),
                (own * (called & ~y)).sum(),
                (own * (~called & y)).sum(),
            )
            found[t] = 2 * hits / (2 * hits + wrong_calls + missed)
        assert f1 == pytest.approx(max(found.values()), rel=1e-12)
        assert found[threshold] == pytest.approx(f1, rel=1e-12)
    with pytest.raises(ll.NotEnoughDataError, match="no row has the label 1"):
        ll.metrics.f1_threshold([0, 0], [0.1, 0.2])

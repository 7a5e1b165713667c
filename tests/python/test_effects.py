"""Effects of features have intervals: those of the summary, and those of the covariance about the average row."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from all_charts import chart, journeys, scorers

import leadlens as ll

Z95 = 1.959963984540054


@cache
def snapshot() -> ll.Snapshot:
    rng = np.random.default_rng(5)
    n = 3000
    plan = rng.choice(["basic", "plus", "pro"], n, p=[0.5, 0.3, 0.2])
    size = rng.normal(50, 12, n)
    gaps = np.where(rng.random(n) < 0.1, np.nan, rng.gamma(2.0, 3.0, n))
    eta = -1 + 0.04 * (size - 50) + np.where(plan == "pro", 0.8, 0.0) + 0.1 * np.nan_to_num(gaps)
    table = pl.DataFrame(
        {"id": range(n), "plan": plan, "size": size, "gaps": gaps, "won": rng.random(n) < 1 / (1 + np.exp(-eta))}
    ).with_columns(pl.col("gaps").fill_nan(None))
    leads = ll.Leads(table, id="id", fields=["plan", "size", "gaps"], outcome="won")
    return ll.Journeys(leads=leads).snapshot()


@cache
def scorer(**options: object) -> ll.LeadScorer:
    return ll.LeadScorer(**{"C": 0.05, **options}).fit(snapshot())  # type: ignore[arg-type]


@pytest.mark.parametrize("intervals", [True, False])
def test_levels_against_the_most_frequent_have_the_intervals_of_the_summary(intervals: bool) -> None:
    fitted = scorer(intervals=intervals)
    effect = fitted.effect("plan", reference="basic").filter(pl.col("value") != "basic")
    summary = fitted.summary().filter((pl.col("feature") == "plan") & (pl.col("level") != "basic"))
    assert effect["value"].to_list() == summary["level"].to_list()
    for mine, theirs in (("contribution", "coefficient"), ("unshrunk", "unshrunk"), ("low", "low"), ("high", "high")):
        assert effect[mine].to_list() == pytest.approx(summary[theirs].to_list(), rel=1e-12)


@pytest.mark.parametrize("intervals", [True, False])
def test_the_band_of_a_straight_number_is_its_standard_error_times_the_distance_from_the_mean(intervals: bool) -> None:
    fitted = scorer(intervals=intervals)
    summary = fitted.summary().filter(pl.col("feature") == "size").row(0, named=True)
    mean = float(snapshot().features["size"].mean())
    values = [mean - 20.0, mean, mean + 7.5]
    effect = fitted.effect("size", values)
    distance = (np.array(values) - mean) / summary["per"]
    assert effect["unshrunk"].to_numpy() == pytest.approx(summary["unshrunk"] * distance, abs=1e-12)
    half = (effect["high"] - effect["low"]).to_numpy() / 2
    # The mean is stored rounded, so that the band at it has a width of rounding errors.
    assert half == pytest.approx(Z95 * summary["standard_error"] * np.abs(distance), abs=1e-9)


def test_intervals_about_the_average_row_are_those_of_the_covariance(tmp_path: Path) -> None:
    fitted = scorer(intervals=True)
    fitted.save(tmp_path / "m.json")
    model = json.loads((tmp_path / "m.json").read_text(encoding="utf-8"))["model"]
    terms = model["terms"]
    widths = [len(t["coefficients"]) for t in terms]
    place = [t["feature"] for t in terms].index("plan")
    first = 1 + sum(widths[:place])
    k = 1 + sum(widths)

    def matrix(name: str) -> np.ndarray:
        full = np.zeros((k, k))
        full[np.tril_indices(k)] = model["covariance"][name]
        return full + np.tril(full, -1).T

    means = np.array(terms[place]["means"])
    effect = fitted.effect("plan")
    for j in range(3):
        x = np.zeros(k)
        x[first : first + 3] = np.eye(3)[j] - means
        error = max(x @ matrix(name) @ x for name in ("lower", "robust") if model["covariance"].get(name)) ** 0.5
        assert (effect["high"] - effect["low"])[j] / 2 == pytest.approx(Z95 * error, rel=1e-9)
    assert effect["share"].to_list() == pytest.approx(means.tolist())


def test_a_number_with_missing_values_has_at_least_the_band_of_the_covariance() -> None:
    with_covariance, without = scorer(intervals=True).effect("gaps"), scorer(intervals=False).effect("gaps")
    exact, bound = (t["high"] - t["low"] for t in (with_covariance, without))
    assert (bound >= exact - 1e-12).all()
    assert (bound <= 1.5 * exact.mean() + exact).all()


def test_without_covariance_levels_about_the_average_row_have_no_interval() -> None:
    effect = scorer(intervals=False).effect("plan")
    assert effect["low"].null_count() == effect["high"].null_count() == 3
    assert effect["share"].sum() == pytest.approx(1.0)


def test_lasso_has_no_intervals() -> None:
    effect = scorer(l1_ratio=0.5).effect("size")
    assert effect["low"].null_count() == effect.height


def test_the_level_that_is_left_out_without_a_penalty_is_among_the_effects() -> None:
    fitted = scorer(C=float("inf"))
    effect = fitted.effect("plan")
    assert sorted(effect["value"]) == ["basic", "plus", "pro"]
    contributions = dict(effect.select("value", "contribution").rows())
    shares = dict(effect.select("value", "share").rows())
    assert sum(shares.values()) == pytest.approx(1.0)
    assert sum(shares[v] * contributions[v] for v in shares) == pytest.approx(0.0, abs=1e-9)
    against = fitted.effect("plan", reference="pro")
    back = fitted.effect("plan", reference="basic")
    row = {v: (low, high) for v, low, high in back.select("value", "low", "high").rows()}
    low, high = against.filter(pl.col("value") == "basic").select("low", "high").row(0)
    assert (low, high) == pytest.approx((-row["pro"][1], -row["pro"][0]))


def test_cells_have_the_intervals_of_the_summary() -> None:
    fitted, _, _ = scorers(journeys())
    effect = fitted.effect("group × size").filter(pl.col("weight") > 0)
    summary = fitted.summary().filter(pl.col("feature") == "group × size")
    assert effect["low"].to_list() == pytest.approx(summary["low"].to_list())
    assert chart("LeadScorer.plot_effect joint").to_dict()

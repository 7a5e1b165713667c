"""Intervals of scores hold the truth whatever the penalty, or are refused; the large table is benches/peers/honesty.py."""

import math

import numpy as np
import polars as pl
import pytest
from scipy.stats import beta, fisher_exact

import leadlens as ll


def snapshot(y, **columns):
    frame = pl.DataFrame({"id": np.arange(len(y)), "y": np.asarray(y).astype(int), **columns})
    return ll.Journeys(leads=ll.Leads(frame, id="id", outcome="y")).snapshot()


def world(rng, n):
    x, plan = rng.normal(size=(n, 2)), rng.choice(["free", "pro", "team", "edu"], n)
    p = 1 / (1 + np.exp(1.2 - 0.7 * x[:, 0] - 0.6 * (plan == "pro")))
    return snapshot(rng.random(n) < p, a=x[:, 0], b=x[:, 1], plan=plan), p


def inside(scores, p):
    truth = p[scores["lead_id"].cast(pl.Int64).to_numpy()]
    return (scores["low"].to_numpy() <= truth) & (truth <= scores["high"].to_numpy()), truth


@pytest.mark.parametrize("c", [0.003, 0.1, 1.0, "cv"])
def test_they_hold_the_truth_for_all_and_for_the_best(c):
    every, best = [], []
    for seed in range(24):
        train, p = world(np.random.default_rng(seed), 700)
        scores = ll.LeadScorer(C=c, intervals=True).fit(train).score(train).to_polars()
        held, truth = inside(scores, p)
        assert ((scores["low"] <= scores["probability"]) & (scores["probability"] <= scores["high"])).all()
        every.append(held.mean())
        best.append(held[truth >= np.quantile(truth, 0.95)].mean())
    for held in (every, best):
        # Worlds are the unit: leads of one world share its coefficients.
        assert np.mean(held) > 0.95 - 3 * np.std(held, ddof=1) / np.sqrt(len(held))
        assert np.mean(held) > 0.85


def test_they_are_as_wide_as_without_the_penalty():
    train, _ = world(np.random.default_rng(1), 3000)

    def width(c):
        scores = ll.LeadScorer(C=c, intervals=True).fit(train).score(train).to_polars()
        return (scores["high"] - scores["low"]).to_numpy()

    assert width(0.01) == pytest.approx(np.maximum(width(0.01), 0.97 * width(10.0)))


def test_too_few_leads_are_refused_with_the_reason():
    rng = np.random.default_rng(2)
    n = 400
    columns = {f"n{k}": rng.normal(size=n) for k in range(40)}
    train = snapshot(rng.random(n) < 0.2, **columns)
    with pytest.raises(
        ll.OptionError, match=r"leads of the rarer class are fewer than 3 per effective coefficient \(4\d\)"
    ):
        ll.LeadScorer(C=0.01, intervals=True).fit(train)
    assert "too small" in ll.LeadScorer(C=0.01).fit(train).training_["inference"]


@pytest.mark.parametrize("c", [0.01, 1.0, 100.0])
@pytest.mark.parametrize("rows", [20, 40])
def test_a_level_of_one_class_is_neither_certain_nor_unknown(c, rows):
    rng = np.random.default_rng(rows)
    n = 2500
    y = rng.random(n) < 0.25
    y[:rows] = False
    train = snapshot(y, level=np.where(np.arange(n) < rows, "rare", "common"))
    scorer = ll.LeadScorer(C=c, intervals=True).fit(train)
    rare = scorer.score(train).to_polars().filter(pl.col("lead_id").cast(pl.Int64) < rows).row(0, named=True)
    clopper = beta.ppf(0.975, 1, rows)
    assert clopper / 2 < rare["high"] < 1
    p_value = scorer.summary().filter(pl.col("level") == "rare")["p_value"][0]
    exact = fisher_exact([[0, rows], [int(y.sum()), int(n - y.sum() - rows)]]).pvalue
    assert p_value > exact / 10


def test_summary_rests_on_unshrunken_coefficients():
    train, _ = world(np.random.default_rng(4), 4000)
    strong = ll.LeadScorer(C=0.001).fit(train).summary()
    light = ll.LeadScorer(C=10.0).fit(train).summary()
    assert strong["coefficient"].abs().sum() < 0.5 * strong["unshrunk"].abs().sum()
    for column in ("unshrunk", "standard_error", "p_value", "low", "high"):
        assert np.allclose(strong[column], light[column], rtol=1e-5, atol=1e-9, equal_nan=True)
    assert light["coefficient"].to_list() == light["unshrunk"].to_list()


def test_they_move_with_the_base_rate_and_are_saved(tmp_path):
    train, p = world(np.random.default_rng(6), 2000)
    scorer = ll.LeadScorer(C=0.01, intervals=True).fit(train)
    scorer.save(tmp_path / "m.json")
    assert ll.load(tmp_path / "m.json").score(train).to_polars().equals(scorer.score(train).to_polars())
    rate = float(p.mean())
    moved = scorer.with_base_rate(0.9).score(train).to_polars()
    before = scorer.score(train).to_polars()
    base = scorer.training_["base_rate"]
    shift = math.log(0.9 / 0.1) - math.log(base / (1 - base))
    assert abs(rate - base) < 0.05
    for column in ("low", "high"):
        odds = np.log(before[column] / (1 - before[column])) + shift
        assert np.allclose(moved[column], 1 / (1 + np.exp(-odds)), atol=1e-12)


@pytest.mark.parametrize("method", ["sigmoid", "isotonic", "beta"])
def test_they_hold_their_calibrated_probability(method):
    rng = np.random.default_rng(8)
    n = 3000
    x = rng.normal(size=n)
    created = np.datetime64("2023-01-01", "us") + np.arange(n) * np.timedelta64(3, "h")
    won = rng.random(n) < 1 / (1 + np.exp(1 - x))
    leads = pl.DataFrame({"id": np.arange(n), "created": created, "x": x})
    stages = pl.DataFrame({"id": np.arange(n)[won], "at": created[won] + np.timedelta64(2, "D")}).with_columns(
        stage=pl.lit("won")
    )
    journeys = ll.Journeys(
        leads=ll.Leads(leads, id="id", created="created"),
        stages=ll.Stages(stages, lead="id", at="at", stage="stage"),
        won="won",
        observed_until="2024-03-01",
    )
    train = journeys.snapshot(after="1d", horizon="10d")
    scores = ll.LeadScorer(C=0.01, intervals=True, calibration=method).fit(train).score(train).to_polars()
    assert ((scores["low"] <= scores["probability"]) & (scores["probability"] <= scores["high"])).all()
    assert (scores["high"] - scores["low"]).median() < 0.2


def test_inference_of_a_strong_penalty_is_refused():
    rng = np.random.default_rng(3)
    x = rng.normal(size=(800, 3))
    y = rng.random(800) < 1 / (1 + np.exp(-x @ [1.0, 0.5, 0.0]))
    light = ll.LogisticRegression(100.0).fit(x, y).inference(x, y)
    assert light.interval(x).columns == ["probability", "low", "high"]
    model = ll.LogisticRegression(0.01).fit(x, y)
    strong = model.inference(x, y)
    with pytest.raises(ll.OptionError, match=r"moves the log-odds of \d+ of 800 rows .* fit with a larger C"):
        strong.interval(x)
    free = ll.LogisticRegression(math.inf).fit(x, y)
    # One Newton step from the penalised fit, by hand.
    design, p = np.column_stack([np.ones(800), x]), model.predict_proba(x)[:, 1]
    hessian = (design * (p * (1 - p))[:, None]).T @ design + np.diag([0, 100, 100, 100])
    step = np.linalg.solve(hessian, 100 * np.r_[0, model.coef_[0]])
    assert strong.shrinkage == pytest.approx(-step, abs=1e-9)
    assert (np.sign(step[1:3]) == np.sign(free.coef_[0, :2] - model.coef_[0, :2])).all()
    assert "standard errors)" in repr(strong)

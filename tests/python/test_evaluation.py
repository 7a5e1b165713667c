"""Intervals of measures: against derivatives of scikit-learn's own, and by their coverage."""

import re

import numpy as np
import polars as pl
import pytest
from scipy import stats
from sklearn import metrics

import leadlens as ll

MEASURES = ["roc_auc", "pr_auc", "log_loss", "brier", "calibration_intercept", "calibration_slope", "lift_top_tenth"]


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def rows(seed, n=160, groups=35):
    """Labels, two scorers, weights and clusters; scores with ties."""
    rng = np.random.default_rng(seed)
    cluster = rng.integers(0, groups, n)
    eta = -0.8 + rng.normal(size=n) + 0.7 * rng.normal(size=groups)[cluster]
    y = rng.random(n) < sigmoid(eta)
    first = np.round(sigmoid(eta + 0.2), 2).clip(0.01, 0.99)
    second = np.round(sigmoid(0.7 * eta + rng.normal(size=n)), 2).clip(0.01, 0.99)
    return y, first, second, rng.uniform(0.5, 2.0, n), cluster


def logistic(y, x, w, offset):
    """Coefficients of a weighted logistic regression, by Newton's method."""
    beta = np.zeros(x.shape[1])
    for _ in range(60):
        p = sigmoid(x @ beta + offset)
        step = np.linalg.solve((x * (w * p * (1 - p))[:, None]).T @ x, x.T @ (w * (y - p)))
        beta += step
    return beta


def measures(y, p, w):
    logit = np.log(p / (1 - p))
    ones = np.ones((len(y), 1))
    return {
        "roc_auc": metrics.roc_auc_score(y, p, sample_weight=w),
        "pr_auc": metrics.average_precision_score(y, p, sample_weight=w),
        "log_loss": metrics.log_loss(y, p, sample_weight=w),
        "brier": metrics.brier_score_loss(y, p, sample_weight=w),
        "calibration_intercept": logistic(y, ones, w, logit)[0],
        "calibration_slope": logistic(y, np.column_stack([ones, logit]), w, 0)[1],
    }


def influences(y, p, w):
    """wᵢ·∂T/∂wᵢ of each measure, by central differences."""
    out = {name: np.zeros(len(y)) for name in measures(y, p, w)}
    for i in range(len(y)):
        step = np.zeros(len(y))
        step[i] = 1e-4 * w[i]
        more, less = measures(y, p, w + step), measures(y, p, w - step)
        for name in out:
            out[name][i] = (more[name] - less[name]) / 2e-4
    return out


def clustered_error(influence, cluster, weight):
    """Each cluster's sum is corrected by its share of the weight: G/(G − 1) for G clusters of equal weight."""
    share = np.bincount(cluster, weight) / weight.sum()
    return np.sqrt((np.bincount(cluster, influence) ** 2 / (1 - share)).sum())


def by_measure(frame):
    return {row["measure"]: row for row in frame.iter_rows(named=True)}


@pytest.mark.parametrize("clustered", [False, True])
def test_standard_errors_are_derivatives_of_the_measures(clustered):
    y, p, q, w, cluster = rows(1)
    groups = cluster if clustered else np.arange(len(y))
    # Rows that are not clustered count alike.
    weights = w if clustered else np.ones(len(y))
    option = {"clusters": cluster} if clustered else {}
    found = by_measure(ll.metrics.evaluate(y, p, sample_weight=w, **option).to_polars())
    first, second = influences(y, p, w), influences(y, q, w)
    expected = measures(y, p, w)
    for name, influence in first.items():
        assert found[name]["value"] == pytest.approx(expected[name], abs=1e-9), name
        assert found[name]["standard_error"] == pytest.approx(clustered_error(influence, groups, weights), rel=1e-5), (
            name
        )
    # Paired differences.
    compared = by_measure(ll.metrics.compare(y, p, q, sample_weight=w, **option).to_polars())
    for name, influence in first.items():
        row = compared[name]
        error = clustered_error(influence - second[name], groups, weights)
        assert row["difference"] == pytest.approx(expected[name] - measures(y, q, w)[name], abs=1e-9)
        assert row["standard_error"] == pytest.approx(error, rel=1e-5), name
        t = stats.t(1 / ((np.bincount(groups, weights) / weights.sum()) ** 2).sum() - 1)
        assert row["p_value"] == pytest.approx(2 * t.sf(abs(row["difference"]) / error), rel=1e-4)
        assert row["difference_low"] == pytest.approx(row["difference"] - t.isf(0.025) * error, rel=1e-4)


def test_one_large_account_leaves_intervals_that_hold():
    """One of 120 accounts has 30 % of the leads: with the degrees of freedom of 120 equal ones intervals hold 90 %."""

    def draw(rng, n, account):
        known, unknown = rng.normal(size=(2, account.max() + 1))
        eta = 0.8 * rng.normal(size=n) + 0.6 * known[account] - 1
        return rng.random(n) < 1 / (1 + np.exp(-eta - 0.7 * unknown[account])), 1 / (1 + np.exp(-eta))

    names = ["log_loss", "brier", "calibration_intercept", "calibration_slope"]
    exact = ll.metrics.evaluate(*draw(np.random.default_rng(0), 400_000, np.arange(400_000)))
    truth = {r["measure"]: r["value"] for r in exact.to_polars().iter_rows(named=True)}
    held, shares = [], np.r_[0.3, np.full(119, 0.7 / 119)]
    for seed in range(200):
        rng = np.random.default_rng(seed)
        account = rng.choice(120, 600, p=shares)
        e = ll.metrics.evaluate(*draw(rng, 600, account), clusters=account)
        assert re.search(r"clusters of unequal size, as few as 1?\d\.\d of equal size", e.remarks[0])
        intervals = [(e.interval(name), truth[name]) for name in names]
        held.append(np.mean([low <= value <= high for (low, high), value in intervals]))
    # The Monte Carlo error is 0.010.
    assert 0.925 < np.mean(held) < 0.98
    equal = ll.metrics.evaluate(*draw(np.random.default_rng(1), 600, np.arange(600) % 40), clusters=np.arange(600) % 40)
    assert equal.remarks == []


def test_auc_has_delongs_variance():
    # E. DeLong et al. 1988, by placements; their estimator has n - 1 in the place of n within each class.
    y, p, q, _, _ = rows(2, n=120)
    placed = []
    for scores in (p, q):
        wins = (scores[y][:, None] > scores[~y]) + 0.5 * (scores[y][:, None] == scores[~y])
        placed.append((wins.mean(axis=1), wins.mean(axis=0)))
    (v10, v01), (u10, u01) = placed
    delong = np.sqrt(v10.var(ddof=1) / y.sum() + v01.var(ddof=1) / (~y).sum())
    assert by_measure(ll.metrics.evaluate(y, p).to_polars())["roc_auc"]["standard_error"] == pytest.approx(
        delong, rel=0.01
    )
    paired = np.sqrt((v10 - u10).var(ddof=1) / y.sum() + (v01 - u01).var(ddof=1) / (~y).sum())
    found = by_measure(ll.metrics.compare(y, p, q).to_polars())["roc_auc"]
    assert found["standard_error"] == pytest.approx(paired, rel=0.01)


def world(rng, n, accounts, rate=-1.8):
    """Leads in accounts that differ by more than the score knows."""
    account = rng.integers(0, accounts, n)
    known, unknown = rng.normal(size=(2, accounts))
    eta = rate + 0.8 * rng.normal(size=n) + 0.6 * known[account]
    return rng.random(n) < sigmoid(eta + unknown[account]), sigmoid(eta), account


def test_intervals_cover_where_leads_share_accounts():
    y, p, _ = world(np.random.default_rng(0), 400_000, 100_000)
    every = ll.metrics.evaluate(y, p, precision_at=[60_000])
    truth = {row["measure"]: row["value"] for row in every.to_polars().iter_rows(named=True)}
    truth["precision_at_90"] = truth["precision_at_60000"]
    names = [*MEASURES, "precision_at_90"]
    covered, ignored = dict.fromkeys(names, 0), 0
    worlds = 300
    for seed in range(worlds):
        y, p, account = world(np.random.default_rng(seed + 1), 600, 60)
        found = by_measure(ll.metrics.evaluate(y, p, clusters=account, precision_at=[90]).to_polars())
        for name in names:
            covered[name] += found[name]["low"] <= truth[name] <= found[name]["high"]
        low, high = ll.metrics.evaluate(y, p).interval("calibration_intercept")
        ignored += low <= truth["calibration_intercept"] <= high
    # 95 % have a Monte Carlo error of 1.3 %.
    for name in names:
        assert 0.90 <= covered[name] / worlds <= 0.985, (name, covered)
    # Without the accounts the level is covered in about 83 %.
    assert ignored / worlds < 0.89


def test_differences_of_equal_scorers_are_found_at_the_nominal_rate():
    found = dict.fromkeys(MEASURES, 0)
    worlds = 300
    for seed in range(worlds):
        rng = np.random.default_rng(seed)
        account = rng.integers(0, 80, 500)
        shared = rng.normal(size=80)[account]
        eta = -1 + shared + rng.normal(size=500)
        y = rng.random(500) < sigmoid(eta)
        # Two scorers that are equally far from the truth, and alike within an account.
        p, q = (sigmoid(eta + rng.normal(size=80)[account] + 0.5 * rng.normal(size=500)) for _ in range(2))
        table = by_measure(ll.metrics.compare(y, p, q, clusters=account).to_polars())
        for name in MEASURES:
            found[name] += table[name]["p_value"] < 0.05
    for name in MEASURES:
        assert found[name] / worlds < 0.10, found


def test_a_better_scorer_is_named():
    rng = np.random.default_rng(3)
    eta = -1.5 + 1.2 * rng.normal(size=4_000)
    y = rng.random(4_000) < sigmoid(eta)
    noisy = sigmoid(-1.5 + 0.6 * (eta + 1.5) + 0.8 * rng.normal(size=4_000))
    found = ll.metrics.compare(y, sigmoid(eta), noisy, precision_at=[200])
    table = by_measure(found.to_polars())
    assert {table[name]["better"] for name in ("roc_auc", "pr_auc", "log_loss", "brier")} == {"first"}
    assert table["calibration_slope"]["better"] is None
    assert "ROC-AUC" in repr(found)
    assert "precision of the best 200" in repr(found)
    same = ll.metrics.compare(y, noisy, noisy).to_polars()
    assert same["difference"].to_list() == [0.0] * 7
    assert same["p_value"].to_list() == [1.0] * 7


def test_calibration_bins_are_clustered():
    rng = np.random.default_rng(4)
    lead = np.repeat(np.arange(400), 6)
    p = sigmoid(rng.normal(-1, 1, 400))
    y = (rng.random(400) < p)[lead]
    once = ll.metrics.calibration_table(y[::6], p, bins=5)
    rows, leads = (ll.metrics.calibration_table(y, p[lead], bins=5, **o) for o in ({}, {"clusters": lead}))
    width = lambda t: (t["observed_high"] - t["observed_low"]).to_numpy()  # noqa: E731
    assert (width(rows) < 0.5 * width(once)).all()
    assert width(leads) == pytest.approx(width(once), rel=0.03)
    # Bins of one outcome say no more than their leads.
    low = ll.metrics.calibration_table(np.r_[np.zeros(60, bool), True], np.r_[np.full(60, 0.1), 0.9], bins=1)
    assert low["observed_high"][0] < 0.12
    few = ll.metrics.calibration_table(
        np.zeros(60, bool), np.full(60, 0.1), bins=1, clusters=np.repeat(np.arange(6), 10)
    )
    assert few["observed_high"][0] > 0.4


@pytest.mark.parametrize("repeat", [1, 5])
def test_the_calibration_error_is_held_against_chance(repeat):
    seen, expected = [], []
    for seed in range(150):
        rng = np.random.default_rng(seed)
        p = np.repeat(sigmoid(rng.normal(-1, 1, 500)), repeat)
        lead = np.repeat(np.arange(500), repeat)
        y = np.repeat(rng.random(500) < p[::repeat], repeat)
        e = ll.metrics.evaluate(y, p, clusters=lead)
        seen.append(e.ece)
        expected.append(e.ece_by_chance)
    assert np.mean(expected) == pytest.approx(np.mean(seen), rel=0.05)
    assert "by chance about" in repr(e)


def test_few_clusters_are_remarked():
    y, p, _, _, cluster = rows(5)
    assert "based on 35 clusters" in ll.metrics.evaluate(y, p, clusters=cluster).remarks[0]
    assert ll.metrics.evaluate(y, p).remarks == []


def test_intervals_and_errors_of_odd_input():
    y, p, _, w, cluster = rows(6)
    e = ll.metrics.evaluate(y, p, sample_weight=w, clusters=cluster, precision_at=[10, 5_000])
    assert list(e.precision_at) == [10]
    low, high = e.interval("precision_at_10")
    assert 0 <= low <= e.precision_at[10] <= high <= 1
    with pytest.raises(ll.UnknownNameError, match="has no interval"):
        e.interval("gini")
    with pytest.raises(ll.NotEnoughDataError, match="all weights are 0"):
        ll.metrics.evaluate(y, p, sample_weight=np.zeros(len(y)))
    with pytest.raises(ll.NotEnoughDataError):
        ll.metrics.compare(np.ones(5, bool), p[:5], p[:5])
    with pytest.raises(ll.LeadLensError, match="clusters"):
        ll.metrics.compare(y, p, p, clusters=cluster[:-1])
    # Perfect, constant and separating scores have ends, not errors.
    for scores in (np.where(y, 0.9, 0.1), np.full(len(y), 0.3), np.where(y, 1.0, 0.0), np.where(y, 0.1, 0.9)):
        for row in ll.metrics.evaluate(y, scores, clusters=cluster).to_polars().iter_rows(named=True):
            if row["low"] is not None:
                assert row["low"] - 1e-12 <= row["value"] <= row["high"] + 1e-12, row
    # One cluster says nothing about others.
    alone = ll.metrics.evaluate(y, p, clusters=np.zeros(len(y), int))
    assert alone.interval("roc_auc") == (0, 1)
    assert alone.interval("precision_at_10" if alone.precision_at else "brier") == (0, 1)


def test_groups_and_tenths_have_intervals():
    train, test = ll.datasets.b2b_saas().snapshot(after="31d", horizon="59d").split(0.3, by="group")
    e = ll.LeadScorer(C=0.01).fit(train).evaluate(test, by="lead_source")
    inside = e.groups().filter(
        (pl.col("observed_low") <= pl.col("observed")) & (pl.col("observed") <= pl.col("observed_high"))
    )
    assert inside.height == e.groups().height
    assert (e.groups()["roc_auc_low"] <= e.groups()["roc_auc"]).drop_nulls().all()
    assert ((e.lift()["lift_low"] <= e.lift()["lift"]) & (e.lift()["lift"] <= e.lift()["lift_high"])).all()
    assert "lift of the best tenth" in e.verdict


@pytest.mark.parametrize("clustered", [False, True])
def test_average_precision_is_centred_on_its_value_less_its_bias(clustered):
    """The bias is half the sum of second derivatives with respect to the weights of clusters, here by differences."""
    y, p, _, w, cluster = rows(4)
    cluster = cluster if clustered else np.arange(len(y))
    table = ll.metrics.evaluate(y, p, sample_weight=w, clusters=cluster).to_polars()
    found = table.filter(pl.col("measure") == "pr_auc").row(0, named=True)

    def at(g, step):
        return metrics.average_precision_score(y, p, sample_weight=np.where(cluster == g, w * (1 + step), w))

    h = 1e-3
    second = [(at(g, h) - 2 * at(g, 0) + at(g, -h)) / h**2 for g in np.unique(cluster)]
    logits = [np.log(v / (1 - v)) for v in (found["low"], found["high"])]
    assert sigmoid(np.mean(logits)) == pytest.approx(found["value"] - sum(second) / 2, rel=1e-4)
    positives = len(np.unique(cluster[y]))
    centre = found["value"] - sum(second) / 2
    half = stats.t.isf(0.025, positives - 1) * found["standard_error"] / (centre * (1 - centre))
    assert np.diff(logits)[0] / 2 == pytest.approx(half, rel=1e-3)


def test_average_precision_of_few_positives_is_covered():
    """300 rows of which 18 are positive: 94 % of intervals hold the truth (88 % around the value itself)."""
    draw = np.random.default_rng(1)
    eta = -3 + 0.8 * draw.normal(size=1_000_000)
    truth = metrics.average_precision_score(draw.random(1_000_000) < sigmoid(eta), sigmoid(eta))
    held = []
    for seed in range(300):
        draw = np.random.default_rng([9, seed])
        eta = -3 + 0.8 * draw.normal(size=300)
        y = draw.random(300) < sigmoid(eta)
        if y.sum() >= 5:
            low, high = ll.metrics.evaluate(y, sigmoid(eta)).interval("pr_auc")
            held.append(low <= truth <= high)
    # Three Monte Carlo errors of 0.0137 below 0.94.
    assert np.mean(held) > 0.9, np.mean(held)

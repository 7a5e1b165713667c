"""Without a penalty: classes that columns separate are found, whatever the units, and named; all other fits succeed."""

import math

import numpy as np
import polars as pl
import pytest
from scipy.optimize import linprog

import leadlens as ll


def truth(x, y, intercept=True):
    """Whether some direction separates, and whether it does so completely, by linear programs (Konis 2007)."""
    spread = x.std(axis=0)
    z = (x - x.mean(axis=0)) / spread if intercept else x / spread
    rows = np.column_stack([np.ones(len(x)), z]) if intercept else z
    rows = rows * np.where(y, 1, -1)[:, None]
    zero, box = np.zeros(len(x)), [(-1, 1)] * rows.shape[1]
    some = linprog(-rows.sum(axis=0), A_ub=-rows, b_ub=zero, bounds=box, method="highs")
    free = [(None, None)] * rows.shape[1]
    every = linprog(np.zeros(rows.shape[1]), A_ub=-rows, b_ub=zero - 1, bounds=free, method="highs")
    return bool(-some.fun > 1e-7), every.status == 0


def design(rng):
    n, p = int(rng.choice([12, 25, 60])), int(rng.integers(1, 6))
    x = rng.normal(size=(n, p))
    kind = rng.integers(5)
    if kind == 1:
        x = (x > rng.normal(size=p)).astype(float)
    elif kind == 2:
        x[:, ::2] = x[:, ::2] > 0.9
    elif kind == 3:
        x = rng.poisson(1.5, (n, p)).astype(float)
    elif kind == 4:
        x = np.exp(2 * x)
    eta = x @ rng.normal(size=p) * rng.choice([1, 5, 30])
    eta -= np.median(eta)
    y = eta > 0 if rng.random() < 0.3 else rng.random(n) < 1 / (1 + np.exp(-np.clip(eta, -500, 500)))
    full = np.linalg.matrix_rank(np.column_stack([np.ones(n), x])) == p + 1
    return (x, y) if full and 0 < y.sum() < n else design(rng)


@pytest.mark.parametrize("intercept", [True, False])
def test_none_is_missed_and_none_is_made_up(intercept):
    found = 0
    for seed in range(150):
        rng = np.random.default_rng([seed, intercept])
        x, y = design(rng)
        separated, complete = truth(x, y, intercept)
        found += separated
        model = ll.LogisticRegression(math.inf, fit_intercept=intercept)
        x = x * 10.0 ** rng.uniform(-6, 6, x.shape[1])
        if separated:
            with pytest.raises(ll.SeparationError) as raised:
                model.fit(x, y)
            assert str(raised.value).startswith("complete") == complete, (seed, raised.value)
        else:
            assert model.fit(x, y).converged_, seed
            residual = model.predict_proba(x)[:, 1] - y
            assert np.abs(residual @ x / np.abs(x).max(axis=0)).max() < 1e-5 * len(y)
    assert 30 < found < 140


def test_the_fewest_columns_are_named():
    rng = np.random.default_rng(3)
    x = rng.normal(size=(400, 8)) * 10.0 ** np.arange(-4, 4)
    y = x[:, 2] * 1e2 - x[:, 5] * 1e-1 > 0.3
    with pytest.raises(ll.SeparationError, match="complete separation: 'x2', 'x5' separate the classes of 400 rows"):
        ll.LogisticRegression(math.inf).fit(x, y)
    # Two columns, each of which tells other rows.
    noise = rng.normal(size=(400, 2))
    flags = np.zeros((400, 2))
    flags[:7, 0], flags[7:20, 1] = 1, 1
    y = rng.random(400) < 0.4
    y[:7], y[7:20] = True, False
    with pytest.raises(
        ll.SeparationError, match=r"quasi-complete separation: 'x1', 'x3' separate the classes of 20 rows"
    ):
        ll.LogisticRegression(math.inf).fit(np.column_stack([noise[:, 0], flags[:, 0], noise[:, 1], flags[:, 1]]), y)


def test_levels_of_texts_separate_together():
    rng = np.random.default_rng(5)
    n = 900
    country, plan = rng.choice(list("abc"), n), rng.choice(["free", "pro"], n)
    y = rng.random(n) < 0.4
    y[(country == "c") & (plan == "pro")] = True
    y[(country == "c") & (plan == "free")] = False
    frame = pl.DataFrame({"size": rng.normal(size=n) * 1e6, "country": country, "plan": plan})
    joint = frame.with_columns(pro_in_c=(pl.col("country") == "c") & (pl.col("plan") == "pro"))
    with pytest.raises(ll.SeparationError, match="quasi-complete separation: 'pro_in_c', 'country=a', 'country=b'"):
        ll.LogisticRegression(math.inf, collinear="drop").fit(joint, y)
    # The same columns without the product separate nothing: the likelihood has a maximum.
    assert ll.LogisticRegression(math.inf, collinear="drop").fit(frame, y).converged_


def test_rows_without_weight_do_not_count():
    rng = np.random.default_rng(1)
    x = rng.normal(size=(80, 2)) * [1e-5, 1e5]
    y = x[:, 0] > 0
    y[:6] = ~y[:6]
    assert ll.LogisticRegression(math.inf).fit(x, y).converged_
    with pytest.raises(ll.SeparationError, match=r"'x0' separates the classes of 74 rows"):
        ll.LogisticRegression(math.inf).fit(x, y, sample_weight=np.r_[np.zeros(6), np.ones(74)])


def test_collinear_columns_are_told_from_separating_ones():
    rng = np.random.default_rng(2)
    x = rng.normal(size=(60, 2))
    y = x.sum(axis=1) > 0
    both = np.column_stack([x, x[:, 0] * 1e-6, np.full(60, 3.0)])
    with pytest.raises(ll.FitError, match="'x2' is a linear combination of 'x0'; 'x3' is constant"):
        ll.LogisticRegression(math.inf).fit(both, y)
    with pytest.raises(ll.SeparationError, match="'x0', 'x1' separate"):
        ll.LogisticRegression(math.inf, collinear="drop").fit(both, y)
    mixed = rng.random(60) < 0.5
    assert ll.LogisticRegression(math.inf, collinear="drop").fit(both, mixed).dropped_ == ["x2", "x3"]


def test_many_rows_and_few_of_them_told_apart():
    rng = np.random.default_rng(9)
    n = 60_000
    x = rng.normal(size=(n, 6))
    x[:, 4] = 0
    x[:11, 4] = 1
    y = rng.random(n) < 1 / (1 + np.exp(2 - x[:, 0]))
    y[:11] = True
    with pytest.raises(ll.SeparationError, match="quasi-complete separation: 'x4' separates the classes of 11 rows"):
        ll.LogisticRegression(math.inf).fit(x, y)
    y[0] = False
    assert ll.LogisticRegression(math.inf).fit(x, y).converged_

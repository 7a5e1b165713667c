"""Firth's correction and profile likelihoods converge on small, separated and badly scaled data."""

import numpy as np
import pytest
from scipy.optimize import minimize, minimize_scalar
from scipy.special import logsumexp
from scipy.stats import chi2

import leadlens as ll


def twenty_rows(rng):
    x = rng.normal(size=(20, 2))
    return x, x.sum(axis=1) > 0


def separated(rng):
    x = rng.normal(size=(24, 2))
    return x, x[:, 0] > 0.2


def always_positive(rng):
    x = np.column_stack([rng.random(50) < 0.2, rng.normal(size=50)]).astype(float)
    y = rng.random(50) < 0.3
    y[x[:, 0] == 1] = True
    y[:3], x[:3, 0] = [True, False, False], 0
    return x, y


def ages(rng):
    x = rng.integers(18, 71, (70, 1)).astype(float)
    return x, rng.random(70) < 1 / (1 + np.exp(-(x[:, 0] - 45) / 12))


def far_from_zero(rng):
    x = rng.normal([1e5, 2024], [1, 2], (60, 2))
    return x, x[:, 0] + rng.normal(size=60) > 1e5


def mixed_scales(rng):
    scale = np.array([1e-4, 1, 1e4])
    x = rng.normal(size=(60, 3)) * scale
    return x, (x / scale).sum(axis=1) + rng.logistic(size=60) > 0


KINDS = [separated, always_positive, ages, far_from_zero, mixed_scales]


@pytest.mark.parametrize("kind", KINDS)
def test_every_draw_has_finite_intervals_around_its_coefficients(kind):
    for seed in range(25):
        x, y = kind(np.random.default_rng(seed))
        model = ll.LogisticRegression(penalty="firth").fit(x, y)
        table = model.inference(x, y).to_polars()
        assert table.select(["low", "high"]).to_numpy().__abs__().max() < np.inf
        assert ((table["low"] < table["coefficient"]) & (table["coefficient"] < table["high"])).all(), (seed, table)


def penalised(beta, design, y, firth):
    eta = design @ beta
    p = 1 / (1 + np.exp(-eta))
    loss = np.logaddexp(0, eta).sum() - eta[y].sum()
    return loss - np.linalg.slogdet((design * (p * (1 - p))[:, None]).T @ design)[1] / 2 if firth else loss


BRUTE = [(ages, True, 3), (mixed_scales, True, 3), (far_from_zero, True, 3), (ages, False, 3)]
# Separated: a lower branch of the profile is far from the one that starts at the estimate.
BRUTE += [(twenty_rows, True, seed) for seed in ([1, 7], [3, 7], [4, 7], [5, 7])]


@pytest.mark.parametrize(("kind", "firth", "seed"), BRUTE)
def test_ends_are_those_of_brute_force(kind, firth, seed):
    x, y = kind(np.random.default_rng(seed))
    model = ll.LogisticRegression(penalty="firth") if firth else ll.LogisticRegression(np.inf)
    table = model.fit(x, y).inference(x, y, profile=True).to_polars()
    mean, spread = x.mean(axis=0), x.std(axis=0)
    design = np.column_stack([np.ones(len(y)), (x - mean) / spread])
    best = np.append(table["coefficient"][0] + model.coef_[0] @ mean, model.coef_[0] * spread)
    precise = {"method": "Nelder-Mead", "options": {"xatol": 1e-11, "fatol": 1e-13, "maxiter": 20000, "maxfev": 20000}}
    lowest = minimize(penalised, best, (design, y, firth), **precise).fun
    for j in range(x.shape[1]):
        for end in ("low", "high"):
            rest = [i for i in range(len(best)) if i != j + 1]
            value = table[end][j + 1] * spread[j]

            def held(others, rest=rest, value=value, j=j):
                beta = np.empty(len(best))
                beta[rest], beta[j + 1] = others, value
                return penalised(beta, design, y, firth)

            grown = best[rest] * max(value / best[j + 1], 1)
            starts = [minimize(held, start, method="BFGS").x for start in (best[rest], grown)]
            statistic = 2 * (min(minimize(held, start, **precise).fun for start in starts) - lowest)
            assert statistic == pytest.approx(chi2.ppf(0.95, 1), abs=1e-6)


def separated_ages(rng):
    x = rng.integers(18, 71, (40, 1)).astype(float)
    return x, x[:, 0] > rng.integers(30, 60)


def test_ages_that_separate_have_finite_statistics():
    for seed in range(40):
        x, y = separated_ages(np.random.default_rng(seed))
        model = ll.LogisticRegression(penalty="firth").fit(x, y)
        found = model.inference(x, y)
        assert found.likelihood_ratio > 0
        assert found.to_polars().select("low", "high").to_numpy().__abs__().max() < np.inf


@pytest.mark.parametrize("seed", [292, 323, 668, 832, 872])
def test_separated_ages_whose_gradients_are_rounding_converge(seed):
    """Next to two ages that separate all other rows have no weight: steps of 1e-7 standard errors are the end."""
    x, y = separated_ages(np.random.default_rng(seed))
    model = ll.LogisticRegression(penalty="firth").fit(x, y)
    assert model.converged_
    design = np.column_stack([np.ones(len(x)), x[:, 0] - x[y].min()])
    best = min((minimize(penalised, [0, b], (design, y, True), method="Nelder-Mead",
                         options={"xatol": 1e-10, "fatol": 1e-14, "maxiter": 5000}) for b in (0.2, 1, 3)),
               key=lambda found: found.fun)  # fmt: skip
    assert model.coef_[0, 0] == pytest.approx(best.x[1], rel=1e-6)
    table = model.inference(x, y).to_polars()
    assert table.select(["low", "high"]).to_numpy().__abs__().max() < np.inf


def exact_loss(x, y):
    """Firth's loss of one column, ln det I as the sum over pairs of rows (Cauchy-Binet), which no rounding touches."""
    i, j = np.triu_indices(len(x), 1)
    apart = np.abs(x[i] - x[j])
    i, j, apart = i[apart > 0], j[apart > 0], apart[apart > 0]

    def loss(intercept, slope):
        eta = np.atleast_1d(intercept)[:, None] + slope * x
        weight = -np.logaddexp(0, -eta) - np.logaddexp(0, eta)
        pairs = 2 * np.log(apart) + weight[:, i] + weight[:, j]
        return np.logaddexp(0, np.where(y, -eta, eta)).sum(axis=1) - logsumexp(pairs, axis=1) / 2

    return loss


def least(loss, x, slope):
    """The least loss with a slope, over all places of the border between the classes."""
    borders = np.linspace(x.min() - 3, x.max() + 3, 800)
    values = loss(-slope * borders, slope)
    starts = borders[np.argsort(values)[:3]]
    width = (borders[1] - borders[0]) * slope
    found = [
        minimize_scalar(
            lambda b: loss(b, slope)[0], bounds=(-slope * s - width, -slope * s + width), options={"xatol": 1e-11}
        )
        for s in starts
    ]
    return min(f.fun for f in found)


# The lowest branch is not that of the estimate; the estimate of 118 and 167 is not where a first descent ends; far out
# rounding may carry 29, 91 and 145 from the value that is held.
@pytest.mark.parametrize("seed", [3, 21, 29, 39, 44, 91, 118, 145, 167])
def test_ends_of_separated_ages_lie_on_the_lowest_branch(seed):
    x, y = separated_ages(np.random.default_rng([seed, 7]))
    model = ll.LogisticRegression(penalty="firth").fit(x, y)
    table = model.inference(x, y, profile=True).to_polars()
    ages = x[:, 0] - x.mean()
    loss = exact_loss(ages, y)
    slope = model.coef_[0, 0]
    own = loss(table["coefficient"][0] + slope * x.mean(), slope)[0]
    assert own <= min(least(loss, ages, s) for s in slope * np.geomspace(0.2, 8, 60)) + 1e-9
    for end in table["low"][1], table["high"][1]:
        assert 2 * (least(loss, ages, end) - own) == pytest.approx(chi2.ppf(0.95, 1), abs=1e-6)

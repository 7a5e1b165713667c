"""Designs too wide to be factored: columns that separate only together are found, and no others."""

import math
import time

import numpy as np
import pytest
from scipy import sparse

import leadlens as ll

ROWS, COLUMNS = 24_000, 2_600


def design(seed):
    """Return flags, three in each row, numbers on other scales, and labels that depend on some of them."""
    rng = np.random.default_rng(seed)
    places = rng.integers(0, COLUMNS, (ROWS, 3))
    flags = np.zeros((ROWS, COLUMNS), dtype=np.float32)
    flags[np.arange(ROWS)[:, None], places] = 1
    numbers = rng.normal(size=(ROWS, 2))
    y = rng.random(ROWS) < 1 / (1 + np.exp(-(0.5 * numbers[:, 0] + rng.normal(size=COLUMNS)[places].sum(axis=1) * 0.3)))
    return flags, numbers * [1e4, 1e-4], y


def fit(flags, numbers, y):
    x = sparse.hstack([sparse.csr_matrix(flags.astype(float)), sparse.csr_matrix(numbers)]).tocsr()
    return ll.LogisticRegression(math.inf).fit(x, y)


def test_overlapping_classes_are_fitted():
    assert fit(*design(1)).converged_


def test_one_level_of_one_class_is_named():
    flags, numbers, y = design(2)
    y[flags[:, 40] == 1] = True
    with pytest.raises(ll.SeparationError, match=r"quasi-complete separation: 'x40' separates the classes of \d+ rows"):
        fit(flags, numbers, y)


def test_columns_that_separate_together_only_are_found():
    flags, numbers, y = design(3)
    # Rows of both flags are of both classes; those of one are of one: their difference tells.
    both = np.arange(60)
    flags[both, 7] = flags[both, 11] = 1
    y[both] = both % 2 == 0
    one, other = (flags[:, 7] == 1) & (flags[:, 11] == 0), (flags[:, 11] == 1) & (flags[:, 7] == 0)
    y[one], y[other] = True, False
    # A level of one class by chance tells its rows as well.
    y[np.flatnonzero(flags[:, 433])[0]] = False
    rows = int(one.sum() + other.sum())
    with pytest.raises(
        ll.SeparationError, match=f"quasi-complete separation: 'x7', 'x11' separate the classes of {rows} rows"
    ):
        fit(flags, numbers, y)


def test_complete_separation_is_found_in_seconds():
    flags, numbers, _ = design(4)
    effects = np.random.default_rng(4).normal(size=COLUMNS).astype(np.float32)
    y = 0.5 * numbers[:, 0] / 1e4 + 0.3 * (flags @ effects) > 0
    began = time.monotonic()
    with pytest.raises(ll.SeparationError, match=r"^complete separation: .* separate the classes of 24,?000 rows"):
        fit(flags, numbers, y)
    # It takes three seconds on two quiet cores, and took two minutes.
    assert time.monotonic() - began < 60


def test_where_separation_is_undecided_the_summary_says_so():
    """The search ends at a bound of work; the fit and its inference carry what it could not settle."""
    rng = np.random.default_rng(5)
    x = rng.normal(size=(200, 2))
    y = x[:, 0] + rng.logistic(size=200) > 0
    model = ll.LogisticRegression(math.inf).fit(x, y)
    assert model.inference(x, y).remarks == []
    # As the fit of a wide design leaves it; that the search does is a test of the core.
    model._facts["separation_unknown"] = True
    inference = model.inference(x, y)
    assert inference.remarks[0].startswith("columns may separate the classes together")
    assert inference.remarks[0] in str(inference)

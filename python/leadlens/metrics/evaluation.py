"""All metrics of predictions, and comparisons."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from numpy.typing import ArrayLike

from .. import _core
from .._arguments import vector, whole_numbers
from ..scoring import Comparison, Evaluation
from .arguments import predictions_of

__all__ = ["compare", "compare_rates", "evaluate"]


def evaluate(
    y_true: ArrayLike,
    y_score: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    precision_at: Sequence[int] = (),
    clusters: ArrayLike | None = None,
) -> Evaluation:
    """Return all measures of predictions with intervals, and a verdict in words.

    Parameters
    ----------
    y_true : array of bool or 0/1, shape (n,)
        Labels.
    y_score : array of float64, shape (n,)
        Probabilities of the label 1.
    sample_weight : array of float64, shape (n,), optional
        Weights ≥ 0. By default each row weighs 1.
    precision_at : sequence of int, optional
        Numbers of best rows for precision at k. Those above the number of rows are left out.
    clusters : array, shape (n,), optional
        Lead or account of each row, of any type, if rows of one depend on each other. Intervals then allow for it.

    Returns
    -------
    Evaluation
        Measures, tables and verdict.

    Raises
    ------
    NotEnoughDataError
        The weights are all 0, or the labels have only one class.
    OptionError
        Labels are not 0 and 1, arrays have different lengths, or a value is not finite.

    See Also
    --------
    LeadScorer.evaluate : The same for a scorer and a snapshot.
    compare : Difference of two sets of predictions.

    Examples
    --------
    >>> import leadlens as ll
    >>> ll.metrics.evaluate([0, 1, 0, 1], [0.1, 0.9, 0.4, 0.6]).roc_auc
    1.0
    """
    best = whole_numbers(precision_at, "precision_at")
    found = _core.evaluate(predictions_of(y_true, y_score, sample_weight, clusters), best)
    return Evaluation(*found, {"by": None, "precision_at": best, "confidence": 0.95})


def compare(
    y_true: ArrayLike,
    first: ArrayLike,
    second: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    precision_at: Sequence[int] = (),
    clusters: ArrayLike | None = None,
) -> Comparison:
    """Compare two sets of predictions of the same rows.

    Parameters
    ----------
    y_true : array of bool or 0/1, shape (n,)
        Labels.
    first, second : array of float64, shape (n,)
        Probabilities of the label 1 by each of two models.
    sample_weight : array of float64, shape (n,), optional
        Weights ≥ 0. By default each row weighs 1.
    precision_at : sequence of int, optional
        As in :func:`evaluate`.
    clusters : array, shape (n,), optional
        Lead or account of each row, of any type, if rows of one depend on each other. Intervals then allow for it.

    Returns
    -------
    Comparison
        Difference of each measure with a paired interval and test.

    Raises
    ------
    NotEnoughDataError
        The weights are all 0, or the labels have only one class.
    OptionError
        Labels are not 0 and 1, arrays have different lengths, or a value is not finite.

    See Also
    --------
    LeadScorer.compare : The same for two scorers and a snapshot.
    evaluate : Measures of one set of predictions.

    References
    ----------
    E. DeLong, D. DeLong, D. Clarke-Pearson, "Comparing the areas under two or more correlated receiver operating
    characteristic curves", Biometrics 44, 1988.

    Examples
    --------
    >>> import leadlens as ll
    >>> found = ll.metrics.compare([0, 1, 0, 1], [0.1, 0.9, 0.4, 0.6], [0.2, 0.4, 0.6, 0.7])
    >>> found.to_polars()["difference"][0]
    0.25
    """
    best = whole_numbers(precision_at, "precision_at")
    predictions = predictions_of(y_true, first, sample_weight, clusters, name="first")
    found = _core.compare_scores(predictions, vector(second, "second"), best)
    return Comparison(*found, {"precision_at": best, "confidence": 0.95})


def compare_rates(
    first: tuple[int, int], second: tuple[int, int], *, confidence: float = 0.95
) -> dict[str, float | None]:
    """Compare two rates given as counts.

    Parameters
    ----------
    first, second : tuple of (int, int)
        Hits and rows of each group.
    confidence : float, default 0.95
        Confidence level of the interval, between 0 and 1.

    Returns
    -------
    dict of str to float
        ``first``, ``second`` (the rates, from 0 to 1), ``difference`` (first minus second), ``difference_low``,
        ``difference_high``, ``ratio`` (None if the second rate is 0), ``z`` and ``p_value`` (two-sided).

    Raises
    ------
    OptionError
        A count is not a whole number, hits exceed rows, rows are 0, or the confidence is not between 0 and 1.

    See Also
    --------
    Funnel.compare : Two groups at each step of a funnel.

    Notes
    -----
    The interval combines Wilson's intervals of the two rates. The test is z = (p₁ − p₂) / √(p(1 − p)(1/n₁ + 1/n₂)) with
    the pooled rate p.

    References
    ----------
    R. Newcombe, "Interval estimation for the difference between independent proportions", Statistics in Medicine 17,
    1998, method 10.

    Examples
    --------
    >>> import leadlens as ll
    >>> found = ll.metrics.compare_rates((56, 70), (48, 80))
    >>> round(found["difference_low"], 4), round(found["difference_high"], 4)
    (0.0524, 0.3339)
    """
    found: dict[str, Any] = json.loads(_core.compare_rates(first, second, confidence))
    return {
        "first": found["first"],
        "second": found["second"],
        "difference": found["difference"],
        "difference_low": found["interval"]["low"],
        "difference_high": found["interval"]["high"],
        "ratio": found["ratio"],
        "z": found["z"],
        "p_value": found["p_value"],
    }

"""Thresholds of probabilities: from which one on a lead is worth a call."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from .._arguments import number
from ..errors import NotEnoughDataError, OptionError
from .arguments import predictions_of


def break_even(cost: float, value: float) -> float:
    """Return the probability from which on acting pays, cost / (cost + value).

    A call of a lead that does not convert costs ``cost``; one of a lead that does brings ``value``, net of its own
    cost. The expected gain, p · value − (1 − p) · cost, is positive above this probability.

    Parameters
    ----------
    cost : float
        Cost of a call in vain, above 0.
    value : float
        Gain of a call of a lead that converts, above 0, in the same unit.

    Returns
    -------
    float
        Probability between 0 and 1.

    Raises
    ------
    OptionError
        A value is not a finite number above 0.

    See Also
    --------
    f1_threshold : The threshold with the best F1 on labelled rows.
    leadlens.LeadScorer.with_grades : Grades by probability.

    References
    ----------
    C. Elkan, "The foundations of cost-sensitive learning", IJCAI 2001, §2.

    Examples
    --------
    >>> import leadlens as ll
    >>> ll.metrics.break_even(cost=50, value=950)
    0.05
    """
    cost, value = number(cost, "cost"), number(value, "value")
    for given, name in ((cost, "cost"), (value, "value")):
        if not 0 < given < np.inf:
            raise OptionError(f"{name} must be a finite number above 0, not {given}")
    return cost / (cost + value)


def f1_threshold(
    y_true: ArrayLike, y_score: ArrayLike, *, sample_weight: ArrayLike | None = None
) -> tuple[float, float]:
    """Return the threshold with the highest F1, and that F1.

    F1 is 2·TP / (2·TP + FP + FN), where the rows with at least the threshold are called positive. Of thresholds with
    the same F1 the highest is returned. Chosen on the rows it is judged on, F1 is too good: judge it on others.

    Parameters
    ----------
    y_true : array of bool or 0/1, shape (n,)
        Labels.
    y_score : array of float64, shape (n,)
        Scores on any scale.
    sample_weight : array of float64, shape (n,), optional
        Weights ≥ 0. By default each row weighs 1.

    Returns
    -------
    tuple of float
        The threshold, a value of ``y_score``, and its F1.

    Raises
    ------
    NotEnoughDataError
        No row with a weight has the label 1.
    OptionError
        Labels are not 0 and 1, arrays have different lengths, or a value is not finite.

    See Also
    --------
    break_even : The threshold by cost and value.

    Examples
    --------
    >>> import leadlens as ll
    >>> threshold, f1 = ll.metrics.f1_threshold([0, 0, 1, 1, 1], [0.1, 0.4, 0.35, 0.8, 0.9])
    >>> threshold, round(f1, 4)
    (0.35, 0.8571)
    """
    label, score, weight, _ = predictions_of(y_true, y_score, sample_weight)
    w = np.ones(len(score)) if weight is None else weight
    order = np.argsort(-score, kind="stable")
    hits, called = np.cumsum((w * label)[order]), np.cumsum(w[order])
    if not len(hits) or hits[-1] <= 0:
        raise NotEnoughDataError("f1_threshold: no row has the label 1; F1 needs positives")
    ranked = score[order]
    # Rows of one score are called together.
    last = np.append(ranked[1:] != ranked[:-1], True)
    f1 = 2 * hits[last] / (called[last] + hits[-1])
    best = int(np.argmax(f1))
    return float(ranked[last][best]), float(f1[best])

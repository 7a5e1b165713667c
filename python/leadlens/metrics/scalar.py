"""Metrics that are one number."""

from __future__ import annotations

import json

from numpy.typing import ArrayLike

from .. import _core
from .._arguments import whole_number
from .arguments import predictions_of

__all__ = ["average_precision", "brier", "ks", "log_loss", "precision_at", "roc_auc"]


def roc_auc(y_true: ArrayLike, y_score: ArrayLike, *, sample_weight: ArrayLike | None = None) -> float:
    """Return the area under the ROC curve.

    It is P(positive scored above negative) + ½ P(equal scores).

    Parameters
    ----------
    y_true : array of bool or 0/1, shape (n,)
        Labels.
    y_score : array of float64, shape (n,)
        Scores on any scale; a higher score means a higher probability of the label 1.
    sample_weight : array of float64, shape (n,), optional
        Weights ≥ 0. By default each row weighs 1.

    Returns
    -------
    float
        Area from 0 to 1; 0.5 for random scores.

    Raises
    ------
    NotEnoughDataError
        The weights are all 0, or the labels have only one class.
    OptionError
        Labels are not 0 and 1, arrays have different lengths, or a value is not finite.

    See Also
    --------
    average_precision : Area under the precision–recall curve.
    evaluate : All measures with intervals.

    References
    ----------
    J. Hanley, B. McNeil, "The meaning and use of the area under a ROC curve", Radiology 143, 1982.

    Examples
    --------
    >>> import leadlens as ll
    >>> ll.metrics.roc_auc([0, 1, 1], [0.1, 0.1, 0.9])
    0.75
    """
    return _core.metric("roc_auc", predictions_of(y_true, y_score, sample_weight))


def average_precision(y_true: ArrayLike, y_score: ArrayLike, *, sample_weight: ArrayLike | None = None) -> float:
    """Return the average precision, Σ (Rₙ − Rₙ₋₁) Pₙ over distinct scores, highest first.

    Parameters
    ----------
    y_true : array of bool or 0/1, shape (n,)
        Labels.
    y_score : array of float64, shape (n,)
        Scores on any scale; a higher score means a higher probability of the label 1.
    sample_weight : array of float64, shape (n,), optional
        Weights ≥ 0. By default each row weighs 1.

    Returns
    -------
    float
        Average precision from 0 to 1; about the share of positives for random scores.

    Raises
    ------
    NotEnoughDataError
        The weights are all 0, or no label is 1.
    OptionError
        Labels are not 0 and 1, arrays have different lengths, or a value is not finite.

    See Also
    --------
    roc_auc : Area under the ROC curve.
    precision_at : Precision of the k best rows.

    References
    ----------
    J. Davis, M. Goadrich, "The relationship between precision–recall and ROC curves", ICML 2006.

    Examples
    --------
    >>> import leadlens as ll
    >>> ll.metrics.average_precision([0, 1], [0.2, 0.8])
    1.0
    """
    return _core.metric("average_precision", predictions_of(y_true, y_score, sample_weight))


def log_loss(y_true: ArrayLike, y_score: ArrayLike, *, sample_weight: ArrayLike | None = None) -> float:
    """Return the weighted mean of −ln of the probability of the observed label.

    Probabilities are clipped to [2⁻⁵², 1 − 2⁻⁵²].

    Parameters
    ----------
    y_true : array of bool or 0/1, shape (n,)
        Labels.
    y_score : array of float64, shape (n,)
        Probabilities of the label 1.
    sample_weight : array of float64, shape (n,), optional
        Weights ≥ 0. By default each row weighs 1.

    Returns
    -------
    float
        Mean loss, at least 0; lower is better.

    Raises
    ------
    NotEnoughDataError
        The weights are all 0.
    OptionError
        Labels are not 0 and 1, arrays have different lengths, or a value is not finite.

    See Also
    --------
    brier : Mean squared error of the probabilities.

    References
    ----------
    T. Gneiting, A. Raftery, "Strictly proper scoring rules, prediction, and estimation", JASA 102, 2007.

    Examples
    --------
    >>> import leadlens as ll
    >>> round(ll.metrics.log_loss([0, 1], [0.5, 0.5]), 6)
    0.693147
    """
    return _core.metric("log_loss", predictions_of(y_true, y_score, sample_weight))


def brier(y_true: ArrayLike, y_score: ArrayLike, *, sample_weight: ArrayLike | None = None) -> float:
    """Return the Brier score, the weighted mean of (y_score − y_true)².

    Parameters
    ----------
    y_true : array of bool or 0/1, shape (n,)
        Labels.
    y_score : array of float64, shape (n,)
        Probabilities of the label 1.
    sample_weight : array of float64, shape (n,), optional
        Weights ≥ 0. By default each row weighs 1.

    Returns
    -------
    float
        Score from 0 to 1; lower is better.

    Raises
    ------
    NotEnoughDataError
        The weights are all 0.
    OptionError
        Labels are not 0 and 1, arrays have different lengths, or a value is not finite.

    See Also
    --------
    log_loss : Mean log loss of the probabilities.
    calibration_table : Predicted and observed rates.

    References
    ----------
    G. Brier, "Verification of forecasts expressed in terms of probability", Monthly Weather Review 78, 1950.

    Examples
    --------
    >>> import leadlens as ll
    >>> ll.metrics.brier([0, 1], [0.5, 0.5])
    0.25
    """
    return _core.metric("brier", predictions_of(y_true, y_score, sample_weight))


def ks(y_true: ArrayLike, y_score: ArrayLike, *, sample_weight: ArrayLike | None = None) -> float:
    """Return the Kolmogorov–Smirnov distance, the largest |TPR − FPR| over all thresholds.

    Parameters
    ----------
    y_true : array of bool or 0/1, shape (n,)
        Labels.
    y_score : array of float64, shape (n,)
        Scores on any scale; a higher score means a higher probability of the label 1.
    sample_weight : array of float64, shape (n,), optional
        Weights ≥ 0. By default each row weighs 1.

    Returns
    -------
    float
        Distance from 0 to 1; higher is better.

    Raises
    ------
    NotEnoughDataError
        The weights are all 0, or the labels have only one class.
    OptionError
        Labels are not 0 and 1, arrays have different lengths, or a value is not finite.

    See Also
    --------
    roc_auc : Area under the ROC curve.

    Examples
    --------
    >>> import leadlens as ll
    >>> ll.metrics.ks([0, 1], [0.2, 0.8])
    1.0
    """
    return _core.metric("ks", predictions_of(y_true, y_score, sample_weight))


def precision_at(y_true: ArrayLike, y_score: ArrayLike, k: int, *, sample_weight: ArrayLike | None = None) -> float:
    """Return the share of positives among the k rows with the highest scores.

    Rows with the score of the last of them count in part.

    Parameters
    ----------
    y_true : array of bool or 0/1, shape (n,)
        Labels.
    y_score : array of float64, shape (n,)
        Scores on any scale; a higher score means a higher probability of the label 1.
    k : int
        Number of rows, from 1 to n.
    sample_weight : array of float64, shape (n,), optional
        Weights ≥ 0. The best rows are then those with the highest scores that have k/n of the weight.

    Returns
    -------
    float
        Precision from 0 to 1.

    Raises
    ------
    NotEnoughDataError
        With weights: the weights are all 0, or the labels have only one class.
    OptionError
        Labels are not 0 and 1, arrays have different lengths, or a value is not finite.

    See Also
    --------
    lift_table : Rates of all slices of the rows.

    Examples
    --------
    >>> import leadlens as ll
    >>> ll.metrics.precision_at([0, 1, 1], [0.1, 0.2, 0.9], 2)
    1.0
    """
    predictions = predictions_of(y_true, y_score, sample_weight)
    k = whole_number(k, "k", at_least=1)
    plain = _core.precision_at(predictions, k)
    if sample_weight is None:
        return plain
    facts = json.loads(_core.evaluate(predictions, [k])[0])
    return float(dict(facts["precision_at"])[k])

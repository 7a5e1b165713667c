"""Metrics on plain arrays; ties and weights as in scikit-learn."""

from __future__ import annotations

import json

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from . import _core
from ._frames import cluster_numbers
from .errors import OptionError
from .scoring import Comparison, Evaluation

__all__ = [
    "average_precision",
    "brier",
    "calibration_table",
    "compare",
    "compare_rates",
    "evaluate",
    "ks",
    "lift_table",
    "log_loss",
    "precision_at",
    "roc_auc",
]


def _labels(y: ArrayLike) -> NDArray[np.bool_]:
    labels = np.asarray(y)
    if labels.dtype != np.bool_:
        if labels.ndim != 1 or not np.isin(labels, (0, 1)).all():
            raise OptionError("y must be one-dimensional and hold only 0 and 1 (or False and True)")
        labels = labels.astype(np.bool_)
    return labels


def _numbers(values: ArrayLike) -> NDArray[np.float64]:
    return np.asarray(values, dtype=np.float64)


def _weights(weight: ArrayLike | None) -> NDArray[np.float64] | None:
    return None if weight is None else _numbers(weight)


def _clusters(clusters: ArrayLike | None) -> list[int] | None:
    return None if clusters is None else cluster_numbers(clusters).tolist()


def roc_auc(y: ArrayLike, p: ArrayLike, weight: ArrayLike | None = None) -> float:
    """Area under the ROC curve: P(positive scored above negative) + ½ P(equal).

    Parameters
    ----------
    y : array of bool or 0/1, shape (n,)
        Labels.
    p : array of float64, shape (n,)
        Scores, on any scale.
    weight : array of float64, shape (n,), optional
        Weights ≥ 0.

    Raises
    ------
    NotEnoughDataError
        One class only.

    Examples
    --------
    >>> import leadlens as ll
    >>> ll.metrics.roc_auc([0, 1, 1], [0.1, 0.1, 0.9])
    0.75
    """
    return _core.metric("roc_auc", _labels(y), _numbers(p), _weights(weight))


def average_precision(y: ArrayLike, p: ArrayLike, weight: ArrayLike | None = None) -> float:
    """Average precision (PR-AUC): Σ (Rₙ − Rₙ₋₁)·Pₙ over distinct scores, highest first.

    Parameters
    ----------
    y, p, weight
        As in :func:`roc_auc`.

    Examples
    --------
    >>> import leadlens as ll
    >>> ll.metrics.average_precision([0, 1], [0.2, 0.8])
    1.0
    """
    return _core.metric("average_precision", _labels(y), _numbers(p), _weights(weight))


def log_loss(y: ArrayLike, p: ArrayLike, weight: ArrayLike | None = None) -> float:
    """Weighted mean of −ln of the probability given to what happened; clipped to [2⁻⁵², 1 − 2⁻⁵²].

    Parameters
    ----------
    y, p, weight
        As in :func:`roc_auc`; ``p`` are probabilities.

    Examples
    --------
    >>> import leadlens as ll
    >>> round(ll.metrics.log_loss([0, 1], [0.5, 0.5]), 6)
    0.693147
    """
    return _core.metric("log_loss", _labels(y), _numbers(p), _weights(weight))


def brier(y: ArrayLike, p: ArrayLike, weight: ArrayLike | None = None) -> float:
    """Weighted mean of (p − y)².

    Parameters
    ----------
    y, p, weight
        As in :func:`roc_auc`; ``p`` are probabilities.

    Examples
    --------
    >>> import leadlens as ll
    >>> ll.metrics.brier([0, 1], [0.5, 0.5])
    0.25
    """
    return _core.metric("brier", _labels(y), _numbers(p), _weights(weight))


def ks(y: ArrayLike, p: ArrayLike, weight: ArrayLike | None = None) -> float:
    """Kolmogorov–Smirnov distance: max |TPR − FPR|.

    Parameters
    ----------
    y, p, weight
        As in :func:`roc_auc`.

    Examples
    --------
    >>> import leadlens as ll
    >>> ll.metrics.ks([0, 1], [0.2, 0.8])
    1.0
    """
    return _core.metric("ks", _labels(y), _numbers(p), _weights(weight))


def precision_at(y: ArrayLike, p: ArrayLike, k: int) -> float:
    """Share of positives among the ``k`` best rows; rows tied at the border count in part.

    Parameters
    ----------
    y, p
        As in :func:`roc_auc`.
    k : int
        Number of rows, 1 to n.

    Examples
    --------
    >>> import leadlens as ll
    >>> ll.metrics.precision_at([0, 1, 1], [0.1, 0.2, 0.9], 2)
    1.0
    """
    return _core.precision_at(_labels(y), _numbers(p), k)


def calibration_table(
    y: ArrayLike,
    p: ArrayLike,
    weight: ArrayLike | None = None,
    *,
    bins: int = 10,
    strategy: str = "quantile",
    clusters: ArrayLike | None = None,
) -> pl.DataFrame:
    """Mean prediction and share of positives by bins of the prediction, with 95 % intervals.

    Intervals are Wilson's, with as many rows as would give the variance of the share over clusters.

    Parameters
    ----------
    y, p, weight
        As in :func:`roc_auc`; ``p`` are probabilities.
    bins : int
        Number of bins; empty ones are left out.
    strategy : {"quantile", "uniform"}
        Bins of equal numbers of rows, or of equal width.
    clusters
        As in :func:`evaluate`.

    Examples
    --------
    >>> import leadlens as ll
    >>> ll.metrics.calibration_table([0, 1], [0.2, 0.8], bins=2, strategy="uniform").height
    2
    """
    if strategy not in ("quantile", "uniform"):
        raise OptionError(f"strategy must be 'quantile' or 'uniform', not {strategy!r}")
    return pl.DataFrame(
        _core.calibration_table(
            _labels(y), _numbers(p), _weights(weight), bins, strategy == "uniform", _clusters(clusters)
        )
    )


def lift_table(
    y: ArrayLike,
    p: ArrayLike,
    weight: ArrayLike | None = None,
    *,
    slices: int = 10,
    clusters: ArrayLike | None = None,
) -> pl.DataFrame:
    """Rows by score, best first, cut into slices of equal weight: rate, lift with its 95 % interval, share captured.

    Parameters
    ----------
    y, p, weight
        As in :func:`roc_auc`.
    slices : int
        Number of slices.
    clusters
        As in :func:`evaluate`.

    Examples
    --------
    >>> import leadlens as ll
    >>> ll.metrics.lift_table([0, 1], [0.2, 0.8], slices=2)["lift"].to_list()
    [2.0, 0.0]
    """
    return pl.DataFrame(_core.lift_table(_labels(y), _numbers(p), _weights(weight), slices, _clusters(clusters)))


def evaluate(
    y: ArrayLike,
    p: ArrayLike,
    weight: ArrayLike | None = None,
    *,
    precision_at: list[int] | None = None,
    clusters: ArrayLike | None = None,
) -> Evaluation:
    """Return all measures of a set of predictions, and a verdict in words.

    Parameters
    ----------
    y, p, weight
        As in :func:`roc_auc`; ``p`` are probabilities.
    precision_at : list of int, optional
        Numbers of best rows for precision at k.
    clusters : array, shape (n,), optional
        Lead or account of each row, of any type, where rows of one depend on each other: intervals take this into
        account.

    Examples
    --------
    >>> import leadlens as ll
    >>> ll.metrics.evaluate([0, 1, 0, 1], [0.1, 0.9, 0.4, 0.6]).roc_auc
    1.0
    """
    return Evaluation(
        *_core.evaluate(_labels(y), _numbers(p), _weights(weight), precision_at or [], _clusters(clusters))
    )


def compare(
    y: ArrayLike,
    first: ArrayLike,
    second: ArrayLike,
    weight: ArrayLike | None = None,
    *,
    precision_at: list[int] | None = None,
    clusters: ArrayLike | None = None,
) -> Comparison:
    """Compare two sets of predictions of the same rows: the difference of each measure with a paired interval.

    Parameters
    ----------
    y, weight
        As in :func:`roc_auc`.
    first, second : array of float64, shape (n,)
        Probabilities.
    precision_at, clusters
        As in :func:`evaluate`.

    Examples
    --------
    >>> import leadlens as ll
    >>> found = ll.metrics.compare([0, 1, 0, 1], [0.1, 0.9, 0.4, 0.6], [0.2, 0.4, 0.6, 0.7])
    >>> found.to_polars()["difference"][0]
    0.25
    """
    given = (_labels(y), _numbers(first), _numbers(second), _weights(weight))
    return Comparison(*_core.compare_scores(*given, precision_at or [], _clusters(clusters)))


def compare_rates(
    first: tuple[int, int], second: tuple[int, int], *, confidence: float = 0.95
) -> dict[str, float | tuple[float, float] | None]:
    """Compare x₁ of n₁ with x₂ of n₂.

    The interval of the difference is Newcombe's (method 10: Wilson's of each rate combined), the test
    z = (p₁ − p₂)/√(p(1 − p)(1/n₁ + 1/n₂)) with the pooled rate p, two-sided.

    Parameters
    ----------
    first, second : tuple of int
        Hits and number of rows of each group.
    confidence : float
        Confidence of the interval.

    Returns
    -------
    dict
        ``first``, ``second`` (rates), ``difference``, ``interval``, ``ratio`` (None where the second rate is 0),
        ``z``, ``p``.

    Raises
    ------
    OptionError
        Counts that are none, more hits than rows, no rows, or a confidence that is not between 0 and 1.

    Examples
    --------
    >>> import leadlens as ll
    >>> low, high = ll.metrics.compare_rates((56, 70), (48, 80))["interval"]
    >>> round(low, 4), round(high, 4)
    (0.0524, 0.3339)
    """
    told = json.loads(_core.compare_rates(first, second, confidence))
    told["interval"] = (told["interval"]["low"], told["interval"]["high"])
    return told  # type: ignore[no-any-return]

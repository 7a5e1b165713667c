"""Arguments that all metrics share."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._frames import cluster_numbers
from ..errors import OptionError


def labels_of(y_true: ArrayLike) -> NDArray[np.bool_]:
    """Return labels as flags."""
    labels = np.asarray(y_true)
    if labels.dtype != np.bool_:
        if labels.ndim != 1 or not np.isin(labels, (0, 1)).all():
            raise OptionError("y_true must be one-dimensional and contain only 0 and 1 (or False and True)")
        labels = labels.astype(np.bool_)
    return labels


def numbers_of(values: ArrayLike) -> NDArray[np.float64]:
    """Return numbers as float64."""
    return np.asarray(values, dtype=np.float64)


def weights_of(sample_weight: ArrayLike | None) -> NDArray[np.float64] | None:
    """Return weights as float64, if they are given."""
    return None if sample_weight is None else numbers_of(sample_weight)


Predictions = tuple[NDArray[np.bool_], NDArray[np.float64], NDArray[np.float64] | None, list[int] | None]


def predictions_of(
    y_true: ArrayLike, y_score: ArrayLike, sample_weight: ArrayLike | None, clusters: ArrayLike | None = None
) -> Predictions:
    """Return the arguments that most metrics share."""
    return labels_of(y_true), numbers_of(y_score), weights_of(sample_weight), clusters_of(clusters)


def clusters_of(clusters: ArrayLike | None) -> list[int] | None:
    """Return a number for each cluster id, if ids are given."""
    return None if clusters is None else cluster_numbers(clusters).tolist()

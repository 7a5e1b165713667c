"""Arguments that all metrics share."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._arguments import flags, vector
from .._frames import cluster_numbers

Predictions = tuple[NDArray[np.bool_], NDArray[np.float64], NDArray[np.float64] | None, list[int] | None]


def predictions_of(
    y_true: ArrayLike,
    y_score: ArrayLike,
    sample_weight: ArrayLike | None,
    clusters: ArrayLike | None = None,
    *,
    name: str = "y_score",
) -> Predictions:
    """Return the arguments that most metrics share; ``name`` is that of the predictions."""
    weights = None if sample_weight is None else vector(sample_weight, "sample_weight")
    return flags(y_true, "y_true"), vector(y_score, name), weights, clusters_of(clusters)


def clusters_of(clusters: ArrayLike | None) -> list[int] | None:
    """Return a number for each cluster id, if ids are given."""
    return None if clusters is None else cluster_numbers(clusters).tolist()

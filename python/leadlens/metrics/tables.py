"""Metrics that are tables."""

from __future__ import annotations

from typing import Literal

import polars as pl
from numpy.typing import ArrayLike

from .. import _core
from .._arguments import whole_number
from ..errors import OptionError
from .arguments import predictions_of

__all__ = ["calibration_table", "lift_table"]


def calibration_table(
    y_true: ArrayLike,
    y_score: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    bins: int = 10,
    strategy: Literal["quantile", "uniform"] = "quantile",
    clusters: ArrayLike | None = None,
) -> pl.DataFrame:
    """Return predicted and observed rates by bins of the prediction.

    Parameters
    ----------
    y_true : array of bool or 0/1, shape (n,)
        Labels.
    y_score : array of float64, shape (n,)
        Probabilities of the label 1.
    sample_weight : array of float64, shape (n,), optional
        Weights ≥ 0. By default each row weighs 1.
    bins : int, default 10
        Number of bins. Empty bins are left out.
    strategy : {"quantile", "uniform"}, default "quantile"
        Bins with the same number of rows, or of the same width.
    clusters : array, shape (n,), optional
        Lead or account of each row, of any type, if rows of one depend on each other. Intervals then allow for it.

    Returns
    -------
    polars.DataFrame
        One row per bin.

        - ``low``, ``high`` (Float64): lowest and highest prediction of the bin.
        - ``rows``, ``positives`` (UInt64): rows, and how many are positive.
        - ``predicted`` (Float64): weighted mean prediction.
        - ``observed``, ``observed_low``, ``observed_high`` (Float64): weighted share of positives with its 95 %
          interval, by Wilson's formula with the effective number of rows.

    Raises
    ------
    OptionError
        Labels are not 0 and 1, arrays have different lengths, or a value is not finite.

    See Also
    --------
    Evaluation.calibration : The same for a scorer.

    References
    ----------
    E. Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22, 1927.

    Examples
    --------
    >>> import leadlens as ll
    >>> ll.metrics.calibration_table([0, 1], [0.2, 0.8], bins=2, strategy="uniform").height
    2
    """
    if strategy not in ("quantile", "uniform"):
        raise OptionError(f"strategy must be 'quantile' or 'uniform', not {strategy!r}")
    predictions = predictions_of(y_true, y_score, sample_weight, clusters)
    return pl.DataFrame(
        _core.calibration_table(predictions, whole_number(bins, "bins", at_least=1), strategy == "uniform")
    )


def lift_table(
    y_true: ArrayLike,
    y_score: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    slices: int = 10,
    clusters: ArrayLike | None = None,
) -> pl.DataFrame:
    """Return rates and lift by slices of equal weight, highest scores first.

    Parameters
    ----------
    y_true : array of bool or 0/1, shape (n,)
        Labels.
    y_score : array of float64, shape (n,)
        Scores on any scale; a higher score means a higher probability of the label 1.
    sample_weight : array of float64, shape (n,), optional
        Weights ≥ 0. By default each row weighs 1.
    slices : int, default 10
        Number of slices.
    clusters : array, shape (n,), optional
        Lead or account of each row, of any type, if rows of one depend on each other. Intervals then allow for it.

    Returns
    -------
    polars.DataFrame
        One row per slice.

        - ``slice`` (UInt64): number of the slice, counted from 1.
        - ``weight``, ``positives`` (Float64): weight of its rows, and of its positive rows.
        - ``rate`` (Float64): ``positives`` / ``weight``, from 0 to 1.
        - ``lift``, ``lift_low``, ``lift_high`` (Float64): rate divided by the rate of all rows, with its 95 % interval.
        - ``captured`` (Float64): share of all positives in this slice and those before.
        - ``cumulative_lift`` (Float64): lift of this slice and those before.
        - ``lowest`` (Float64): lowest score of the slice.

    Raises
    ------
    NotEnoughDataError
        The weights are all 0, or no label is 1.
    OptionError
        Labels are not 0 and 1, arrays have different lengths, or a value is not finite.

    See Also
    --------
    Evaluation.lift : The same for a scorer.

    Examples
    --------
    >>> import leadlens as ll
    >>> ll.metrics.lift_table([0, 1], [0.2, 0.8], slices=2)["lift"].to_list()
    [2.0, 0.0]
    """
    predictions = predictions_of(y_true, y_score, sample_weight, clusters)
    return pl.DataFrame(_core.lift_table(predictions, whole_number(slices, "slices", at_least=1)))

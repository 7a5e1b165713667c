"""Statistics of a fit: standard errors, tests, intervals."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from .._display import pre
from ..errors import OptionError

__all__ = ["Inference"]


class Inference:
    """Statistics of a fit; made by :meth:`LogisticRegression.inference`.

    Attributes
    ----------
    covariance : ndarray of float64, shape (p + 1, p + 1)
        Covariance of intercept and coefficients.
    log_likelihood, null_log_likelihood, aic, bic, mcfadden, nagelkerke, tjur : float
        Fit as a whole.
    parameters : float
        Number of parameters; effective with a penalty.
    likelihood_ratio, likelihood_ratio_p_value : float
        Test of all columns at once.
    approximate : bool
        True if a penalty makes intervals approximate.
    shrinkage : ndarray of float64, shape (p + 1,)
        By how much a penalty has moved intercept and coefficients, to first order: one Newton step from the fit without
        a penalty. Intervals hold where this is a small part of a standard error.
    """

    def __init__(self, facts: dict[str, Any], covariance: NDArray[np.float64], beta: NDArray[np.float64]) -> None:
        self._facts = facts
        # With the refitted intercept after Firth's correction: that of predict_proba.
        self._beta = beta
        self.covariance = covariance
        self.log_likelihood: float = facts["log_likelihood"]
        self.null_log_likelihood: float = facts["null_log_likelihood"]
        self.aic: float = facts["aic"]
        self.bic: float = facts["bic"]
        self.mcfadden: float = facts["mcfadden"]
        self.nagelkerke: float = facts["nagelkerke"]
        self.tjur: float = facts["tjur"]
        self.parameters: float = facts["parameters"]
        self.likelihood_ratio: float = facts["likelihood_ratio"]
        self.likelihood_ratio_p_value: float = facts["likelihood_ratio_p_value"]
        self.approximate: bool = facts["approximate"]
        self.shrinkage: NDArray[np.float64] = np.array(facts["shrinkage"], dtype=np.float64)

    def to_polars(self) -> pl.DataFrame:
        """Return coefficients, standard errors, tests, odds ratios and intervals."""
        rows = self._facts["estimates"]
        flat = [
            {
                "name": r["name"],
                "coefficient": r["coefficient"],
                "standard_error": r["standard_error"],
                "z": r["z"],
                "p_value": r["p_value"],
                "low": _end(r["interval"]["low"], -math.inf),
                "high": _end(r["interval"]["high"], math.inf),
                "odds_ratio": r["odds_ratio"],
                "odds_ratio_low": _end(r["odds_ratio_interval"]["low"], 0.0),
                "odds_ratio_high": _end(r["odds_ratio_interval"]["high"], math.inf),
            }
            for r in rows
        ]
        return pl.DataFrame(flat, infer_schema_length=None)

    def interval(self, X: ArrayLike, *, confidence: float = 0.95) -> pl.DataFrame:
        """Return predicted probabilities with intervals, by the delta method on the log-odds.

        η ± z·√(xᵀVx), mapped to probabilities: the interval stays between 0 and 1.

        Parameters
        ----------
        X : array of float64, shape (n, p)
            Columns as the coefficients are named.
        confidence : float, default 0.95
            Confidence of the intervals.

        Raises
        ------
        OptionError
            A penalty moves the log-odds of more than a tenth of the rows by over half a standard error, so that 95 %
            intervals would hold less than 92 % of the true probabilities.
        """
        from statistics import NormalDist

        design = np.column_stack([np.ones(len(np.asarray(X))), np.asarray(X, dtype=np.float64)])
        eta = design @ self._beta
        error = np.sqrt(np.einsum("ij,jk,ik->i", design, self.covariance, design))
        shrunk = np.abs(design @ self.shrinkage) > 0.5 * error
        if shrunk.mean() > 0.1:
            raise OptionError(
                f"the penalty moves the log-odds of {int(shrunk.sum())} of {len(shrunk)} rows by more than half a "
                "standard error: intervals would not hold the true probabilities; fit with a larger C"
            )
        spread = NormalDist().inv_cdf((1 + confidence) / 2) * error
        sigmoid = [1 / (1 + np.exp(-e)) for e in (eta, eta - spread, eta + spread)]
        return pl.DataFrame({"probability": sigmoid[0], "low": sigmoid[1], "high": sigmoid[2]})

    def __repr__(self) -> str:
        kind = {"Model": "model-based", "Robust": "robust (HC1)", "Clustered": "clustered"}
        name = str(self._facts["covariance_type"]).capitalize()
        lines = [
            f"Logistic regression, {self._facts['rows']:,} rows, {kind.get(name, name)} standard errors",
            f"log-likelihood {self.log_likelihood:.4f} (null {self.null_log_likelihood:.4f}), AIC {self.aic:.2f}, "
            f"BIC {self.bic:.2f}, McFadden R² {self.mcfadden:.4f}",
            f"likelihood ratio {self.likelihood_ratio:.3f} on {self._facts['degrees']} degrees of freedom, "
            f"p = {self.likelihood_ratio_p_value:.3g}",
        ]
        if self.approximate:
            error = np.sqrt(np.diag(self.covariance))
            known = error > 0
            most = float(np.max(np.abs(self.shrinkage[known]) / error[known], initial=0.0))
            lines.append(
                "a penalty shrinks the coefficients: standard errors and intervals are approximate "
                f"(moved by up to {most:.2g} standard errors)"
            )
        with pl.Config(
            tbl_rows=100,
            tbl_hide_dataframe_shape=True,
            tbl_hide_column_data_types=True,
            float_precision=4,
            tbl_cols=-1,
            tbl_width_chars=160,
        ):
            lines.append(str(self.to_polars()))
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        return pre(repr(self))


def _end(value: float | None, otherwise: float) -> float:
    # JSON has no infinity.
    return otherwise if value is None else value

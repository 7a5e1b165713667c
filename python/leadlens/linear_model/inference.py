"""Inference for a fit: standard errors, tests, intervals."""

from __future__ import annotations

import copy
import math
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from .. import _core
from .._charts import (
    BLUE,
    GREY,
    describe,
    finished,
    inline,
    name_axis,
    names_shown,
    nothing,
    package,
    part_of,
    plural,
    rule_at,
    title,
)
from .._display import Tabular, shown_number
from .._once import Once
from ..errors import OptionError

__all__ = ["Inference"]


class Inference(Tabular):
    """Standard errors, tests and intervals of a fit; returned by :meth:`LogisticRegression.inference`.

    Attributes
    ----------
    covariance : ndarray of float64, shape (p + 1, p + 1)
        Covariance matrix of intercept and coefficients.
    log_likelihood, null_log_likelihood, aic, bic, mcfadden, nagelkerke, tjur : float
        Measures of the fit as a whole.
    parameters : float
        Number of parameters; the effective number with a penalty.
    likelihood_ratio, likelihood_ratio_p_value : float
        Likelihood-ratio test of all columns, and its p-value.
    approximate : bool
        Whether a penalty makes the intervals approximate.
    shrinkage : ndarray of float64, shape (p + 1,)
        Distance by which a penalty has moved intercept and coefficients, to first order. Intervals are valid where it
        is a small part of a standard error.

    See Also
    --------
    LogisticRegression.inference : Compute the statistics.

    Examples
    --------
    >>> import numpy as np
    >>> import leadlens as ll
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(500, 2))
    >>> y = X[:, 0] + rng.logistic(size=500) > 0
    >>> statistics = ll.LogisticRegression(C=float("inf")).fit(X, y).inference(X, y)
    >>> statistics.likelihood_ratio_p_value < 0.001
    True
    """

    def __init__(
        self,
        facts: dict[str, Any],
        covariance: NDArray[np.float64],
        beta: NDArray[np.float64],
        spec: dict[str, Any],
    ) -> None:
        self._facts = facts
        self._spec = spec
        self._once = Once()
        # After Firth's correction this has the refitted intercept, as predict_proba does.
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

    @property
    def spec(self) -> dict[str, Any]:
        """Options of the inference: type of covariance and confidence level."""
        return copy.deepcopy(self._spec)

    @property
    def facts(self) -> dict[str, Any]:
        """All figures of the inference."""
        return copy.deepcopy(self._facts)

    @property
    def remarks(self) -> list[str]:
        """Remarks on the validity of the intervals."""
        remarks: list[str] = list(self._facts["remarks"])
        if not self.approximate:
            return remarks
        error = np.sqrt(np.diag(self.covariance))
        known = error > 0
        most = float(np.max(np.abs(self.shrinkage[known]) / error[known], initial=0.0))
        return [
            *remarks,
            "a penalty shrinks the coefficients: standard errors and intervals are approximate "
            f"(moved by up to {most:.2g} standard errors)",
        ]

    def to_polars(self) -> pl.DataFrame:
        """Return coefficients and odds ratios with standard errors, tests and intervals.

        Returns
        -------
        polars.DataFrame
            One row per coefficient, the intercept first.

            - ``name`` (String): name of the column; ``intercept``.
            - ``coefficient`` (Float64): coefficient, in log-odds per unit.
            - ``standard_error`` (Float64): standard error of the coefficient.
            - ``z``, ``p_value`` (Float64): statistic and two-sided p-value of the test against 0.
            - ``low``, ``high`` (Float64): interval of the coefficient.
            - ``odds_ratio``, ``odds_ratio_low``, ``odds_ratio_high`` (Float64): exp(coefficient) with its interval.

        See Also
        --------
        Inference.plot : Chart of the coefficients.

        Examples
        --------
        >>> import numpy as np
        >>> import leadlens as ll
        >>> rng = np.random.default_rng(0)
        >>> X = rng.normal(size=(500, 2))
        >>> y = X[:, 0] + rng.logistic(size=500) > 0
        >>> statistics = ll.LogisticRegression(C=float("inf")).fit(X, y).inference(X, y)
        >>> statistics.to_polars().columns[:3]
        ['name', 'coefficient', 'standard_error']
        """
        return self._once.frame("estimates", self._estimates)

    def _estimates(self) -> pl.DataFrame:
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
        """Return predicted probabilities with intervals.

        Parameters
        ----------
        X : array of float64, shape (n, p)
            Columns in the order of the coefficients.
        confidence : float, default 0.95
            Confidence level of the intervals, between 0 and 1.

        Returns
        -------
        polars.DataFrame
            One row per row of X.

            - ``probability``, ``low``, ``high`` (Float64): probability of the second class with
              its interval.

        Raises
        ------
        OptionError
            A penalty moves the log-odds of more than a tenth of the rows by more than half a standard error. 95 %
            intervals would then contain less than 92 % of the true probabilities.

        See Also
        --------
        LeadScorer.score : Intervals of scores, with ``intervals=True``.

        Notes
        -----
        The interval is η ± z·√(xᵀVx) on the log-odds scale (delta method), mapped to probabilities.

        Examples
        --------
        >>> import numpy as np
        >>> import leadlens as ll
        >>> rng = np.random.default_rng(0)
        >>> X = rng.normal(size=(500, 2))
        >>> y = X[:, 0] + rng.logistic(size=500) > 0
        >>> statistics = ll.LogisticRegression(C=float("inf")).fit(X, y).inference(X, y)
        >>> statistics.interval(X).columns
        ['probability', 'low', 'high']
        """
        from statistics import NormalDist

        design = np.column_stack([np.ones(len(np.asarray(X))), np.asarray(X, dtype=np.float64)])
        eta = design @ self._beta
        error = np.sqrt(np.einsum("ij,jk,ik->i", design, self.covariance, design))
        shrunk = np.abs(design @ self.shrinkage) > 0.5 * error
        if shrunk.mean() > 0.1:
            raise OptionError(
                f"the penalty moves the log-odds of {int(shrunk.sum())} of {len(shrunk)} rows by more than half a "
                "standard error, so intervals would not contain the true probabilities; fit with a larger C"
            )
        spread = NormalDist().inv_cdf((1 + confidence) / 2) * error
        sigmoid = [1 / (1 + np.exp(-e)) for e in (eta, eta - spread, eta + spread)]
        return pl.DataFrame({"probability": sigmoid[0], "low": sigmoid[1], "high": sigmoid[2]})

    def plot(self) -> Any:
        """Plot the coefficients with their intervals, in log-odds per unit of the column.

        Returns
        -------
        altair.LayerChart
            One point per column, without the intercept; at most forty, those with the largest statistics. Grey
            intervals contain 0. A sentence if no column has a standard error.

        Raises
        ------
        MissingPackageError
            altair is not installed.

        See Also
        --------
        Inference.to_polars : Table behind the chart.

        Examples
        --------
        >>> import numpy as np
        >>> import leadlens as ll
        >>> rng = np.random.default_rng(0)
        >>> X = rng.normal(size=(500, 2))
        >>> y = X[:, 0] + rng.logistic(size=500) > 0
        >>> statistics = ll.LogisticRegression(C=float("inf")).fit(X, y).inference(X, y)
        >>> type(statistics.plot()).__name__
        'LayerChart'
        """
        return inference_chart(self.to_polars(), self._facts, self._spec)

    def _shown(self) -> _core._Texts:
        heading = f"Logistic regression, {self._facts['rows']:,} rows, {_kind(self._facts)} standard errors"
        lines = [
            f"log-likelihood {self.log_likelihood:.4f} (null {self.null_log_likelihood:.4f}), AIC {self.aic:.2f}, "
            f"BIC {self.bic:.2f}, McFadden R² {self.mcfadden:.4f}",
            f"likelihood ratio {self.likelihood_ratio:.3f} on {self._facts['degrees']} degrees of freedom, "
            f"p = {self.likelihood_ratio_p_value:.3g}",
            *self.remarks,
        ]
        table = self.to_polars()
        rows = [[cell if isinstance(cell, str) else shown_number(cell) for cell in row] for row in table.rows()]
        return _core.shown_table(heading, lines, [name.replace("_", " ") for name in table.columns], rows)


def _end(value: float | None, otherwise: float) -> float:
    # JSON cannot represent infinity.
    return otherwise if value is None else value


def _kind(facts: dict[str, Any]) -> str:
    name = str(facts["covariance_type"]).capitalize()
    return {"Model": "model-based", "Robust": "robust (HC1)", "Clustered": "clustered"}.get(name, name)


SHOWN = 40
"""Most coefficients of the chart."""


def inference_chart(table: pl.DataFrame, facts: dict[str, Any], spec: dict[str, Any]) -> Any:
    """Return coefficients with intervals."""
    alt = package()
    finite = pl.col("coefficient").is_finite() & pl.col("standard_error").is_finite()
    every = table.filter((pl.col("name") != "intercept") & finite & (pl.col("standard_error") > 0))
    data = names_shown(every.sort(pl.col("z").abs(), descending=True, maintain_order=True).head(SHOWN), "name")
    if data.is_empty():
        return nothing("no column has a coefficient with a standard error")
    # An infinite end is drawn where the others end.
    ends = [v for c in ("coefficient", "low", "high") for v in data[c].to_list() if v is not None and math.isfinite(v)]
    low, high = pl.col("low"), pl.col("high")
    data = data.with_columns(
        low=pl.when(low.is_finite()).then(low).otherwise(min(ends)),
        high=pl.when(high.is_finite()).then(high).otherwise(max(ends)),
        sure=(low > 0) | (high < 0),
    )
    order = data["name"].to_list()
    base = alt.Chart(inline(data)).encode(y=alt.Y("name:N", sort=order, title="column", axis=name_axis()))
    level = f"{100 * float(spec.get('confidence', 0.95)):g} %"
    heading = f"coefficient, log-odds per unit, with {level} interval"
    color = alt.Color("sure:N", scale=alt.Scale(domain=[True, False], range=[BLUE, GREY]), legend=None)
    rules = base.mark_rule(strokeWidth=2).encode(x=alt.X("low:Q", title=heading), x2="high:Q", color=color)
    tooltip = [
        alt.Tooltip("name:N", title="column"),
        *(
            alt.Tooltip(f"{c}:Q", format=".4g", title=c.replace("_", " "))
            for c in ("coefficient", "standard_error", "p_value", "odds_ratio")
        ),
    ]
    points = base.mark_circle(size=60, opacity=1)
    points = points.encode(x=alt.X("coefficient:Q", title=heading), color=color, tooltip=tooltip)
    about = describe(plural(facts["rows"], "row"), f"{_kind(facts)} standard errors", "grey: the interval contains 0")
    some = part_of(order, every["name"].to_list(), "coefficients, those with the largest statistics")
    chart = alt.layer(rule_at(0, x=True, color=GREY), rules, points)
    return finished(
        chart.properties(width=380, height=alt.Step(20), title=title("Coefficients of the regression", about, some))
    )

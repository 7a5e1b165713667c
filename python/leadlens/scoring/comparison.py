"""Comparison of two scorers on the same rows."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from typing import Any

import polars as pl

from .._charts import BLUE, GREY, RED
from .._display import pre

__all__ = ["Comparison"]


class Comparison:
    """Differences of two scorers; returned by :meth:`LeadScorer.compare` and :func:`leadlens.metrics.compare`.

    Attributes
    ----------
    rows, positives, clusters : int
        Number of rows, of positives, and of independent leads, accounts or other clusters.

    See Also
    --------
    LeadScorer.compare : Compare two scorers on a snapshot.
    leadlens.metrics.compare : Compare predictions in arrays.
    Evaluation : Measures of one scorer.

    Notes
    -----
    Standard errors are paired: they are of the sums over clusters of the differences of the influences. For two AUCs
    this is the test of DeLong et al.; with clusters, that of Obuchowski.

    References
    ----------
    E. DeLong, D. DeLong, D. Clarke-Pearson, Biometrics 44, 1988; N. Obuchowski, Biometrics 53, 1997.

    Examples
    --------
    >>> import leadlens as ll
    >>> train, test = ll.datasets.b2b_saas().snapshot(after="31d", horizon="59d").split(0.3, by="group")
    >>> first, second = ll.LeadScorer(C=0.01).fit(train), ll.LeadScorer(C=1.0).fit(train)
    >>> first.compare(second, test).to_polars()["measure"].to_list()[:3]
    ['roc_auc', 'pr_auc', 'log_loss']
    """

    def __init__(self, facts: str, text: str, measures: Any, spec: Mapping[str, Any]) -> None:
        self._facts: dict[str, Any] = json.loads(facts)
        self._text = text
        self._spec = spec
        self._measures = pl.DataFrame(measures)
        self.rows: int = self._facts["rows"]
        self.positives: int = self._facts["positives"]
        self.clusters: int = self._facts["clusters"]

    @property
    def spec(self) -> dict[str, Any]:
        """Options of the comparison, and the confidence level of the intervals."""
        return copy.deepcopy(dict(self._spec))

    @property
    def facts(self) -> dict[str, Any]:
        """All figures of the comparison, as in the JSON output of the command line."""
        return copy.deepcopy(self._facts)

    @property
    def remarks(self) -> list[str]:
        """Remarks on the rows: how they were held out, and on how many clusters the intervals rest."""
        return list(self._facts["remarks"])

    def to_polars(self) -> pl.DataFrame:
        """Return the measures of both scorers and their differences.

        Returns
        -------
        polars.DataFrame
            One row per measure.

            - ``measure`` (String): name of the measure.
            - ``first``, ``second`` (Float64): value of each scorer.
            - ``difference`` (Float64): ``first`` minus ``second``.
            - ``standard_error`` (Float64): standard error of the difference.
            - ``difference_low``, ``difference_high`` (Float64): 95 % interval of the difference.
            - ``p_value`` (Float64): two-sided p-value of the test of no difference.
            - ``better`` (String): ``first`` or ``second`` if the interval does not contain 0; null otherwise.

        See Also
        --------
        Comparison.plot : Chart of the differences.

        Examples
        --------
        >>> import leadlens as ll
        >>> found = ll.metrics.compare([0, 1, 0, 1], [0.1, 0.9, 0.4, 0.6], [0.2, 0.4, 0.6, 0.7])
        >>> found.to_polars()["difference"][0]
        0.25
        """
        return self._measures.clone()

    def plot(self) -> Any:
        """Plot the difference of each measure with its interval, in standard errors.

        Returns
        -------
        altair.LayerChart
            One point per measure with a standard error.

        See Also
        --------
        Comparison.to_polars : Table behind the chart.

        Examples
        --------
        >>> import leadlens as ll
        >>> found = ll.metrics.compare([0, 1, 0, 1], [0.1, 0.9, 0.4, 0.6], [0.2, 0.4, 0.6, 0.7])
        >>> type(found.plot()).__name__
        'LayerChart'
        """
        return comparison_chart(self._measures)

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self._measures.__arrow_c_stream__(requested_schema)

    def __repr__(self) -> str:
        return self._text

    def _repr_html_(self) -> str:
        return pre(self._text)


def comparison_chart(table: pl.DataFrame) -> Any:
    """Return differences with intervals, each in units of its standard error, since measures have different scales."""
    import altair as alt

    data = table.filter(pl.col("standard_error") > 0).with_columns(
        (pl.col(column) / pl.col("standard_error")).alias(f"{column}_scaled")
        for column in ("difference", "difference_low", "difference_high")
    )
    order = data["measure"].to_list()
    base = alt.Chart(data).encode(y=alt.Y("measure:N", sort=order, title=None, axis=alt.Axis(labelLimit=200)))
    color = alt.condition("datum.better == 'second'", alt.value(RED), alt.value(BLUE))
    title = "first − second, in standard errors, with 95 % interval"
    rules = base.mark_rule().encode(
        x=alt.X("difference_low_scaled:Q", title=title), x2="difference_high_scaled:Q", color=color
    )
    tooltip = ["measure", "first", "second", "difference", "difference_low", "difference_high", "p_value"]
    points = base.mark_circle(size=60, opacity=1).encode(x="difference_scaled:Q", color=color, tooltip=tooltip)
    zero = alt.Chart(pl.DataFrame({"x": [0.0]})).mark_rule(color=GREY, strokeDash=[4, 4]).encode(x="x:Q")
    return alt.layer(zero, rules, points).properties(width=380, height=alt.Step(22))

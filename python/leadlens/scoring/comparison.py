"""Comparison of two scorers on the same rows."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from typing import Any

import polars as pl

from .. import _core
from .._charts import (
    BLUE,
    GREY,
    INK,
    RED,
    describe,
    finished,
    inline,
    legend,
    name_axis,
    nothing,
    package,
    plural,
    rule_at,
    title,
)
from .._display import Tabular

__all__ = ["Comparison"]


class Comparison(Tabular):
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

    def __init__(
        self, facts: str, texts: _core._Texts, measures: Any, spec: Mapping[str, Any], about: str = ""
    ) -> None:
        self._facts: dict[str, Any] = json.loads(facts)
        self._texts = texts
        self._spec = spec
        self._about = about
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
            One point per measure with a standard error; beside it both values. Measures whose interval contains 0 are
            grey, the others have the color of the scorer that is better. A sentence if no measure has a standard error.

        Raises
        ------
        MissingPackageError
            altair is not installed.

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
        return comparison_chart(self._measures, self._facts, self._about)

    def _shown(self) -> _core._Texts:
        return self._texts


BETTER = {"first is better": BLUE, "second is better": RED, "no difference is certain": GREY}


def comparison_chart(table: pl.DataFrame, facts: Mapping[str, Any], question: str) -> Any:
    """Return differences with intervals, each in units of its standard error, since measures have different scales."""
    alt = package()
    data = table.filter((pl.col("standard_error") > 0) & pl.col("standard_error").is_finite())
    if data.is_empty():
        return nothing("the scorers do not differ: no measure has a difference with a standard error")
    data = data.with_columns(
        *(
            (pl.col(column) / pl.col("standard_error")).alias(f"{column}_scaled")
            for column in ("difference", "difference_low", "difference_high")
        ),
        verdict=pl.concat_str(pl.col("better"), pl.lit(" is better")).fill_null("no difference is certain"),
        label=pl.Series(
            [f"{a:.4g} and {b:.4g}" for a, b in data.select("first", "second").fill_null(float("nan")).iter_rows()]
        ),
    )
    order = data["measure"].to_list()
    base = alt.Chart(inline(data)).encode(y=alt.Y("measure:N", sort=order, title="measure", axis=name_axis()))
    color = alt.Color(
        "verdict:N",
        scale=alt.Scale(domain=list(BETTER), range=list(BETTER.values())),
        title=None,
        legend=legend(orient="bottom"),
    )
    low, high = float(data["difference_low_scaled"].min() or 0.0), float(data["difference_high_scaled"].max() or 0.0)  # type: ignore[arg-type]
    low, high = min(low, 0.0), max(high, 0.0)
    low -= 0.03 * (high - low)
    width, text_width = 320, 16 + 6.0 * max(map(len, data["label"]))
    # The labels stand inside the frame, right of the longest interval.
    scale = alt.Scale(domain=[low, high + (high - low) * text_width / width], nice=False)
    heading = "first − second, in standard errors, with 95 % interval"
    rules = base.mark_rule(strokeWidth=2).encode(
        x=alt.X("difference_low_scaled:Q", title=heading, scale=scale), x2="difference_high_scaled:Q", color=color
    )
    tooltip = [
        alt.Tooltip("measure:N"),
        *(alt.Tooltip(f"{c}:Q", format=".4g", title=c.replace("_", " ")) for c in ("first", "second", "difference")),
        alt.Tooltip("difference_low:Q", format=".4g", title="difference from"),
        alt.Tooltip("difference_high:Q", format=".4g", title="difference to"),
        alt.Tooltip("p_value:Q", format=".3g", title="p-value"),
    ]
    points = base.mark_circle(size=60, opacity=1)
    points = points.encode(x=alt.X("difference_scaled:Q", title=heading), color=color, tooltip=tooltip)
    labels = base.mark_text(align="left", color=INK).encode(x=alt.value(width + 8), text="label:N")
    about = describe(
        plural(facts["rows"], "row"),
        f"{facts['clusters']:,} {facts['unit']}",
        "beside: value of the first and of the second",
    )
    chart = alt.layer(rule_at(0, x=True, color=GREY), rules, points, labels)
    heads = title("First scorer against second, by measure", question, about)
    return finished(chart.properties(width=width + int(text_width), height=alt.Step(22), title=heads))

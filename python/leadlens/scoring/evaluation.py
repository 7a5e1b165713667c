"""Evaluation of scores: measures with intervals, calibration, lift, verdict."""

from __future__ import annotations

import copy
import json
import math
from collections.abc import Mapping
from typing import Any

import polars as pl

from .. import _core
from .._charts import (
    BLUE,
    GREY,
    INK,
    describe,
    finished,
    inline,
    interval,
    package,
    percent,
    plural,
    rate_axis,
    title,
    unknown_at_ends,
)
from .._display import Tabular
from .._once import Once
from ..errors import UnknownNameError

__all__ = ["Evaluation"]


class Evaluation(Tabular):
    """Measures of the quality of scores; returned by :meth:`LeadScorer.evaluate` and :func:`leadlens.metrics.evaluate`.

    Attributes
    ----------
    roc_auc, pr_auc, log_loss, brier, ks, gini : float
        Area under the ROC curve, average precision, log loss, Brier score, Kolmogorov–Smirnov distance, 2·AUC − 1.
    calibration_intercept, calibration_slope : float or None
        a in logit P(y) = a + logit p, which is 0 if the level is right; b in logit P(y) = c + b·logit p, which is 1 if
        the spread is right. None if not finite.
    ece, ece_by_chance : float
        Expected calibration error over ten quantile bins, and its mean if the probabilities were right.
    base_rate, mean_predicted : float
        Weighted share of positives, and weighted mean prediction, from 0 to 1.
    rows, positives, clusters : int
        Number of rows, of positives, and of independent leads, accounts or other clusters.

    See Also
    --------
    LeadScorer.evaluate : Evaluate a scorer on a snapshot.
    leadlens.metrics.evaluate : Evaluate predictions in arrays.
    Comparison : Difference of two scorers.

    Notes
    -----
    The 95 % intervals come from sums of influences over clusters, with Student's t: of AUC, average precision and Brier
    score on the log-odds scale, of log loss and lift on the log scale, of precision at k by Wilson's formula with the
    effective number of rows. Degrees of freedom are those of clusters of equal weight, 1/Σs² - 1 for shares s of the
    weight: one account with 30 % of the leads leaves at most 10, however many others there are. For the AUC this is
    DeLong's estimator; with clusters, Obuchowski's. Average precision is biased upwards with few positives; its
    interval is made around the value minus the bias (half the sum of second derivatives with respect to the weights of
    clusters). In simulations with 300 to 4,000 rows, 20 to 4,000 clusters and 2 to 25 % positives, the intervals
    contain the truth in 93 to 97 % of samples (``benches/peers/honesty.py``). With fewer or very unequal clusters those
    of AUC and average precision contain it in 88 to 95 %, those of other measures in 93 to 97 % (the same,
    ``unusual_worlds.py large_accounts_in_evaluations``); a remark says so below 40.

    References
    ----------
    E. DeLong, D. DeLong, D. Clarke-Pearson, Biometrics 44, 1988; N. Obuchowski, Biometrics 53, 1997; D. Binder,
    International Statistical Review 51, 1983; D. Cox, Biometrika 45, 1958; B. Van Calster et al., BMC Medicine 17,
    2019.

    Examples
    --------
    >>> import leadlens as ll
    >>> train, test = ll.datasets.b2b_saas().snapshot(after="31d", horizon="59d").split(0.3, by="group")
    >>> scorer = ll.LeadScorer(C=0.01).fit(train)
    >>> evaluation = scorer.evaluate(test)
    >>> low, high = evaluation.interval("roc_auc")
    >>> low < evaluation.roc_auc < high
    True
    """

    def __init__(
        self,
        facts: str,
        texts: _core._Texts,
        measures: Any,
        calibration: Any,
        lift: Any,
        spec: Mapping[str, Any],
        about: str = "",
    ) -> None:
        self._facts: dict[str, Any] = json.loads(facts)
        self._texts = texts
        self._spec = spec
        self._about = about
        # Polars frames can be pickled.
        self._frames = {
            "measures": pl.DataFrame(measures),
            "calibration": pl.DataFrame(calibration),
            "lift": pl.DataFrame(lift),
        }
        self._once = Once()
        self.roc_auc: float = self._facts["roc_auc"]
        self.pr_auc: float = self._facts["pr_auc"]
        self.log_loss: float = self._facts["log_loss"]
        self.brier: float = self._facts["brier"]
        self.ks: float = self._facts["ks"]
        self.gini: float = self._facts["gini"]
        self.ece: float = self._facts["ece"]
        self.ece_by_chance: float = self._facts["ece_by_chance"]
        estimates = {e["measure"]: e["value"] for e in self._facts["estimates"]}
        self.calibration_intercept: float | None = estimates["calibration_intercept"]
        self.calibration_slope: float | None = estimates["calibration_slope"]
        self.base_rate: float = self._facts["base_rate"]
        self.mean_predicted: float = self._facts["mean_predicted"]
        self.rows: int = self._facts["rows"]
        self.positives: int = self._facts["positives"]
        self.clusters: int = self._facts["clusters"]

    @property
    def spec(self) -> dict[str, Any]:
        """Options of the evaluation, and the confidence level of the intervals."""
        return copy.deepcopy(dict(self._spec))

    @property
    def facts(self) -> dict[str, Any]:
        """All figures of the evaluation, as in the JSON output of the command line."""
        return copy.deepcopy(self._facts)

    @property
    def remarks(self) -> list[str]:
        """Remarks on the rows: how they were held out, and on how many clusters the intervals rest."""
        return list(self._facts["remarks"])

    def interval(self, measure: str) -> tuple[float, float]:
        """Return the 95 % interval of a measure.

        Parameters
        ----------
        measure : str
            ``roc_auc``, ``pr_auc``, ``log_loss``, ``brier``, ``calibration_intercept``, ``calibration_slope``,
            ``lift_top_tenth``, or ``precision_at_<k>``.

        Returns
        -------
        low, high : float
            Ends of the interval; NaN if it does not exist.

        Raises
        ------
        UnknownNameError
            The measure has no interval.

        See Also
        --------
        Evaluation.to_polars : All measures with their intervals.

        Examples
        --------
        >>> import leadlens as ll
        >>> evaluation = ll.metrics.evaluate([0, 1, 0, 1] * 20, [0.1, 0.9, 0.4, 0.3] * 20)
        >>> low, high = evaluation.interval("brier")
        >>> low < evaluation.brier < high
        True
        """
        ends = {e["measure"]: (e["low"], e["high"]) for e in self._facts["estimates"]}
        if measure not in ends:
            raise UnknownNameError(f"measure {measure!r} has no interval; choose one of {sorted(ends)}")
        low, high = ends[measure]
        return (math.nan if low is None else low, math.nan if high is None else high)

    @property
    def precision_at(self) -> dict[int, float]:
        """Share of positives among the k best rows, by k. With weights, among the best k/n of the weight."""
        return {int(k): float(v) for k, v in self._facts["precision_at"]}

    @property
    def verdict(self) -> str:
        """Verdict in words: whether scores rank, whether level and spread are right, and what to do."""
        return self._texts[0][self._texts[0].rindex("Verdict: ") :]

    @property
    def advice(self) -> list[str]:
        """Recommendations, most important first."""
        return list(self._facts["verdict"]["advice"])

    def to_polars(self) -> pl.DataFrame:
        """Return all measures with standard errors and intervals.

        Returns
        -------
        polars.DataFrame
            One row per measure.

            - ``measure`` (String): name of the measure.
            - ``value`` (Float64): its value.
            - ``standard_error`` (Float64): standard error; null for some measures.
            - ``low``, ``high`` (Float64): 95 % interval; null for some measures.

        See Also
        --------
        Evaluation.checks : The measures behind the verdict.

        Examples
        --------
        >>> import leadlens as ll
        >>> evaluation = ll.metrics.evaluate([0, 1, 0, 1] * 20, [0.1, 0.9, 0.4, 0.3] * 20)
        >>> evaluation.to_polars().columns[:3]
        ['measure', 'value', 'standard_error']
        """
        return self._frames["measures"].clone()

    def calibration(self) -> pl.DataFrame:
        """Return predicted and observed rates by bins of the prediction.

        Returns
        -------
        polars.DataFrame
            One row per quantile bin.

            - ``low``, ``high`` (Float64): lowest and highest prediction of the bin.
            - ``rows``, ``positives`` (UInt64): rows, and how many are positive.
            - ``predicted`` (Float64): weighted mean prediction.
            - ``observed``, ``observed_low``, ``observed_high`` (Float64): weighted share of positives with its 95 %
              interval.

        See Also
        --------
        leadlens.metrics.calibration_table : The same with other bins.

        Examples
        --------
        >>> import leadlens as ll
        >>> evaluation = ll.metrics.evaluate([0, 1, 0, 1] * 20, [0.1, 0.9, 0.4, 0.3] * 20)
        >>> evaluation.calibration().columns[:4]
        ['low', 'high', 'rows', 'positives']
        """
        return self._frames["calibration"].clone()

    def lift(self) -> pl.DataFrame:
        """Return rates and lift by tenths of the rows, best first.

        Returns
        -------
        polars.DataFrame
            One row per tenth.

            - ``slice`` (UInt64): number of the tenth, counted from 1.
            - ``weight``, ``positives`` (Float64): weight of its rows, and of its positive rows.
            - ``rate`` (Float64): ``positives`` / ``weight``, from 0 to 1.
            - ``lift``, ``lift_low``, ``lift_high`` (Float64): rate divided by the rate of all rows, with its 95 %
              interval.
            - ``captured`` (Float64): share of all positives in this tenth and those before.
            - ``cumulative_lift`` (Float64): lift of this tenth and those before.
            - ``lowest`` (Float64): lowest score of the tenth.

        See Also
        --------
        leadlens.metrics.lift_table : The same with other slices.

        Examples
        --------
        >>> import leadlens as ll
        >>> evaluation = ll.metrics.evaluate([0, 1, 0, 1] * 20, [0.1, 0.9, 0.4, 0.3] * 20)
        >>> evaluation.lift().height
        10
        """
        return self._frames["lift"].clone()

    def groups(self) -> pl.DataFrame:
        """Return measures by group, if ``by`` was given.

        Returns
        -------
        polars.DataFrame
            One row per group; empty without ``by``.

            - ``group`` (String): value of ``by``.
            - ``rows``, ``positives`` (Int64): rows, and how many are positive.
            - ``observed``, ``observed_low``, ``observed_high`` (Float64): share of positives with its 95 % interval.
            - ``predicted`` (Float64): mean prediction.
            - ``roc_auc``, ``roc_auc_low``, ``roc_auc_high`` (Float64): AUC with its 95 % interval; null with one class.
            - ``brier`` (Float64): Brier score.

        See Also
        --------
        LeadScorer.evaluate : Takes ``by``.

        Examples
        --------
        >>> import leadlens as ll
        >>> train, test = ll.datasets.b2b_saas().snapshot(after="31d", horizon="59d").split(0.3, by="group")
        >>> scorer = ll.LeadScorer(C=0.01).fit(train)
        >>> scorer.evaluate(test, by="lead_source").groups().columns[:3]
        ['group', 'rows', 'positives']
        """

        def compute() -> pl.DataFrame:
            rates = ("observed", "observed_low", "observed_high", "predicted")
            areas = ("roc_auc", "roc_auc_low", "roc_auc_high", "brier")
            kinds = {"name": pl.String, "rows": pl.Int64, "positives": pl.Int64}
            kinds |= dict.fromkeys((*rates, *areas), pl.Float64)
            return pl.DataFrame(self._facts["groups"], schema=kinds).rename({"name": "group"})

        return self._once.frame("groups", compute)

    def checks(self) -> pl.DataFrame:
        """Return the checks behind the verdict.

        Returns
        -------
        polars.DataFrame
            One row per check. Clusters count as independent, their rows do not. Deviations of the level below 5 % and
            of the spread below 0.1 are neutral.

            - ``name`` (String): ``ranking``, ``level``, ``spread`` or ``top_tenth``.
            - ``measure`` (String): the measure that is checked.
            - ``value``, ``value_low``, ``value_high`` (Float64): its value with its 95 % interval.
            - ``finding`` (String): ``above``, ``below`` or ``neutral`` relative to what is right or average;
              ``unknown`` with too few data.
            - ``words`` (String): the finding in words.

        See Also
        --------
        Evaluation.verdict : The verdict in words.

        Examples
        --------
        >>> import leadlens as ll
        >>> evaluation = ll.metrics.evaluate([0, 1, 0, 1] * 20, [0.1, 0.9, 0.4, 0.3] * 20)
        >>> evaluation.checks()["name"].to_list()
        ['ranking', 'level', 'spread', 'top_tenth']
        """

        def compute() -> pl.DataFrame:
            kinds = {"value": pl.Float64, "low": pl.Float64, "high": pl.Float64}
            table = pl.DataFrame(self._facts["verdict"]["checks"], schema_overrides=kinds)
            return table.rename({"low": "value_low", "high": "value_high"})

        return self._once.frame("checks", compute)

    def plot(self) -> Any:
        """Plot calibration and lift with 95 % intervals.

        Returns
        -------
        altair.HConcatChart
            Left, observed rates by predicted probability in quantile bins, in percent; the dashed line is where both
            agree. Right, lift by tenths of the rows, with the rate of each tenth in its bar; the dashed line is the
            rate of all rows.

        Raises
        ------
        MissingPackageError
            altair is not installed.

        See Also
        --------
        Evaluation.calibration : Table of the left chart.
        Evaluation.lift : Table of the right chart.

        Examples
        --------
        >>> import leadlens as ll
        >>> evaluation = ll.metrics.evaluate([0, 1, 0, 1] * 20, [0.1, 0.9, 0.4, 0.3] * 20)
        >>> type(evaluation.plot()).__name__
        'HConcatChart'
        """
        about = describe(
            plural(self.rows, "row"),
            f"{self.positives:,} positive ({self.base_rate * 100:.1f} %)",
            f"{self.clusters:,} {self._facts['unit']}",
        )
        both = package().hconcat(calibration_chart(self._frames["calibration"]), self._lift_chart(), spacing=30)
        return finished(both.properties(title=title("Are scores right, and do they rank?", about, self._about)))

    def _lift_chart(self) -> Any:
        return lift_chart(self._frames["lift"], self.base_rate)

    def _shown(self) -> _core._Texts:
        return self._texts


def calibration_chart(table: pl.DataFrame) -> Any:
    """Return observed rates by predicted probability, with intervals."""
    alt = package()
    ends = ("observed_low", "observed_high")
    table = unknown_at_ends(table, "observed", *ends)
    tops = [v for c in ("observed", "observed_high", "predicted") for v in table[c].drop_nulls().to_list()]
    top = min(1.0, 1.04 * max((v for v in tops if math.isfinite(v)), default=1.0)) or 1.0
    scale = alt.Scale(domain=[0, top], nice=False)
    heading = "observed rate, with 95 % interval"
    predicted = "predicted probability, mean of the bin"
    x = alt.X("predicted:Q", title=predicted, axis=rate_axis(), scale=scale)
    ideal = alt.Chart(inline(pl.DataFrame({"p": [0.0, top]}))).mark_line(color=GREY, strokeDash=[4, 4])
    ideal = ideal.encode(x=alt.X("p:Q", scale=scale, title=predicted), y=alt.Y("p:Q", scale=scale, title=heading))
    base = alt.Chart(inline(table)).encode(x=x)
    low = alt.Y(f"{ends[0]}:Q", title=heading, axis=rate_axis(), scale=scale)
    rules = base.mark_rule(color=BLUE).encode(y=low, y2=f"{ends[1]}:Q")
    tooltip = [
        alt.Tooltip("rows:Q", format=","),
        alt.Tooltip("positives:Q", format=","),
        *(alt.Tooltip(f"{c}:Q", format=".1%", title=c.replace("_", " ")) for c in ("predicted", "observed", *ends)),
    ]
    points = base.mark_circle(color=BLUE, size=60, opacity=1)
    points = points.encode(y=alt.Y("observed:Q", title=heading, scale=scale), tooltip=tooltip)
    chart = alt.layer(ideal, rules, points).properties(width=300, height=260)
    about = f"{plural(table.height, 'bin')} of equal size; dashed: predicted = observed"
    return chart.properties(title=title("Calibration", about))


def lift_chart(table: pl.DataFrame, base_rate: float) -> Any:
    """Return lift by tenths with intervals, and the line of the base rate."""
    alt = package()
    ends = ("lift_low", "lift_high")
    highest = max([1.0, *(v for v in table["lift"].to_list() if v is not None and math.isfinite(v))])
    top = min(
        4.0 * highest, max([highest, *(v for v in table[ends[1]].to_list() if v is not None and math.isfinite(v))])
    )
    data = unknown_at_ends(table, "lift", *ends).with_columns(
        rate_text=percent("rate", 0), low_shown=pl.col(ends[0]).clip(0, top), high_shown=pl.col(ends[1]).clip(0, top)
    )
    x = alt.X("slice:O", title="tenth of the rows, best first", axis=alt.Axis(labelAngle=0, labelPadding=14))
    base = alt.Chart(inline(data)).encode(x=x)
    heading = "lift: rate of the tenth ÷ base rate, with 95 % interval"
    tooltip = [
        alt.Tooltip("slice:O", title="tenth"),
        alt.Tooltip("weight:Q", format=",.0f", title="rows"),
        alt.Tooltip("positives:Q", format=",.0f"),
        alt.Tooltip("rate:Q", format=".1%"),
        alt.Tooltip("lift:Q", format=".2f"),
        alt.Tooltip("captured:Q", format=".1%", title="positives captured so far"),
    ]
    # With a handful of rows, intervals are hundreds of times as high as the bars.
    y = alt.Y("lift:Q", title=heading, scale=alt.Scale(domain=[0, top], nice=True))
    bars = base.mark_bar(color=BLUE).encode(y=y, tooltip=tooltip)
    ranges = interval(base, y=alt.Y("low_shown:Q", title=heading), y2="high_shown:Q")
    rates = base.mark_text(dy=10, color=INK, fontSize=9).encode(y=alt.value(262), text="rate_text:N")
    one = alt.Chart(inline(pl.DataFrame({"lift": [1.0]})))
    rule = one.mark_rule(color=GREY, strokeDash=[4, 4]).encode(y=alt.Y("lift:Q", title=heading))
    chart = alt.layer(bars, *ranges, rule, rates).properties(width=300, height=260)
    about = f"dashed: base rate {base_rate * 100:.1f} %; below the bars: rate of the tenth"
    return chart.properties(title=title("Lift", about))

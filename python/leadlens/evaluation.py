"""What an evaluation finds."""

from __future__ import annotations

import json
import math
from typing import Any

import polars as pl

from ._charts import evaluation_chart
from ._display import pre
from .errors import UnknownNameError

__all__ = ["Comparison", "Evaluation"]


class Evaluation:
    """How good scores are; made by :meth:`LeadScorer.evaluate` or :func:`leadlens.metrics.evaluate`.

    Attributes
    ----------
    roc_auc, pr_auc, log_loss, brier, ks, gini : float
        Area under the ROC curve, average precision, proper scores, Kolmogorov–Smirnov, 2·AUC − 1.
    calibration_intercept, calibration_slope : float or None
        a of logit P(y) = a + logit p, 0 if the level is right; b of logit P(y) = c + b·logit p, 1 where the spread
        is right; None where they are not finite.
    ece, ece_by_chance : float
        Expected calibration error over ten quantile bins, and what it is on average where probabilities are right.
    base_rate, mean_predicted : float
        Observed share of positives and mean prediction, by weight.
    rows, positives, clusters : int
        Numbers of rows, and of the leads, accounts or other clusters that count as independent.
    calibration, lift : polars.DataFrame
        Tables by quantile bins, and by tenths, with 95 % intervals.
    verdict : str
        What all this comes to: whether the scores rank, whether probabilities have the right level and spread, whether
        the best tenth is better than average, and what to do.

    Notes
    -----
    Intervals are at 95 %, from sums of influences over clusters (leads, or accounts where these are declared), with
    Student's t of one degree of freedom less than clusters; of AUC, average precision and Brier on the scale of
    log-odds, of log loss and lift on that of logarithms, of precision at k by Wilson's formula with as many rows as
    would give its variance. For the AUC this is DeLong's estimator, with clusters Obuchowski's. Average precision is
    biased upwards where positives are few: its interval is made around the value less the bias (half the sum of second
    derivatives with respect to the weights of clusters), with one degree of freedom less than clusters with positives.
    In simulations with 300 to 4,000 rows, 20 to 4,000 clusters and 2 to 25 % positives they cover the truth in 93 to
    97 % (``benches/peers/honesty.py``).

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
    >>> evaluation.to_polars().columns
    ['measure', 'value', 'standard_error', 'low', 'high']
    >>> low, high = evaluation.interval("roc_auc")
    >>> low < evaluation.roc_auc < high
    True
    """

    def __init__(self, facts: str, text: str, measures: Any, calibration: Any, lift: Any) -> None:
        self._facts: dict[str, Any] = json.loads(facts)
        self._text = text
        self._measures = pl.DataFrame(measures)
        self.calibration = pl.DataFrame(calibration)
        self.lift = pl.DataFrame(lift)
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

    def interval(self, measure: str) -> tuple[float, float]:
        """Return the 95 % interval of a measure.

        Parameters
        ----------
        measure : str
            ``roc_auc``, ``pr_auc``, ``log_loss``, ``brier``, ``calibration_intercept``, ``calibration_slope``,
            ``lift_top_tenth``, or ``precision_at_<k>``.

        Raises
        ------
        UnknownNameError
            A measure without an interval.
        """
        ends = {e["measure"]: (e["low"], e["high"]) for e in self._facts["estimates"]}
        if measure not in ends:
            raise UnknownNameError(f"measure {measure!r} has no interval; choose among {sorted(ends)}")
        low, high = ends[measure]
        return (math.nan if low is None else low, math.nan if high is None else high)

    @property
    def precision_at(self) -> dict[int, float]:
        """Share of positives among the k best of n rows, by weight the best k/n; by k."""
        return {int(k): float(v) for k, v in self._facts["precision_at"]}

    @property
    def groups(self) -> pl.DataFrame:
        """Measures by group with 95 % intervals, empty unless ``by`` was given."""
        kinds = {"roc_auc": pl.Float64, "roc_auc_low": pl.Float64, "roc_auc_high": pl.Float64}
        groups = self._facts["groups"]
        return pl.DataFrame(groups, schema_overrides=kinds if groups else None, infer_schema_length=None)

    @property
    def remarks(self) -> list[str]:
        """How the rows were held out, and what else to know."""
        return list(self._facts["remarks"])

    @property
    def verdict(self) -> str:
        """What the measures come to, and what to do, in words."""
        return self._text[self._text.rindex("Verdict: ") :]

    @property
    def advice(self) -> list[str]:
        """What to do, most important first."""
        return list(self._facts["verdict"]["advice"])

    @property
    def checks(self) -> pl.DataFrame:
        """What the verdict rests on.

        One row per check (``ranking``, ``level``, ``spread``, ``top_tenth``): ``measure``, ``value``, the 95 % interval
        ``low`` and ``high``, ``finding`` ("above", "below" or "neutral" to what is right or average, "unknown" where
        data are too few), and ``words``. Leads, or accounts where these are declared, count as independent, but not
        their rows. Deviations of the level below 5 % and of the spread below 0.1 count as neutral.
        """
        kinds = {"value": pl.Float64, "low": pl.Float64, "high": pl.Float64}
        return pl.DataFrame(self._facts["verdict"]["checks"], schema_overrides=kinds)

    def to_polars(self) -> pl.DataFrame:
        """Return the measures: ``measure, value, standard_error, low, high``, the last three where there are some."""
        return self._measures

    def plot(self) -> Any:
        """Return an Altair chart: calibration and lift by tenths, with intervals."""
        return evaluation_chart(self.calibration, self.lift)

    def __repr__(self) -> str:
        return self._text

    def _repr_html_(self) -> str:
        return pre(self._text)


class Comparison:
    """Two scorers on the same rows; made by :meth:`LeadScorer.compare` or :func:`leadlens.metrics.compare`.

    Attributes
    ----------
    rows, positives, clusters : int
        Numbers of rows, and of the leads, accounts or other clusters that count as independent.

    Notes
    -----
    Standard errors are paired: of the sums over clusters of the differences of the influences. Of two AUCs this is the
    test of DeLong et al. (Biometrics 44, 1988), with clusters that of Obuchowski (Biometrics 53, 1997).

    Examples
    --------
    >>> import leadlens as ll
    >>> train, test = ll.datasets.b2b_saas().snapshot(after="31d", horizon="59d").split(0.3, by="group")
    >>> first, second = ll.LeadScorer(C=0.01).fit(train), ll.LeadScorer(C=1.0).fit(train)
    >>> first.compare(second, test).to_polars()["measure"].to_list()[:3]
    ['roc_auc', 'pr_auc', 'log_loss']
    """

    def __init__(self, facts: str, text: str, measures: Any) -> None:
        self._facts: dict[str, Any] = json.loads(facts)
        self._text = text
        self._measures = pl.DataFrame(measures)
        self.rows: int = self._facts["rows"]
        self.positives: int = self._facts["positives"]
        self.clusters: int = self._facts["clusters"]

    @property
    def remarks(self) -> list[str]:
        """How the rows were held out, and what else to know."""
        return list(self._facts["remarks"])

    def to_polars(self) -> pl.DataFrame:
        """Return the measures of both and their differences.

        ``measure, first, second, difference`` (first less second), ``standard_error, difference_low, difference_high,
        p_value``, and ``better``: ``first`` or ``second`` where the interval leaves out 0.
        """
        return self._measures

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self._measures.__arrow_c_stream__(requested_schema)

    def __repr__(self) -> str:
        return self._text

    def _repr_html_(self) -> str:
        return pre(self._text)

"""What an evaluation finds."""

from __future__ import annotations

import json
from typing import Any

import polars as pl

from ._charts import evaluation_chart
from ._display import pre

__all__ = ["Evaluation"]


class Evaluation:
    """How good scores are; made by :meth:`LeadScorer.evaluate` or :func:`leadlens.metrics.evaluate`.

    Attributes
    ----------
    roc_auc, pr_auc, log_loss, brier, ks, gini, ece : float
        Area under the ROC curve, average precision, proper scores, Kolmogorov–Smirnov, 2·AUC − 1, calibration error.
    base_rate, mean_predicted : float
        Observed share of positives and mean prediction.
    rows, positives : int
        Numbers of rows.
    calibration, lift : polars.DataFrame
        Tables by quantile bins, and by tenths.
    verdict : str
        What all this comes to: whether the scores rank, whether probabilities have the right level and spread, whether
        the best tenth is better than average, and what to do.

    Examples
    --------
    >>> import leadlens as ll
    >>> train, test = ll.datasets.b2b_saas().snapshot(after="31d", horizon="59d").split(0.3, by="group")
    >>> scorer = ll.LeadScorer(C=0.01).fit(train)
    >>> scorer.evaluate(test).to_polars().columns[:2]
    ['measure', 'value']
    """

    def __init__(self, facts: str, text: str, calibration: Any, lift: Any) -> None:
        self._facts: dict[str, Any] = json.loads(facts)
        self._text = text
        self.calibration = pl.DataFrame(calibration)
        self.lift = pl.DataFrame(lift)
        self.roc_auc: float = self._facts["roc_auc"]
        self.pr_auc: float = self._facts["pr_auc"]
        self.log_loss: float = self._facts["log_loss"]
        self.brier: float = self._facts["brier"]
        self.ks: float = self._facts["ks"]
        self.gini: float = self._facts["gini"]
        self.ece: float = self._facts["ece"]
        self.base_rate: float = self._facts["base_rate"]
        self.mean_predicted: float = self._facts["mean_predicted"]
        self.rows: int = self._facts["rows"]
        self.positives: int = self._facts["positives"]

    @property
    def precision_at(self) -> dict[int, float]:
        """Share of positives among the k best rows, by k."""
        return {int(k): float(v) for k, v in self._facts["precision_at"]}

    @property
    def groups(self) -> pl.DataFrame:
        """Measures by group, empty unless ``by`` was given."""
        return pl.DataFrame(self._facts["groups"])

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
        """Return the measures as a table of names and values."""
        names = ["rows", "positives", "base_rate", "mean_predicted", "roc_auc", "gini", "pr_auc", "ks"]
        names += ["log_loss", "brier", "brier_base", "ece"]
        return pl.DataFrame({"measure": names, "value": [float(self._facts[n]) for n in names]})

    def plot(self) -> Any:
        """Return an Altair chart: calibration with intervals, and lift by tenths."""
        return evaluation_chart(self.calibration, self.lift)

    def __repr__(self) -> str:
        return self._text

    def _repr_html_(self) -> str:
        return pre(self._text)

"""Two scorers on the same rows."""

from __future__ import annotations

import json
from typing import Any

import polars as pl

from .._display import pre

__all__ = ["Comparison"]


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

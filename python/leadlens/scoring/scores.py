"""Scores of leads."""

from __future__ import annotations

from html import escape

import polars as pl

__all__ = ["Scores"]


class Scores:
    """Scores of leads; made by :meth:`LeadScorer.score`.

    Attributes
    ----------
    title : str
        Which leads :meth:`top` lists: open leads, leads of a test side, or others.
    about : str
        In words: how many leads, when they were looked at, and what the probability is of.

    Examples
    --------
    >>> import leadlens as ll
    >>> train, test = ll.datasets.b2b_saas().snapshot(after="31d", horizon="59d").split(0.3, by="group")
    >>> scorer = ll.LeadScorer(C=0.01).fit(train)
    >>> len(scorer.score(test).top(3))
    3
    """

    def __init__(self, frame: pl.DataFrame, title: str, about: str) -> None:
        self._frame = frame
        self.title = title
        self.about = about

    def to_polars(self) -> pl.DataFrame:
        """Return the scores as a table.

        Examples
        --------
        >>> import leadlens as ll
        >>> train, test = ll.datasets.b2b_saas().snapshot(after="31d", horizon="59d").split(0.3, by="group")
        >>> scorer = ll.LeadScorer(C=0.01).fit(train)
        >>> scorer.score(test).to_polars().height == len(test)
        True
        """
        return self._frame

    def top(self, n: int = 10) -> pl.DataFrame:
        """Return the ``n`` leads with the highest probability; ties by lead id.

        A lead with several rows is listed as it was last seen. To list open leads, score a snapshot as of the end of
        observation: rows of other snapshots are of leads that may be closed by now, as :attr:`about` says.

        Examples
        --------
        >>> import leadlens as ll
        >>> journeys = ll.datasets.b2b_saas()
        >>> scorer = ll.LeadScorer(C=0.01).fit(journeys.snapshot(every="7d", horizon="14d"))
        >>> scores = scorer.score(journeys.snapshot(as_of="2024-04-29"), allow_extrapolation=True)
        >>> scores.title, scores.top(2).height
        ('Best open leads', 2)
        """
        latest = self._frame.filter(pl.col("as_of").eq_missing(pl.col("as_of").max().over("lead_id")))
        return latest.sort(["probability", "lead_id"], descending=[True, False]).head(n)

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self._frame.__arrow_c_stream__(requested_schema)

    def __len__(self) -> int:
        return self._frame.height

    def __repr__(self) -> str:
        return f"Scores of {self.about}\n{self._frame!r}"

    def _repr_html_(self) -> str:
        return f"<p>Scores of {escape(self.about)}</p>{self._frame._repr_html_()}"

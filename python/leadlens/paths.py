"""Paths: sessions, transitions, ways to won and to lost, loops."""

from __future__ import annotations

from typing import Any

import polars as pl

from ._charts import step_chart, transition_chart
from ._display import Shown

__all__ = ["Paths"]


class Paths(Shown):
    """The ways that leads (or sessions) take; made by :meth:`Journeys.paths`.

    Examples
    --------
    >>> import leadlens as ll
    >>> p = ll.datasets.b2b_saas().paths(length=3)
    >>> p.to_polars().columns
    ['path', 'paths', 'won', 'lost', 'open', 'share', 'won_share']
    """

    def to_polars(self) -> pl.DataFrame:
        """Return the most frequent ways to the end: the last places, and how many were won, lost, are open.

        Examples
        --------
        >>> import leadlens as ll
        >>> p = ll.datasets.b2b_saas().paths(length=3)
        >>> p.to_polars().height > 0
        True
        """
        return self._tables["ways"]

    def transitions(self) -> pl.DataFrame:
        """Return how often leads went from place to place, with probabilities and times in days.

        ``(entry)`` comes before the first place; ``(won)``, ``(lost)``, ``(open)``, of sessions ``(exit)``, after the
        last.

        Examples
        --------
        >>> import leadlens as ll
        >>> p = ll.datasets.b2b_saas().paths(length=3)
        >>> p.transitions().columns[:4]
        ['from', 'to', 'count', 'probability']
        """
        return self._tables["transitions"]

    def matrix(self) -> pl.DataFrame:
        """Return the probabilities of transitions as a matrix: one row per place, one column per next place.

        Examples
        --------
        >>> import leadlens as ll
        >>> p = ll.datasets.b2b_saas().paths(length=3)
        >>> p.matrix().columns[:2]
        ['from', 'content_download']
        """
        table = self._tables["transitions"].rename({"from": "\0from"})
        wide = table.pivot("to", index="\0from", values="probability", aggregate_function="first").fill_null(0.0)
        return wide.rename({"\0from": "from" if "from" not in wide.columns else "(from)"})

    def steps(self) -> pl.DataFrame:
        """Return where paths are at each step from their start; ``(ended)`` for those that are over.

        Examples
        --------
        >>> import leadlens as ll
        >>> p = ll.datasets.b2b_saas().paths(length=3)
        >>> p.steps().columns
        ['step', 'place', 'count', 'share']
        """
        return self._tables["steps"]

    def loops(self) -> pl.DataFrame:
        """Return repeats of a place in a row, and ways there and back, with the share of their paths that was won.

        Examples
        --------
        >>> import leadlens as ll
        >>> p = ll.datasets.b2b_saas().paths(length=3)
        >>> p.loops().columns
        ['loop', 'count', 'paths', 'won', 'won_share']
        """
        return self._tables["loops"]

    @property
    def facts(self) -> dict[str, Any]:
        """Number of paths, of different ways, and facts of sessions."""
        return self._facts

    def plot(self) -> Any:
        """Return an Altair chart: a heat map of the probabilities of transitions.

        Examples
        --------
        >>> import leadlens as ll
        >>> p = ll.datasets.b2b_saas().paths(length=3)
        >>> type(p.plot()).__name__
        'LayerChart'
        """
        return transition_chart(self._tables["transitions"])

    def plot_steps(self) -> Any:
        """Return an Altair chart: the share of paths at each place, step by step.

        Examples
        --------
        >>> import leadlens as ll
        >>> p = ll.datasets.b2b_saas().paths(length=3)
        >>> type(p.plot_steps()).__name__
        'Chart'
        """
        return step_chart(self._tables["steps"])

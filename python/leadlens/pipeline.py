"""The stage funnel: how leads move through the pipeline."""

from __future__ import annotations

from typing import Any, Literal

import polars as pl

from ._charts import flow_chart, stage_chart
from ._display import Shown
from .breakdown import by_name

__all__ = ["StageFunnel"]


class StageFunnel(Shown):
    """How leads move through the pipeline; made by :meth:`Journeys.stage_funnel`.

    Examples
    --------
    >>> import leadlens as ll
    >>> s = ll.datasets.b2b_saas().stage_funnel(pipeline=["lead", "sql", "closed_won"])
    >>> s.to_polars().select("stage", "reached").row(0)
    ('lead', 5000)
    """

    _view: Literal["cohort", "flow"] = "cohort"

    def to_polars(self) -> pl.DataFrame:
        """Return one row per stage and group; with ``view="flow"`` one per group, period and stage.

        Rows of all leads come first, with ``(all)`` as their ``group``; those of the values of ``by`` follow and add up
        to them. The other tables have the same column.

        In the cohort view ``reached`` = ``moved_on`` + ``lost`` + ``recycled`` + ``open`` + ``won`` = ``entered`` +
        ``skipped``; ``recycled`` are cycles that ended because the lead started again (``recycle_after``).
        In the flow view ``stock`` is what entered until then less what left.

        Examples
        --------
        >>> import leadlens as ll
        >>> s = ll.datasets.b2b_saas().stage_funnel(pipeline=["lead", "sql", "closed_won"])
        >>> s.to_polars().columns[:5]
        ['group', 'stage', 'reached', 'entered', 'skipped']
        """
        return self._tables["flow" if self._view == "flow" else "stages"]

    def summary(self) -> pl.DataFrame:
        """Return win rate, value won and velocity, one row for all leads and one per value of ``by``.

        ``opportunities`` are the cycles that reached the stage ``opportunity``; all ``cycles`` if it was not given.
        They are ``won``, ``lost`` or ``open`` at the end of observation (or when ``window`` is over), or started again
        while they were open. ``open_now`` are those open at the end of observation whatever ``window`` says, too young
        ones included; velocity counts them. ``win_rate_of`` says what the rate is of: closed opportunities, or all of
        them if no stage means lost. ``value`` and ``mean_value`` are of the ``values_known`` wins whose amount is
        known; ``days_to_win`` is the mean of the ``days_known`` wins that did not skip that stage.

        Examples
        --------
        >>> import leadlens as ll
        >>> s = ll.datasets.b2b_saas().stage_funnel(pipeline=["lead", "sql", "closed_won"])
        >>> s.summary()["win_rate_of"].to_list()
        ['closed leads']
        """
        return self._tables["summary"]

    def cohorts(self) -> pl.DataFrame:
        """Return the stages by period of start; those that are not ``mature`` have rates that will grow.

        A period is mature when none of its cycles is open; with ``window``, when none is left out as too young.

        Examples
        --------
        >>> import leadlens as ll
        >>> s = ll.datasets.b2b_saas().stage_funnel(pipeline=["lead", "sql", "closed_won"])
        >>> s.cohorts().columns[:5]
        ['group', 'period', 'cycles', 'cycles_open', 'immature']
        """
        return self._tables["cohorts"]

    def flow(self) -> pl.DataFrame:
        """Return what happened at each stage in each period, and how many were in it at its end.

        Examples
        --------
        >>> import leadlens as ll
        >>> s = ll.datasets.b2b_saas().stage_funnel(pipeline=["lead", "sql", "closed_won"])
        >>> s.flow().columns
        ['group', 'period', 'stage', 'entered', 'moved_on', 'moved_back', 'lost', 'recycled', 'stock']
        """
        return self._tables["flow"]

    def wins(self) -> pl.DataFrame:
        """Return won, lost, win rate (won of won and lost) and value by period of closing.

        As in :meth:`summary`, they are of cycles that reached the stage ``opportunity``, if it was given;
        ``win_rate_of`` says so.

        Examples
        --------
        >>> import leadlens as ll
        >>> s = ll.datasets.b2b_saas().stage_funnel(pipeline=["lead", "sql", "closed_won"])
        >>> s.wins().columns
        ['group', 'period', 'won', 'lost', 'win_rate', 'win_rate_low', 'win_rate_high', 'win_rate_of', 'value']
        """
        return self._tables["wins"]

    def times(self) -> pl.DataFrame:
        """Return time in each stage in days; visits that go on are taken as such (Kaplan–Meier).

        Examples
        --------
        >>> import leadlens as ll
        >>> s = ll.datasets.b2b_saas().stage_funnel(pipeline=["lead", "sql", "closed_won"])
        >>> s.times()["stage"].to_list()
        ['lead', 'sql', 'closed_won']
        """
        return self._tables["times"]

    @property
    def velocity(self) -> dict[str, Any]:
        """Opportunities open now × win rate × mean value / days to the win, and its parts.

        :meth:`summary` has them by group.
        """
        parts = self._facts["all"]["velocity"]
        velocity: dict[str, Any] = {k: v for k, v in parts.items() if k != "win_rate_interval"}
        return velocity | {"win_rate_of": self._facts["win_rate_of"]}

    @property
    def facts(self) -> dict[str, Any]:
        """Leads and cycles counted, left out and of note, what win rates are of, and what was asked for."""
        kept = {k: v for k, v in self._facts.items() if k not in ("all", "groups")}
        return kept | {"cycles": self._facts["all"]["cycles"]}

    def plot(self) -> Any:
        """Return an Altair chart: bars per stage of what went on, is open, was lost; or the flow over time.

        Examples
        --------
        >>> import leadlens as ll
        >>> s = ll.datasets.b2b_saas().stage_funnel(pipeline=["lead", "sql", "closed_won"])
        >>> type(s.plot()).__name__
        'LayerChart'
        """
        if self._view == "flow":
            return flow_chart(self._tables["flow"], by_name(self._facts["spec"]["by"]))
        return stage_chart(self._tables["stages"], by_name(self._facts["spec"]["by"]))

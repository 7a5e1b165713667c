"""The stage funnel: how leads move through the pipeline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import polars as pl

from .. import _core
from ..errors import OptionError
from ..query.breakdown import By, breakdown, conditions
from ..tables.encode import names, omit_none
from .result import Result
from .stage_charts import flow_chart, stage_chart

__all__ = ["StageFunnel"]


class StageFunnel(Result):
    """Progress of leads through the stages of the pipeline; returned by :meth:`Journeys.stage_funnel`.

    Every table has the rows of all leads first, with ``group`` = ``(all)``. With ``by``, the rows of the groups follow
    and add up to them.

    See Also
    --------
    Journeys.stage_funnel : Compute a stage funnel; documents how cycles are counted.
    Funnel : Conversion along any sequence of events and stages.

    Examples
    --------
    >>> import leadlens as ll
    >>> s = ll.datasets.b2b_saas().stage_funnel(pipeline=["lead", "sql", "closed_won"])
    >>> s.to_polars().select("stage", "reached").row(0)
    ('lead', 5000)
    """

    _view: Literal["cohort", "flow"] = "cohort"

    def to_polars(self) -> pl.DataFrame:
        """Return counts and conversion rates by stage; with ``view="flow"``, the table of :meth:`flow`.

        Returns
        -------
        polars.DataFrame
            One row per group and stage.

            - ``group`` (String): value of ``by``; ``(all)`` for all leads.
            - ``stage`` (String): name of the stage.
            - ``reached`` (UInt64): cycles that entered the stage or a later one; ``entered`` + ``skipped``, and also
              ``moved_on`` + ``lost`` + ``recycled`` + ``open`` + ``won``.
            - ``entered``, ``skipped`` (UInt64): cycles that entered the stage, and cycles that entered a later one
              without it.
            - ``moved_on`` (UInt64): cycles that entered a later stage.
            - ``lost``, ``recycled``, ``open``, ``won`` (UInt64): cycles that went no further, by how they ended:
              lost, started again (``recycle_after``), still open, won.
            - ``of_first``, ``of_first_low``, ``of_first_high`` (Float64): share of the cycles of the first stage, from
              0 to 1, with its 95 % interval.
            - ``of_previous``, ``of_previous_low``, ``of_previous_high`` (Float64): share of the cycles of the stage
              before, with its 95 % interval.

        See Also
        --------
        StageFunnel.cohorts : The same by period of start.
        StageFunnel.summary : Win rate, value and velocity.

        Examples
        --------
        >>> import leadlens as ll
        >>> s = ll.datasets.b2b_saas().stage_funnel(pipeline=["lead", "sql", "closed_won"])
        >>> s.to_polars().columns[:5]
        ['group', 'stage', 'reached', 'entered', 'skipped']
        """
        return self._table("flow" if self._view == "flow" else "stages")

    def summary(self) -> pl.DataFrame:
        """Return win rate, value won and velocity.

        Returns
        -------
        polars.DataFrame
            One row per group.

            - ``group`` (String): value of ``by``; ``(all)`` for all leads.
            - ``cycles`` (UInt64): cycles counted.
            - ``opportunities`` (UInt64): cycles that reached the stage ``opportunity``; all cycles if it was not given.
            - ``won``, ``lost``, ``open`` (UInt64): opportunities by their state at the end of observation or of the
              ``window``. Opportunities that started again while they were open are in none of them.
            - ``open_now`` (UInt64): opportunities open at the end of observation, regardless of ``window``.
            - ``win_rate``, ``win_rate_low``, ``win_rate_high`` (Float64): share won, from 0 to 1, with its 95 %
              interval.
            - ``win_rate_of`` (String): what the rate is a share of: closed opportunities, or all of them if no stage
              means lost.
            - ``value`` (Float64): sum of the known amounts of the wins.
            - ``values_known`` (UInt64): wins with a known amount.
            - ``mean_value`` (Float64): ``value`` / ``values_known``.
            - ``days_known`` (UInt64): wins that did not skip the stage ``opportunity``.
            - ``days_to_win`` (Float64): their mean time from that stage to the win, in days.
            - ``value_per_day`` (Float64): velocity, ``open_now`` × ``win_rate`` × ``mean_value`` / ``days_to_win``.

        See Also
        --------
        StageFunnel.velocity : Velocity of all leads and its parts.
        StageFunnel.wins : Win rate by period of closing.

        Examples
        --------
        >>> import leadlens as ll
        >>> s = ll.datasets.b2b_saas().stage_funnel(pipeline=["lead", "sql", "closed_won"])
        >>> s.summary()["win_rate_of"].to_list()
        ['closed leads']
        """
        return self._table("summary")

    def cohorts(self) -> pl.DataFrame:
        """Return counts and conversion rates by stage and period of start.

        Returns
        -------
        polars.DataFrame
            One row per group, period and stage.

            - ``group`` (String): value of ``by``; ``(all)`` for all leads.
            - ``period`` (Date): first day of the period in which the cycles started.
            - ``cycles``, ``cycles_open`` (UInt64): cycles of the period, and how many are open.
            - ``immature``, ``before_outcomes`` (UInt64): cycles of the period that are left out because their window
              had not ended, or because they started before ``outcomes_from``.
            - ``mature`` (Boolean): whether the rates are final: no cycle is open or, with ``window``, no cycle is left
              out as immature.
            - ``stage`` (String): name of the stage.
            - ``reached`` (UInt64): cycles that entered the stage or a later one; ``entered`` + ``skipped``, and also
              ``moved_on`` + ``lost`` + ``recycled`` + ``open`` + ``won``.
            - ``entered``, ``skipped`` (UInt64): cycles that entered the stage, and cycles that entered a later one
              without it.
            - ``moved_on`` (UInt64): cycles that entered a later stage.
            - ``lost``, ``recycled``, ``open``, ``won`` (UInt64): cycles that went no further, by how they ended:
              lost, started again (``recycle_after``), still open, won.
            - ``of_first``, ``of_first_low``, ``of_first_high`` (Float64): share of the cycles of the first stage, from
              0 to 1, with its 95 % interval.
            - ``of_previous``, ``of_previous_low``, ``of_previous_high`` (Float64): share of the cycles of the stage
              before, with its 95 % interval.

        See Also
        --------
        StageFunnel.flow : Moves by the period in which they happened.

        Examples
        --------
        >>> import leadlens as ll
        >>> s = ll.datasets.b2b_saas().stage_funnel(pipeline=["lead", "sql", "closed_won"])
        >>> s.cohorts().columns[:5]
        ['group', 'period', 'cycles', 'cycles_open', 'immature']
        """
        return self._table("cohorts")

    def flow(self) -> pl.DataFrame:
        """Return the moves into and out of each stage by calendar period.

        Returns
        -------
        polars.DataFrame
            One row per group, period and stage.

            - ``group`` (String): value of ``by``; ``(all)`` for all leads.
            - ``period`` (Date): first day of the period.
            - ``stage`` (String): name of the stage.
            - ``entered`` (UInt64): visits that began in the period.
            - ``moved_on``, ``moved_back``, ``lost``, ``recycled`` (UInt64): visits that ended in the period, by how.
            - ``stock`` (UInt64): cycles in the stage at the end of the period.

        See Also
        --------
        StageFunnel.cohorts : Stages by period of start.

        Examples
        --------
        >>> import leadlens as ll
        >>> s = ll.datasets.b2b_saas().stage_funnel(pipeline=["lead", "sql", "closed_won"])
        >>> s.flow().columns
        ['group', 'period', 'stage', 'entered', 'moved_on', 'moved_back', 'lost', 'recycled', 'stock']
        """
        return self._table("flow")

    def wins(self) -> pl.DataFrame:
        """Return wins, losses, win rate and value by period of closing.

        Returns
        -------
        polars.DataFrame
            One row per group and period.

            - ``group`` (String): value of ``by``; ``(all)`` for all leads.
            - ``period`` (Date): first day of the period in which the cycles were closed.
            - ``won``, ``lost`` (UInt64): cycles won and lost that had reached the stage ``opportunity``, if it was
              given.
            - ``win_rate``, ``win_rate_low``, ``win_rate_high`` (Float64): ``won`` / (``won`` + ``lost``), with its 95 %
              interval.
            - ``win_rate_of`` (String): what the rate is a share of.
            - ``value`` (Float64): sum of the known amounts of the wins.

        See Also
        --------
        StageFunnel.summary : The same over all periods.

        Examples
        --------
        >>> import leadlens as ll
        >>> s = ll.datasets.b2b_saas().stage_funnel(pipeline=["lead", "sql", "closed_won"])
        >>> s.wins().columns[:5]
        ['group', 'period', 'won', 'lost', 'win_rate']
        """
        return self._table("wins")

    def times(self) -> pl.DataFrame:
        """Return the time spent in each stage.

        Returns
        -------
        polars.DataFrame
            One row per group and stage.

            - ``group`` (String): value of ``by``; ``(all)`` for all leads.
            - ``stage`` (String): name of the stage.
            - ``visits``, ``still_in`` (UInt64): visits, and how many have not ended.
            - ``quarter_days``, ``median_days`` (Float64): age in days by which a quarter and half of the visits had
              ended, by Kaplan–Meier.
            - ``median_days_low``, ``median_days_high`` (Float64): 95 % interval of ``median_days``.
            - ``three_quarters_days`` (Float64): age in days by which three quarters had ended.
            - ``mean_of_left``, ``p90_of_left`` (Float64): mean and 90 % quantile of the visits that have ended, in
              days.

        See Also
        --------
        Journeys.time_to : Time from creation to an event.

        Examples
        --------
        >>> import leadlens as ll
        >>> s = ll.datasets.b2b_saas().stage_funnel(pipeline=["lead", "sql", "closed_won"])
        >>> s.times()["stage"].to_list()
        ['lead', 'sql', 'closed_won']
        """
        return self._table("times")

    @property
    def velocity(self) -> dict[str, Any]:
        """Velocity of all leads and its parts: open opportunities × win rate × mean value / days to the win.

        :meth:`summary` has them by group.
        """
        parts = self._facts["all"]["velocity"]
        velocity: dict[str, Any] = {k: v for k, v in parts.items() if k != "win_rate_interval"}
        return velocity | {"win_rate_of": self._facts["win_rate_of"]}

    @property
    def facts(self) -> dict[str, Any]:
        """Counts of leads and cycles, those left out included."""
        return super().facts | {"cycles": self._facts["all"]["cycles"]}

    def plot(self) -> Any:
        """Plot the cycles at each stage by what became of them; with ``view="flow"``, the stock over time.

        Returns
        -------
        altair.LayerChart, altair.Chart or altair.FacetChart
            Bars in cycles, with their number and the share of the first stage in percent; with ``view="flow"``, lines
            in cycles. With ``by``, one panel for each of the eight groups with most cycles, on one scale: the bars are
            then shares of the first stage of the group. A sentence without cycles.

        Raises
        ------
        MissingPackageError
            altair is not installed.

        See Also
        --------
        StageFunnel.to_polars : Table behind the chart.

        Examples
        --------
        >>> import leadlens as ll
        >>> s = ll.datasets.b2b_saas().stage_funnel(pipeline=["lead", "sql", "closed_won"])
        >>> type(s.plot()).__name__
        'LayerChart'
        """
        if self._view == "flow":
            return flow_chart(self._table("flow"), self.spec, self.facts["cycles"])
        return stage_chart(self._table("stages"), self.spec)


class StageFunnelMethod:
    """The method :meth:`Journeys.stage_funnel`."""

    _core: _core.Journeys

    def stage_funnel(
        self,
        *,
        pipeline: Sequence[str] = (),
        by: By | None = None,
        where: Mapping[str, Any] | None = None,
        period: Literal["day", "week", "month", "quarter", "year"] = "month",
        view: Literal["cohort", "flow"] = "cohort",
        recycle_after: str | None = None,
        window: str | None = None,
        opportunity: str | None = None,
    ) -> StageFunnel:
        """Count how leads move through the pipeline: reached, skipped, lost, open, time in stage, win rate, velocity.

        A lead passes through the pipeline in a cycle, or in several with ``recycle_after``. A cycle reaches a stage
        when it enters the stage or a later one. Cycles that started before ``outcomes_from``, and leads that were
        closed before the creation that is the first stage, are left out and counted.

        Parameters
        ----------
        pipeline : sequence of str, optional
            Stages or event kinds, first to last. By default the ``pipeline`` of the journeys. As the first stage,
            ``"created"`` means creation, and so does ``"lead"`` unless a stage has that name. If an event or a stage is
            called "created", write ``"source:created"`` or ``"stage:created"`` for it.
        by : str, Bins, or list of them, optional
            Lead fields to break down by.
        where : mapping, optional
            Conditions on lead fields, as in :meth:`Journeys.funnel`.
        period : {"day", "week", "month", "quarter", "year"}, default "month"
            Calendar period of cohorts and of the flow.
        view : {"cohort", "flow"}, default "cohort"
            What :meth:`StageFunnel.to_polars` and :meth:`StageFunnel.plot` show: cycles by stage, or moves by period.
        recycle_after : str, optional
            Silence such as ``"90d"`` after which a lead starts a new cycle when it enters a stage at or before the one
            it was in, or any stage after it was closed. By default a lead has one cycle.
        window : str, optional
            Longest time from the start of a cycle, inclusive; what happens later does not count. Cycles whose window
            had not ended are left out and counted. If one of the two times is a whole day, the window is counted in
            calendar days.
        opportunity : str, optional
            Stage that makes a cycle an opportunity, for win rate and velocity. By default every cycle is one.

        Returns
        -------
        StageFunnel
            Tables by stage, cohort and period, times and velocity.

        Raises
        ------
        UnknownNameError
            The data has no such stage or field.
        OptionError
            No pipeline is given and the journeys have none, or another wrong value.

        See Also
        --------
        Journeys.funnel : Conversion along any sequence of events and stages.
        Journeys.time_to : Time to an event with competing losses.

        Notes
        -----
        A move to an earlier stage is counted as a regression; what was reached stays reached. A stage entered after a
        loss re-opens the cycle. The first win of a cycle ends it. A lead is lost when all its deals are closed and the
        last was lost. Rows that repeat the stage of a deal are edits; without ``Stages(deal=…)`` all rows of a lead are
        one deal. Entries at one instant follow ``order`` of their table, then the pipeline. Stages before a creation
        that is the first stage are entered at creation.

        Intervals of rates are Wilson's, those of times in stage by jackknife. Both are clustered by account where the
        leads name accounts, and by lead if a lead has several cycles or visits.

        References
        ----------
        E. Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22, 1927. E. Kaplan,
        P. Meier, "Nonparametric estimation from incomplete observations", JASA 53, 1958.

        Examples
        --------
        >>> import leadlens as ll
        >>> f = ll.datasets.b2b_saas().stage_funnel(pipeline=["lead", "sql", "closed_won"])
        >>> f.to_polars()["reached"].to_list()
        [5000, 4641, 1049]
        """
        spec = {
            "pipeline": names(pipeline, "pipeline"),
            "by": breakdown(by),
            "where": conditions(where),
            "period": period,
            "recycle_after": recycle_after,
            "window": window,
            "opportunity": opportunity,
        }
        if view not in ("cohort", "flow"):
            raise OptionError(f"view: must be 'cohort' or 'flow', got {view!r}")
        funnel: StageFunnel = StageFunnel._of(_core.stage_funnel, self._core, omit_none(spec))
        funnel._view = view
        return funnel

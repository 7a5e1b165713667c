"""The stage funnel: how leads move through the pipeline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import polars as pl

from .. import _core
from .._charts import BLUE, GREY, RED, part_of, periods_axis
from ..errors import OptionError
from ..query.breakdown import By, breakdown, by_name, conditions
from ..tables.encode import names, omit_none
from .result import Result

__all__ = ["StageFunnel"]


class StageFunnel(Result):
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


class StageFunnelMethod:
    """The method of journeys."""

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
        """Count how leads move through the pipeline: reached, skipped, lost, open; time in stage; win rate; velocity.

        A cycle reaches a stage when it enters it or a later one; skipped stages count as reached, with a count. Going
        back is a regression; what was reached stays reached. A stage entered after a loss re-opens the cycle, or starts
        a new one after ``recycle_after``, which ends the one before. The first win of a cycle ends it, whatever other
        deals are open; a lead is lost when all its deals are closed and the last was lost. Entries of one instant
        follow ``order`` of their table, then the pipeline; an entry of another deal that is not so far moves nothing. A
        pipeline that starts with creation starts there: stages entered before are entered then. Cycles that started
        before ``outcomes_from``, and leads closed before the creation that is the first stage, are left out and
        counted. Where the leads name accounts, intervals of rates and of times in stage are clustered by them; else
        cycles and visits of one lead are clustered by lead.

        Parameters
        ----------
        pipeline : sequence of str, optional
            Stages (or event kinds), first to last; by default those of the journeys. ``"created"`` as the first means
            creation, as does ``"lead"`` unless a stage is called so. An event of that name is ``"source:created"``, a
            stage ``"stage:created"``; if there is one, ``"created"`` is an error.
        by : str, Bins, or list of them, optional
            Lead fields to break down by: every table has rows for each group, which add up to all.
        where : mapping, optional
            Leads that count, as in :meth:`funnel`.
        period : {"day", "week", "month", "quarter", "year"}
            Calendar period of cohorts and of the flow.
        view : {"cohort", "flow"}
            What :meth:`StageFunnel.to_polars` and ``plot`` show: cycles by start, or what happened in each period.
        recycle_after : str, optional
            A lead that enters a stage at or before where it was, or any after closing, so long after its last starts a
            new cycle; never by default. Rows that repeat the stage of a deal are edits of it, not entries; without
            ``Stages(deal=…)`` all rows of a lead are one deal.
        window : str, optional
            Only what happens within this time of a cycle's start counts; younger cycles are left out and counted. Where
            one of the two times is a whole day, it is so many calendar days (inclusive).
        opportunity : str, optional
            Stage that makes an opportunity: win rate and velocity are of leads that reached it; by default of all.

        Raises
        ------
        UnknownNameError
            A stage or field is not in the data.
        OptionError
            The journeys have no pipeline and none is given.

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
            raise OptionError(f"view: {view!r} is neither 'cohort' nor 'flow'")
        funnel: StageFunnel = StageFunnel._of(_core.stage_funnel, self._core, omit_none(spec))
        funnel._view = view
        return funnel


def stage_chart(table: pl.DataFrame, by: str | None) -> Any:
    """Return bars per stage: cycles that moved on or were won, that are open there, that were lost there."""
    import altair as alt

    stages = table["stage"].unique(maintain_order=True).to_list()
    every = [g for g in table["group"].unique(maintain_order=True).to_list() if g != "(all)"]
    groups = every[:8]
    if by is not None and groups:
        table = table.filter(pl.col("group").is_in(groups))
    parts = {
        "went on": pl.col("moved_on") + pl.col("won"),
        "open here": pl.col("open"),
        "lost here, or started again": pl.col("lost") + pl.col("recycled"),
    }
    keys = ["group", "stage", "reached", "of_first", "of_previous"]
    layer = [
        table.select(*keys, part=pl.lit(name), cycles=count, rank=pl.lit(i))
        for i, (name, count) in enumerate(parts.items())
    ]
    data = pl.concat(layer)
    colors = alt.Scale(domain=list(parts), range=[BLUE, GREY, RED])
    base = alt.Chart(data).encode(y=alt.Y("stage:N", sort=stages, title=None))
    tooltip = ["stage", "part", "cycles", "reached", alt.Tooltip("of_previous:Q", format=".1%")]
    bars = base.mark_bar().encode(
        x=alt.X("cycles:Q", title="cycles" if by is None else "cycles; each panel has a scale of its own"),
        color=alt.Color("part:N", scale=colors, title=None, legend=alt.Legend(orient="bottom")),
        order=alt.Order("rank:Q"),
        tooltip=tooltip,
    )
    once = base.transform_filter("datum.rank == 0").transform_calculate(
        label="format(datum.reached, ',') + '  (' + format(datum.of_first, '.1%') + ')'"
    )
    labels = once.mark_text(align="left", dx=6).encode(x="reached:Q", text="label:N")
    chart = alt.layer(bars, labels).properties(width=420, height=alt.Step(26))
    if by is None or not groups:
        return chart
    header = alt.Header(labelAngle=0, labelAlign="left", labelLimit=300)
    note = part_of(groups, every, f"groups of {by}, those with most cycles")
    panels = chart.facet(row=alt.Row("group:N", title=by, sort=groups, header=header), **note)
    return panels.resolve_scale(x="independent")


def flow_chart(table: pl.DataFrame, by: str | None) -> Any:
    """Return cycles in each stage at the end of each period; one panel per value of a breakdown."""
    import altair as alt

    stages = table["stage"].unique(maintain_order=True).to_list()
    every = [g for g in table["group"].unique(maintain_order=True).to_list() if g != "(all)"]
    groups = every[:8] or ["(all)"]
    table, x = periods_axis(table.filter(pl.col("group").is_in(groups)), "period")
    chart = alt.Chart(table.filter(~pl.col("stage").is_in(stages[-1:]))).mark_line(point=True)
    chart = chart.encode(
        x=x,
        # A panel is too low for the long title.
        y=alt.Y("stock:Q", title="in the stage at the end of the period" if not every else "in the stage"),
        color=alt.Color("stage:N", sort=stages, title=None),
        tooltip=["group", "period", "stage", "entered", "moved_on", "moved_back", "lost", "stock"],
    )
    if by is None or not every:
        return chart.properties(width=520, height=280)
    header = alt.Header(labelAngle=0, labelAlign="left", labelLimit=300)
    note = part_of(groups, every, f"groups of {by}, those with most cycles")
    row = alt.Row("group:N", title=by, sort=groups, header=header)
    return chart.properties(width=520, height=110).facet(row=row, **note).resolve_scale(y="independent")

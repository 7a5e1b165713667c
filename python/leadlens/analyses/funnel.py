"""Funnels: how many leads get how far."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import polars as pl

from .. import _core
from .._progress import progress
from ..errors import OptionError
from ..query.breakdown import By, breakdown, conditions
from ..query.step import Exclusion, Step, encode_funnel
from ..tables.encode import names, omit_none
from .funnel_charts import funnel_chart, funnel_trend_chart
from .result import Result

__all__ = ["Funnel"]


class Funnel(Result):
    """Counts and conversion rates by step; returned by :meth:`Journeys.funnel`.

    See Also
    --------
    Journeys.funnel : Compute a funnel; documents how leads are counted.
    Journeys.drivers : Compare leads that go on with leads that drop off.
    StageFunnel : Progress through the stages of the sales pipeline.

    Examples
    --------
    >>> import leadlens as ll
    >>> f = ll.datasets.b2b_saas().funnel(["created", "sql", "closed_won"], window="60d")
    >>> f.steps.rows()
    [('created', 5000), ('sql', 4629), ('closed_won', 402)]
    """

    def to_polars(self) -> pl.DataFrame:
        """Return counts, conversion rates and median times by step.

        Returns
        -------
        polars.DataFrame
            One row per step. With ``by``, one row per group and step, and ``(all)`` for all leads.

            - ``group`` (String): value of the breakdown. Only with ``by``.
            - ``step`` (String): name of the step.
            - ``leads`` (UInt64): leads that reached the step; attempts with ``entry="totals"``.
            - ``of_first``, ``of_first_low``, ``of_first_high`` (Float64): share of the leads of step 1, from 0 to 1,
              with its 95 % interval.
            - ``of_previous``, ``of_previous_low``, ``of_previous_high`` (Float64): share of the leads of the step
              before, with its 95 % interval.
            - ``median_days``, ``median_days_from_first`` (Float64): median time since the step before and since step 1,
              in days; null for step 1. Absent with ``times=False``.

        See Also
        --------
        Funnel.times : Means and quantiles of the times.
        Funnel.trend : The funnel by period of entry.

        Examples
        --------
        >>> import leadlens as ll
        >>> f = ll.datasets.b2b_saas().funnel(["created", "sql", "closed_won"], window="60d")
        >>> f.to_polars().select("step", "leads").rows()
        [('created', 5000), ('sql', 4629), ('closed_won', 402)]
        """
        return self._table("steps")

    @property
    def steps(self) -> pl.DataFrame:
        """The number of leads at each step, over all groups.

        Returns
        -------
        polars.DataFrame
            One row per step.

            - ``step`` (String): name of the step.
            - ``leads`` (UInt64): leads that reached the step; attempts with ``entry="totals"``.

        See Also
        --------
        Funnel.to_polars : Conversion rates, intervals and times as well.

        Examples
        --------
        >>> import leadlens as ll
        >>> f = ll.datasets.b2b_saas().funnel(["created", "sql", "closed_won"], window="60d")
        >>> f.steps["leads"].to_list()
        [5000, 4629, 402]
        """
        rows = [(step["step"], step["leads"]) for step in self._facts["steps"]]
        return pl.DataFrame(rows, schema={"step": pl.String, "leads": pl.UInt64}, orient="row")

    def times(self) -> pl.DataFrame:
        """Return the distribution of the time from step to step.

        Returns
        -------
        polars.DataFrame
            Two rows per step from the second on, and per group with ``by``.

            - ``group`` (String): value of the breakdown. Only with ``by``.
            - ``step`` (String): name of the step.
            - ``since`` (String): ``previous`` for the time since the step before, ``first`` since step 1.
            - ``n`` (UInt64): number of times.
            - ``mean``, ``p10``, ``p25``, ``median``, ``p75``, ``p90`` (Float64): mean and quantiles, in days.

        See Also
        --------
        Journeys.time_to : Time to an event with leads that are still open taken into account.

        Examples
        --------
        >>> import leadlens as ll
        >>> f = ll.datasets.b2b_saas().funnel(["created", "sql", "closed_won"], window="60d")
        >>> f.times().columns[:4]
        ['step', 'since', 'n', 'mean']
        """
        return self._table("times")

    def trend(self) -> pl.DataFrame:
        """Return the funnel by calendar period of entry.

        The entrants of all periods add up to those of the funnel.

        Returns
        -------
        polars.DataFrame
            One row per period and step, and per group with ``by``.

            - ``group`` (String): value of the breakdown. Only with ``by``.
            - ``period`` (Date): first day of the period in which the leads entered.
            - ``step`` (String): name of the step.
            - ``leads`` (UInt64): leads of the period that reached the step.
            - ``of_first``, ``of_first_low``, ``of_first_high`` (Float64): share of the entrants of the period, from 0
              to 1, with its 95 % interval.
            - ``immature`` (UInt64): entrants of the period that are left out because their window had not ended.
            - ``before_outcomes`` (UInt64): entrants of the period that are left out because they entered before
              ``outcomes_from``. A period with either count above 0 is incomplete.

        Raises
        ------
        OptionError
            The funnel was computed without ``period``.

        See Also
        --------
        Funnel.plot_trend : Chart of this table.
        StageFunnel.cohorts : Stages of the pipeline by period of start.

        Examples
        --------
        >>> import leadlens as ll
        >>> f = ll.datasets.b2b_saas().funnel(["created", "sql", "closed_won"], window="60d", period="quarter")
        >>> f.trend().columns[:4]
        ['period', 'step', 'leads', 'of_first']
        """
        if self._facts["spec"].get("period") is None:
            raise OptionError("period: the funnel was computed without periods; pass period='month' to Journeys.funnel")
        return self._table("periods")

    def compare(self, first: object, second: object, *, confidence: float = 0.95) -> pl.DataFrame:
        """Compare two groups of the breakdown at each step.

        Parameters
        ----------
        first, second : str
            Two values of ``group``.
        confidence : float, default 0.95
            Confidence level of the interval, between 0 and 1.

        Returns
        -------
        polars.DataFrame
            One row per step from the second on.

            - ``step`` (String): name of the step.
            - ``first_entered``, ``first_leads`` (UInt64): entrants of the first group, and how many reached the step.
            - ``first_rate`` (Float64): share of the entrants that reached the step, from 0 to 1.
            - ``second_entered``, ``second_leads`` (UInt64): the same for the second group.
            - ``second_rate`` (Float64): the same for the second group.
            - ``difference``, ``difference_low``, ``difference_high`` (Float64): first rate minus second rate, with its
              interval.
            - ``ratio`` (Float64): first rate divided by second rate.
            - ``z``, ``p_value`` (Float64): statistic and two-sided p-value of the test of equal rates.

        Raises
        ------
        UnknownNameError
            The breakdown does not have one of the groups.
        OptionError
            The confidence is not between 0 and 1.

        See Also
        --------
        leadlens.metrics.compare_rates : The same comparison for counts.
        Journeys.barriers : All groups and steps, ordered by what they lose.

        References
        ----------
        R. Newcombe, "Interval estimation for the difference between independent proportions", Statistics in Medicine
        17, 1998, method 10. The test uses the pooled rate. With accounts, both are clustered by account.

        Examples
        --------
        >>> import leadlens as ll
        >>> f = ll.datasets.b2b_saas().funnel(["created", "sql", "closed_won"], window="60d", by="lead_source")
        >>> f.compare("inbound_marketing", "sdr_outbound").columns[:4]
        ['step', 'first_entered', 'first_leads', 'first_rate']
        """
        groups = (str(first), str(second), float(confidence))

        def compute() -> Any:
            with progress() as show:
                return _core.compare_groups(self._core, json.dumps(self._facts["spec"]), *groups, show)

        return self._once.frame(("compare", *groups), compute)

    def leads(self) -> pl.DataFrame:
        """Return how far each lead got.

        The pass over the journeys is made on the first call only.

        Returns
        -------
        polars.DataFrame
            One row per lead that entered; one row per attempt with ``entry="totals"``.

            - ``lead_id`` (String): id of the lead.
            - ``reached`` (UInt64): number of the last step reached, counted from 1.
            - ``step`` (String): name of that step.
            - ``entered_at``, ``reached_at`` (Datetime): times of step 1 and of the last step reached, UTC.

        See Also
        --------
        Journeys.show : Time line of one lead.

        Examples
        --------
        >>> import leadlens as ll
        >>> f = ll.datasets.b2b_saas().funnel(["created", "sql", "closed_won"], window="60d")
        >>> f.leads().columns[:3]
        ['lead_id', 'reached', 'step']
        """

        def compute() -> Any:
            with progress() as show:
                return _core.funnel_leads(self._core, json.dumps(self._facts["spec"]), show)

        return self._once.frame("leads", compute)

    @property
    def immature(self) -> int:
        """Entrants that are left out because their window had not ended when observation ended."""
        count: int = self._facts["immature"]
        return count

    @property
    def before_outcomes(self) -> int:
        """Entrants that are left out because they entered before ``outcomes_from``."""
        count: int = self._facts["before_outcomes"]
        return count

    @property
    def never_entered(self) -> int:
        """Leads that never reached step 1."""
        count: int = self._facts["never_entered"]
        return count

    @property
    def removed(self) -> int:
        """Leads that an exclusion with ``removes=True`` took out of the funnel."""
        count: int = self._facts["removed"]
        return count

    def plot(self) -> Any:
        """Plot the share of step 1 that reached each step, with intervals and counts.

        Returns
        -------
        altair.LayerChart or altair.FacetChart
            Bars by step, with the number of leads (attempts with ``entry="totals"``) and the share in percent; with
            ``by``, one panel for each of the twelve groups with most leads, on one scale. Step 1 has no interval,
            because its share is 100 % by definition. A sentence if no lead entered.

        Raises
        ------
        MissingPackageError
            altair is not installed.

        See Also
        --------
        Funnel.to_polars : Table behind the chart.

        Examples
        --------
        >>> import leadlens as ll
        >>> f = ll.datasets.b2b_saas().funnel(["created", "sql", "closed_won"], window="60d")
        >>> type(f.plot()).__name__
        'LayerChart'
        """
        return funnel_chart(self._table("steps"), self.spec, self.immature + self.before_outcomes)

    def plot_trend(self) -> Any:
        """Plot the share of step 1 that reached each step, by period of entry.

        Returns
        -------
        altair.LayerChart or altair.FacetChart
            Lines by step, in percent of the entrants of the period, with intervals; with ``by``, one panel for each of
            the six groups with most leads, on one scale. Hollow points mark periods of which some entrants are left
            out, because their window had not ended or because they entered before ``outcomes_from``. Periods with fewer
            than ten entrants, among them those that are left out as a whole, are gaps. A sentence if no period has ten.

        Raises
        ------
        OptionError
            The funnel was computed without ``period``.
        MissingPackageError
            altair is not installed.

        See Also
        --------
        Funnel.trend : Table behind the chart.

        Examples
        --------
        >>> import leadlens as ll
        >>> f = ll.datasets.b2b_saas().funnel(["created", "sql", "closed_won"], window="60d", period="month")
        >>> type(f.plot_trend()).__name__
        'LayerChart'
        """
        return funnel_trend_chart(self.trend(), self.spec)


class FunnelMethod:
    """The method :meth:`Journeys.funnel`."""

    _core: _core.Journeys

    def funnel(
        self,
        steps: Sequence[str | Step | Sequence[str | Step]],
        *,
        window: str | None = None,
        order: Literal["sequential", "strict", "any"] = "sequential",
        entry: Literal["best", "first", "totals"] = "best",
        exclude: Exclusion | str | Step | Sequence[Exclusion | str | Step] | None = None,
        hold: str | None = None,
        by: By | None = None,
        where: Mapping[str, Any] | None = None,
        attribution: str = "first",
        period: Literal["day", "week", "month", "quarter", "year"] | None = None,
        times: bool = True,
        compat: Literal["clickhouse"] | None = None,
        modes: Sequence[str] = (),
    ) -> Funnel:
        """Count the leads that reach each of a sequence of steps.

        A lead reaches step k if it has events of steps 1 to k in this order, each step another event, and the last of
        them at most ``window`` after the first. Entrants whose window had not ended when observation ended, or who
        entered before ``outcomes_from``, are left out and counted.

        Parameters
        ----------
        steps : sequence of str, Step, or list of them
            Event kinds or stages, in order. ``"created"`` as the first step means every lead; if an event or stage has
            that name, use ``ll.Step("created")`` for the event. A list means any of its members.
        window : str, optional
            Longest time from step 1 to the last step, inclusive, such as ``"30d"``. Unlimited by default.
        order : {"sequential", "strict", "any"}, default "sequential"
            Whether other events may lie between the steps (``"sequential"``), may not (``"strict"``), or the steps may
            come in any order (``"any"``).
        entry : {"best", "first", "totals"}, default "best"
            Which attempt of a lead counts: the one that gets furthest (``"best"``), the one that starts with the first
            entry into step 1 (``"first"``), or each (``"totals"``; an attempt starts after the one before has ended by
            conversion, window or exclusion).
        exclude : Exclusion, str, Step, or sequence of them, optional
            Events that end an attempt between two steps.
        hold : str, optional
            Property of events, or ``"channel"``, that must have the same value in all steps.
        by : str, Bins, or list of them, optional
            Breakdown: a lead field (one with a history has its value at creation), several of them, a property of
            events, or ``"channel"``. A number with more than twelve values is cut into four bins; use :class:`Bins` for
            others.
        where : mapping, optional
            Conditions on lead fields at creation, by name: a value, a text such as ``">= 10"``, ``">= 2024-03-01"``,
            ``"!= web"`` or ``"paid*"``, a list of alternatives, ``{"all": [">= 10", "< 50"]}``, ``{"not": …}``, or None
            for a missing value. ``"!= web"`` and ``{"not": "web"}`` include leads without a value.
        attribution : {"first", "last", "all", "step 1", "step 2", …}, default "first"
            With ``by`` a property of events: the first or last value along the steps, each value separately, or the
            value at one step; leads without a value at that step are left out. ``"created"`` has the last value up to
            the creation of the lead.
        period : {"day", "week", "month", "quarter", "year"}, optional
            Calendar period of entry for :meth:`Funnel.trend`.
        times : bool, default True
            Whether to measure the times from step to step.
        compat : {"clickhouse"}, optional
            Count exactly as ``windowFunnel`` of ClickHouse 26.9, without regard to maturity.
        modes : sequence of str, optional
            Modes of ``windowFunnel``: ``strict_deduplication``, ``strict_order``, ``strict_increase``,
            ``strict_once``, ``allow_reentry``.

        Returns
        -------
        Funnel
            Counts, rates and times by step.

        Raises
        ------
        UnknownNameError
            The data has no such step, field or property.
        OptionError
            An option has a wrong value, or two options exclude each other.

        See Also
        --------
        Journeys.stage_funnel : Stages of the sales pipeline, with skips, losses and re-openings.
        Journeys.drivers : Compare leads that go on with leads that drop off.
        Journeys.barriers : Groups that convert less than a reference.

        Notes
        -----
        Events at the same instant are taken in the order that leads furthest, or with ``order="strict"`` in the order
        of the steps. Times are those of the attempt that counts. With ``entry="best"`` that is the attempt that gets
        furthest; among several, the one that gets there first; among those, the one that starts last. Within an attempt
        the first occurrence of each step counts.

        References
        ----------
        Intervals of rates: E. Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22,
        1927; with accounts, by the effective sample size.

        Examples
        --------
        >>> import leadlens as ll
        >>> j = ll.datasets.b2b_saas()
        >>> j.funnel(["created", "sql", "closed_won"], window="60d").steps.row(0)
        ('created', 5000)
        """
        spec = {
            **encode_funnel(steps, window=window, entry=entry, exclude=exclude),
            "order": order,
            "hold": hold,
            "by": breakdown(by),
            "where": conditions(where),
            "attribution": attribution,
            "period": period,
            "times": times,
            "compat": compat,
            "modes": names(modes, "modes"),
        }
        funnel: Funnel = Funnel._of(_core.funnel, self._core, omit_none(spec))
        return funnel

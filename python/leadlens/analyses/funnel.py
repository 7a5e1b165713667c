"""Funnels: how many leads get how far."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import polars as pl

from .. import _core
from .._charts import BLUE, nothing, part_of, periods_axis
from .._progress import progress
from ..errors import OptionError
from ..query.breakdown import By, breakdown, by_name, conditions
from ..query.step import Exclusion, Step, encode_funnel
from ..tables.encode import names, omit_none
from .result import Result

__all__ = ["Funnel"]


class Funnel(Result):
    """How many leads get how far; made by :meth:`Journeys.funnel`.

    Examples
    --------
    >>> import leadlens as ll
    >>> f = ll.datasets.b2b_saas().funnel(["created", "sql", "closed_won"], window="60d")
    >>> f.steps
    [('created', 5000), ('sql', 4629), ('closed_won', 402)]
    """

    def to_polars(self) -> pl.DataFrame:
        """Return one row per step (and value of the breakdown): counts, rates, 95 % intervals, median times in days.

        Examples
        --------
        >>> import leadlens as ll
        >>> f = ll.datasets.b2b_saas().funnel(["created", "sql", "closed_won"], window="60d")
        >>> f.to_polars().select("step", "leads").rows()
        [('created', 5000), ('sql', 4629), ('closed_won', 402)]
        """
        return self._tables["steps"]

    def times(self) -> pl.DataFrame:
        """Return times in days per step, since the step before and since step 1: mean and quantiles.

        Examples
        --------
        >>> import leadlens as ll
        >>> f = ll.datasets.b2b_saas().funnel(["created", "sql", "closed_won"], window="60d")
        >>> f.times().columns[:4]
        ['step', 'since', 'n', 'mean']
        """
        return self._tables["times"]

    def trend(self) -> pl.DataFrame:
        """Return one row per period of entry and step (and value of the breakdown), if ``period`` was given.

        Those that entered in the periods add up to all. ``immature`` counts entrants of the period that are left out
        because their window is not over, ``before_outcomes`` those who entered before ``outcomes_from``: such a period
        is not complete.

        Raises
        ------
        OptionError
            ``period`` was not given.

        Examples
        --------
        >>> import leadlens as ll
        >>> f = ll.datasets.b2b_saas().funnel(["created", "sql", "closed_won"], window="60d", period="quarter")
        >>> f.trend().columns[:4]
        ['period', 'step', 'leads', 'of_first']
        """
        if self._facts["spec"].get("period") is None:
            raise OptionError("period: the funnel was not asked for periods of entry; give period='month' or another")
        return self._tables["periods"]

    def compare(self, first: object, second: object, *, confidence: float = 0.95) -> pl.DataFrame:
        """Compare two values of the breakdown at each step: difference of the shares of step 1, interval, test.

        The interval is Newcombe's, the test that of equal rates with the pooled rate (two-sided).

        Parameters
        ----------
        first, second : str
            The two values.
        confidence : float
            Confidence of the interval.

        Raises
        ------
        UnknownNameError
            The breakdown has no such value.

        Examples
        --------
        >>> import leadlens as ll
        >>> f = ll.datasets.b2b_saas().funnel(["created", "sql", "closed_won"], window="60d", by="lead_source")
        >>> values = f.to_polars()["group"].unique(maintain_order=True).to_list()
        >>> f.compare(values[1], values[2]).columns[:4]
        ['step', 'first_entered', 'first_leads', 'first_rate']
        """
        spec = json.dumps(self._facts["spec"])
        with progress() as show:
            return pl.DataFrame(
                _core.compare_groups(self._core, spec, str(first), str(second), float(confidence), show)
            )

    def leads(self) -> pl.DataFrame:
        """Return how far each lead got: one row per lead that entered (per attempt, with ``entry="totals"``).

        ``reached`` is the number of the last step done, ``step`` its name, with the times of entry and of that step.

        Examples
        --------
        >>> import leadlens as ll
        >>> f = ll.datasets.b2b_saas().funnel(["created", "sql", "closed_won"], window="60d")
        >>> f.leads().columns[:3]
        ['lead_id', 'reached', 'step']
        """
        with progress() as show:
            return pl.DataFrame(_core.funnel_leads(self._core, json.dumps(self._facts["spec"]), show))

    @property
    def steps(self) -> list[tuple[str, int]]:
        """Steps and leads (attempts, with ``entry="totals"``), all leads together."""
        return [(s["step"], s["leads"]) for s in self._facts["steps"]]

    @property
    def immature(self) -> int:
        """Entrants left out because their window is not over at the end of observation."""
        count: int = self._facts["immature"]
        return count

    @property
    def before_outcomes(self) -> int:
        """Entrants left out because they entered before ``outcomes_from``."""
        count: int = self._facts["before_outcomes"]
        return count

    @property
    def never_entered(self) -> int:
        """Leads that never reached step 1."""
        count: int = self._facts["never_entered"]
        return count

    @property
    def removed(self) -> int:
        """Leads that an exclusion took out."""
        count: int = self._facts["removed"]
        return count

    def plot(self) -> Any:
        """Return an Altair chart: bars of leads per step, with the share of step 1 and its interval.

        Examples
        --------
        >>> import leadlens as ll
        >>> f = ll.datasets.b2b_saas().funnel(["created", "sql", "closed_won"], window="60d")
        >>> type(f.plot()).__name__
        'LayerChart'
        """
        return funnel_chart(self._tables["steps"], by_name(self._facts["spec"]["by"]))

    def plot_trend(self) -> Any:
        """Return an Altair chart: share of step 1 by period of entry, with hollow points where incomplete.

        Examples
        --------
        >>> import leadlens as ll
        >>> f = ll.datasets.b2b_saas().funnel(["created", "sql", "closed_won"], window="60d", period="month")
        >>> type(f.plot_trend()).__name__
        'LayerChart'
        """
        return funnel_trend_chart(self.trend(), [step for step, _ in self.steps], by_name(self._facts["spec"]["by"]))


class FunnelMethod:
    """The method of journeys."""

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
        """Count how many leads get how far along ``steps``.

        A lead reaches step k if events of steps 1 … k follow one another, each a different event, and the last is at
        most ``window`` after the first. Events of one instant are taken in whatever order leads furthest (with
        ``order="strict"`` in the order of the steps). Entrants whose window is not over at the end of observation, or
        who entered before ``outcomes_from``, are left out and counted. Times are those of the attempt that counts: the
        one that gets furthest, of those the first to get there, of those the last to start; and of that the first
        instance of each step.

        Parameters
        ----------
        steps : sequence of str, Step, or list of them
            Event kinds or stages; ``"created"`` as the first means every lead; a list means any of its members. Where
            an event or stage is called so as well, that is an error: ``ll.Step("created")`` means the event.
        window : str, optional
            Time from step 1 within which the last step must happen (inclusive).
        order : {"sequential", "strict", "any"}
            Whether other events may lie between steps, must not, or steps have no order.
        entry : {"best", "first", "totals"}
            Whether every entry into step 1 is tried and the best counts, only the lead's first counts, or every
            attempt counts (the next starts after the one before ended by conversion, window or exclusion).
        exclude : Exclusion, str, Step, or sequence of them
            Events that end an attempt between two steps.
        hold : str, optional
            Property of events, or ``"channel"``, that must have one value in all steps.
        by : str, Bins, or list of them, optional
            A lead field (one that changes over time as it was at creation), several, a property of events, or
            ``"channel"``, to break down by. Numbers with more than twelve values get four bins, :class:`Bins` others.
        where : mapping, optional
            Leads that count, by conditions on their fields as they were at creation: a value, a text such as
            ``">= 10"``, ``">= 2024-03-01"``, ``"!= web"`` or ``"paid*"``, a list of which one must hold,
            ``{"all": [">= 10", "< 50"]}``, ``{"not": …}``, or ``None`` for a missing value. ``"!= web"`` and
            ``{"not": "web"}`` mean all other leads, those without a value among them.
        attribution : {"first", "last", "all", "step 1", "step 2", …}
            For ``by`` a property of events: the first or last value along the steps, every value by itself (over events
            that have it), or the value at a step (leads without one there are left out). ``"created"`` has the last
            value up to the lead's creation.
        period : {"day", "week", "month", "quarter", "year"}, optional
            Also by calendar period of entry; see :meth:`Funnel.trend`.
        times : bool
            Whether times from step to step are taken.
        compat : {"clickhouse"}, optional
            Follow ``windowFunnel`` of ClickHouse 26.9 exactly; maturity is not looked at.
        modes : sequence of str
            Its modes: ``strict_deduplication``, ``strict_order``, ``strict_increase``, ``strict_once``,
            ``allow_reentry``.

        Raises
        ------
        UnknownNameError
            A step, field or property is not in the data.
        OptionError
            Options do not go together.

        Examples
        --------
        >>> import leadlens as ll
        >>> j = ll.datasets.b2b_saas()
        >>> j.funnel(["created", "sql", "closed_won"], window="60d").steps[0]
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


def funnel_chart(table: pl.DataFrame, by: str | None) -> Any:
    """Return bars of leads per step with the share of step 1 and its interval; one panel per value of a breakdown."""
    import altair as alt

    order = table["step"].unique(maintain_order=True).to_list()
    if by is not None:
        # One funnel for all and one per value; at most the dozen with most leads.
        values = table["group"].unique(maintain_order=True).to_list()
        every = [v for v in values if v != "(all)"]
        shown = every[:12] or values
        note = part_of(shown, every, f"values of {by}")
        table = table.filter(pl.col("group").is_in(shown))
    share = [alt.Tooltip("of_first:Q", format=".1%"), alt.Tooltip("of_previous:Q", format=".1%")]
    tooltip = ["step", "leads", *share] + (["median_days"] if "median_days" in table.columns else [])
    base = alt.Chart(table).encode(y=alt.Y("step:N", sort=order, title=None))
    scale = alt.Scale(domain=[0, 1.25], nice=False)
    axis = alt.Axis(format="%", values=[0, 0.25, 0.5, 0.75, 1])
    bars = base.mark_bar(color=BLUE).encode(
        x=alt.X("of_first:Q", title="share of step 1, with 95 % interval", axis=axis, scale=scale), tooltip=tooltip
    )
    rules = base.mark_rule(color="#12304f").encode(x=alt.X("of_first_low:Q", scale=scale), x2="of_first_high:Q")
    labels = base.mark_text(align="left", dx=6).encode(x="of_first_high:Q", text="label:N")
    labels = labels.transform_calculate(label="format(datum.leads, ',') + '  (' + format(datum.of_first, '.1%') + ')'")
    chart = alt.layer(bars, rules, labels).properties(width=420, height=alt.Step(26))
    if by is None:
        return chart
    header = alt.Header(labelAngle=0, labelAlign="left", labelLimit=300)
    return chart.facet(row=alt.Row("group:N", title=by, sort=shown, header=header), **note)


def funnel_trend_chart(table: pl.DataFrame, order: list[str], by: str | None) -> Any:
    """Return the share of step 1 by period of entry; hollow points where entrants are left out as immature.

    One panel per value of a breakdown. Periods with fewer than ten entrants say nothing and are not drawn.
    """
    import altair as alt

    if by is None:
        table = table.with_columns(group=pl.lit("(all)"))
    every = [g for g in table["group"].unique(maintain_order=True).to_list() if g != "(all)"]
    shown = every[:6] or ["(all)"]
    table, x = periods_axis(table.filter(pl.col("group").is_in(shown)), "period of entry")
    entered = table.filter(pl.col("step") == order[0]).select("group", "period", entered="leads")
    table = table.join(entered, on=["group", "period"])
    table = table.filter((pl.col("step") != order[0]) & (pl.col("entered") >= 10))
    if table.is_empty():
        return nothing("no period has ten entrants")
    color = alt.Color("step:N", sort=order, title=None, legend=alt.Legend(symbolOpacity=1))
    base = alt.Chart(table).encode(
        x=x,
        tooltip=["period", "step", "leads", "entered", alt.Tooltip("of_first:Q", format=".1%"), "immature"],
    )
    # A panel is too low for the long title.
    title = "share of step 1" if every else "share of step 1, with 95 % interval"
    y = alt.Y("of_first:Q", title=title, axis=alt.Axis(format="%"))
    base = base.encode(color=color)
    band = base.mark_area(opacity=0.15).encode(y=alt.Y("of_first_low:Q", title=title), y2="of_first_high:Q")
    line = base.mark_line().encode(y=y)
    whole = base.transform_filter("datum.immature == 0").mark_point(size=45, filled=True, opacity=1).encode(y=y)
    partly = base.transform_filter("datum.immature > 0").mark_point(size=45, fill="white").encode(y=y)
    chart = alt.layer(band, line, whole, partly)
    if not every:
        return chart.properties(width=520, height=260)
    header = alt.Header(labelAngle=0, labelAlign="left", labelLimit=300)
    row = alt.Row("group:N", title=by, sort=shown, header=header)
    return chart.properties(width=520, height=110).facet(row=row, **part_of(shown, every, f"values of {by}"))

"""Drivers: what distinguishes leads that go on from leads that drop off."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import polars as pl

from .. import _core
from .._charts import (
    BLUE,
    GREY,
    INK,
    RED,
    count,
    describe,
    facet_header,
    finished,
    inline,
    legend,
    log_ticks,
    name_axis,
    names_shown,
    nothing,
    package,
    percent,
    title,
    within,
)
from ..query.breakdown import conditions
from ..query.step import Exclusion, Step, encode_funnel
from ..tables.encode import names, omit_none
from .result import Result

__all__ = ["Drivers"]


class Drivers(Result):
    """Association of fields, channels and events with going on to the next step; returned by :meth:`Journeys.drivers`.

    See Also
    --------
    Journeys.drivers : Compute the drivers; documents the statistics.
    Barriers : Groups of one breakdown, ordered by what they lose.

    Examples
    --------
    >>> import leadlens as ll
    >>> d = ll.datasets.b2b_saas().drivers(["created", "sql", "closed_won"], window="90d")
    >>> d.to_polars()["factor"].unique().sort().to_list()
    ['after', 'before', 'field']
    """

    def to_polars(self) -> pl.DataFrame:
        """Return one row per step and property, with its association with going on.

        Returns
        -------
        polars.DataFrame
            One row per step and property.

            - ``step``, ``next`` (String): the step, and the one after it.
            - ``factor`` (String): ``field``, ``channel``, ``before`` (the lead had an event of the kind before the
              step) or ``after`` (it had one after the step).
            - ``name``, ``value`` (String): the field, channel or event kind, and the value of the field.
            - ``leads``, ``went_on`` (UInt64): leads with the property, and how many went on.
            - ``rate`` (Float64): ``went_on`` / ``leads``, from 0 to 1.
            - ``other_leads`` (UInt64): leads without the property.
            - ``other_rate`` (Float64): share of them that went on.
            - ``odds_ratio``, ``odds_ratio_low``, ``odds_ratio_high`` (Float64): odds ratio with its 95 % interval; null
              for ``after``.
            - ``hazard_ratio``, ``hazard_ratio_low``, ``hazard_ratio_high`` (Float64): for ``after``, the rate per time
              of going on after the event relative to before or without it, with its 95 % interval; null otherwise.
            - ``p_value``, ``q_value`` (Float64): p-value, and p-value adjusted for the false discovery rate. Rows with
              ``factor="after"`` are adjusted together, and all others together.

        See Also
        --------
        Drivers.plot : Chart of the properties with an adjusted p-value below 0.05.

        Examples
        --------
        >>> import leadlens as ll
        >>> d = ll.datasets.b2b_saas().drivers(["created", "sql", "closed_won"], window="90d")
        >>> d.to_polars().columns[:5]
        ['step', 'next', 'factor', 'name', 'value']
        """
        return self._table("drivers")

    def plot(self) -> Any:
        """Plot odds and hazard ratios with 95 % intervals, by step.

        Returns
        -------
        altair.FacetChart
            One panel per step, on one logarithmic scale, with at most ten properties: those with an adjusted p-value
            below 0.05, smallest first. Beside each stand the rates with and without the property in percent, and the
            number of leads with it. A sentence if no property differs significantly.

        Raises
        ------
        MissingPackageError
            altair is not installed.

        See Also
        --------
        Drivers.to_polars : Table of all properties.

        Examples
        --------
        >>> import leadlens as ll
        >>> d = ll.datasets.b2b_saas().drivers(["created", "sql", "closed_won"], window="90d")
        >>> type(d.plot()).__name__
        'FacetChart'
        """
        return drivers_chart(self._table("drivers"), self.spec["funnel"])


class DriversMethod:
    """The method :meth:`Journeys.drivers`."""

    _core: _core.Journeys

    def drivers(
        self,
        steps: Sequence[str | Step | Sequence[str | Step]],
        *,
        window: str | None = None,
        order: Literal["sequential", "strict"] = "sequential",
        entry: Literal["best", "first", "totals"] = "best",
        exclude: Exclusion | str | Step | Sequence[Exclusion | str | Step] | None = None,
        hold: str | None = None,
        where: Mapping[str, Any] | None = None,
        fields: str | Sequence[str] = (),
        min_support: int | None = None,
    ) -> Drivers:
        """Compare, at each step of a funnel, the leads that went on with the leads that dropped off.

        The properties are values of lead fields (numbers by quarter), channels, and kinds of events before and after
        the event by which a lead first reached the step. Stages that mean won or lost are left out. An association is
        not an effect: leads with a property may differ in other ways.

        Parameters
        ----------
        steps, window, order, entry, exclude, hold, where
            The funnel, as in :meth:`Journeys.funnel`. Properties are those of a lead when it first reached the step,
            for any ``entry``, because the choice of the best attempt depends on its outcome. With ``entry="totals"``
            each attempt counts, and tests are clustered by lead.
        fields : str or sequence of str, optional
            Lead fields to compare, with their value at the step. All by default.
        min_support : int, optional
            Fewest leads with, and fewest without, a property. By default the smaller of 25 and 2 % of the leads at the
            step.

        Returns
        -------
        Drivers
            Ratios, intervals and tests by step and property.

        Raises
        ------
        UnknownNameError
            The data has no such step or field.
        OptionError
            An option has a wrong value, or two options exclude each other.

        See Also
        --------
        Journeys.funnel : Conversion rates of the same steps.
        Journeys.barriers : Groups of one breakdown, ordered by what they lose.
        LeadScorer.summary : Associations of all features at once, by a model.

        Notes
        -----
        Odds ratios add one to each count: (s + 1)(F − f + 1) / ((S − s + 1)(f + 1)), with s of S leads that went on and
        f of F others having the property. They are tested with Fisher's exact test.

        Leads that stay longer have more events, so events after a step are tested in time. At each time a lead goes on,
        leads at risk that already had the event are compared with leads that had not. A lead is at risk until it goes
        on, while it is open, and while the window of an entry lasts; a lead that is re-opened is at risk again. Stages
        and optional steps between the two steps are left out. If no stage closes lost leads, leads that left count as
        at risk and hazard ratios are too high; only those below 1 are then tested.

        With accounts, tests and intervals are clustered by account; otherwise attempts of one lead are clustered.

        References
        ----------
        N. Mantel, D. Byar, "Evaluation of response-time data involving transient states", JASA 69, 1974.
        B. Efron, "The efficiency of Cox's likelihood function for censored data", JASA 72, 1977 (ties).
        Y. Benjamini, Y. Hochberg, "Controlling the false discovery rate", JRSS B 57, 1995.

        Examples
        --------
        >>> import leadlens as ll
        >>> found = ll.datasets.b2b_saas().drivers(["created", "sql", "closed_won"], window="90d")
        >>> found.to_polars().columns[:5]
        ['step', 'next', 'factor', 'name', 'value']
        """
        funnel = {**encode_funnel(steps, window=window, entry=entry, exclude=exclude), "order": order, "hold": hold}
        funnel["where"] = conditions(where)
        spec = omit_none({"funnel": omit_none(funnel), "fields": names(fields, "fields"), "min_support": min_support})
        found: Drivers = Drivers._of(_core.drivers, self._core, spec)
        return found


SHOWN = 10
"""Most properties of a panel."""

MORE, LESS = "goes on more", "goes on less"


def drivers_chart(table: pl.DataFrame, funnel: dict[str, Any]) -> Any:
    """Return odds and hazard ratios with intervals of the properties with q < 5 %."""
    alt = package()
    table = names_shown(table, "step", "next", "name", "value")
    ratios = [
        pl.coalesce(f"odds_ratio{end}", f"hazard_ratio{end}").alias(f"ratio{end}") for end in ("", "_low", "_high")
    ]
    sure = table.filter(pl.col("q_value") < 0.05).with_columns(ratios).filter(pl.col("ratio") > 0)
    if sure.is_empty():
        return nothing("no property differs significantly (false discovery rate below 5 %)")
    data = sure.with_columns(
        property=pl.when(pl.col("value") != "")
        .then(pl.format("{} = {}", "name", "value"))
        .otherwise(pl.format("{} {}", "name", "factor")),
        at_step=pl.max_horizontal(pl.col("leads") + pl.col("other_leads")).over("step", "next"),
    )
    data = data.with_columns(where=pl.format("{} → {} ({} leads)", "step", "next", count("at_step")))
    steps = data["where"].unique(maintain_order=True).to_list()
    hidden = data.height
    data = data.group_by("where", maintain_order=True).head(SHOWN)
    hidden -= data.height
    low, high = limits(data)
    data = data.with_columns(
        pl.col("ratio").clip(low, high),
        pl.col("ratio_low").clip(low, high),
        pl.col("ratio_high").fill_null(high).clip(low, high),
        effect=pl.when(pl.col("ratio") > 1).then(pl.lit(MORE)).otherwise(pl.lit(LESS)),
        label=pl.format("{} of {} against {}", percent("rate"), count("leads"), percent("other_rate")),
    )
    width, text_width = 320, 16 + 6.0 * max(map(len, data["label"]))
    # The labels stand inside the frame, right of the longest interval.
    scale = alt.Scale(type="log", domain=[low, high * (high / low) ** (text_width / width)], nice=False)
    strongest = alt.SortField("ratio", order="descending")
    base = alt.Chart(inline(data)).encode(y=alt.Y("property:N", sort=strongest, title=None, axis=name_axis()))
    color = alt.Color(
        "effect:N",
        scale=alt.Scale(domain=[MORE, LESS], range=[BLUE, RED]),
        title=None,
        legend=legend(orient="bottom"),
    )
    heading = "odds ratio of going on (after: hazard ratio), with 95 % interval"
    axis = alt.Axis(format="~g", values=log_ticks(low, high))
    rules = base.mark_rule(strokeWidth=2).encode(
        x=alt.X("ratio_low:Q", scale=scale, title=heading, axis=axis), x2="ratio_high:Q", color=color
    )
    tooltip = [
        alt.Tooltip("property:N"),
        alt.Tooltip("leads:Q", format=",", title="leads with it"),
        alt.Tooltip("rate:Q", format=".1%", title="rate with it"),
        alt.Tooltip("other_leads:Q", format=",", title="leads without it"),
        alt.Tooltip("other_rate:Q", format=".1%", title="rate without it"),
        alt.Tooltip("ratio:Q", format=".3g"),
        alt.Tooltip("q_value:Q", format=".3g", title="adjusted p-value"),
    ]
    points = base.mark_circle(size=60, opacity=1).encode(
        x=alt.X("ratio:Q", scale=scale, title=heading), color=color, tooltip=tooltip
    )
    one = alt.Chart(base.data).mark_rule(color=GREY, strokeDash=[4, 4]).encode(x=alt.datum(1))
    labels = base.mark_text(align="left", color=INK).encode(x=alt.value(width + 8), text="label:N")
    chart = alt.layer(one, rules, points, labels).properties(width=width + int(text_width), height=alt.Step(18))
    row = alt.Row("where:N", sort=steps, title=None, header=facet_header())
    about = describe(
        within(funnel["window"]),
        "adjusted p-value below 0.05",
        "beside: rate with the property, leads with it, rate without",
    )
    note = f"{hidden} more in the table" if hidden else None
    panels = chart.facet(row=row, spacing=8, title=title("What goes with going on to the next step", about, note))
    return finished(panels.resolve_scale(y="independent"))


def limits(table: pl.DataFrame) -> tuple[float, float]:
    """Return the ends of the axis of ratios: 1 and all intervals, but no more than a thousandfold beyond the ratios."""
    ratios = table["ratio"].to_list()
    least, most = min(1.0, *ratios), max(1.0, *ratios)
    lows = [v for v in table["ratio_low"].to_list() if v is not None and v > 0]
    highs = [v for v in table["ratio_high"].to_list() if v is not None and math.isfinite(v)]
    low, high = max(min([least, *lows]), least / 1000), min(max([most, *highs]), most * 1000)
    return low / 1.05, high * 1.05

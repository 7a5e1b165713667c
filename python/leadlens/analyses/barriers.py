"""Barriers: what groups lose at each step of a funnel."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import polars as pl

from .. import _core
from .._charts import (
    GREY,
    INK,
    RED,
    count,
    describe,
    finished,
    heading,
    inline,
    interval,
    legend,
    name_axis,
    names_shown,
    nothing,
    one_line,
    package,
    part_of,
    percent,
    rule_at,
    title,
    unknown_at_ends,
    within,
)
from ..errors import OptionError
from ..query.breakdown import By, breakdown, by_name, conditions
from ..query.step import Exclusion, Step, encode_funnel
from ..tables.encode import omit_none, one_name
from .result import Result

__all__ = ["Barriers"]


class Barriers(Result):
    """Losses of groups against a reference, by step; returned by :meth:`Journeys.barriers`.

    See Also
    --------
    Journeys.barriers : Compute the barriers; documents the statistics.
    Funnel.compare : Two groups at each step.

    Examples
    --------
    >>> import leadlens as ll
    >>> b = ll.datasets.b2b_saas().barriers(["created", "sql", "closed_won"], by="lead_source", window="90d")
    >>> b.to_polars().height > 0
    True
    """

    def to_polars(self) -> pl.DataFrame:
        """Return one row per step and group, largest expected loss first.

        Returns
        -------
        polars.DataFrame
            One row per step and group. A group that does better than the reference has negative losses.

            - ``step``, ``next`` (String): the step, and the one after it.
            - ``group`` (String): value of the breakdown.
            - ``leads`` (UInt64): leads of the group at the step.
            - ``rate``, ``reference_rate`` (Float64): share of them, and of the reference, that went on, from 0 to 1.
            - ``leads_lost``, ``leads_lost_low``, ``leads_lost_high`` (Float64): leads that would go on at the rate of
              the reference, minus the number that did. The intervals hold for all rows of the table at once in 95 % of
              samples, so they also hold for the row that is ranked first.
            - ``conversions_lost``, ``conversions_lost_low``, ``conversions_lost_high`` (Float64): the same at the last
              step.
            - ``value_lost``, ``value_lost_low``, ``value_lost_high`` (Float64): the same in the unit of the amounts;
              null if no amount is known and ``value`` was not given.
            - ``shrinkage`` (Float64): share of the observed difference that is expected to last, from 0 to 1, estimated
              from the spread of all groups at the step.
            - ``conversions_lost_shrunk`` (Float64): ``conversions_lost`` × ``shrinkage``, by which the rows are
              ordered.
            - ``p_value``, ``q_value`` (Float64): p-value of equal rates, and p-value adjusted for the false
              discovery rate.

        See Also
        --------
        Barriers.plot : Chart of the largest losses.

        Examples
        --------
        >>> import leadlens as ll
        >>> b = ll.datasets.b2b_saas().barriers(["created", "sql", "closed_won"], by="lead_source", window="90d")
        >>> b.to_polars().columns[:4]
        ['step', 'next', 'group', 'leads']
        """
        return self._table("barriers")

    def plot(self) -> Any:
        """Plot the twenty largest losses, in conversions, with intervals.

        Returns
        -------
        altair.LayerChart
            One bar per step and group, in the order of the table. Beside it stand the rate of the group and that of the
            reference in percent, the number of leads, the loss in the unit of the amounts where amounts are known, and
            the adjusted p-value. Bars whose interval contains 0 are grey, because they may be due to chance; if the
            first is one of them, the title says so. A sentence if no group loses against the reference.

        Raises
        ------
        MissingPackageError
            altair is not installed.

        See Also
        --------
        Barriers.to_polars : Table of all steps and groups.

        Examples
        --------
        >>> import leadlens as ll
        >>> b = ll.datasets.b2b_saas().barriers(["created", "sql", "closed_won"], by="lead_source", window="90d")
        >>> type(b.plot()).__name__
        'LayerChart'
        """
        return barriers_chart(self._table("barriers"), self.spec, self.facts["value"])


class BarriersMethod:
    """The method :meth:`Journeys.barriers`."""

    _core: _core.Journeys

    def barriers(
        self,
        steps: Sequence[str | Step | Sequence[str | Step]],
        *,
        by: By,
        where: Mapping[str, Any] | None = None,
        window: str | None = None,
        order: Literal["sequential", "strict", "any"] = "sequential",
        entry: Literal["best", "first", "totals"] = "best",
        exclude: Exclusion | str | Step | Sequence[Exclusion | str | Step] | None = None,
        hold: str | None = None,
        attribution: str = "first",
        reference: str | float | None = None,
        value: float | None = None,
        min_support: int = 25,
    ) -> Barriers:
        """Order steps and groups by what a group loses against a reference.

        Parameters
        ----------
        steps, window, order, entry, exclude, hold, attribution, where
            The funnel, as in :meth:`Journeys.funnel`.
        by : str, Bins, or list of them
            Breakdown into groups, as in :meth:`Journeys.funnel`.
        reference : str or float, optional
            Group that the others are compared with. By default a group is compared with all other leads together.
        value : float, optional
            Value of a lead at the last step. By default the mean amount of won leads.
        min_support : int, default 25
            Fewest leads of a group at a step.

        Returns
        -------
        Barriers
            Losses with intervals by step and group.

        Raises
        ------
        UnknownNameError
            The data has no such step, field or group.
        OptionError
            An option has a wrong value, or two options exclude each other.

        See Also
        --------
        Journeys.funnel : Conversion rates of the same steps.
        Journeys.drivers : Fields, channels and events that go with going on.

        Notes
        -----
        loss = leads at the step × (rate of the reference − rate of the group) × rate of the reference from the next
        step to the last × value. It is the gain if the group converted like the reference at this step. Groups differ
        in other ways too, so it is an upper end of what a change of the step can bring.

        References
        ----------
        R. Newcombe, "Interval estimation for the difference between independent proportions", Statistics in Medicine
        17, 1998, method 10. Y. Benjamini, Y. Hochberg, "Controlling the false discovery rate", JRSS B 57, 1995.
        C. Morris, "Parametric empirical Bayes inference", JASA 78, 1983 (shrinkage).

        Examples
        --------
        >>> import leadlens as ll
        >>> lost = ll.datasets.b2b_saas().barriers(["created", "sql", "closed_won"], by="lead_source", window="90d")
        >>> lost.to_polars()["group"][0]
        'partner_referral'
        """
        if value is not None and not math.isfinite(value):
            raise OptionError(f"value: must be finite, got {value}")
        funnel = encode_funnel(steps, window=window, entry=entry, exclude=exclude)
        funnel |= {
            "order": order,
            "hold": hold,
            "by": breakdown(by),
            "where": conditions(where),
            "attribution": attribution,
        }
        against = one_name(reference)
        spec = {"funnel": omit_none(funnel), "reference": against, "value": value, "min_support": min_support}
        found: Barriers = Barriers._of(_core.barriers, self._core, omit_none(spec))
        return found


SHOWN = 20
"""Most bars of the chart."""

BETWEEN = ", \u200b"
"""Between group and step; with an invisible sign, so that a comma in a name is another."""

SURE, CHANCE = "interval above 0", "may be chance: interval contains 0"


def money(amount: float | None) -> str:
    """Return an amount in the unit of the table, in three digits: 2.13 million."""
    if amount is None or not math.isfinite(amount):
        return ""
    for size, word in ((1e9, " billion"), (1e6, " million"), (1e4, "k")):
        if abs(amount) >= size:
            return f"{amount / (1e3 if word == 'k' else size):,.3g}{word}"
    return f"{amount:,.0f}" if abs(amount) >= 100 else f"{amount:.3g}"


def barriers_chart(table: pl.DataFrame, spec: dict[str, Any], value: float | None) -> Any:
    """Return the largest losses with intervals, rates, counts and money."""
    alt = package()
    by = one_line(by_name(spec["funnel"]["by"]) or "group")
    losing = names_shown(table, "group", "step", "next").filter(pl.col("conversions_lost") > 0)
    data = losing.head(SHOWN)
    if data.is_empty():
        return nothing(f"no group of {by} loses against the reference")
    ends = ("conversions_lost_low", "conversions_lost_high")
    amounts = [money(v) for v in data["value_lost"]]
    data = data.with_columns(
        where=pl.format(f"{{}}{BETWEEN}{{}} → {{}}", "group", "step", "next"),
        sure=pl.when((pl.col(ends[0]) > 0).fill_null(False)).then(pl.lit(SURE)).otherwise(pl.lit(CHANCE)),
        money=pl.Series(amounts, dtype=pl.String),
        rates=pl.format("{} of {} against {}", percent("rate"), count("leads"), percent("reference_rate")),
        label_at=pl.max_horizontal("conversions_lost", ends[1]),
    )
    chance = [f"q = {q:.2g}" if q is not None and q >= 0.001 else "q < 0.001" for q in data["q_value"]]
    texts = [
        describe(f"{lost:,.3g} lost" if lost < 1000 else f"{lost:,.0f} lost", m and f"value {m}", r, q)
        for lost, m, r, q in zip(data["conversions_lost"], amounts, data["rates"], chance, strict=True)
    ]
    data = unknown_at_ends(data.with_columns(label=pl.Series(texts)), "conversions_lost", *ends)
    order = data["where"].to_list()
    said = "conversions lost against the reference, with 95 % interval for all at once"
    low = min(0.0, *data["conversions_lost"], *data[ends[0]].drop_nulls())
    high = max(0.0, *data["label_at"].drop_nulls())
    low -= 0.03 * (high - low)
    width, text_width = 300, 16 + 6.0 * max(map(len, texts))
    # The labels stand inside the frame, right of the longest interval.
    scale = alt.Scale(domain=[low, high + (high - low) * text_width / width], nice=False)
    ticks = alt.Axis(tickCount=max(4, int((width + text_width) / 90)), format="~s")
    # Long names take two lines.
    lines = max(map(len, order)) > 60
    axis = name_axis()
    if lines:
        axis.labelExpr = f"split(datum.label, '{BETWEEN}')"
    base = alt.Chart(inline(data)).encode(y=alt.Y("where:N", sort=order, title=heading(f"{by}, and step"), axis=axis))
    color = alt.Color(
        "sure:N",
        scale=alt.Scale(domain=[SURE, CHANCE], range=[RED, GREY]),
        title=None,
        legend=legend(orient="bottom"),
    )
    tooltip = [
        alt.Tooltip("group:N", title=by),
        alt.Tooltip("step:N"),
        alt.Tooltip("leads:Q", format=","),
        alt.Tooltip("rate:Q", format=".1%"),
        alt.Tooltip("reference_rate:Q", format=".1%", title="rate of the reference"),
        alt.Tooltip("conversions_lost:Q", format=",.1f", title="conversions lost"),
        alt.Tooltip("value_lost:Q", format=",.0f", title="value lost"),
        alt.Tooltip("q_value:Q", format=".3g", title="adjusted p-value"),
    ]
    bars = base.mark_bar().encode(
        x=alt.X("conversions_lost:Q", title=said, scale=scale, axis=ticks), color=color, tooltip=tooltip
    )
    ranges = interval(base, x=alt.X(f"{ends[0]}:Q", title=said, scale=scale, axis=ticks), x2=f"{ends[1]}:Q")
    labels = base.mark_text(align="left", dx=8, color=INK).encode(x=alt.X("label_at:Q", title=said), text="label:N")
    first = f"First: {data['group'][0]}, from {data['step'][0]} to {data['next'][0]}"
    if data["sure"][0] != SURE:
        first += "; its first place may be due to chance, because its interval contains 0"
    worth = f"a conversion is worth {money(value)}" if value else None
    reference = spec["reference"]
    against = "all other leads" if reference is None else f"{by} = {reference}"
    about = describe(f"reference: {against}", within(spec["funnel"]["window"]), worth)
    note = part_of(order, losing["group"].to_list(), "losses, the largest")
    heads = title(f"Conversions lost by {by} and step", first, about, note)
    chart = alt.layer(bars, rule_at(0, x=True, color=GREY), *ranges, labels)
    return finished(chart.properties(width=width + int(text_width), height=alt.Step(30 if lines else 22), title=heads))

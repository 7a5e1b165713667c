"""Barriers: what groups lose at each step of a funnel."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import polars as pl

from .. import _core
from .._charts import RED, nothing, part_of
from ..errors import OptionError
from ..query.breakdown import By, breakdown, conditions
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
        """Plot the twenty largest losses of conversions with intervals.

        Returns
        -------
        altair.LayerChart
            One bar per step and group.

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
        return barriers_chart(self._table("barriers"))


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


def barriers_chart(table: pl.DataFrame) -> Any:
    """Return the twenty largest losses with intervals."""
    import altair as alt

    losing = table.filter(pl.col("conversions_lost") > 0)
    data = losing.head(20)
    if data.is_empty():
        return nothing("no segment loses against the reference")
    data = data.with_columns(where=pl.format("{} at {} → {}", "group", "step", "next"))
    order = data["where"].to_list()
    base = alt.Chart(data).encode(y=alt.Y("where:N", sort=order, title=None, axis=alt.Axis(labelLimit=500)))
    tooltip = ["group", "step", "leads", alt.Tooltip("rate:Q", format=".1%")]
    tooltip += [alt.Tooltip("reference_rate:Q", format=".1%"), "value_lost"]
    title = "conversions lost against the reference, with 95 % interval"
    bars = base.mark_bar(color=RED).encode(x=alt.X("conversions_lost:Q", title=title), tooltip=tooltip)
    rules = base.mark_rule(color="#333").encode(x="conversions_lost_low:Q", x2="conversions_lost_high:Q")
    note = part_of(order, losing["group"].to_list(), "losses, the largest")
    return alt.layer(bars, rules).properties(width=420, height=alt.Step(20), **note)

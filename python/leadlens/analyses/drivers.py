"""What separates leads that go on from those that drop off."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import polars as pl

from .. import _core
from .._charts import BLUE, GREY, RED, nothing
from ..query.breakdown import conditions
from ..query.step import Exclusion, Step, encode_funnel
from ..tables.encode import names, omit_none
from .result import Result

__all__ = ["Drivers"]


class Drivers(Result):
    """What separates leads that went on from those that dropped off; made by :meth:`Journeys.drivers`.

    Examples
    --------
    >>> import leadlens as ll
    >>> d = ll.datasets.b2b_saas().drivers(["created", "sql", "closed_won"], window="90d")
    >>> d.to_polars()["factor"].unique().sort().to_list()
    ['after', 'before', 'field']
    """

    def to_polars(self) -> pl.DataFrame:
        """Return one row per step and property: counts, rates, odds or hazard ratio with interval, p, and q.

        ``factor`` is ``field``, ``channel``, ``before`` (an event of the kind came before the step) or ``after``.
        Events after the step have a hazard ratio: the pace of going on after the event by that before it or without
        it. Their ``q`` controls the share of false discoveries among them, that of the others among the others.

        Examples
        --------
        >>> import leadlens as ll
        >>> d = ll.datasets.b2b_saas().drivers(["created", "sql", "closed_won"], window="90d")
        >>> d.to_polars().columns[-5:]
        ['hazard_ratio', 'hazard_ratio_low', 'hazard_ratio_high', 'p', 'q']
        """
        return self._tables["drivers"]

    def plot(self) -> Any:
        """Return an Altair chart: odds ratios with intervals of the strongest sure properties, by step.

        Examples
        --------
        >>> import leadlens as ll
        >>> d = ll.datasets.b2b_saas().drivers(["created", "sql", "closed_won"], window="90d")
        >>> type(d.plot()).__name__
        'FacetChart'
        """
        return drivers_chart(self._tables["drivers"])


class DriversMethod:
    """The method of journeys."""

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
        """Say what separates leads that went on from those that dropped off, at each step of a funnel.

        Looked at are values of lead fields (numbers by quarter), channels, and kinds of events before and after the
        event by which a lead first got to the step; stages that mean won or lost are not. Odds ratios have one added to
        each count, (s + 1)(F − f + 1)/((S − s + 1)(f + 1)); tests are Fisher's, adjusted together for the share of
        false discoveries (Benjamini–Hochberg). What is found went with going on; it need not have caused it.

        Leads that stay longer do more, so events after a step are tested in time: whenever a lead goes on, those at
        risk that had the event already are compared with those without it yet (Mantel–Byar), and a hazard ratio says at
        what pace they go on (Cox's model with Efron's ties). A lead is at risk until it goes on, is closed otherwise
        (again once it is re-opened), or the windows of its entries are over. Stages and optional steps between the two
        steps lie on the way and are not looked at. Where no stage closes lost leads,
        those that left count as at risk and any event marks a lead that is still active, so hazard ratios are too
        high: only those below 1 are tested. Where the leads name accounts, tests and intervals are clustered by them,
        else attempts of one lead by lead.

        Parameters
        ----------
        steps, window, order, entry, exclude, hold, where
            The funnel, as in :meth:`funnel`. Whatever the entry, properties are those of a lead when it first got to
            the step: which of its entries is the best depends on what came of it. With ``entry="totals"`` each attempt
            is looked at, and tests are clustered by lead.
        fields : str or sequence of str
            Lead fields to look at, those that change over time as they were at the step; all by default.
        min_support : int, optional
            Fewest leads with, and without, a property; by default the smaller of 25 and 2 % of those at the step.

        Raises
        ------
        UnknownNameError
            A step or field is not in the data.
        OptionError
            Options do not go together.

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


def drivers_chart(table: pl.DataFrame) -> Any:
    """Return odds and hazard ratios with intervals of the properties with q < 5 %, at most ten a step."""
    import altair as alt

    sure = table.filter(pl.col("q") < 0.05)
    if sure.is_empty():
        return nothing("no property tells who goes on (false discoveries below 5 %)")
    data = sure.with_columns(
        property=pl.when(pl.col("value") != "")
        .then(pl.format("{} = {}", "name", "value"))
        .otherwise(pl.format("{} {}", "name", "factor")),
        where=pl.format("{} → {}", "step", "next"),
    )
    steps = data["where"].unique(maintain_order=True).to_list()
    data = data.group_by("where", maintain_order=True).head(10)
    data = data.with_columns(
        pl.coalesce(f"odds_ratio{end}", f"hazard_ratio{end}").alias(f"ratio{end}") for end in ("", "_low", "_high")
    )
    scale = alt.Scale(type="log")
    strongest = alt.SortField("ratio", order="descending")
    base = alt.Chart(data).encode(y=alt.Y("property:N", sort=strongest, title=None, axis=alt.Axis(labelLimit=300)))
    color = alt.condition("datum.ratio > 1", alt.value(BLUE), alt.value(RED))
    rules = base.mark_rule().encode(
        x=alt.X("ratio_low:Q", scale=scale, title="odds ratio of going on (after: hazard ratio), with 95 % interval"),
        x2="ratio_high:Q",
        color=color,
    )
    tooltip = ["property", "leads", alt.Tooltip("rate:Q", format=".1%"), alt.Tooltip("other_rate:Q", format=".1%"), "q"]
    points = base.mark_circle(size=60, opacity=1).encode(x="ratio:Q", color=color, tooltip=tooltip)
    one = alt.Chart(data).mark_rule(color=GREY, strokeDash=[4, 4]).encode(x=alt.datum(1))
    chart = alt.layer(one, rules, points).properties(width=380, height=alt.Step(18))
    header = alt.Header(labelAngle=0, labelOrient="top", labelAnchor="start", labelLimit=600)
    return chart.facet(row=alt.Row("where:N", sort=steps, title=None, header=header)).resolve_scale(y="independent")

"""What segments lose at each step of a funnel."""

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
    """What segments lose at each step against a reference; made by :meth:`Journeys.barriers`.

    Examples
    --------
    >>> import leadlens as ll
    >>> b = ll.datasets.b2b_saas().barriers(["created", "sql", "closed_won"], by="lead_source", window="90d")
    >>> b.to_polars().height > 0
    True
    """

    def to_polars(self) -> pl.DataFrame:
        """Return one row per step and segment, most loss first; segments that do better have negative losses.

        Examples
        --------
        >>> import leadlens as ll
        >>> b = ll.datasets.b2b_saas().barriers(["created", "sql", "closed_won"], by="lead_source", window="90d")
        >>> b.to_polars().columns[:4]
        ['step', 'next', 'group', 'leads']
        """
        return self._tables["barriers"]

    def plot(self) -> Any:
        """Return an Altair chart: conversions lost with intervals, the twenty largest.

        Examples
        --------
        >>> import leadlens as ll
        >>> b = ll.datasets.b2b_saas().barriers(["created", "sql", "closed_won"], by="lead_source", window="90d")
        >>> type(b.plot()).__name__
        'LayerChart'
        """
        return barriers_chart(self._tables["barriers"])


class BarriersMethod:
    """The method of journeys."""

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
        """Rank steps by segments by what a segment loses against a reference.

        loss = leads at the step × (reference's rate − rate) × reference's rate from the next step to the last × value,
        with Newcombe's interval of the difference. It is what would be won if the segment did as well as the reference;
        segments differ in more than the step.

        Parameters
        ----------
        steps, window, order, entry, exclude, hold, attribution, where
            The funnel, as in :meth:`funnel`.
        by : str, Bins, or list of them
            Lead fields, property of events, or ``"channel"`` that makes segments.
        reference : str, optional
            Segment that the others are compared with; by default all other leads together.
        value : float, optional
            Value of a lead at the last step; by default the mean amount of won leads.
        min_support : int
            Fewest leads of a segment at a step.

        Raises
        ------
        UnknownNameError
            A step, field or segment is not in the data.

        Examples
        --------
        >>> import leadlens as ll
        >>> lost = ll.datasets.b2b_saas().barriers(["created", "sql", "closed_won"], by="lead_source", window="90d")
        >>> lost.to_polars()["group"][0]
        'partner_referral'
        """
        if value is not None and not math.isfinite(value):
            raise OptionError(f"value: {value} is not finite")
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

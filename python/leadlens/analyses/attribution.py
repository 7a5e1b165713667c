"""Attribution: what share of conversions and value each channel is given credit for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from numbers import Real
from typing import Any, Literal

import polars as pl

from .. import _core
from .._charts import BLUE, nothing, part_of
from ..errors import OptionError
from ..query.breakdown import conditions
from ..query.step import Step, encode_step
from ..tables import Spend
from ..tables.encode import Tables, as_json, names, omit_none
from ..tables.role import roles
from .result import Result

__all__ = ["Attribution", "Rule"]


@dataclass(frozen=True, kw_only=True)
class Rule:
    """Shares of the credit by milestone; they add up to 1.

    A milestone that a path lacks gives its share to what there is, in proportion; a touch that is two milestones gets
    both shares; all other touches share ``middle`` in equal parts.

    Parameters
    ----------
    name : str
        Its name in results.
    first : float
        Share of the first touch.
    lead : float
        Share of the last touch up to the creation of the lead, if that is not after the conversion.
    opportunity : float
        Share of the last touch up to the entry into the opportunity's stage: that of the conversion's deal, or one of
        no deal since the conversion before, if it is not after the conversion.
    last : float
        Share of the last touch.
    middle : float
        Share of all others.

    Examples
    --------
    >>> import leadlens as ll
    >>> half = ll.Rule(name="half first", first=0.5, middle=0.5)
    >>> ll.datasets.b2b_saas().attribution(half).to_polars()["method"][0]
    'half first'
    """

    name: str = "custom"
    first: float = 0.0
    lead: float = 0.0
    opportunity: float = 0.0
    last: float = 0.0
    middle: float = 0.0

    def _spec(self) -> dict[str, Any]:
        for part, share in self.__dict__.items():
            is_number = isinstance(share, Real) and not isinstance(share, bool)
            if part != "name" and not (is_number and -1e300 < share < 1e300):
                raise OptionError(f"rule '{self.name}': {part}={share!r} is not a number")
        return {part: share if part == "name" else float(share) for part, share in self.__dict__.items()}


class Attribution(Result):
    """Credit for conversions and value; made by :meth:`Journeys.attribution`. Credit is not cause.

    Examples
    --------
    >>> import leadlens as ll
    >>> a = ll.datasets.b2b_saas().attribution("linear", target="closed_won", lookback="90d")
    >>> round(a.to_polars()["share"].sum(), 9)
    1.0
    """

    def to_polars(self) -> pl.DataFrame:
        """Return one row per method and channel: touches, paths, conversions, value, share, removal effect, ranges.

        Examples
        --------
        >>> import leadlens as ll
        >>> a = ll.datasets.b2b_saas().attribution("linear", target="closed_won", lookback="90d")
        >>> a.to_polars().columns[:5]
        ['method', 'channel', 'touches', 'paths', 'conversions']
        """
        return self._tables["credits"]

    def costs(self, *, by_period: bool = False) -> pl.DataFrame:
        """Return unit costs by channel, if spend was given.

        ``leads`` are those whose first touch was the channel's, ``conversions`` the credit of the first method in the
        period of the touch; models, which give no credit to single touches, are spread like linear credit.
        ``spend`` and the costs of a channel of which no row says what was spent are null. Costs divide the spend by the
        leads, conversions and value of the periods for which spend of any channel is given; a remark says if there are
        others. Spend before ``outcomes_from`` is left out as the leads from before are.

        Parameters
        ----------
        by_period : bool, default False
            One row per channel and period, with the first day of the period in ``period``.

        Raises
        ------
        OptionError
            No spend was given.

        Examples
        --------
        >>> import polars as pl
        >>> import leadlens as ll
        >>> table = pl.DataFrame({"day": ["2024-01-01"], "cost": [900.0], "channel": ["search"]})
        >>> spend = ll.Spend(table, at="day", amount="cost", channel="channel")
        >>> a = ll.datasets.b2b_saas().attribution("linear", target="closed_won", spend=spend)
        >>> a.costs().columns[:3]
        ['channel', 'spend', 'leads']
        """
        if "costs" not in self._tables:
            raise OptionError("costs: give attribution(spend=ll.Spend(...)) to have unit costs")
        return self._tables["costs_by_period" if by_period else "costs"]

    @property
    def facts(self) -> dict[str, Any]:
        """What was asked for, conversions, paths, remarks; of Markov chains the chance of converting."""
        return self._facts

    def plot(self) -> Any:
        """Return an Altair chart: conversions by channel, methods side by side, with bootstrap ranges.

        Examples
        --------
        >>> import leadlens as ll
        >>> a = ll.datasets.b2b_saas().attribution("linear", target="closed_won", lookback="90d")
        >>> type(a.plot()).__name__
        'LayerChart'
        """
        return attribution_chart(self._tables["credits"], self._facts["spec"]["by"])


class AttributionMethod:
    """The method of journeys."""

    _core: _core.Journeys

    def attribution(
        self,
        method: str | Rule | Sequence[str | Rule] = "linear",
        *,
        order: Literal[1, 2, 3] = 1,
        by: str = "channel",
        where: Mapping[str, Any] | None = None,
        target: str | Sequence[str] | None = None,
        conversions: Literal["first", "every"] = "first",
        touches: str | Step | Sequence[str | Step] | None = None,
        include: Sequence[str] = (),
        exclude: Sequence[str] = (),
        lookback: str | None = None,
        path: Literal["all", "collapse", "unique"] = "all",
        nulls: Literal["all", "lost", "none"] = "all",
        direct: Sequence[str] = ("direct", "Direct", "(direct)", "(none)"),
        opportunity: str | None = None,
        half_life: str = "7d",
        spend: Spend | Sequence[Spend] | None = None,
        qualified: str | None = None,
        bootstrap: int = 0,
        seed: int = 0,
    ) -> Attribution:
        """Give credit for conversions and their value to channels. Credit is not cause.

        A path is the touches of a lead before its conversion, or of a lead that did not convert. Conversions without a
        touch form the row ``(unattributed)``, touches without a channel ``(missing)`` (of tables that have channels, or
        that ``touches`` names): credits of every method but ``shapley_exact`` add up to all conversions.

        Parameters
        ----------
        method : str, Rule or sequence of them
            ``first``, ``last``, ``last_non_direct``, ``linear``, ``position`` (40/20/40), ``u_shaped`` (first, lead
            creation), ``w_shaped`` (and opportunity), ``full_path`` (and last), ``time_decay``, ``markov`` (removal
            effects), ``shapley`` (worth of a set: conversions whose channels all lie in it), ``shapley_exact`` (exactly
            the set), or a :class:`Rule`. Several are compared side by side; ``"markov 2"`` fixes an order.
        order : {1, 2, 3}
            Order of ``markov``.
        by : str
            What gets the credit: ``"channel"``, ``"kind"``, or a property of events such as ``"campaign"``.
        where : mapping, optional
            Leads that count, as in :meth:`funnel`; those that started before ``outcomes_from`` do not.
        target : str or sequence of str, optional
            Conversions; by default the won stages. Their value is the amount of the stage entry.
        conversions : {"first", "every"}
            Whether a lead's first conversion counts, or every one, with the touches since the one before.
        touches : str, Step or sequence of them, optional
            Events that are touches; by default what buyer and marketing did.
        include, exclude : sequence of str
            Channels that count, or do not; wildcards allowed. ``"(missing)"`` are touches without one.
        lookback : str, optional
            Touches older than this before the end of the path do not count.
        path : {"all", "collapse", "unique"}
            Repeats as they are, in a row as one, or each channel once.
        nulls : {"all", "lost", "none"}
            Which paths that did not convert count for Markov chains.
        direct : sequence of str
            Channels that ``last_non_direct`` passes over.
        opportunity : str, optional
            Stage that is the milestone of ``w_shaped`` and ``full_path``; by default the last but one of the pipeline.
        half_life : str
            Of ``time_decay``: 2^(−age/half-life).
        spend : Spend or sequence of them, optional
            Money spent, for :meth:`Attribution.costs`.
        qualified : str, optional
            Stage whose leads have a cost of their own.
        bootstrap : int
            Number of samples of leads (of accounts, if given) for 95 % ranges; 200 is enough.
        seed : int
            Seed of the samples.

        Raises
        ------
        UnknownNameError
            A name is not in the data.
        OptionError
            A rule that does not add up to 1, or options that do not go together.

        Examples
        --------
        >>> import leadlens as ll
        >>> credit = ll.datasets.b2b_saas().attribution(["first", "markov"], target="closed_won", lookback="90d")
        >>> credit.to_polars()["method"].unique(maintain_order=True).to_list()
        ['first', 'markov']
        """
        if order not in (1, 2, 3):
            raise OptionError(f"order: {order!r} is not 1, 2 or 3")
        methods = [method] if isinstance(method, Rule) else names(method, "method")  # type: ignore[arg-type]
        chain = "markov" if order == 1 else f"markov {order}"
        spec = {
            "methods": [m._spec() if isinstance(m, Rule) else chain if m == "markov" else m for m in methods],
            "by": by,
            "where": conditions(where),
            "target": names(target, "target"),
            "conversions": conversions,
            "touches": None if touches is None else encode_step(touches, "touches"),
            "include": names(include, "include"),
            "exclude": names(exclude, "exclude"),
            "lookback": lookback,
            "path": path,
            "nulls": nulls,
            "direct": names(direct, "direct"),
            "opportunity": opportunity,
            "half_life": half_life,
            "bootstrap": bootstrap,
            "seed": seed,
        }
        given = None
        if spend is not None:
            tables = Tables()
            declared = as_json(roles("spend", Spend, spend, tables))
            given = (tables.given, declared, qualified)
        elif qualified is not None:
            raise OptionError("qualified: is a stage that spend is divided by; give spend=")
        run = partial(_core.attribution, spend=given)
        credit: Attribution = Attribution._of(run, self._core, omit_none(spec))
        return credit


def attribution_chart(credits: pl.DataFrame, by: str) -> Any:
    """Return conversions credited to each channel, methods side by side; at most twenty channels."""
    import altair as alt

    methods = credits["method"].unique(maintain_order=True).to_list()
    totals = credits.group_by("channel", maintain_order=True).agg(pl.col("conversions").mean())
    every = totals.sort("conversions", descending=True)["channel"].to_list()
    order = every[:20]
    if not order:
        return nothing("no touch and no conversion")
    data = credits.filter(pl.col("channel").is_in(order))
    several = len(methods) > 1
    color = alt.Color("method:N", sort=methods, title=None) if several else alt.value(BLUE)
    base = alt.Chart(data).encode(y=alt.Y("channel:N", sort=order, title=by, axis=alt.Axis(labelLimit=300)))
    if several:
        base = base.encode(yOffset=alt.YOffset("method:N", sort=methods))
    tooltip = [
        "channel",
        "method",
        alt.Tooltip("conversions:Q", format=",.1f"),
        alt.Tooltip("share:Q", format=".1%"),
        alt.Tooltip("value:Q", format=",.0f"),
    ]
    bars = base.mark_bar().encode(x=alt.X("conversions:Q", title="conversions"), color=color, tooltip=tooltip)
    layers = [bars]
    if "conversions_low" in data.columns:
        layers.append(base.mark_rule(color="#333").encode(x="conversions_low:Q", x2="conversions_high:Q"))
    step = alt.Step(9, **{"for": "offset"}) if several else alt.Step(24)
    return alt.layer(*layers).properties(
        width=460, height=step, **part_of(order, every, "values, those with most credit")
    )

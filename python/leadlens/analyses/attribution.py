"""Attribution: credit for conversions and their value by channel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from numbers import Real
from typing import Any, Literal

import polars as pl

from .. import _core
from .._charts import (
    INK,
    color_scale,
    count_axis,
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
    plural,
    room_for_labels,
    title,
    unknown_at_ends,
)
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
    """A rule of attribution that gives fixed shares of the credit to milestones of a path.

    The shares add up to 1. If a path lacks a milestone, its share goes to the others in proportion. A touch that is two
    milestones gets both shares. All other touches divide ``middle`` equally.

    Parameters
    ----------
    name : str, default "custom"
        Name in results.
    first : float, default 0
        Share of the first touch, from 0 to 1.
    lead : float, default 0
        Share of the last touch up to the creation of the lead, if the creation is not after the conversion.
    opportunity : float, default 0
        Share of the last touch up to the entry into the stage ``opportunity``: the entry of the converted deal, or one
        without a deal since the conversion before, if it is not after the conversion.
    last : float, default 0
        Share of the last touch.
    middle : float, default 0
        Share of all other touches together.

    See Also
    --------
    Journeys.attribution : Accepts rules beside the names of methods.

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
    """Credit for conversions and value by channel; returned by :meth:`Journeys.attribution`.

    Credit describes which touches came before conversions. It does not measure the effect of a channel.

    See Also
    --------
    Journeys.attribution : Compute an attribution; documents the methods.
    Paths : Sequences of touches.

    Examples
    --------
    >>> import leadlens as ll
    >>> a = ll.datasets.b2b_saas().attribution("linear", target="closed_won", lookback="90d")
    >>> round(a.to_polars()["share"].sum(), 9)
    1.0
    """

    def to_polars(self) -> pl.DataFrame:
        """Return touches, credit and value by method and channel.

        Returns
        -------
        polars.DataFrame
            One row per method and channel, most credit first.

            - ``method`` (String): name of the method or rule.
            - ``channel`` (String): value of ``by``; ``(missing)`` for touches without one, ``(unattributed)`` for
              conversions without a touch.
            - ``touches``, ``paths`` (UInt64): touches of the channel in paths, and paths with at least one.
            - ``conversions`` (Float64): conversions credited.
            - ``value`` (Float64): value credited, in the unit of the amounts; null if no amount is known.
            - ``share`` (Float64): share of all conversions, from 0 to 1.
            - ``removal_effect`` (Float64): for Markov chains, the share of conversions that would be lost without the
              channel; null otherwise.
            - ``conversions_low``, ``conversions_high``, ``value_low``, ``value_high`` (Float64): 95 % bootstrap
              intervals. Only with ``bootstrap``.

        See Also
        --------
        Attribution.costs : Cost per lead and per conversion by channel.

        Examples
        --------
        >>> import leadlens as ll
        >>> a = ll.datasets.b2b_saas().attribution("linear", target="closed_won", lookback="90d")
        >>> a.to_polars().columns[:5]
        ['method', 'channel', 'touches', 'paths', 'conversions']
        """
        return self._table("credits")

    def costs(self, *, by_period: bool = False) -> pl.DataFrame:
        """Return spend and unit costs by channel.

        Parameters
        ----------
        by_period : bool, default False
            Whether to return one row per channel and period.

        Returns
        -------
        polars.DataFrame
            One row per channel, or per channel and period. Unit costs divide the spend by the leads, conversions and
            value of the periods for which spend of any channel is given.

            - ``channel`` (String): value of ``by``.
            - ``period`` (Date): first day of the period. Only with ``by_period=True``.
            - ``spend`` (Float64): amount spent; null if no row names the channel.
            - ``leads``, ``qualified`` (UInt64): leads whose first touch was the channel's, and how many reached
              the stage ``qualified``.
            - ``conversions`` (Float64): conversions credited by the first method, in the period of the touch. Markov
              and Shapley credit is spread over touches like linear credit.
            - ``value`` (Float64): value credited by the first method.
            - ``cost_per_lead``, ``cost_per_qualified``, ``cost_per_conversion`` (Float64): spend divided by each count.
            - ``return_on_spend`` (Float64): value divided by spend.

        Raises
        ------
        OptionError
            The attribution was computed without ``spend``.

        See Also
        --------
        Spend : Declares a table of money spent.

        Examples
        --------
        >>> import polars as pl
        >>> import leadlens as ll
        >>> table = pl.DataFrame({"day": ["2024-01-01"], "cost": [900.0], "channel": ["inbound_marketing"]})
        >>> spend = ll.Spend(table, at="day", amount="cost", channel="channel")
        >>> a = ll.datasets.b2b_saas().attribution("linear", target="closed_won", spend=spend)
        >>> a.costs().columns[:3]
        ['channel', 'spend', 'leads']
        """
        if "costs" not in self._frames:
            raise OptionError("costs: requires spend; pass spend=ll.Spend(...) to Journeys.attribution")
        return self._table("costs_by_period" if by_period else "costs")

    def plot(self) -> Any:
        """Plot the conversions credited to each channel, methods side by side.

        Returns
        -------
        altair.LayerChart
            Bars in conversions of the twenty channels with most credit, with the number and the share of all
            conversions in percent, and with bootstrap intervals if computed. A sentence if there is neither a touch nor
            a conversion.

        Raises
        ------
        MissingPackageError
            altair is not installed.

        See Also
        --------
        Attribution.to_polars : Table behind the chart.

        Examples
        --------
        >>> import leadlens as ll
        >>> a = ll.datasets.b2b_saas().attribution("linear", target="closed_won", lookback="90d")
        >>> type(a.plot()).__name__
        'LayerChart'
        """
        return attribution_chart(self._table("credits"), self.facts)


class AttributionMethod:
    """The method :meth:`Journeys.attribution`."""

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
        """Divide the credit for conversions and their value among channels.

        A path is the touches of a lead before its conversion, or all touches of a lead that did not convert. The
        credits of every method except ``shapley_exact`` add up to all conversions. Credit is not an effect.

        Parameters
        ----------
        method : str, Rule or sequence of them, default "linear"
            One method or several, to be compared:

            - ``"first"``, ``"last"``: the first or last touch.
            - ``"last_non_direct"``: the last touch of a channel that is not in ``direct``.
            - ``"linear"``: all touches equally.
            - ``"position"``: 40 % first, 40 % last, 20 % the others.
            - ``"u_shaped"``: first touch and creation of the lead.
            - ``"w_shaped"``: the same and the opportunity.
            - ``"full_path"``: the same and the last touch.
            - ``"time_decay"``: weights 2^(−age / half_life).
            - ``"markov"``: removal effects in a Markov chain; ``"markov 2"`` fixes its order.
            - ``"shapley"``: Shapley value, where the worth of a set of channels is the number of conversions whose
              channels all lie in it.
            - ``"shapley_exact"``: the same with conversions whose channels are exactly the set.
            - a :class:`Rule`: shares by milestone.
        order : {1, 2, 3}, default 1
            Order of ``"markov"``.
        by : str, default "channel"
            What receives the credit: ``"channel"``, ``"kind"``, or a property of events such as ``"campaign"``.
        where : mapping, optional
            Conditions on lead fields, as in :meth:`Journeys.funnel`. Leads that started before ``outcomes_from`` are
            left out.
        target : str or sequence of str, optional
            Stages or event kinds that are conversions. By default the won stages. The value of a conversion is the
            amount of its stage entry.
        conversions : {"first", "every"}, default "first"
            Whether only the first conversion of a lead counts, or each, with the touches since the one before.
        touches : str, Step or sequence of them, optional
            Events that are touches. By default events of buyer and marketing.
        include, exclude : sequence of str, optional
            Channels that count, or do not count; ``*`` and ``?`` are wildcards. ``"(missing)"`` stands for touches
            without a channel.
        lookback : str, optional
            Age before the end of the path above which a touch does not count, such as ``"90d"``.
        path : {"all", "collapse", "unique"}, default "all"
            Whether all touches count, repeats in a row count once, or each channel counts once.
        nulls : {"all", "lost", "none"}, default "all"
            Paths without conversion that enter Markov chains.
        direct : sequence of str, optional
            Channels that ``"last_non_direct"`` passes over.
        opportunity : str, optional
            Stage that is the milestone of ``"w_shaped"`` and ``"full_path"``. By default the last but one of the
            pipeline.
        half_life : str, default "7d"
            Half-life of ``"time_decay"``.
        spend : Spend or sequence of them, optional
            Money spent, for :meth:`Attribution.costs`.
        qualified : str, optional
            Stage whose leads have a unit cost of their own. Requires ``spend``.
        bootstrap : int, default 0
            Number of bootstrap samples for 95 % intervals, at least 2 (200 recommended); 0 for no intervals. Samples
            are of accounts where the leads name them, else of leads.
        seed : int, default 0
            Seed of the samples.

        Returns
        -------
        Attribution
            Credit by method and channel, and unit costs.

        Raises
        ------
        UnknownNameError
            The data has no such name.
        OptionError
            The shares of a rule do not add up to 1, or another wrong value.

        See Also
        --------
        Journeys.paths : The sequences of touches.
        Journeys.funnel : Conversion rates by channel, with ``by="channel"``.

        References ---------- E. Anderl, I. Becker, F. von Wangenheim, J. Schumann, "Mapping the customer journey:
        lessons learned from graph-based online attribution modeling", International Journal of Research in Marketing
        33, 2016 (Markov). L. Shapley, "A value for n-person games", 1953. B. Efron, R. Tibshirani, "An Introduction to
        the Bootstrap", 1993.

        Examples
        --------
        >>> import leadlens as ll
        >>> credit = ll.datasets.b2b_saas().attribution(["first", "markov"], target="closed_won", lookback="90d")
        >>> credit.to_polars()["method"].unique(maintain_order=True).to_list()
        ['first', 'markov']
        """
        if order not in (1, 2, 3):
            raise OptionError(f"order: must be 1, 2 or 3, got {order!r}")
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
            raise OptionError("qualified: requires spend; pass spend=ll.Spend(...)")
        run = partial(_core.attribution, spend=given)
        credit: Attribution = Attribution._of(run, self._core, omit_none(spec))
        return credit


SHOWN = 20
"""Most channels of the chart."""


def attribution_chart(credits: pl.DataFrame, facts: dict[str, Any]) -> Any:
    """Return conversions credited to each channel, methods side by side."""
    alt = package()
    spec, by = facts["spec"], one_line(facts["spec"]["by"])
    credits = names_shown(credits, "channel", "method")
    methods = credits["method"].unique(maintain_order=True).to_list()
    totals = credits.group_by("channel", maintain_order=True).agg(pl.col("conversions").mean())
    every = totals.sort("conversions", descending=True, maintain_order=True)["channel"].to_list()
    order = every[:SHOWN]
    if not order:
        return nothing("no lead has a touch or a conversion, so that no channel has credit")
    several, sampled = len(methods) > 1, "conversions_low" in credits.columns
    data = credits.filter(pl.col("channel").is_in(order))
    credited = pl.col("conversions").map_elements(lambda c: f"{c:,.1f}".removesuffix(".0"), return_dtype=pl.String)
    known = pl.col("share").is_not_null() & pl.col("share").is_not_nan()
    label = pl.when(known).then(pl.format("{}  ({})", credited, percent("share"))).otherwise(credited)
    data = data.with_columns(label=label, label_at=pl.col("conversions").fill_nan(0.0).fill_null(0.0))
    if sampled:
        data = unknown_at_ends(data, "conversions", "conversions_low", "conversions_high")
        data = data.with_columns(label_at=pl.max_horizontal("label_at", "conversions_high"))
    most = float(data["label_at"].max() or 1.0)  # type: ignore[arg-type]
    scale = alt.Scale(domain=[0, room_for_labels(data["label"].to_list(), 460, most)], nice=False)
    said = "conversions credited"
    color = alt.Color(
        "method:N",
        sort=methods,
        title="method",
        scale=color_scale(methods),
        legend=legend() if several else None,
    )
    base = alt.Chart(inline(data)).encode(y=alt.Y("channel:N", sort=order, title=heading(by), axis=name_axis()))
    if several:
        base = base.encode(yOffset=alt.YOffset("method:N", sort=methods))
    tooltip = [
        alt.Tooltip("channel:N", title=by),
        alt.Tooltip("method:N"),
        alt.Tooltip("conversions:Q", format=",.1f"),
        alt.Tooltip("share:Q", format=".1%"),
        alt.Tooltip("value:Q", format=",.0f"),
        alt.Tooltip("touches:Q", format=","),
        alt.Tooltip("paths:Q", format=","),
    ]
    x = alt.X("conversions:Q", title=said, scale=scale, axis=count_axis())
    layers = [base.mark_bar().encode(x=x, color=color, tooltip=tooltip)]
    if sampled:
        low = alt.X("conversions_low:Q", title=said, scale=scale, axis=count_axis())
        layers += interval(base, x=low, x2="conversions_high:Q")
    labels = base.mark_text(align="left", dx=6, color=INK, fontSize=9 if several else 11)
    layers.append(labels.encode(x=alt.X("label_at:Q", title=said), text="label:N"))
    step = alt.Step(11, **{"for": "offset"}) if several else alt.Step(24)
    about = describe(
        plural(facts["conversions"], "conversion") + f" ({' or '.join(spec['target']) or 'won'})",
        plural(facts["null_paths"], "path") + " without one",
        None if spec["lookback"] is None else f"touches of the last {spec['lookback']}",
        "95 % bootstrap intervals" if sampled else None,
        None if several else f"method: {methods[0]}",
    )
    some = part_of(order, every, f"values of {by}, those with most credit")
    return finished(alt.layer(*layers).properties(width=460, height=step, title=title(f"Credit by {by}", about, some)))

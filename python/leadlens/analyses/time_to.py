"""How long leads take to an event."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import polars as pl

from .. import _core
from .._charts import BLUE, part_of
from ..query.breakdown import By, breakdown, by_name, conditions
from ..tables.encode import names, omit_none
from .result import Result

__all__ = ["TimeTo"]


class TimeTo(Result):
    """Cumulative incidence of an event by age; made by :meth:`Journeys.time_to`.

    Examples
    --------
    >>> import leadlens as ll
    >>> t = ll.datasets.b2b_saas().time_to("closed_won")
    >>> t.to_polars().select("group", "leads").row(0)
    ('(all)', 5000)
    """

    def to_polars(self) -> pl.DataFrame:
        """Return one row per group: leads, ends, share at the end of the curve, quantiles and mean time in days.

        Examples
        --------
        >>> import leadlens as ll
        >>> t = ll.datasets.b2b_saas().time_to("closed_won")
        >>> t.to_polars().columns[:4]
        ['group', 'leads', 'events', 'competing']
        """
        return self._tables["groups"]

    def at(self) -> pl.DataFrame:
        """Return shares at the ages asked for, with intervals and leads at risk.

        Examples
        --------
        >>> import leadlens as ll
        >>> t = ll.datasets.b2b_saas().time_to("closed_won")
        >>> t.at().columns
        ['group', 'days', 'incidence', 'incidence_low', 'incidence_high', 'at_risk']
        """
        return self._tables["ages"]

    def ceilings(self) -> pl.DataFrame:
        """Return the share of each group that will ever have the event, where ``ceiling=`` asked for it.

        F(t) = share·G(t) by maximum likelihood; ``low`` and ``high`` are the ends of the profile interval, the shares c
        with 2·(ℓ(share) − max ℓ(c)) ≤ χ²₁. ``identified`` is true where the observed curve levels off (``alpha`` of the
        Maller–Zhou test is below 0.05) and, by the fit, at least 95 % of those that ever have the event have it within
        ``longest_days``; otherwise all else is null and ``why_not`` says why.

        Returns
        -------
        polars.DataFrame
            One row per group.

        Examples
        --------
        >>> import leadlens as ll
        >>> times = ll.datasets.b2b_saas().time_to("closed_won", ceiling="weibull")
        >>> times.ceilings()["identified"].to_list()
        [True]
        """
        return self._tables["ceilings"]

    def curve(self) -> pl.DataFrame:
        """Return the whole step functions: one row per group and age at which something ends.

        Examples
        --------
        >>> import leadlens as ll
        >>> t = ll.datasets.b2b_saas().time_to("closed_won")
        >>> t.curve().columns[:3]
        ['group', 'days', 'at_risk']
        """
        return self._tables["curves"]

    @property
    def test(self) -> dict[str, Any] | None:
        """Gray's test of the groups (log-rank where nothing competes), or what to know of it.

        ``test`` is its name, with "(by account)" where the leads name accounts; ``statistic``, ``degrees``, ``p``;
        ``sparse`` counts groups with fewer than 5 expected events, ``coarse`` says whether too many ends are tied.
        """
        test: dict[str, Any] | None = self._facts["test"]
        return test

    @property
    def facts(self) -> dict[str, Any]:
        """What was asked for, leads left out by reason, remarks."""
        return self._facts

    def plot(self) -> Any:
        """Return an Altair chart: share with the event by age, with bands of the confidence asked for.

        Where ceilings are identified they are dashed lines.

        Examples
        --------
        >>> import leadlens as ll
        >>> t = ll.datasets.b2b_saas().time_to("closed_won")
        >>> type(t.plot()).__name__
        'LayerChart'
        """
        return incidence_chart(self._tables["curves"], by_name(self._facts["spec"]["by"]), self._tables["ceilings"])


class TimeToMethod:
    """The method of journeys."""

    _core: _core.Journeys

    def time_to(
        self,
        target: str | Sequence[str] | None = None,
        *,
        competing: str | Sequence[str] | None = None,
        competing_as: Literal["event", "censored"] = "event",
        start: str | None = None,
        by: By | None = None,
        where: Mapping[str, Any] | None = None,
        late_entry: bool = False,
        at: str | Sequence[str] = ("30d", "60d", "90d", "180d", "365d"),
        until: str | None = None,
        confidence: float = 0.95,
        ceiling: Literal["generalized_gamma", "weibull", "lognormal"] | None = None,
    ) -> TimeTo:
        """Say how long leads take to an event: cumulative incidence by age, quantiles, mean time, a test of groups.

        The clock of a lead starts with its creation and ends with the event, a competing end, or the end of
        observation. Where losing competes the share is Aalen–Johansen's: F(t) = Σ S(tⱼ₋₁)·dⱼ/nⱼ, S being the share
        without any end. One minus Kaplan–Meier with lost leads censored (``competing_as="censored"``) says what share
        would convert if nobody could lose. A loss counts if the lead is still lost at the end of observation: a lead
        that was re-opened is at risk again.

        Parameters
        ----------
        target : str or sequence of str, optional
            Stages or event kinds; by default the won stages.
        competing : str or sequence of str, optional
            Stages or event kinds that end a lead otherwise. By default losing (all its deals closed, the last lost) if
            the data has lost stages; ``"lost"`` says the same, ``()`` that nothing competes.
        competing_as : {"event", "censored"}, default "event"
            Whether competing ends are ends of their own (Aalen–Johansen), or censored (one minus Kaplan–Meier).
        start : str, optional
            Stage or event kind with which the clock starts.
        by : str, Bins, or list of them, optional
            Lead fields to compare by: Gray's test (as R's cmprsk), or the log-rank test where nothing competes; where
            the leads name accounts a jackknife over them, called "Gray (by account)" or "log-rank (by account)".
        where : mapping, optional
            Leads that count, as in :meth:`funnel`.
        late_entry : bool
            Leads that started before ``outcomes_from`` enter when recording began. Right only if leads with earlier
            outcomes are not in the table; otherwise they are left out.
        at : str or sequence of str
            Ages at which the share is given.
        until : str, optional
            Age up to which mean times are taken; by default the longest that all groups were observed.
        confidence : float
            Confidence of the intervals, made for 1 − F on the log(−log) scale.
        ceiling : {"generalized_gamma", "weibull", "lognormal"}, optional
            Fit F(t) = share·G(t), G of this family (and likewise what competes), for the share that will ever have the
            event: see :meth:`TimeTo.ceilings`. Given only where follow-up was long enough. Costs more than all else,
            above all with many different ages.

        Raises
        ------
        UnknownNameError
            A name is not in the data.
        OptionError
            A span or a confidence that is none, more than 100 groups, or ``late_entry`` without ``outcomes_from``.
        NotEnoughDataError
            No lead is left.

        Examples
        --------
        >>> import leadlens as ll
        >>> times = ll.datasets.b2b_saas().time_to("closed_won", by="lead_source", at=["60d"])
        >>> times.at().row(0)[:2]
        ('(all)', 60.0)
        """
        spec = {
            "target": names(target, "target"),
            "competing": None if competing is None else names(competing),
            "competing_as": competing_as,
            "start": start,
            "by": breakdown(by),
            "where": conditions(where),
            "late_entry": late_entry,
            "at": names(at, "at"),
            "until": until,
            "confidence": confidence,
            "ceiling": ceiling,
        }
        times: TimeTo = TimeTo._of(_core.time_to, self._core, omit_none(spec))
        return times


def incidence_chart(curves: pl.DataFrame, by: str | None, ceilings: pl.DataFrame) -> Any:
    """Return cumulative incidence with bands, by group; at most 400 points a curve. Ceilings are dashed lines."""
    import altair as alt

    if by is not None:
        curves = curves.filter(pl.col("group") != "(all)")
    every_group = curves["group"].unique(maintain_order=True).to_list()
    order = every_group[:8]
    parts = []
    for name in order:
        curve = curves.filter(pl.col("group") == name)
        # A step function: its value at 400 ages says as much as a screen can show.
        every = max(1, curve.height // 400)
        parts.append(pl.concat([curve.gather_every(every), curve.tail(1)]).unique("days", maintain_order=True))
    start = pl.DataFrame({"group": order}).with_columns(
        days=0.0, incidence=0.0, low=0.0, high=0.0, at_risk=pl.lit(0, pl.UInt64)
    )
    columns = ["group", "days", "incidence", "low", "high", "at_risk"]
    data = pl.concat([start.select(columns), *(p.select(columns) for p in parts)])
    axis = alt.Axis(format="%")
    color = (
        alt.value(BLUE)
        if by is None
        else alt.Color("group:N", sort=order, title=by, legend=alt.Legend(symbolOpacity=1))
    )
    base = alt.Chart(data).encode(x=alt.X("days:Q", title="age, days"), color=color)
    band = base.mark_area(opacity=0.15, interpolate="step-after").encode(
        y=alt.Y("low:Q", title="share with the event, with its band", axis=axis), y2="high:Q"
    )
    line = base.mark_line(interpolate="step-after").encode(
        y=alt.Y("incidence:Q", axis=axis),
        tooltip=["group", alt.Tooltip("days:Q", format=".1f"), alt.Tooltip("incidence:Q", format=".1%"), "at_risk"],
    )
    known = ceilings.filter(pl.col("identified") & pl.col("group").is_in(order))
    layers = [band, line]
    if known.height > 0:
        rule = alt.Chart(known).mark_rule(strokeDash=[5, 4]).encode(y=alt.Y("share:Q", axis=axis), color=color)
        layers.append(
            rule.encode(tooltip=["group", *(alt.Tooltip(f"{c}:Q", format=".1%") for c in ("share", "low", "high"))])
        )
    note = part_of(order, every_group, f"groups of {by}, those with most leads")
    return alt.layer(*layers).properties(width=520, height=300, **note)

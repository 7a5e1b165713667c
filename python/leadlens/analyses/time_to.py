"""Time to an event, with leads that are still open and ends that compete."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import polars as pl

from .. import _core
from .._charts import (
    BLUE,
    color_scale,
    describe,
    faded_curve,
    fades,
    finished,
    heading,
    inline,
    legend,
    name_order,
    names_shown,
    nothing,
    one_line,
    package,
    pale,
    part_of,
    plural,
    thinned,
    title,
)
from ..query.breakdown import By, breakdown, by_name, conditions
from ..tables.encode import names, omit_none
from .result import Result

__all__ = ["TimeTo"]


class TimeTo(Result):
    """Cumulative incidence of an event by age; returned by :meth:`Journeys.time_to`.

    See Also
    --------
    Journeys.time_to : Compute the curves; documents the estimators.
    StageFunnel.times : Time spent in each stage.

    Examples
    --------
    >>> import leadlens as ll
    >>> t = ll.datasets.b2b_saas().time_to("closed_won")
    >>> t.to_polars().select("group", "leads").row(0)
    ('(all)', 5000)
    """

    def to_polars(self) -> pl.DataFrame:
        """Return counts, the share with the event, quantiles and mean time by group.

        Returns
        -------
        polars.DataFrame
            One row per group, ``(all)`` first.

            - ``group`` (String): value of ``by``; ``(all)`` for all leads.
            - ``leads``, ``events``, ``competing``, ``censored`` (UInt64): leads, and how many had the event, had a
              competing end, or are open.
            - ``days`` (Float64): age at the end of the curve, in days.
            - ``incidence``, ``incidence_low``, ``incidence_high`` (Float64): share with the event by that age, from 0
              to 1, with its interval.
            - ``quarter_days``, ``median_days`` (Float64): age in days by which a quarter and half of the leads had the
              event; null if the curve stays below.
            - ``median_days_low``, ``median_days_high`` (Float64): interval of ``median_days``.
            - ``three_quarters_days`` (Float64): age in days by which three quarters had the event.
            - ``restricted_until`` (Float64): age in days up to which the mean is taken.
            - ``restricted_mean``, ``restricted_mean_standard_error`` (Float64): mean time without the event up to that
              age, in days, and its standard error.

        See Also
        --------
        TimeTo.curve : The whole curve.
        TimeTo.at : The curve at given ages.

        Examples
        --------
        >>> import leadlens as ll
        >>> t = ll.datasets.b2b_saas().time_to("closed_won")
        >>> t.to_polars().columns[:4]
        ['group', 'leads', 'events', 'competing']
        """
        return self._table("groups")

    def at(self) -> pl.DataFrame:
        """Return the share with the event at the ages of the option ``at``.

        Returns
        -------
        polars.DataFrame
            One row per group and age, as far as the group was observed.

            - ``group`` (String): value of ``by``; ``(all)`` for all leads.
            - ``days`` (Float64): age in days.
            - ``incidence``, ``incidence_low``, ``incidence_high`` (Float64): share with the event by that age, from 0
              to 1, with its interval.
            - ``at_risk`` (UInt64): leads at risk at that age.

        See Also
        --------
        TimeTo.curve : The curve at all ages.

        Examples
        --------
        >>> import leadlens as ll
        >>> t = ll.datasets.b2b_saas().time_to("closed_won")
        >>> t.at().columns
        ['group', 'days', 'incidence', 'incidence_low', 'incidence_high', 'at_risk']
        """
        return self._table("ages")

    def ceilings(self) -> pl.DataFrame:
        """Return the share of each group that will ever have the event, if ``ceiling`` was given.

        Returns
        -------
        polars.DataFrame
            One row per group; empty without ``ceiling``.

            - ``group`` (String): value of ``by``; ``(all)`` for all leads.
            - ``family`` (String): family of the distribution G in F(t) = share × G(t).
            - ``identified`` (Boolean): whether follow-up was long enough. If it is false, the estimates are null.
            - ``share`` (Float64): share that will ever have the event, from 0 to 1.
            - ``low``, ``high`` (Float64): interval of ``share`` by profile likelihood.
            - ``competing_share`` (Float64): share that will ever have a competing end.
            - ``mu``, ``sigma``, ``q`` (Float64): parameters of G.
            - ``log_likelihood`` (Float64): log-likelihood at the maximum.
            - ``last_event_days``, ``longest_days`` (Float64): age at the last event, and longest age observed, in days.
            - ``alpha`` (Float64): p-value of the Maller–Zhou test that the curve has not levelled off.
            - ``why_not`` (String): why the share is not identified.

        See Also
        --------
        TimeTo.plot : Draws identified shares as dashed lines.

        Notes
        -----
        The share is identified if ``alpha`` is below 0.05 and, by the fit, at least 95 % of the leads that ever have
        the event have it within ``longest_days``.

        References
        ----------
        R. Maller, S. Zhou, "Estimating the proportion of immunes in a censored sample", Biometrika 79, 1992.

        Examples
        --------
        >>> import leadlens as ll
        >>> times = ll.datasets.b2b_saas().time_to("closed_won", ceiling="weibull")
        >>> times.ceilings()["identified"].to_list()
        [True]
        """
        return self._table("ceilings")

    def curve(self) -> pl.DataFrame:
        """Return the curve as a step function.

        Returns
        -------
        polars.DataFrame
            One row per group and age at which a lead has the event, a competing end, or its last observation.

            - ``group`` (String): value of ``by``; ``(all)`` for all leads.
            - ``days`` (Float64): age in days.
            - ``at_risk`` (UInt64): leads at risk just before.
            - ``events``, ``competing``, ``censored`` (UInt64): leads that end at this age, by how.
            - ``incidence`` (Float64): share with the event by this age, from 0 to 1.
            - ``standard_error`` (Float64): standard error of ``incidence``.
            - ``low``, ``high`` (Float64): interval of ``incidence``.
            - ``competing_incidence`` (Float64): share with a competing end by this age.

        See Also
        --------
        TimeTo.plot : Chart of the curve.

        Examples
        --------
        >>> import leadlens as ll
        >>> t = ll.datasets.b2b_saas().time_to("closed_won")
        >>> t.curve().columns[:3]
        ['group', 'days', 'at_risk']
        """
        return self._table("curves")

    @property
    def test(self) -> dict[str, Any] | None:
        """Test of equal curves among the groups; None without ``by``.

        ``test`` is its name: Gray's test, or the log-rank test where nothing competes, with "(by account)" where the
        leads name accounts. ``statistic``, ``degrees`` and ``p_value`` are its statistic, degrees of freedom and
        p-value; ``sparse`` is the number of groups with fewer than 5 expected events, and ``coarse`` says whether many
        ends are tied. ``permutations`` is the number of permutations that the p-value comes from, 0 where it comes
        from χ², or by account from F.

        Notes
        -----
        χ² rejects too often where groups have few events. There the name ends in "(by permutation)", and the p-value is
        the share of up to 999 permutations of the ends among the leads with a statistic as large; each lead keeps its
        time under observation, drawn anew where its end hides it. It needs at most 100,000 leads without late entry;
        otherwise a remark says that the p-value is approximate. Share of simulations of equal groups with p < 0.05, by
        permutation and by χ² (300 worlds; Monte Carlo error at most 0.015; the same worlds are in
        ``src/survival/permuted.rs``, others in ``benches/peers/unusual_worlds.py equal_groups tiny_groups``):

        ====================  ===========  ==============  =====
        groups of 10 leads    follow-up    by permutation  by χ²
        ====================  ===========  ==============  =====
        100, log-rank         equal        0.073           0.310
        100, log-rank         unequal      0.070           0.260
        100, Gray             equal        0.057           0.197
        30, log-rank          unequal      0.047           0.133
        30, Gray              unequal      0.063           0.087
        ====================  ===========  ==============  =====

        References
        ----------
        G. Heinze, M. Gnant, M. Schemper, "Exact log-rank tests for unequal follow-up", Biometrics 59, 2003.
        """
        test: dict[str, Any] | None = self._facts["test"]
        return test

    def plot(self) -> Any:
        """Plot the share of leads with the event by age in days, with its band.

        Where fewer than 20 leads of a group are at risk, curve and band are pale and the curve is dashed. Every jump is
        at its age; of a curve with more than 2,000 ages, jumps that move it by less than a tenth of a pixel are drawn
        together.

        Returns
        -------
        altair.LayerChart
            One curve per group, of the eight groups with most leads. Straight dashed lines are the identified shares of
            :meth:`ceilings`. A sentence if the curve has no age.

        Raises
        ------
        MissingPackageError
            altair is not installed.

        See Also
        --------
        TimeTo.curve : Table behind the chart.

        Examples
        --------
        >>> import leadlens as ll
        >>> t = ll.datasets.b2b_saas().time_to("closed_won")
        >>> type(t.plot()).__name__
        'LayerChart'
        """
        return incidence_chart(self)


class TimeToMethod:
    """The method :meth:`Journeys.time_to`."""

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
        """Estimate the share of leads that have had an event by age, and compare groups.

        The clock of a lead starts with its creation and stops with the event, a competing end, or the end of
        observation.

        Parameters
        ----------
        target : str or sequence of str, optional
            Stages or event kinds that are the event. By default the won stages.
        competing : str or sequence of str, optional
            Stages or event kinds that end a lead otherwise. By default losing, if the data has lost stages: all deals
            of the lead are closed and the last was lost. ``"lost"`` says the same; ``()`` means that nothing competes.
        competing_as : {"event", "censored"}, default "event"
            Whether competing ends are ends of their own (Aalen–Johansen) or censored (one minus Kaplan–Meier).
        start : str, optional
            Stage or event kind that starts the clock.
        by : str, Bins, or list of them, optional
            Lead fields to break down by, at most 100 groups.
        where : mapping, optional
            Conditions on lead fields, as in :meth:`Journeys.funnel`.
        late_entry : bool, default False
            Whether leads that started before ``outcomes_from`` enter when recording began. Use it only if the table
            does not contain leads with earlier outcomes. By default these leads are left out.
        at : str or sequence of str, default ("30d", "60d", "90d", "180d", "365d")
            Ages for :meth:`TimeTo.at`.
        until : str, optional
            Age up to which mean times are taken. By default the longest age at which all groups were observed.
        confidence : float, default 0.95
            Confidence level of the intervals, between 0 and 1.
        ceiling : {"generalized_gamma", "weibull", "lognormal"}, optional
            Family of distributions to fit for :meth:`TimeTo.ceilings`. Takes longer than the rest, most of all with
            many different ages.

        Returns
        -------
        TimeTo
            Curves, quantiles, means and a test.

        Raises
        ------
        UnknownNameError
            The data has no such name.
        OptionError
            A wrong length of time or confidence, more than 100 groups, or ``late_entry`` without ``outcomes_from``.
        NotEnoughDataError
            No lead is left.

        See Also
        --------
        Journeys.stage_funnel : Time spent in each stage.
        Journeys.funnel : Times between steps of leads that reached both.

        Notes
        -----
        With competing ends, F(t) = Σ S(tⱼ₋₁) dⱼ/nⱼ, where S is the share without any end, dⱼ the number of events and
        nⱼ the number at risk at age tⱼ. One minus Kaplan–Meier with lost leads censored is the share that would convert
        if no lead could be lost. A loss counts if the lead is still lost at the end of observation; a lead that was
        re-opened is at risk again. Intervals are made for 1 − F on the log(−log) scale.

        Groups are compared by Gray's test, as in the R package cmprsk, or by the log-rank test where nothing competes.
        Where the leads name accounts, the variance is a jackknife over accounts.

        References
        ----------
        O. Aalen, S. Johansen, "An empirical transition matrix for non-homogeneous Markov chains based on censored
        observations", Scandinavian Journal of Statistics 5, 1978. R. Gray, "A class of k-sample tests for comparing the
        cumulative incidence of a competing risk", Annals of Statistics 16, 1988.

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


SHOWN = 8
"""Most curves of the chart."""

FEW = 20
"""Leads at risk below which a curve is pale."""


def incidence_chart(times: TimeTo) -> Any:
    """Return cumulative incidence with bands, by group. Ceilings are dashed lines."""
    alt = package()
    spec, by = times.spec, by_name(times.spec["by"])
    target = one_line(" or ".join(spec["target"]) or "won")
    groups = names_shown(times.to_polars(), "group").filter(pl.lit(by is None) | (pl.col("group") != "(all)"))
    curves = names_shown(times.curve(), "group")
    every = groups["group"].to_list()
    order = name_order(every[:SHOWN])
    curves = curves.filter(pl.col("group").is_in(order))
    if curves.is_empty():
        return nothing(f"no lead is under observation, so that no share with {target} can be estimated")
    data = curve_rows(curves, order)
    start = "creation" if spec["start"] is None else one_line(spec["start"])
    scale = color_scale(order, every)
    color = alt.value(BLUE) if by is None else alt.Color("group:N", scale=scale, title=one_line(by), legend=legend())
    base = alt.Chart(inline(data)).encode(x=alt.X("days:Q", title=heading(f"days since {start}")), color=color)
    said = heading(f"share of leads with {target}")
    # A curve that stays at 0 would be in the middle of the frame.
    scale_of = alt.Scale(domain=[0, 1], nice=False) if not data["high"].fill_nan(None).max() else alt.Undefined
    share = alt.Y("incidence:Q", axis=alt.Axis(format="%"), title=said, scale=scale_of)
    band = base.mark_area(interpolate="step-after").encode(
        y=alt.Y("low:Q", axis=alt.Axis(format="%"), title=said),
        y2="high:Q",
        opacity=pale(0.2, 0.07),
        detail=alt.Detail("run:N"),
    )
    tooltip = [
        alt.Tooltip("group:N", title=one_line(by or "group")),
        alt.Tooltip("days:Q", format=",.1f", title="days"),
        alt.Tooltip("incidence:Q", format=".1%", title="share"),
        alt.Tooltip("low:Q", format=".1%", title="from"),
        alt.Tooltip("high:Q", format=".1%", title="to"),
        alt.Tooltip("at_risk:Q", format=",", title="leads at risk"),
    ]
    line = base.mark_line(interpolate="step-after").encode(y=share, tooltip=tooltip, **fades())
    known = names_shown(times.ceilings(), "group").filter(pl.col("identified") & pl.col("group").is_in(order))
    layers = [band, line]
    if known.height > 0:
        shares = [alt.Tooltip(f"{c}:Q", format=".1%") for c in ("share", "low", "high")]
        rule = alt.Chart(inline(known)).mark_rule(strokeDash=[2, 3]).encode(y=alt.Y("share:Q", title=said), color=color)
        layers.append(rule.encode(tooltip=[alt.Tooltip("group:N"), *shares]))
    test = times.test
    about = describe(
        plural(sum(groups["leads"]), "lead"),
        f"band: {spec['confidence']:.0%} interval".replace("%", " %"),
        "dotted: share that ever will" if known.height > 0 else None,
        f"{test['test']} test of equal curves: p = {test['p_value']:.2g}" if test else None,
    )
    few = f"pale and dashed: fewer than {FEW} leads at risk" if data["few"].any() else None
    some = part_of(order, every, f"groups of {by}, those with most leads")
    return finished(
        alt.layer(*layers)
        .resolve_scale(opacity="independent")
        .properties(width=520, height=300, title=title(f"Time to {target}", about, few, some))
    )


def curve_rows(curves: pl.DataFrame, order: list[str]) -> pl.DataFrame:
    """Return the rows of the drawn curves, from age 0, by group and run."""
    columns = ["group", "days", "incidence", "low", "high", "at_risk", "few", "run"]
    top = float(curves["high"].fill_nan(None).max() or 1.0)  # type: ignore[arg-type]
    drawn = []
    for name in order:
        curve = curves.filter(pl.col("group") == name)
        if curve.is_empty():
            continue
        first = curve.head(1).with_columns(
            *(pl.lit(0.0).alias(c) for c in ("days", "incidence", "low", "high")),
        )
        curve = pl.concat([first, curve])
        # At risk from a row on are those just before the next one.
        after = pl.col("at_risk").shift(-1).fill_null(pl.col("at_risk").last())
        curve = curve.with_columns(few=after < FEW)
        drawn.append(faded_curve(thinned(curve, top, 300)).select(columns))
    return pl.concat(drawn)

"""What can be asked of journeys: funnels, drivers, the pipeline, times, attribution."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Literal

import polars as pl

from . import _core
from .attribution import Attribution, Rule, Spend
from .breakdown import By, breakdown, conditions
from .errors import OptionError
from .funnels import Barriers, Drivers, Exclusion, Funnel, Step, _funnel_spec, _step
from .paths import Paths
from .pipeline import StageFunnel
from .survival import TimeTo
from .tables.encode import Tables, as_json, names, omit_none, one_name
from .tables.role import roles


class Analyses:
    """Passes over the index of :class:`Journeys`."""

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
            **_funnel_spec(steps, window=window, entry=entry, exclude=exclude),
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
        funnel = {**_funnel_spec(steps, window=window, entry=entry, exclude=exclude), "order": order, "hold": hold}
        funnel["where"] = conditions(where)
        spec = omit_none({"funnel": omit_none(funnel), "fields": names(fields, "fields"), "min_support": min_support})
        found: Drivers = Drivers._of(_core.drivers, self._core, spec)
        return found

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
        funnel = _funnel_spec(steps, window=window, entry=entry, exclude=exclude)
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

    def paths(
        self,
        *,
        by: str = "kind",
        events: str | Step | Sequence[str | Step] | None = None,
        unit: Literal["lead", "session"] = "lead",
        session_gap: str | None = None,
        where: Mapping[str, Any] | None = None,
        target: str | Sequence[str] | None = None,
        collapse: bool = True,
        length: int = 5,
        top: int = 50,
    ) -> Paths:
        """Follow leads (or sessions) from place to place: transitions, ways to won and to lost, steps, loops.

        A lead's path ends with its win or loss. Transitions count every event; in ways and steps repeats in a row are
        one place unless ``collapse=False``.

        Parameters
        ----------
        by : str
            Places: ``"kind"``, ``"channel"``, or a property of events.
        events : str, Step or sequence of them, optional
            Events that count; by default what buyer and marketing did.
        unit : {"lead", "session"}
            What is one path.
        session_gap : str, optional
            A longer silence ends a session, such as ``"30m"``; also gives facts of sessions. Where one of two events is
            known to the day only, the silence is the number of calendar days between them.
        where : mapping, optional
            Leads that count, as in :meth:`funnel`; those that started before ``outcomes_from`` do not.
        target : str or sequence of str, optional
            Stages or event kinds that are the win; by default the won stages.
        collapse : bool
            Whether repeats in a row are one place.
        length : int
            Places of a way before its end, and steps from the start.
        top : int
            Ways (of all, to won, and to lost) and loops that are listed.

        Raises
        ------
        UnknownNameError
            A name is not in the data.
        OptionError
            Sessions without ``session_gap``.

        Examples
        --------
        >>> import leadlens as ll
        >>> ll.datasets.b2b_saas().paths(length=2).facts["paths"]
        4930
        """
        spec = {
            "by": by,
            "events": None if events is None else _step(events, "events"),
            "unit": unit,
            "session_gap": session_gap,
            "where": conditions(where),
            "target": names(target, "target"),
            "collapse": collapse,
            "length": length,
            "top": top,
        }
        found: Paths = Paths._of(_core.paths, self._core, omit_none(spec))
        return found

    def transitions(self, **options: Any) -> pl.DataFrame:
        """Return the transitions of :meth:`paths`, which takes the same options."""
        return self.paths(**options).transitions()

    def stage_funnel(
        self,
        *,
        pipeline: Sequence[str] = (),
        by: By | None = None,
        where: Mapping[str, Any] | None = None,
        period: Literal["day", "week", "month", "quarter", "year"] = "month",
        view: Literal["cohort", "flow"] = "cohort",
        recycle_after: str | None = None,
        window: str | None = None,
        opportunity: str | None = None,
    ) -> StageFunnel:
        """Count how leads move through the pipeline: reached, skipped, lost, open; time in stage; win rate; velocity.

        A cycle reaches a stage when it enters it or a later one; skipped stages count as reached, with a count. Going
        back is a regression; what was reached stays reached. A stage entered after a loss re-opens the cycle, or starts
        a new one after ``recycle_after``, which ends the one before. The first win of a cycle ends it, whatever other
        deals are open; a lead is lost when all its deals are closed and the last was lost. Entries of one instant
        follow ``order`` of their table, then the pipeline; an entry of another deal that is not so far moves nothing. A
        pipeline that starts with creation starts there: stages entered before are entered then. Cycles that started
        before ``outcomes_from``, and leads closed before the creation that is the first stage, are left out and
        counted. Where the leads name accounts, intervals of rates and of times in stage are clustered by them; else
        cycles and visits of one lead are clustered by lead.

        Parameters
        ----------
        pipeline : sequence of str, optional
            Stages (or event kinds), first to last; by default those of the journeys. ``"created"`` as the first means
            creation, as does ``"lead"`` unless a stage is called so. An event of that name is ``"source:created"``, a
            stage ``"stage:created"``; if there is one, ``"created"`` is an error.
        by : str, Bins, or list of them, optional
            Lead fields to break down by: every table has rows for each group, which add up to all.
        where : mapping, optional
            Leads that count, as in :meth:`funnel`.
        period : {"day", "week", "month", "quarter", "year"}
            Calendar period of cohorts and of the flow.
        view : {"cohort", "flow"}
            What :meth:`StageFunnel.to_polars` and ``plot`` show: cycles by start, or what happened in each period.
        recycle_after : str, optional
            A lead that enters a stage at or before where it was, or any after closing, so long after its last starts a
            new cycle; never by default. Rows that repeat the stage of a deal are edits of it, not entries; without
            ``Stages(deal=…)`` all rows of a lead are one deal.
        window : str, optional
            Only what happens within this time of a cycle's start counts; younger cycles are left out and counted. Where
            one of the two times is a whole day, it is so many calendar days (inclusive).
        opportunity : str, optional
            Stage that makes an opportunity: win rate and velocity are of leads that reached it; by default of all.

        Raises
        ------
        UnknownNameError
            A stage or field is not in the data.
        OptionError
            The journeys have no pipeline and none is given.

        Examples
        --------
        >>> import leadlens as ll
        >>> f = ll.datasets.b2b_saas().stage_funnel(pipeline=["lead", "sql", "closed_won"])
        >>> f.to_polars()["reached"].to_list()
        [5000, 4641, 1049]
        """
        spec = {
            "pipeline": names(pipeline, "pipeline"),
            "by": breakdown(by),
            "where": conditions(where),
            "period": period,
            "recycle_after": recycle_after,
            "window": window,
            "opportunity": opportunity,
        }
        if view not in ("cohort", "flow"):
            raise OptionError(f"view: {view!r} is neither 'cohort' nor 'flow'")
        funnel: StageFunnel = StageFunnel._of(_core.stage_funnel, self._core, omit_none(spec))
        funnel._view = view
        return funnel

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
            "touches": None if touches is None else _step(touches, "touches"),
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

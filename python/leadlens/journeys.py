"""Journeys and snapshots."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timezone
from functools import partial
from pathlib import Path
from typing import Any, Literal

import polars as pl

from . import _core
from ._display import pre
from ._progress import progress
from .attribution import Attribution, Rule, Spend
from .errors import OptionError
from .features import FeatureSet
from .funnels import Exclusion, Funnel, Step, _step
from .pipeline import StageFunnel
from .sources import Accounts, Events, Fields, Leads, Stages, Table, _drop, _Tables, names
from .survival import TimeTo

__all__ = ["Check", "Journeys", "Snapshot"]

Time = str | date | datetime
"""An ISO 8601 text, a date, or a datetime; without a zone it is UTC."""


def _time(value: Time | None) -> str | None:
    if isinstance(value, datetime):
        aware = value if value.tzinfo else value.replace(tzinfo=timezone.utc)
        return aware.astimezone(timezone.utc).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    return value


class Journeys:
    """The index of all journeys: leads, what they did, and what sales did with them.

    Parameters
    ----------
    leads : Leads
        The leads.
    events : Events or sequence of Events, optional
        What happened.
    stages : Stages or sequence of Stages, optional
        What sales did.
    fields : Fields or sequence of Fields, optional
        Fields that change over time.
    accounts : Accounts, optional
        Accounts of the leads.
    pipeline : sequence of str, optional
        Stages in order.
    won, lost : str or sequence of str, optional
        Stages that mean won, and lost.
    observed_until : time, optional
        End of observation (exclusive). By default the end of the table of events or stages that ends first.
    outcomes_from : time, optional
        From when on outcomes were recorded.
    timezone : str, default "UTC"
        Zone of times without an offset.
    calendar_zone : str, default "UTC"
        Zone of calendar days.
    before_creation : {"keep", "quarantine", "clamp"}, default "keep"
        What to do with stage entries before their lead's creation.

    Raises
    ------
    SchemaError
        Tables do not have the declared columns or types; every missing column is listed.
    ReadError
        A file cannot be read.

    Examples
    --------
    >>> import polars as pl
    >>> import leadlens as ll
    >>> leads = pl.DataFrame({"id": [1, 2], "created": ["2024-01-01", "2024-01-02"]})
    >>> deals = pl.DataFrame({"lead": [1], "at": ["2024-01-09"], "stage": ["won"]})
    >>> j = ll.Journeys(
    ...     leads=ll.Leads(leads, id="id", created="created"),
    ...     stages=ll.Stages(deals, lead="lead", at="at", stage="stage"),
    ...     won="won",
    ... )
    >>> j
    Journeys: 2 leads, 0 events, 1 stage entries, 1 kinds, observed until 2024-01-10T00:00:00Z
    """

    def __init__(
        self,
        *,
        leads: Leads,
        events: Events | Sequence[Events] = (),
        stages: Stages | Sequence[Stages] = (),
        fields: Fields | Sequence[Fields] = (),
        accounts: Accounts | None = None,
        pipeline: Sequence[str] = (),
        won: str | Sequence[str] | None = None,
        lost: str | Sequence[str] | None = None,
        observed_until: Time | None = None,
        outcomes_from: Time | None = None,
        timezone: str = "UTC",
        calendar_zone: str = "UTC",
        before_creation: Literal["keep", "quarantine", "clamp"] = "keep",
    ) -> None:
        tables = _Tables()
        config = _drop(
            {
                "leads": leads._spec(tables),
                "events": [e._spec(tables) for e in ([events] if isinstance(events, Events) else events)],
                "stages": [s._spec(tables) for s in ([stages] if isinstance(stages, Stages) else stages)],
                "fields": [f._spec(tables) for f in ([fields] if isinstance(fields, Fields) else fields)],
                "accounts": None if accounts is None else accounts._spec(tables),
                "pipeline": names(pipeline),
                "won": names(won),
                "lost": names(lost),
                "observed_until": _time(observed_until),
                "outcomes_from": _time(outcomes_from),
                "timezone": timezone,
                "calendar_zone": calendar_zone,
                "before_creation": before_creation,
            }
        )
        self._config = config
        with progress() as show:
            self._core = _core.Journeys.build(json.dumps(config), tables.given, ".", show)

    @classmethod
    def _of(cls, core: _core.Journeys, config: dict[str, Any]) -> Journeys:
        made = cls.__new__(cls)
        made._core = core
        made._config = config
        return made

    @classmethod
    def from_config(cls, path: str | Path) -> Journeys:
        """Build the index that a TOML file declares; tables are relative to its folder.

        Parameters
        ----------
        path : str or Path
            The file, as the command line uses it.

        Raises
        ------
        ConfigError
            A key is unknown or a value wrong.
        """
        text, folder = _core.read_config(str(path))
        with progress() as show:
            core = _core.Journeys.build(text, {}, folder, show)
        return cls._of(core, json.loads(text))

    def extend(
        self,
        *,
        events: Events | Sequence[Events] = (),
        stages: Stages | Sequence[Stages] = (),
        observed_until: Time | None = None,
    ) -> tuple[Journeys, dict[str, int]]:
        """Return the index with new rows, and what became of them.

        Stage entries that the index has are dropped; at equal times, rows that came earlier stay first.

        Parameters
        ----------
        events, stages : Events, Stages or sequences of them
            The new rows.
        observed_until : time, optional
            New end of observation. By default the one that was stated; if none was, it moves to the earliest end of the
            new tables, and only where stages arrive.

        Returns
        -------
        Journeys
            A new index; this one is unchanged.
        dict
            Rows ``added``, ``duplicate`` (dropped) and ``late`` (older than the former end of observation).
        """
        tables = _Tables()
        new_events = [e._spec(tables) for e in ([events] if isinstance(events, Events) else events)]
        new_stages = [s._spec(tables) for s in ([stages] if isinstance(stages, Stages) else stages)]
        # An end that was stated stays unless a new one is.
        config = {**self._config, "observed_until": _time(observed_until) or self._config.get("observed_until")}
        with progress() as show:
            core, report = self._core.extend(
                json.dumps(_drop(config)), json.dumps(new_events), json.dumps(new_stages), tables.given, ".", show
            )
        return Journeys._of(core, config), json.loads(report)

    def check(self) -> Check:
        """Say what became of every input row: used, filtered, or quarantined by reason.

        Returns
        -------
        Check
            Shows itself as text; ``to_polars()`` is the table of counts, ``remarks`` what else to know.
        """
        return Check(self._core)

    def show(self, lead: object) -> pl.DataFrame:
        """Return the time line of one lead.

        Parameters
        ----------
        lead : str or int
            Id of the lead.

        Raises
        ------
        UnknownNameError
            There is no such lead.
        """
        return pl.DataFrame(self._core.show(str(lead)))

    def snapshot(
        self,
        *,
        every: str | None = None,
        anchor: Literal["calendar", "created"] = "calendar",
        after: str | None = None,
        at: str | None = None,
        inclusive: bool = True,
        as_of: Time | None = None,
        cutoffs: Table | None = None,
        cutoff_columns: tuple[str, str] = ("lead_id", "cutoff"),
        since: Time | None = None,
        until: Time | None = None,
        known_by: Time | None = None,
        horizon: str | None = None,
        by_age: str | None = None,
        target: str | Sequence[str] | None = None,
        weight: Literal["lead", "row"] = "lead",
        maturity: Literal["drop", "ipcw"] = "drop",
        outcome: Literal["known", "open", "any"] = "known",
        features: FeatureSet | None = None,
    ) -> Snapshot:
        """Look at open leads at cutoffs: features from before, the label from after.

        A lead is at risk at a cutoff ``t`` if it was created by ``t``, has not reached the target before ``t``, and
        it or one of its deals is open. Events before ``t`` are visible; the label is whether the target is reached in
        ``[t, t + horizon)``. Rows whose window is not over at the end of observation are dropped, positive or not.

        Parameters
        ----------
        every : str, optional
            A grid of cutoffs, such as ``"7d"``.
        anchor : {"calendar", "created"}
            Whether the grid starts on Mondays (midnights) or at each lead's creation.
        after : str, optional
            One cutoff per lead, this long after its creation.
        at : str, optional
            One cutoff per lead: its first entry of this stage or event kind.
        inclusive : bool
            For ``at``: whether that entry itself is visible.
        as_of : time, optional
            One cutoff for all leads.
        cutoffs : table, optional
            A table of leads and cutoffs; ``cutoff_columns`` names its two columns.
        since, until : time, optional
            Cutoffs in ``[since, until)`` only.
        known_by : time, optional
            Nothing at or after it exists for this snapshot, label windows included.
        horizon : str, optional
            Length of the label window; without it (and ``by_age``) there is no label.
        by_age : str, optional
            The label window ends at this age of the lead instead.
        target : str or sequence of str, optional
            Stages or event kinds that make the label positive; by default the won stages.
        weight : {"lead", "row"}
            Whether a row of a lead with k rows weighs 1/k or 1.
        maturity : {"drop", "ipcw"}
            Drop immature rows, or weigh resolved ones by the inverse probability of being observed long enough.
        outcome : {"known", "open", "any"}
            For leads with an outcome column and no label window: those whose outcome is known (the label), those to
            score, or all. With ``as_of`` it is the open ones unless said otherwise.
        features : FeatureSet, optional
            Which features to compute.

        Raises
        ------
        OptionError
            None or several cutoff rules, or a span that is none.
        UnknownNameError
            The target or the stage of ``at`` is not in the data.
        """
        spec = _drop(
            {
                "every": every,
                "anchor": anchor,
                "after": after,
                "at": at,
                "inclusive": inclusive,
                "as_of": _time(as_of),
                "since": _time(since),
                "until": _time(until),
                "known_by": _time(known_by),
                "horizon": horizon,
                "by_age": by_age,
                "target": names(target),
                "weight": weight,
                "maturity": maturity,
                "outcome": outcome,
            }
        )
        table = None
        if cutoffs is not None:
            tables = _Tables()
            key = tables.key(cutoffs, "cutoffs")
            table = (tables.given, key, *cutoff_columns)
        with progress() as show:
            core = self._core.snapshot(json.dumps(spec), (features or FeatureSet())._json(), table, show)
        return Snapshot(core)

    def funnel(
        self,
        steps: Sequence[str | Step | Sequence[str | Step]],
        *,
        window: str | None = None,
        order: Literal["sequential", "strict", "any"] = "sequential",
        entry: Literal["best", "first", "totals"] = "best",
        exclude: Exclusion | Sequence[Exclusion] = (),
        hold: str | None = None,
        by: str | None = None,
        attribution: str = "first",
        over: Literal["day", "week", "month", "quarter", "year"] | None = None,
        times: bool = True,
        compat: Literal["clickhouse"] | None = None,
        modes: Sequence[str] = (),
    ) -> Funnel:
        """Count how many leads get how far along ``steps``.

        A lead reaches step k if events of steps 1 … k follow one another, each a different event, and the last is at
        most ``window`` after the first. Events of one instant are taken in the order of the steps. Entrants whose
        window is not over at the end of observation are left out and counted. Times are those of the attempt that
        counts: the one that gets furthest, of those the first to get there, of those the last to start.

        Parameters
        ----------
        steps : sequence of str, Step, or list of them
            Event kinds or stages; ``"created"`` as the first means every lead; a list means any of its members.
        window : str, optional
            Time from step 1 within which the last step must happen (inclusive).
        order : {"sequential", "strict", "any"}
            Whether other events may lie between steps, must not, or steps have no order.
        entry : {"best", "first", "totals"}
            Whether every entry into step 1 is tried and the best counts, only the lead's first counts, or every
            attempt counts (the next starts after the one before ended by conversion, window or exclusion).
        exclude : Exclusion or sequence of Exclusion
            Events that end an attempt between two steps.
        hold : str, optional
            Property of events, or ``"channel"``, that must have one value in all steps.
        by : str, optional
            A lead field, a property of events, or ``"channel"``, to break down by.
        attribution : {"first", "last", "all", "step 1", "step 2", …}
            For ``by`` a property of events: the first or last value along the steps, every value by itself (over events
            that have it), or the value at a step (leads without one there are left out).
        over : {"day", "week", "month", "quarter", "year"}, optional
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
            "steps": [_step(s) for s in ([steps] if isinstance(steps, str) else steps)],
            "window": window,
            "order": order,
            "entry": entry,
            "exclude": [e._spec() for e in ([exclude] if isinstance(exclude, Exclusion) else exclude)],
            "hold": hold,
            "by": by,
            "attribution": attribution,
            "over": over,
            "times": times,
            "compat": compat,
            "modes": names(modes),
        }
        funnel: Funnel = Funnel._of(_core.funnel, self._core, _drop(spec))
        return funnel

    def stage_funnel(
        self,
        *,
        pipeline: Sequence[str] = (),
        by: str | None = None,
        cohort: Literal["day", "week", "month", "quarter", "year"] = "month",
        view: Literal["cohort", "flow"] = "cohort",
        recycle_after: str | None = None,
        within: str | None = None,
        opportunity: str | None = None,
    ) -> StageFunnel:
        """Count how leads move through the pipeline: reached, skipped, lost, open; time in stage; win rate; velocity.

        A cycle reaches a stage when it enters it or a later one; skipped stages count as reached, and are told. Going
        back is a regression; what was reached stays reached. A stage entered after a loss re-opens the cycle, or starts
        a new one after ``recycle_after``. A lead is lost when all its deals are closed and the last was lost. Entries
        of one instant follow the pipeline; an entry of another deal that is not so far moves nothing.

        Parameters
        ----------
        pipeline : sequence of str, optional
            Stages (or event kinds), first to last; by default those of the journeys. ``"lead"`` or ``"created"`` as the
            first means creation.
        by : str, optional
            Lead field to break down by.
        cohort : {"day", "week", "month", "quarter", "year"}
            Calendar period of cohorts and of the flow.
        view : {"cohort", "flow"}
            What :meth:`StageFunnel.to_polars` and ``plot`` show: cycles by start, or what happened in each period.
        recycle_after : str, optional
            A lead that enters a stage at or before where it was, or any after closing, so long after its last starts a
            new cycle; never by default.
        within : str, optional
            Only what happens within this time of a cycle's start counts; younger cycles are left out and counted.
        opportunity : str, optional
            Stage that makes an opportunity, for the velocity; by default the last but one.

        Raises
        ------
        UnknownNameError
            A stage or field is not in the data.
        OptionError
            There is no pipeline.

        Examples
        --------
        >>> import leadlens as ll
        >>> f = ll.datasets.b2b_saas().stage_funnel(pipeline=["lead", "sql", "closed_won"])
        >>> f.to_polars()["reached"].to_list()
        [5000, 4641, 1049]
        """
        spec = {
            "pipeline": names(pipeline),
            "by": by,
            "period": cohort,
            "recycle_after": recycle_after,
            "within": within,
            "opportunity": opportunity,
        }
        if view not in ("cohort", "flow"):
            raise OptionError(f"view: {view!r} is neither 'cohort' nor 'flow'")
        funnel: StageFunnel = StageFunnel._of(_core.stage_funnel, self._core, _drop(spec))
        funnel._view = view
        return funnel

    def time_to(
        self,
        target: str | Sequence[str] | None = None,
        *,
        competing: str | Sequence[str] | None = None,
        start: str | None = None,
        by: str | None = None,
        late_entry: bool = False,
        at: Sequence[str] = ("30d", "60d", "90d", "180d", "365d"),
        until: str | None = None,
        confidence: float = 0.95,
    ) -> TimeTo:
        """Say how long leads take to an event: cumulative incidence by age, quantiles, mean time, a test of groups.

        The clock of a lead starts with its creation and ends with the event, a competing end, or the end of
        observation. Where losing competes the share is Aalen–Johansen's: F(t) = Σ S(tⱼ₋₁)·dⱼ/nⱼ, S being the share
        without any end. One minus Kaplan–Meier with lost leads taken as still open says what share would convert if
        nobody could lose.

        Parameters
        ----------
        target : str or sequence of str, optional
            Stages or event kinds; by default the won stages.
        competing : str or sequence of str, optional
            Stages or event kinds that end a lead otherwise. By default losing (all its deals closed, the last lost) if
            the data has lost stages; ``"lost"`` says the same, ``()`` that nothing competes.
        start : str, optional
            Stage or event kind with which the clock starts.
        by : str, optional
            Lead field to compare by: Gray's test, or the log-rank test where nothing competes.
        late_entry : bool
            Leads that started before ``outcomes_from`` enter when recording began. Right only if leads with earlier
            outcomes are not in the table; otherwise they are left out.
        at : sequence of str
            Ages at which the share is told.
        until : str, optional
            Age up to which mean times are taken; by default the longest that all groups were observed.
        confidence : float
            Confidence of the intervals, made for 1 − F on the log(−log) scale.

        Raises
        ------
        UnknownNameError
            A name is not in the data.
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
            "target": names(target),
            "competing": None if competing is None else names(competing),
            "start": start,
            "by": by,
            "late_entry": late_entry,
            "at": list(at),
            "until": until,
            "confidence": confidence,
        }
        times: TimeTo = TimeTo._of(_core.time_to, self._core, {k: v for k, v in spec.items() if v is not None})
        return times

    def attribution(
        self,
        method: str | Rule | Sequence[str | Rule] = "linear",
        *,
        order: Literal[1, 2, 3] = 1,
        by: str = "channel",
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
        spend: Spend | None = None,
        qualified: str | None = None,
        bootstrap: int = 0,
        seed: int = 0,
    ) -> Attribution:
        """Give credit for conversions and their value to channels. Credit is not cause.

        A path is the touches of a lead before its conversion, or of a lead that did not convert. Conversions without a
        touch form the row ``(unattributed)``: credits of every method but ``shapley_exact`` add up to all conversions.

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
        target : str or sequence of str, optional
            Conversions; by default the won stages. Their value is the amount of the stage entry.
        conversions : {"first", "every"}
            Whether a lead's first conversion counts, or every one, with the touches since the one before.
        touches : str, Step or sequence of them, optional
            Events that are touches; by default what buyer and marketing did.
        include, exclude : sequence of str
            Channels that count, or do not; wildcards allowed.
        lookback : str, optional
            Touches older than this before the end of the path do not count.
        path : {"all", "collapse", "unique"}
            Repeats as they are, in a row as one, or each channel once.
        nulls : {"all", "lost", "none"}
            Which paths that did not convert count for Markov chains.
        direct : sequence of str
            Channels that ``last_non_direct`` passes over.
        opportunity : str, optional
            Stage that is the milestone of ``w_shaped`` and ``full_path``.
        half_life : str
            Of ``time_decay``: 2^(−age/half-life).
        spend : Spend, optional
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
        methods = [method] if isinstance(method, str | Rule) else list(method)
        chain = "markov" if order == 1 else f"markov {order}"
        spec = {
            "methods": [m._spec() if isinstance(m, Rule) else chain if m == "markov" else m for m in methods],
            "by": by,
            "target": names(target),
            "conversions": conversions,
            "touches": None if touches is None else _step(touches),
            "include": names(include),
            "exclude": names(exclude),
            "lookback": lookback,
            "path": path,
            "nulls": nulls,
            "direct": names(direct),
            "opportunity": opportunity,
            "half_life": half_life,
            "bootstrap": bootstrap,
            "seed": seed,
        }
        given = None
        if spend is not None:
            tables = _Tables()
            declared = json.dumps(spend._spec(tables))
            given = (tables.given, declared, qualified)
        elif qualified is not None:
            raise OptionError("qualified: is a stage that spend is divided by; give spend=")
        run = partial(_core.attribution, spend=given)
        credit: Attribution = Attribution._of(run, self._core, {k: v for k, v in spec.items() if v is not None})
        return credit

    @property
    def facts(self) -> Mapping[str, Any]:
        """Counts, kinds, channels, fields, withheld columns and the period of observation."""
        facts: Mapping[str, Any] = json.loads(self._core.facts())
        return facts

    def __repr__(self) -> str:
        return self._core.describe()

    def _repr_html_(self) -> str:
        return pre(self._core.check_text())


class Check:
    """What became of every input row."""

    def __init__(self, core: _core.Journeys) -> None:
        self._core = core
        self._audit: dict[str, Any] = json.loads(core.audit())

    def to_polars(self) -> pl.DataFrame:
        """Return one row per table, role and reason, with counts and an example."""
        return pl.DataFrame(self._core.check_frame())

    @property
    def tables(self) -> list[dict[str, Any]]:
        """One entry per table and role: rows, used, filtered, quarantined, noted, remarks."""
        tables: list[dict[str, Any]] = self._audit["tables"]
        return tables

    @property
    def remarks(self) -> list[str]:
        """Remarks on the whole: end of observation, ties, late outcomes, columns withheld."""
        remarks: list[str] = self._audit["remarks"]
        return remarks

    def __repr__(self) -> str:
        return self._core.check_text()

    def _repr_html_(self) -> str:
        return pre(self._core.check_text())


class Snapshot:
    """Leads at cutoffs, with labels where a label window was asked for; made by :meth:`Journeys.snapshot`."""

    def __init__(self, core: _core.Snapshot) -> None:
        self._core = core

    @property
    def counts(self) -> dict[str, int]:
        """How many pairs of lead and cutoff there were, why some are no rows, rows, positives."""
        counts: dict[str, int] = json.loads(self._core.counts())
        return counts

    @property
    def base_rate(self) -> float | None:
        """Weighted share of positives."""
        return self._core.base_rate

    @property
    def feature_names(self) -> list[str]:
        """Names of the features."""
        return self._core.features()

    def to_polars(self) -> pl.DataFrame:
        """Return all rows: ``lead_id``, ``cutoff``, ``label``, ``weight``, and one column per feature."""
        with progress() as show:
            return pl.DataFrame(self._core.frame(show))

    @property
    def features(self) -> pl.DataFrame:
        """The features, one row per row of the snapshot."""
        frame = self.to_polars()
        return frame.select(frame.columns[-len(self.feature_names) :])

    @property
    def label(self) -> pl.Series | None:
        """The labels, or None without a label window."""
        return self.to_polars()["label"] if self._core.has_label else None

    def split(
        self, test: float = 0.2, *, by: Literal["time", "order", "group", "random"] = "time", seed: int = 0
    ) -> tuple[Snapshot, Snapshot]:
        """Split into a training and a test snapshot.

        Parameters
        ----------
        test : float
            Share of the test side, in (0, 1).
        by : {"time", "order", "group", "random"}
            The latest cutoffs, with a gap of the label window; the last leads of the table (or of its order column);
            whole accounts; or leads at random. Evaluations say which.
        seed : int
            Seed of the drawn ones; they depend on ids, not on the order of rows.

        Raises
        ------
        NotEnoughDataError
            A side would be empty.
        """
        if seed < 0:
            raise OptionError(f"seed must not be negative, {seed} is")
        train, tested = self._core.split(test, by, seed)
        return Snapshot(train), Snapshot(tested)

    def __len__(self) -> int:
        return len(self._core)

    def __repr__(self) -> str:
        return self._core.text()

    def _repr_html_(self) -> str:
        return pre(self._core.text())

"""Journeys and snapshots."""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timezone
from pathlib import Path
from typing import Any, Literal

import numpy as np
import polars as pl

from . import _core
from ._display import pre
from ._leaks import warn_of_leaks
from ._progress import progress
from .analyses import Analyses
from .check import Check
from .errors import DataWarning, OptionError
from .features import FeatureSet
from .funnels import Step, _step
from .tables import Accounts, Cutoffs, Events, Fields, Leads, Stages
from .tables.encode import Tables, as_json, names, omit_none
from .tables.keys import Table
from .tables.leads import LeadsOfEvents
from .tables.role import roles

__all__ = ["Journeys", "Snapshot"]

Time = str | date | datetime | np.datetime64
"""An ISO 8601 text, a date, or a datetime (of pandas and numpy, too); without a zone it is read in the journeys'."""


def _time(value: Time | None, option: str) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, np.datetime64) and not np.isnat(value):
        return str(value.astype("datetime64[us]"))
    # NaT is a datetime that is not equal to itself.
    if isinstance(value, datetime) and value == value:
        return (value.astimezone(timezone.utc) if value.tzinfo else value).isoformat()
    if isinstance(value, date) and value == value:
        return value.isoformat()
    raise OptionError(f"{option}: {value!r} is not a time: give an ISO 8601 text, a date or a datetime")


def _warn(core: _core.Journeys, *, before: _core.Journeys | None = None) -> _core.Journeys:
    """Raise the warnings of an audit that are new since ``before``, where the caller of the caller called."""
    known = json.loads(before.audit())["warnings"] if before is not None else []
    for text in json.loads(core.audit())["warnings"]:
        if text not in known:
            warnings.warn(text, DataWarning, stacklevel=3)
    return core


class Journeys(Analyses):
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
        End of observation (exclusive). By default the latest time of any row of leads, events or stages, used or not;
        where a table of stages is silent before it for longer than is usual for the table, the end of that table.
    outcomes_from : time, optional
        From when on outcomes were recorded.
    timezone : str, default "UTC"
        Zone of times without an offset: those of tables that do not say their own, and those of options such as
        ``observed_until`` and ``as_of``.
    calendar_zone : str, default "UTC"
        Zone of calendar days.
    before_creation : {"keep", "quarantine", "clamp"}, default "keep"
        What to do with stage entries before their lead's creation.
    memory : int or str, optional
        Working memory for the build, as bytes or as ``"4GB"``. Events that do not fit wait in a temporary file, and an
        index that would take more than a third of it is kept in one that the system maps into memory (in the folder
        that ``TMPDIR`` names). Events are read part by part from Parquet files; other tables are in memory as a whole.
        By default as much as it takes. The result is the same.
    max_bad : float, optional
        Largest share of rows of a table, from 0 to 1, that may be quarantined; not limited by default, but tables of
        which fewer than half the rows are used are warned of. Rows that ``where=`` filters out do not count.

    Raises
    ------
    SchemaError
        Tables do not have the declared columns or types; every missing column is listed. More rows than ``max_bad`` are
        quarantined; reasons and counts are named.
    ReadError
        A file cannot be read.

    Warns
    -----
    DataWarning
        Fewer than half the rows of a table are used, or a table ends long before the others.

    Notes
    -----
    A date without a time of day is a whole day, also beside times of day in the same column or in another file of the
    table. So are midnights without a zone, if the column has nothing else and those of several days. In what is visible
    at a cutoff, a day of events and stages counts as its last microsecond and one of creation as its first (``day=``).
    Durations and windows of analyses are calendar days where one of the ends is a whole day: windows, ``within`` and
    times of funnels and stage funnels, ``recycle_after``, ``time_to``, lookback and age of touches in attribution,
    windows of drivers and barriers, sessions and times of paths. Created on 1 January and won on the 31st is 30 days.
    Features, label windows and cutoffs after creation count exact time, from and to the instants that stand for days.

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
    Journeys: 2 leads, 0 events, 1 stage entry, 1 kind, observed until 2024-01-10T00:00:00Z
    """

    def __init__(
        self,
        *,
        leads: Leads,
        events: Events | Sequence[Events] | None = None,
        stages: Stages | Sequence[Stages] | None = None,
        fields: Fields | Sequence[Fields] | None = None,
        accounts: Accounts | None = None,
        pipeline: Sequence[str] = (),
        won: str | Sequence[str] | None = None,
        lost: str | Sequence[str] | None = None,
        observed_until: Time | None = None,
        outcomes_from: Time | None = None,
        timezone: str = "UTC",
        calendar_zone: str = "UTC",
        before_creation: Literal["keep", "quarantine", "clamp"] = "keep",
        memory: int | str | None = None,
        max_bad: float | None = None,
    ) -> None:
        tables = Tables()
        if events is None and isinstance(leads, LeadsOfEvents):
            events = leads.events
        config = omit_none(
            {
                "leads": next(iter(roles("leads", Leads, [leads], tables))),
                "events": roles("events", Events, events, tables),
                "stages": roles("stages", Stages, stages, tables),
                "fields": roles("fields", Fields, fields, tables),
                "accounts": next(iter(roles("accounts", Accounts, accounts, tables)), None),
                "pipeline": names(pipeline, "pipeline"),
                "won": names(won, "won"),
                "lost": names(lost, "lost"),
                "observed_until": _time(observed_until, "observed_until"),
                "outcomes_from": _time(outcomes_from, "outcomes_from"),
                "timezone": timezone,
                "calendar_zone": calendar_zone,
                "before_creation": before_creation,
                "memory": None if memory is None else str(memory),
                "max_bad": max_bad,
            }
        )
        self._config = config
        with progress() as show:
            core = _core.Journeys.build(as_json(config), tables.given, ".", show)
        self._core = _warn(core)

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
        text, folder = _core.read_config(path)
        with progress() as show:
            core = _core.Journeys.build(text, {}, folder, show)
        return cls._of(_warn(core), json.loads(text))

    def save(self, path: str | Path, *, overwrite: bool = False) -> None:
        """Save the index as a folder, to be opened again in no time.

        The folder holds Arrow IPC files, which other tools can read too: ``leads``, ``events`` (times in microseconds,
        codes of kinds and channels), ``offsets`` (where each lead's events start), ``stages``, ``texts`` (what the
        codes mean), and ``journeys.json``.

        Parameters
        ----------
        path : str or Path
            The folder to make; its parent must exist.
        overwrite : bool, default False
            Whether to replace journeys saved there before. Whoever has them open keeps them.

        Raises
        ------
        WriteError
            There is something at ``path``, or no room. Nothing half-done is left.

        Examples
        --------
        >>> import tempfile
        >>> import leadlens as ll
        >>> folder = tempfile.mkdtemp()
        >>> journeys = ll.datasets.b2b_saas()
        >>> journeys.save(folder + "/saved")
        >>> ll.Journeys.open(folder + "/saved")
        Journeys: 5000 leads, 130107 events, 6858 stage entries, 15 kinds, observed until 2024-04-29T00:00:00Z
        """
        with progress() as show:
            self._core.save(path, as_json(omit_none(self._config)), overwrite, show)

    @classmethod
    def open(cls, path: str | Path) -> Journeys:
        """Open saved journeys. Their files are checked, then mapped into memory, and shared by all processes.

        Parameters
        ----------
        path : str or Path
            The folder that :meth:`save` made. Its files must not be changed while they are open;
            ``save(overwrite=True)`` may be used.

        Raises
        ------
        ReadError
            It is no folder of saved journeys, is of a later version, or a file is damaged.

        Examples
        --------
        >>> import tempfile
        >>> import leadlens as ll
        >>> folder = tempfile.mkdtemp() + "/saved"
        >>> ll.datasets.b2b_saas().save(folder)
        >>> len(ll.Journeys.open(folder).show("lead_000001")) > 0
        True
        """
        core, config = _core.Journeys.open(path)
        return cls._of(core, json.loads(config))

    def extend(
        self,
        *,
        events: Events | Sequence[Events] | None = None,
        stages: Stages | Sequence[Stages] | None = None,
        observed_until: Time | None = None,
    ) -> tuple[Journeys, dict[str, int]]:
        """Return the index with new rows, and what became of them.

        Stage rows that the index has are dropped, those that repeat the stage of their deal are edits. At equal times
        rows are ordered as in one build: by ``order`` of their tables, whose values must be of the same sort, or by the
        pipeline; of rows that neither decides, those that came earlier stay first.

        Parameters
        ----------
        events, stages : Events, Stages or sequences of them
            The new rows.
        observed_until : time, optional
            New end of observation. By default the one that was stated; if none was, it moves to the latest row where
            stages arrive, as for new journeys.

        Returns
        -------
        Journeys
            A new index; this one is unchanged.
        dict
            Rows ``added``, ``duplicate`` (dropped) and ``late`` (older than the former end of observation).

        Examples
        --------
        >>> import polars as pl
        >>> import leadlens as ll
        >>> j = ll.datasets.b2b_saas()
        >>> call = pl.DataFrame({"lead": ["lead_000001"], "at": ["2024-04-28T10:00:00Z"]})
        >>> longer, told = j.extend(events=ll.Events(call, lead="lead", at="at", kind=ll.literal("call"), side="sales"))
        >>> told
        {'added': 1, 'duplicate': 0, 'late': 1}
        """
        tables = Tables()
        new_events = roles("events", Events, events, tables)
        new_stages = roles("stages", Stages, stages, tables)
        # An end that was stated stays unless a new one is.
        config = {
            **self._config,
            "observed_until": _time(observed_until, "observed_until") or self._config.get("observed_until"),
        }
        with progress() as show:
            core, report = self._core.extend(
                as_json(omit_none(config)), as_json(new_events), as_json(new_stages), tables.given, ".", show
            )
        return Journeys._of(_warn(core, before=self._core), config), json.loads(report)

    def check(self) -> Check:
        """Say what became of every input row: used, filtered, or quarantined by reason.

        Returns
        -------
        Check
            Shows itself as text; ``to_polars()`` is the table of counts, ``remarks`` what else to know.

        Examples
        --------
        >>> import leadlens as ll
        >>> j = ll.datasets.b2b_saas()
        >>> j.check().to_polars().columns
        ['table', 'role', 'status', 'what', 'rows', 'example']
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
            No lead has this id.

        Examples
        --------
        >>> import leadlens as ll
        >>> j = ll.datasets.b2b_saas()
        >>> j.show("lead_000001").columns
        ['at', 'what', 'source', 'channel', 'deal', 'amount']
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
        cutoffs: Table | Cutoffs | None = None,
        cutoff_columns: tuple[str, str] = ("lead_id", "cutoff"),
        since: Time | None = None,
        until: Time | None = None,
        known_by: Time | None = None,
        horizon: str | None = None,
        by_age: str | None = None,
        target: str | Step | Sequence[str | Step] | None = None,
        weight: Literal["row", "lead"] = "row",
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
            A table of leads and cutoffs; ``cutoff_columns`` names its two columns. For tables that need more to be said
            (unit, format or zone of the times, rows that count), give :class:`Cutoffs`.
        since, until : time, optional
            Cutoffs in ``[since, until)`` only.
        known_by : time, optional
            Nothing at or after it exists for this snapshot, label windows included.
        horizon : str, optional
            Length of the label window; without it (and ``by_age``) there is no label.
        by_age : str, optional
            The label window ends at this age of the lead instead.
        target : str, Step or sequence of them, optional
            Stages or event kinds that make the label positive, or events that meet conditions, as in
            ``ll.Step("order", where={"total": "> 0"})``; by default the won stages.
        weight : {"row", "lead"}
            Whether a row weighs 1, or 1/k where its lead has k rows. With ``"row"`` rates are those of the leads at
            risk at a cutoff, which are the ones to be scored. ``"lead"`` is outcome-dependent: a lead that converts
            soon has few rows, so rates of young leads are too high and those of old leads too low; remarks say so.
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

        Warns
        -----
        LeakWarning
            Fields of a labelled snapshot look as if they were known only afterwards, or misread.

        Examples
        --------
        >>> import leadlens as ll
        >>> j = ll.datasets.b2b_saas()
        >>> len(j.snapshot(after="31d", horizon="59d")) > 0
        True
        """
        spec = omit_none(
            {
                "every": every,
                "anchor": anchor,
                "after": after,
                "at": at,
                "inclusive": inclusive,
                "as_of": _time(as_of, "as_of"),
                "since": _time(since, "since"),
                "until": _time(until, "until"),
                "known_by": _time(known_by, "known_by"),
                "horizon": horizon,
                "by_age": by_age,
                "target": _target(target),
                "weight": weight,
                "maturity": maturity,
                "outcome": outcome,
            }
        )
        table = None
        if cutoffs is not None:
            tables = Tables()
            declared = cutoffs if isinstance(cutoffs, Cutoffs) else Cutoffs(cutoffs, *cutoff_columns)
            table = (tables.given, as_json(declared._spec(tables)))
        with progress() as show:
            core = self._core.snapshot(as_json(spec), (features or FeatureSet())._json(), table, show)
        warn_of_leaks(core)
        return Snapshot(core)

    @property
    def facts(self) -> Mapping[str, Any]:
        """Counts, kinds, channels, fields, withheld columns and the period of observation."""
        facts: Mapping[str, Any] = json.loads(self._core.facts())
        return facts

    def __repr__(self) -> str:
        return self._core.describe()

    def _repr_html_(self) -> str:
        return pre(self._core.check_text())


class Snapshot:
    """Leads at cutoffs, with labels where a label window was asked for; made by :meth:`Journeys.snapshot`.

    Examples
    --------
    >>> import leadlens as ll
    >>> s = ll.datasets.b2b_saas().snapshot(after="31d", horizon="59d")
    >>> s.counts["rows"] == len(s)
    True
    """

    def __init__(self, core: _core.Snapshot) -> None:
        self._core = core

    @property
    def counts(self) -> dict[str, Any]:
        """How many pairs of lead and cutoff there were, why some are no rows, rows, positives.

        ``largest_weight`` and ``effective_rows``, (Σw)²/Σw², say how even the weights are.
        """
        counts: dict[str, Any] = json.loads(self._core.counts())
        return counts

    @property
    def remarks(self) -> list[str]:
        """What the weights of the rows assume, or depend on."""
        return self._core.remarks()

    @property
    def base_rate(self) -> float | None:
        """Weighted share of positives."""
        return self._core.base_rate

    @property
    def feature_names(self) -> list[str]:
        """Names of the features."""
        return self._core.features()

    def to_polars(self) -> pl.DataFrame:
        """Return all rows: ``lead_id``, ``cutoff``, ``label``, ``weight``, and one column per feature.

        Examples
        --------
        >>> import leadlens as ll
        >>> s = ll.datasets.b2b_saas().snapshot(after="31d", horizon="59d")
        >>> s.to_polars().columns[:4]
        ['lead_id', 'cutoff', 'label', 'weight']
        """
        with progress() as show:
            return pl.DataFrame(self._core.frame(show))

    @property
    def features(self) -> pl.DataFrame:
        """The features, one row per row of the snapshot."""
        frame = self.to_polars()
        return frame.select(frame.columns[len(frame.columns) - len(self.feature_names) :])

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

        Examples
        --------
        >>> import leadlens as ll
        >>> s = ll.datasets.b2b_saas().snapshot(after="31d", horizon="59d")
        >>> train, test = s.split(0.3, by="group")
        >>> len(train) + len(test) == len(s)
        True
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


def _target(target: str | Step | Sequence[str | Step] | None) -> Any:
    has_step = isinstance(target, Step) or (
        isinstance(target, Sequence) and any(isinstance(one, Step) for one in target)
    )
    return _step(target, "target") if has_step else names(target, "target")  # type: ignore[arg-type]

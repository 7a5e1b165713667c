"""Journeys: the index of all leads, what they did, and what sales did with them."""

from __future__ import annotations

import json
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import polars as pl

from . import _core
from ._display import Shown
from ._once import Once
from ._progress import progress
from .analyses.methods import Analyses
from .check import Check
from .errors import DataWarning
from .query import Time
from .query.times import encode_time
from .snapshot import SnapshotMethod
from .tables import Accounts, Events, Fields, Leads, Stages
from .tables.encode import Tables, as_json, names, omit_none
from .tables.leads import LeadsOfEvents
from .tables.role import roles

__all__ = ["Journeys"]


def _warn(core: _core.Journeys, *, before: _core.Journeys | None = None) -> _core.Journeys:
    """Raise the warnings of a check that ``before`` does not have, at the place of the caller of the caller."""
    known = json.loads(before.check())["warnings"] if before is not None else []
    for text in json.loads(core.check())["warnings"]:
        if text not in known:
            warnings.warn(text, DataWarning, stacklevel=3)
    return core


class Journeys(Shown, SnapshotMethod, Analyses):
    """The index of all leads with their events and stages, on which every analysis runs.

    Parameters
    ----------
    leads : Leads
        Table of leads.
    events : Events or sequence of Events, optional
        Tables of events.
    stages : Stages or sequence of Stages, optional
        Tables of stage entries.
    fields : Fields or sequence of Fields, optional
        Tables of lead fields that change over time.
    accounts : Accounts, optional
        Table of accounts.
    pipeline : sequence of str, optional
        Stages in order.
    won, lost : str or sequence of str, optional
        Stages that mean won, and stages that mean lost.
    observed_until : time, optional
        End of observation, exclusive. By default the latest time of any row of leads, events or stages that was read.
        If a table of stages is silent before that for longer than is usual for it, the end of that table, with a
        warning.
    outcomes_from : time, optional
        Time from which on outcomes were recorded.
    timezone : str, default "UTC"
        Zone of times without an offset, in options such as ``as_of`` and in tables that do not declare their own.
    calendar_zone : str, default "UTC"
        Zone of calendar days.
    before_creation : {"keep", "quarantine", "clamp"}, default "keep"
        Whether stage entries before the creation of their lead are kept, quarantined, or moved to the creation.
    memory : int or str, optional
        Working memory of the build, in bytes or as ``"4GB"``. Unlimited by default. Events that do not fit are written
        to a temporary file, and an index larger than a third of it is mapped from a file in ``TMPDIR``. Events are read
        in parts from Parquet files; other tables are in memory as a whole. The result is the same.
    max_bad : float, optional
        Largest share of rows of a table that may be quarantined, from 0 to 1. Unlimited by default; tables with fewer
        than half of their rows in use cause a warning. Rows that ``where`` filters out do not count.

    Raises
    ------
    SchemaError
        Tables do not have the declared columns or types, or more rows than ``max_bad`` are quarantined.
    ReadError
        A file cannot be read.

    Warns
    -----
    DataWarning
        Fewer than half of the rows of a table are used, or a table ends long before the others.

    See Also
    --------
    Journeys.from_config : Build the index from a TOML file.
    Journeys.open : Open a saved index.
    Journeys.check : Account of all input rows.

    Notes
    -----
    A date without a time of day is a whole day, also beside times of day in the same column or in another file of the
    table. A column of midnights without a zone, of several days, holds whole days too. At a cutoff, a whole day of
    events and stages counts as its last microsecond, and a whole day of creation as its first (``day=``).

    If one of the two ends of a duration is a whole day, the duration is the number of calendar days between them, and
    windows count calendar days. This holds for windows, ``within`` and times of funnels and stage funnels,
    ``recycle_after``, ``time_to``, lookback and age of touches in attribution, windows of drivers and barriers,
    sessions and times of paths. A lead created on 1 January and won on 31 January took 30 days. Features, label windows
    and cutoffs after creation count exact time, to and from the instants that stand for days.

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
                "observed_until": encode_time(observed_until, "observed_until"),
                "outcomes_from": encode_time(outcomes_from, "outcomes_from"),
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
        self._once = Once()

    @classmethod
    def _of(cls, core: _core.Journeys, config: dict[str, Any]) -> Journeys:
        made = cls.__new__(cls)
        made._core = core
        made._config = config
        made._once = Once()
        return made

    @classmethod
    def from_config(cls, path: str | Path) -> Journeys:
        """Build the index that a TOML file declares.

        Parameters
        ----------
        path : str or Path
            File, in the form that the command line reads. Paths of tables are relative to its folder.

        Returns
        -------
        Journeys
            The index.

        Raises
        ------
        ConfigError
            The file has an unknown key or a wrong value.
        SchemaError
            Tables do not have the declared columns or types.
        ReadError
            A file cannot be read.

        See Also
        --------
        leadlens.datasets.folder : A bundled example, ``leadlens.toml`` in ``folder("b2b_saas")``.

        Examples
        --------
        >>> import leadlens as ll
        >>> j = ll.Journeys.from_config(ll.datasets.folder("b2b_saas") / "leadlens.toml")
        >>> j.facts["leads"]
        5000
        """
        text, folder = _core.read_config(path)
        with progress() as show:
            core = _core.Journeys.build(text, {}, folder, show)
        return cls._of(_warn(core), json.loads(text))

    def save(self, path: str | Path, *, overwrite: bool = False) -> None:
        """Save the index as a folder of Arrow IPC files.

        The folder contains ``leads``, ``events`` (times in microseconds, codes of kinds and channels), ``offsets``
        (start of the events of each lead), ``stages``, ``texts`` (meaning of the codes), and ``journeys.json``. Other
        tools can read these files; ``docs/formats.md`` describes them.

        Parameters
        ----------
        path : str or Path
            Folder to create. Its parent must exist.
        overwrite : bool, default False
            Whether to replace an index saved there. Processes that have it open keep it.

        Raises
        ------
        WriteError
            The path exists, or the files cannot be written. No part of them is left.

        See Also
        --------
        Journeys.open : Open the saved index.

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
        """Open a saved index.

        The files are checked, mapped into memory, and shared by all processes that open them.

        Parameters
        ----------
        path : str or Path
            Folder that :meth:`save` created. Do not change its files while they are open;
            ``save(overwrite=True)`` is safe.

        Returns
        -------
        Journeys
            The index.

        Raises
        ------
        ReadError
            The path is not a folder of saved journeys, its version is newer, or a file is damaged.

        See Also
        --------
        Journeys.save : Save an index.

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
        """Return a new index with additional rows.

        Stage rows that the index has already are dropped; rows that repeat the stage of their deal are edits. Rows with
        equal times are ordered as in one build: by ``order`` of their tables, whose values must be of the same type, or
        by the pipeline. If neither decides, earlier rows stay first.

        Parameters
        ----------
        events, stages : Events, Stages or sequences of them, optional
            New rows.
        observed_until : time, optional
            New end of observation. By default the one given before; if none was given, it moves to the latest row where
            stages arrive, as for new journeys.

        Returns
        -------
        journeys : Journeys
            New index. This one does not change.
        counts : dict of str to int
            Rows ``added``, ``duplicate`` (dropped) and ``late`` (older than the end of observation before).

        Raises
        ------
        SchemaError
            Tables do not have the declared columns or types.

        Warns
        -----
        DataWarning
            As for new journeys; only warnings that this index did not raise.

        See Also
        --------
        Journeys.save : Save the new index.

        Examples
        --------
        >>> import polars as pl
        >>> import leadlens as ll
        >>> j = ll.datasets.b2b_saas()
        >>> call = pl.DataFrame({"lead": ["lead_000001"], "at": ["2024-04-28T10:00:00Z"]})
        >>> calls = ll.Events(call, lead="lead", at="at", kind=ll.literal("call"), side="sales")
        >>> longer, counts = j.extend(events=calls)
        >>> counts
        {'added': 1, 'duplicate': 0, 'late': 1}
        """
        tables = Tables()
        new_events = roles("events", Events, events, tables)
        new_stages = roles("stages", Stages, stages, tables)
        # An end of observation that was given stays, unless a new one is given.
        config = {
            **self._config,
            "observed_until": encode_time(observed_until, "observed_until") or self._config.get("observed_until"),
        }
        with progress() as show:
            core, report = self._core.extend(
                as_json(omit_none(config)), (as_json(new_events), as_json(new_stages)), tables.given, ".", show
            )
        return Journeys._of(_warn(core, before=self._core), config), json.loads(report)

    def check(self) -> Check:
        """Account for every input row: used, filtered, or quarantined by reason.

        Returns
        -------
        Check
            Text, a table of counts, remarks, and fields that look like leaks.

        See Also
        --------
        Journeys.show : Time line of one lead.

        Examples
        --------
        >>> import leadlens as ll
        >>> j = ll.datasets.b2b_saas()
        >>> j.check().to_polars().columns
        ['table', 'role', 'status', 'what', 'rows', 'example']
        """
        return self._once.get("check", lambda: Check(self._core))

    def show(self, lead: object) -> pl.DataFrame:
        """Return the time line of one lead.

        Parameters
        ----------
        lead : str or int
            Id of the lead.

        Returns
        -------
        polars.DataFrame
            One row per event and stage entry, in order of time.

            - ``at`` (Datetime): time, UTC.
            - ``what`` (String): event kind or stage; ``created`` for the creation of the lead.
            - ``source`` (String): name of the table; empty for the creation.
            - ``channel``, ``deal`` (String): channel of the event, deal of the stage entry; null without one.
            - ``amount`` (Float64): amount of the stage entry; null without one.

        Raises
        ------
        UnknownNameError
            The data has no lead with this id.

        See Also
        --------
        Journeys.paths : Sequences of events of all leads.

        Examples
        --------
        >>> import leadlens as ll
        >>> j = ll.datasets.b2b_saas()
        >>> j.show("lead_000001").columns
        ['at', 'what', 'source', 'channel', 'deal', 'amount']
        """
        return pl.DataFrame(self._core.show(str(lead)))

    @property
    def facts(self) -> dict[str, Any]:
        """Counts, kinds, channels, fields, withheld columns, and the period of observation."""
        facts: dict[str, Any] = json.loads(self._once.get("facts", self._core.facts))
        return facts

    def _shown(self) -> _core._Texts:
        _, section, notebook = self._once.get("texts", self._core.check_shown)
        return self._core.describe(), section, notebook

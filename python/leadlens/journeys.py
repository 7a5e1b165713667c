"""Journeys: the index of all leads, what they did, and what sales did with them."""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import polars as pl

from . import _core
from ._display import pre
from ._progress import progress
from .analyses.methods import Analyses
from .audit import Check
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
    """Raise the warnings of an audit that are new since ``before``, where the caller of the caller called."""
    known = json.loads(before.audit())["warnings"] if before is not None else []
    for text in json.loads(core.audit())["warnings"]:
        if text not in known:
            warnings.warn(text, DataWarning, stacklevel=3)
    return core


class Journeys(SnapshotMethod, Analyses):
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
            "observed_until": encode_time(observed_until, "observed_until") or self._config.get("observed_until"),
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

    @property
    def facts(self) -> Mapping[str, Any]:
        """Counts, kinds, channels, fields, withheld columns and the period of observation."""
        facts: Mapping[str, Any] = json.loads(self._core.facts())
        return facts

    def __repr__(self) -> str:
        return self._core.describe()

    def _repr_html_(self) -> str:
        return pre(self._core.check_text())

"""The table of leads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from ..errors import OptionError
from .encode import Tables
from .events import Events
from .keys import Table
from .role import Role, documented


@documented
@dataclass(frozen=True)
class Leads(Role):
    """Declares the table of leads, one row per lead.

    Parameters
    ----------
    table : path or frame
        Path or glob of CSV, Parquet or Arrow files, or a frame of polars, pandas, pyarrow, DuckDB or any other library
        with ``__arrow_c_stream__``.
    id : str
        Column with the id of the lead. 7, 7.0 and "7" are the same id, "007" is another one.
    created : str, optional
        Column with the creation time. Omit it for a table without times.
    fields : sequence of str, optional
        Columns that are fields, known at creation. By default all columns except ids, dates after creation, and columns
        that look like outcomes; :meth:`Journeys.check` lists those.
    ignore : sequence of str, optional
        Columns that are not fields, by name or pattern: ``*`` and ``?`` are wildcards.
    include : sequence of str, optional
        Columns that are fields although they would be withheld by default; ``"account.column"`` for columns of
        accounts.
    account, owner : str, optional
        Columns with the account and the owner of the lead.
    outcome : str, optional
        Column with the outcome (1/0, true/false, yes/no), for tables without stages.
    categories : sequence of str, optional
        Columns that are categories even if their values are numbers. By default, whole numbers are categories if the
        name of the column is that of a code (zip, phone, owner id, NAICS), and not a field if all are different, as in
        a lead number. Columns in ``fields`` are numbers.
    rows : {"error", "first", "last", "earliest"}, default "error"
        How to treat several rows of one lead: as an error, or keep the first or last row by ``order`` (by default in
        the table), or the one created first. Of equal rows, ``"last"`` keeps the later one in the table and the others
        the earlier one. A row without a value in ``order`` is kept only if no row has one.
    {common}

    See Also
    --------
    Journeys : Takes the table.
    Leads.from_events : Derive the leads from events.

    Examples
    --------
    >>> import leadlens as ll
    >>> ll.Leads("leads.csv", id="lead_id", created="created_at").id
    'lead_id'
    """

    table: Table
    id: str
    created: str | None = field(default=None, kw_only=True)
    fields: Sequence[str] | None = field(default=None, kw_only=True)
    ignore: Sequence[str] = field(default=(), kw_only=True)
    include: Sequence[str] = field(default=(), kw_only=True)
    account: str | None = field(default=None, kw_only=True)
    owner: str | None = field(default=None, kw_only=True)
    outcome: str | None = field(default=None, kw_only=True)
    categories: Sequence[str] = field(default=(), kw_only=True)
    rows: Literal["error", "first", "last", "earliest"] = field(default="error", kw_only=True)

    @classmethod
    def from_events(cls, events: Events | Sequence[Events]) -> Leads:
        """Derive the leads from tables of events.

        Parameters
        ----------
        events : Events or sequence of Events
            Tables of events, declared as for :class:`Journeys`. Each id of a row with a time and a kind is a lead,
            created at its earliest event.

        Returns
        -------
        Leads
            Declaration for ``Journeys(leads=…)``, which also uses the events unless others are given.

        Raises
        ------
        OptionError
            The argument is not an Events or a list of them.

        See Also
        --------
        Journeys : Takes the declaration.

        Examples
        --------
        >>> import polars as pl
        >>> import leadlens as ll
        >>> visits = pl.DataFrame({"user": [1, 2, 1], "at": ["2024-01-03", "2024-01-02", "2024-01-01"]})
        >>> events = ll.Events(visits, lead="user", at="at", kind=ll.literal("visit"))
        >>> ll.Journeys(leads=ll.Leads.from_events(events))
        Journeys: 2 leads, 3 events, 0 stage entries, 1 kind, observed until 2024-01-04T00:00:00Z
        """
        given = [events] if isinstance(events, Events) else events
        if not isinstance(given, Sequence) or not given or not all(isinstance(one, Events) for one in given):
            raise OptionError("Leads.from_events: expected Events(table, …) or a list of them")
        return LeadsOfEvents("", "", events=tuple(given))


@dataclass(frozen=True)
class LeadsOfEvents(Leads):
    """Leads derived from events; returned by :meth:`Leads.from_events`."""

    events: tuple[Events, ...] = field(default=(), kw_only=True)

    def _spec(self, tables: Tables) -> dict[str, Any]:
        return {"from": [one._spec(tables) for one in self.events]}

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
    """The table of leads: one row per lead.

    Parameters
    ----------
    table : table
        Path, glob, or any object with ``__arrow_c_stream__``.
    id : str
        Id column. 7, 7.0 and "7" are one id, "007" is another.
    created : str, optional
        Creation time; leave it out for a table without times.
    fields : sequence of str, optional
        Columns that are fields, known at creation. If not given, all columns are, but ids, dates after creation and
        columns that look like outcomes, which ``check()`` lists.
    ignore : sequence of str, optional
        Columns that are no fields.
    include : sequence of str, optional
        Columns that are fields although they would be withheld; ``"account.column"`` for those of accounts.
    account, owner : str, optional
        Columns of the lead's account and owner.
    outcome : str, optional
        Column with the known outcome (1/0, true/false, yes/no), for tables without stages.
    categories : sequence of str, optional
        Columns that are categories, whatever their values look like. Undeclared, whole numbers are categories where
        the column's name says that they are codes (zip, phone, owner id, NAICS), and no field where all are different,
        as in a lead number; ``fields`` takes them as numbers.
    rows : {"error", "first", "last", "earliest"}, default "error"
        What to do with several rows of one lead: refuse them, or keep the first or the last row by ``order`` (by
        default in the table), or the one that was created first. Of equal rows ``"last"`` keeps the later one in the
        table, the others the earlier one; a row without a value in ``order`` is kept only if all are without.
    {common}

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
        """Derive the leads from events, where no table lists them.

        Parameters
        ----------
        events : Events or sequence of Events
            Tables of events, declared as for :class:`Journeys`. Each lead of a row with a time and a kind is one,
            created at its earliest event.

        Returns
        -------
        Leads
            Give it as ``Journeys(leads=…)``; the events are on the time line, too, unless others are given.

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
            raise OptionError("Leads.from_events: give Events(table, …), or a list of them")
        return LeadsOfEvents(None, "", events=tuple(given))


@dataclass(frozen=True)
class LeadsOfEvents(Leads):
    """Leads derived from events; made by :meth:`Leads.from_events`."""

    events: tuple[Events, ...] = field(default=(), kw_only=True)

    def _spec(self, tables: Tables) -> dict[str, Any]:
        return {"from": [one._spec(tables) for one in self.events]}

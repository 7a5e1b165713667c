"""A table of stage entries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from .keys import Attribute, Lead, Table
from .role import OfLeads, documented


@documented
@dataclass(frozen=True)
class Stages(OfLeads):
    """A table of stage entries: what sales did with a lead or its deals.

    Parameters
    ----------
    table : table
        Path, glob, or any object with ``__arrow_c_stream__``.
    lead : str, lookup or sequence of them
        Column with the lead's id, or a :func:`lookup`; of several, the first that finds a lead.
    at : str or mapping
        Time of the entry, or a mapping stage → column for wide tables. An empty time means "not reached" (see
        ``undated``).
    stage : str, literal or lookup, optional
        Column with the stage, a :func:`literal`, or a :func:`lookup` with ``value=``; needed unless ``at`` is a
        mapping.
    deal : str, optional
        Column with the deal; without one the stages are the lead's own. Rows of one deal that repeat its stage are
        edits: the first is the entry, the last amount counts.
    previous : str, optional
        Column with the stage before; rows that disagree with the log are counted.
    names : mapping, optional
        Stage names in the table → stage names here. ``*`` and ``?`` are wildcards; a name that is listed is no pattern,
        and of several patterns the one with the most other characters holds.
    unmapped : {"keep", "drop", "error"}, default "keep"
        What to do with stages that are not in ``names``.
    id : str, optional
        Column that tells rows apart; rows of a lead and stage with a known one are dropped, and counted.
    undated : {"drop", "last", "end", "error"}, default "drop"
        Rows that are won or lost but have no time: not reached, reached at the last known time of their deal, reached
        just before the end of observation, or an error. They are counted. Where ``at`` is a mapping, an empty cell
        always means that the stage was not reached.
    amount, currency, reason, rep : str, optional
        Columns with the amount, its currency, the reason and the rep.
    {leads}
    {common}

    Examples
    --------
    >>> import leadlens as ll
    >>> ll.Stages("deals.csv", lead="lead_id", at={"mql": "mql_date", "sql": "sql_date"}).unmapped
    'keep'
    """

    table: Table
    lead: Lead
    at: str | Mapping[str, str]
    stage: Attribute | None = field(default=None, kw_only=True)
    deal: str | None = field(default=None, kw_only=True)
    previous: str | None = field(default=None, kw_only=True)
    names: Mapping[str, str] = field(default_factory=dict, kw_only=True)
    unmapped: Literal["keep", "drop", "error"] = field(default="keep", kw_only=True)
    id: str | None = field(default=None, kw_only=True)
    undated: Literal["drop", "last", "end", "error"] = field(default="drop", kw_only=True)
    amount: str | None = field(default=None, kw_only=True)
    currency: str | None = field(default=None, kw_only=True)
    reason: str | None = field(default=None, kw_only=True)
    rep: str | None = field(default=None, kw_only=True)

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
    """Declares a table of stage entries of leads or deals.

    Parameters
    ----------
    table : path or frame
        Path or glob of CSV, Parquet or Arrow files, or a frame of polars, pandas, pyarrow, DuckDB or any other library
        with ``__arrow_c_stream__``.
    lead : str, lookup or sequence of them
        Column with the id of the lead, or a :func:`lookup` of it. Of several, the first that finds a lead is used.
    at : str or mapping
        Column with the time of the entry, or a mapping from stage to column for wide tables. An empty time means that
        the stage was not reached; see ``undated``. Columns may hold dates or times: a stage known by its date is
        reached before a later stage of the pipeline that has a time on that day.
    stage : str, literal or lookup, optional
        Column with the stage, a :func:`literal` for all rows, or a :func:`lookup` with ``value``. Required unless
        ``at`` is a mapping.
    deal : str, optional
        Column with the deal. By default the stages of a lead are one deal. Rows of a deal that repeat its stage are
        edits: the first is the entry, and the last amount counts. Where amounts share a time and neither ``order``
        nor the pipeline decides, the largest counts, for any order of the rows;
        :meth:`Journeys.check` counts such rows.
    previous : str, optional
        Column with the stage before. Rows that contradict the other rows are counted.
    names : mapping, optional
        Renames stages, from names in the table to names here. ``*`` and ``?`` are wildcards. An exact name takes
        precedence over patterns, and of several patterns the one with the most other characters is used.
    unmapped : {"keep", "drop", "error"}, default "keep"
        Whether stages that are not in ``names`` are kept, dropped, or an error.
    id : str, optional
        Column with an id of the entry. Further rows of a lead and stage with the same id are dropped and counted.
    undated : {"drop", "last", "end", "error"}, default "drop"
        How to treat won and lost rows without a time: as not reached, as reached at the last known time of the deal, as
        reached just before the end of observation, or as an error. They are counted. If ``at`` is a mapping, an empty
        cell always means that the stage was not reached.
    amount, currency, reason, rep : str, optional
        Columns with the amount, its currency, the reason and the rep.
    {leads}
    {common}

    See Also
    --------
    Journeys : Takes the tables.
    Events : Tables of events.
    literal, lookup : Values in the place of a column.

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
    names: Mapping[str, str] | None = field(default=None, kw_only=True)
    unmapped: Literal["keep", "drop", "error"] = field(default="keep", kw_only=True)
    id: str | None = field(default=None, kw_only=True)
    undated: Literal["drop", "last", "end", "error"] = field(default="drop", kw_only=True)
    amount: str | None = field(default=None, kw_only=True)
    currency: str | None = field(default=None, kw_only=True)
    reason: str | None = field(default=None, kw_only=True)
    rep: str | None = field(default=None, kw_only=True)

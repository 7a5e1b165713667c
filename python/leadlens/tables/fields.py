"""A table of fields that change over time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from .keys import Lead, Table
from .role import OfLeads, documented


@documented
@dataclass(frozen=True)
class Fields(OfLeads):
    """Declares a table of lead fields that change over time, joined as of the cutoff.

    Parameters
    ----------
    table : path or frame
        Path or glob of CSV, Parquet or Arrow files, or a frame of polars, pandas, pyarrow, DuckDB or any other library
        with ``__arrow_c_stream__``.
    lead : str, lookup or sequence of them
        Column with the id of the lead, or a :func:`lookup` of it. Of several, the first that finds a lead is used.
    valid_from : str
        Column with the time from which on a row is valid. A cutoff sees rows from before it.
    valid_to : str, optional
        Column with the time until which it is valid, exclusive.
    name, value : str, optional
        Columns with the name and the value of the field, for long tables. By default every other column is a field.
    fields : sequence of str, optional
        Fields to read: columns, or names in a long table; ``*`` and ``?`` are wildcards. All by default.
    ignore : sequence of str, optional
        Fields not to read.
    {leads}
    categories : sequence of str, optional
        Fields that are categories even if their values are numbers.
    {common}

    See Also
    --------
    Journeys : Takes the tables.
    Leads : Fields that do not change.

    Examples
    --------
    >>> import leadlens as ll
    >>> ll.Fields("history.csv", lead="lead_id", valid_from="changed_at", name="field", value="new").name
    'field'
    """

    table: Table
    lead: Lead
    valid_from: str
    valid_to: str | None = field(default=None, kw_only=True)
    name: str | None = field(default=None, kw_only=True)
    value: str | None = field(default=None, kw_only=True)
    fields: Sequence[str] | None = field(default=None, kw_only=True)
    ignore: Sequence[str] = field(default=(), kw_only=True)
    categories: Sequence[str] = field(default=(), kw_only=True)

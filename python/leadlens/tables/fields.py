"""A table of fields that change over time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from .keys import Lead, Table
from .role import OfLeads, documented


@documented
@dataclass(frozen=True)
class Fields(OfLeads):
    """Fields of leads that change over time, joined as of the cutoff.

    Parameters
    ----------
    table : table
        Path, glob, or any object with ``__arrow_c_stream__``.
    lead : str, lookup or sequence of them
        Column with the lead's id, or a :func:`lookup`; of several, the first that finds a lead.
    valid_from : str
        From when a row holds; a cutoff sees values set before it.
    valid_to : str, optional
        Until when (exclusive) it holds.
    name, value : str, optional
        Columns with the field's name and value, for long tables; without them every other column is a field.
    fields : sequence of str, optional
        Fields that are read: columns, or names in a long table; all if not given. ``*`` and ``?`` are wildcards.
    ignore : sequence of str, optional
        Fields that are not.
    {leads}
    categories : sequence of str, optional
        Fields that are categories, whatever their values look like.
    {common}

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

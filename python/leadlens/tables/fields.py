"""A table of fields that change over time."""

from __future__ import annotations

from dataclasses import dataclass, field

from .keys import Lookup, Table
from .role import Role, documented


@documented
@dataclass(frozen=True)
class Fields(Role):
    """Fields of leads that change over time, joined as of the cutoff.

    Parameters
    ----------
    table : table
        Path, glob, or any object with ``__arrow_c_stream__``.
    lead : str or lookup
        Column with the lead's id, or a :func:`lookup`.
    valid_from : str
        From when a row holds; a cutoff sees values set before it.
    valid_to : str, optional
        Until when (exclusive) it holds.
    name, value : str, optional
        Columns with the field's name and value, for long tables; without them every other column is a field.
    {common}

    Examples
    --------
    >>> import leadlens as ll
    >>> ll.Fields("history.csv", lead="lead_id", valid_from="changed_at", name="field", value="new").name
    'field'
    """

    table: Table
    lead: str | Lookup
    valid_from: str
    valid_to: str | None = field(default=None, kw_only=True)
    name: str | None = field(default=None, kw_only=True)
    value: str | None = field(default=None, kw_only=True)

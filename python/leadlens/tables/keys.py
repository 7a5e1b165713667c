"""What stands in the place of a column: a constant, or a lead found by way of another table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

Table = Any
"""A path or glob (str or Path), or any object with ``__arrow_c_stream__`` (polars, pandas, pyarrow, DuckDB)."""


@dataclass(frozen=True)
class Literal_:
    """A constant in the place of a column; made by :func:`literal`."""

    value: str


def literal(value: str) -> Literal_:
    """Return a constant to use in the place of the column with the kind of events, or with the stage.

    Parameters
    ----------
    value : str
        The value of all rows.

    Examples
    --------
    >>> import leadlens as ll
    >>> ll.literal("session").value
    'session'
    """
    return Literal_(value)


@dataclass(frozen=True)
class Lookup:
    """A table that says which lead a key belongs to; made by :func:`lookup`."""

    table: Table
    key: str
    lead: str
    on: str | None = None
    valid_from: str | None = None
    valid_to: str | None = None
    split: str | None = None


def lookup(
    table: Table,
    key: str,
    lead: str,
    *,
    on: str | None = None,
    valid_from: str | None = None,
    valid_to: str | None = None,
    split: str | None = None,
) -> Lookup:
    """Find the lead of a row by way of another table; use it as ``lead=``.

    Parameters
    ----------
    table : table
        Anonymous ids, deals or contacts, and their leads.
    key : str
        Column with the key; also the column of the table that uses the lookup, unless ``on`` says another.
    lead : str
        Column with the lead's id.
    on : str, optional
        Column of the table that uses the lookup.
    valid_from, valid_to : str, optional
        Columns that say from when on, and until when (exclusive), the key means the lead.
    split : str, optional
        Text between several keys in one cell.

    Examples
    --------
    >>> import leadlens as ll
    >>> ll.lookup("identities.csv", key="anonymous_id", lead="lead_id").key
    'anonymous_id'
    """
    return Lookup(table, key, lead, on, valid_from, valid_to, split)

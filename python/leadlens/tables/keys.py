"""What stands in the place of a column: a constant, or a lead found by way of another table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from ..errors import OptionError

Table = Any
"""A path or glob (str or Path), or any object with ``__arrow_c_stream__`` (polars, pandas, pyarrow, DuckDB)."""


@dataclass(frozen=True)
class Literal_:
    """A constant in the place of a column; made by :func:`literal`."""

    value: str


def literal(value: str) -> Literal_:
    """Return a constant to use in the place of a column: of a kind, stage, channel, campaign or rep.

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
    """A table that says what a key means; made by :func:`lookup`."""

    table: Table
    key: str
    lead: Lead | None = None
    value: str | Lookup | None = None
    on: str | None = None
    valid_from: str | None = None
    valid_to: str | None = None
    split: str | None = None
    pick: Literal["first", "last", "primary", "all"] | None = None
    primary: str | None = None
    order: str | None = None
    normalize: Literal["email", "salesforce"] | None = None
    timezone: str | None = None
    time_format: str | None = None
    unit: Literal["s", "ms", "us", "ns"] | None = None
    encoding: str | None = None
    separator: str | None = None
    decimal: str | None = None
    thousands: str | None = None


Lead = str | Lookup | Sequence[str | Lookup]
"""A column, a :func:`lookup`, or several of them, of which the first that finds a lead is used."""
Attribute = str | Literal_ | Lookup
"""A column, a :func:`literal`, or a :func:`lookup` with ``value=``."""


def lookup(
    table: Table,
    key: str,
    lead: Lead | None = None,
    *,
    value: str | Lookup | None = None,
    on: str | None = None,
    valid_from: str | None = None,
    valid_to: str | None = None,
    split: str | None = None,
    pick: Literal["first", "last", "primary", "all"] | None = None,
    primary: str | None = None,
    order: str | None = None,
    normalize: Literal["email", "salesforce"] | None = None,
    timezone: str | None = None,
    time_format: str | None = None,
    unit: Literal["s", "ms", "us", "ns"] | None = None,
    encoding: str | None = None,
    separator: str | None = None,
    decimal: str | None = None,
    thousands: str | None = None,
) -> Lookup:
    """Find the lead of a row, or an attribute of it, by way of another table.

    With ``lead``, use it as ``lead=``; with ``value``, as ``kind=``, ``channel=``, ``campaign=``, ``rep=`` or
    ``stage=``.

    Parameters
    ----------
    table : table
        Anonymous ids, deals or contacts and their leads; or campaigns, stages and the like and what they are called.
    key : str
        Column with the key; also the column of the table that uses the lookup, unless ``on`` says another.
    lead : str, lookup or sequence of them, optional
        Column with the lead's id; or a lookup of it, by a column of this table (two hops).
    value : str or lookup, optional
        Column with the attribute; or a lookup of it, by a column of this table.
    on : str, optional
        Column of the table that uses the lookup.
    valid_from, valid_to : str, optional
        Columns that say from when on, and until when (exclusive), a row holds.
    split : str, optional
        Text between several ids in one cell, such as ``";"``, in both columns.
    pick : {"first", "last", "primary", "all"}, optional
        What to do where a key has several leads at one time: take one of them, or give the row to each (an amount then
        counts for each). Without it, such keys are refused. Ids that are no leads are passed over.
    primary : str, optional
        Column that marks the primary row of a key; where none is marked, the first is taken, counted by ``check()``.
    order : str, optional
        Column that orders the rows of a key; by default ``valid_from``, else the order of the table.
    normalize : {"email", "salesforce"}, optional
        Compare keys and leads as e-mail addresses (without case and blanks) or as ids of Salesforce (15 or 18
        characters), on both sides.
    timezone : str, optional
        Zone of its times without an offset; by default that of the journeys.
    time_format : str, optional
        strptime pattern of its texts that are times.
    unit : {"s", "ms", "us", "ns"}, optional
        Unit of its numbers that are times.
    encoding, separator : str, optional
        Encoding and separator of a CSV file, as for the other tables.
    decimal, thousands : str, optional
        Marks of numbers in texts of the attribute, as for the other tables.

    Examples
    --------
    >>> import leadlens as ll
    >>> ll.lookup("identities.csv", key="anonymous_id", lead="lead_id").key
    'anonymous_id'
    >>> ll.lookup("contacts.csv", "deal_id", "contact_id", pick="primary", primary="is_primary").pick
    'primary'
    >>> ll.lookup("campaigns.csv", key="id", value="type", on="campaign_id").value
    'type'
    """
    if (lead is None) == (value is None):
        raise OptionError("lookup: give the column with the lead (lead=) or the one with an attribute (value=)")
    return Lookup(
        table,
        key,
        lead,
        value,
        on,
        valid_from,
        valid_to,
        split,
        pick,
        primary,
        order,
        normalize,
        timezone,
        time_format,
        unit,
        encoding,
        separator,
        decimal,
        thousands,
    )

"""Values in the place of a column: constants, and lookups by way of another table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from ..errors import OptionError


class ArrowStream(Protocol):
    """A frame that exports an Arrow C stream: of polars, pandas, pyarrow, DuckDB and other libraries."""

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """Return the stream as a PyCapsule."""


class LazyTable(Protocol):
    """A lazy frame of polars."""

    def collect(self) -> ArrowStream:
        """Return the frame."""


Table = str | Path | ArrowStream | LazyTable
"""A path or glob of files, or a frame."""


@dataclass(frozen=True)
class Literal_:
    """A constant in the place of a column; returned by :func:`literal`."""

    value: str


def literal(value: str) -> Literal_:
    """Declare a constant in the place of a column of kinds, stages, channels, campaigns or reps.

    Parameters
    ----------
    value : str
        Value of all rows.

    Returns
    -------
    Literal_
        Declaration for options such as ``kind``.

    See Also
    --------
    lookup : Values from another table.
    Events, Stages, Spend : Take constants.

    Examples
    --------
    >>> import leadlens as ll
    >>> ll.literal("session").value
    'session'
    """
    return Literal_(value)


@dataclass(frozen=True)
class Lookup:
    """A lookup of leads or attributes by a key; returned by :func:`lookup`."""

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
"""A column, a :func:`lookup`, or several of them; the first that finds a lead is used."""
Attribute = str | Literal_ | Lookup
"""A column, a :func:`literal`, or a :func:`lookup` with ``value``."""


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
    """Declare a lookup of the lead, or of an attribute, by way of another table.

    A lookup with ``lead`` is for the option ``lead`` of a table. A lookup with ``value`` is for ``kind``, ``channel``,
    ``campaign``, ``rep`` or ``stage``.

    Parameters
    ----------
    table : path or frame
        Table of keys: anonymous ids, deals or contacts with their leads, or codes of campaigns or stages with their
        names.
    key : str
        Column with the key. Unless ``on`` is given, the table that uses the lookup has a column with the same name.
    lead : str, lookup or sequence of them, optional
        Column with the id of the lead, or a lookup of it by a column of this table (two hops).
    value : str or lookup, optional
        Column with the attribute, or a lookup of it by a column of this table.
    on : str, optional
        Column with the key in the table that uses the lookup.
    valid_from, valid_to : str, optional
        Columns with the times from which on, and until which (exclusive), a row is valid.
    split : str, optional
        Separator of several ids in one cell, such as ``";"``, in both columns.
    pick : {"first", "last", "primary", "all"}, optional
        Which lead is used if a key has several at one time; with ``"all"`` each, and an amount then counts for each. By
        default such keys are an error. Ids that are not leads are skipped.
    primary : str, optional
        Column that marks the primary row of a key. If no row is marked, the first is used and counted in
        :meth:`Journeys.check`.
    order : str, optional
        Column that orders the rows of a key. By default ``valid_from``, or the order of the table without it.
    normalize : {"email", "salesforce"}, optional
        Compare keys and leads as e-mail addresses (without case and blanks) or as Salesforce ids (15 or 18 characters),
        on both sides.
    timezone : str, optional
        Zone of times without an offset. By default that of the journeys.
    time_format : str, optional
        strptime pattern of times in texts.
    unit : {"s", "ms", "us", "ns"}, optional
        Unit of times in numbers.
    encoding, separator : str, optional
        Encoding and separator of a CSV file, as for :class:`Leads`.
    decimal, thousands : str, optional
        Marks of numbers in texts of the attribute, as for :class:`Leads`.

    Returns
    -------
    Lookup
        Declaration for options such as ``lead`` and ``kind``.

    Raises
    ------
    OptionError
        Both or neither of ``lead`` and ``value`` are given.

    See Also
    --------
    literal : A constant in the place of a column.
    Events, Stages, Fields : Take lookups.

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
        raise OptionError("lookup: pass either lead= (column with the lead) or value= (column with an attribute)")
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

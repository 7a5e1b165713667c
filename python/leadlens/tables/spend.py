"""A table of money spent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from .encode import Tables, encode, omit_none
from .keys import Literal_, Table


@dataclass(frozen=True)
class Spend:
    """A table of money spent.

    Rows without an amount are left out, as is what was spent before the period of the first entry of the journeys or
    after the end of observation; the result counts both.

    Parameters
    ----------
    table : path or table
        The table.
    at : str
        Column of the day, or of the first day of the time, that the amount is for. A month (``2024-08``) or a quarter
        (``2024-Q3``) is all of its days; its amount is spread evenly over them.
    amount : str
        Column of the amount.
    until : str, optional
        Column of the end of that time (exclusive); the amount is spread evenly over its days.
    scale : float, default 1
        What amounts are multiplied with: ``1e-6`` for micros.
    channel, campaign : str or literal, optional
        Column of the channel, or campaign, or a :func:`literal` for all rows; ``channel`` too for whatever else ``by``
        gives the credit to.
    names : mapping, optional
        Names of channels and campaigns in the table → names of events; ``*`` and ``?`` are wildcards.
    timezone : str, optional
        Zone of times without an offset; that of the journeys if not given.
    time_format : str, optional
        strptime pattern of texts that are times. A pattern without a day, such as ``%b %Y``, is of months, one of the
        year alone of years.
    unit : {"s", "ms", "us", "ns"}, optional
        Unit of numbers that are times.
    period : {"day", "week", "month", "quarter", "year"}
        Calendar period by which spend is joined.
    encoding, separator, decimal, thousands : str, optional
        How the texts of the table are read, as for :class:`Leads`.

    Examples
    --------
    >>> import polars as pl
    >>> import leadlens as ll
    >>> table = pl.DataFrame({"day": ["2024-01-01"], "cost": [900.0], "channel": ["search"]})
    >>> ll.Spend(table, at="day", amount="cost", channel="channel").period
    'month'
    """

    table: Table
    at: str = field(kw_only=True)
    amount: str = field(kw_only=True)
    until: str | None = field(default=None, kw_only=True)
    scale: float = field(default=1.0, kw_only=True)
    channel: str | Literal_ | None = field(default=None, kw_only=True)
    campaign: str | Literal_ | None = field(default=None, kw_only=True)
    names: Mapping[str, str | Mapping[str, str]] = field(default_factory=dict, kw_only=True)
    timezone: str | None = field(default=None, kw_only=True)
    time_format: str | None = field(default=None, kw_only=True)
    unit: Literal["s", "ms", "us", "ns"] | None = field(default=None, kw_only=True)
    period: Literal["day", "week", "month", "quarter", "year"] = field(default="month", kw_only=True)
    encoding: str | None = field(default=None, kw_only=True)
    separator: str | None = field(default=None, kw_only=True)
    decimal: str | None = field(default=None, kw_only=True)
    thousands: str | None = field(default=None, kw_only=True)

    def _spec(self, tables: Tables) -> dict[str, Any]:
        named = {k: encode(v, tables) for k, v in self.__dict__.items() if k != "table"}
        return omit_none({"table": tables.key(self.table, "spend"), **named})

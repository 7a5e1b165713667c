"""A table of money spent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from .encode import Tables, encode, omit_none
from .keys import Literal_, Table


@dataclass(frozen=True)
class Spend:
    """Declares a table of money spent.

    Rows without an amount, and amounts spent before the period of the first entry of the journeys or after the end of
    observation, are left out and counted.

    Parameters
    ----------
    table : path or frame
        Path or glob of CSV, Parquet or Arrow files, or a frame of polars, pandas, pyarrow, DuckDB or any other library
        with ``__arrow_c_stream__``.
    at : str
        Column with the day, or with the first day of the time, that the amount is for. The amount of a month
        (``2024-08``) or a quarter (``2024-Q3``) is spread evenly over its days.
    amount : str
        Column with the amount.
    until : str, optional
        Column with the end of the time, exclusive. The amount is spread evenly over its days.
    scale : float, default 1
        Factor of the amounts, such as ``1e-6`` for micros.
    channel, campaign : str or literal, optional
        Column with the channel or the campaign, or a :func:`literal` for all rows. ``channel`` is also used if ``by``
        of the attribution is something else.
    names : mapping, optional
        Renames channels and campaigns from names in the table to names in events. ``*`` and ``?`` are wildcards.
    timezone : str, optional
        Zone of times without an offset. By default that of the journeys.
    time_format : str, optional
        strptime pattern of times in texts. A pattern without a day, such as ``%b %Y``, is of months; a pattern of the
        year alone is of years.
    unit : {"s", "ms", "us", "ns"}, optional
        Unit of times in numbers.
    period : {"day", "week", "month", "quarter", "year"}, default "month"
        Calendar period by which spend and leads are joined.
    encoding, separator, decimal, thousands : str, optional
        How texts of the table are read, as for :class:`Leads`.

    See Also
    --------
    Journeys.attribution : Takes the tables.
    Attribution.costs : Unit costs by channel.

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
    names: Mapping[str, str | Mapping[str, str]] | None = field(default=None, kw_only=True)
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

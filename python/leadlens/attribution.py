"""Attribution: what share of conversions and value each channel is given credit for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from numbers import Real
from typing import Any, Literal

import polars as pl

from ._charts import attribution_chart
from ._display import Shown
from .errors import OptionError
from .tables.encode import Tables, encode, omit_none
from .tables.keys import Literal_, Table

__all__ = ["Attribution", "Rule", "Spend"]


@dataclass(frozen=True, kw_only=True)
class Rule:
    """Shares of the credit by milestone; they add up to 1.

    A milestone that a path lacks gives its share to what there is, in proportion; a touch that is two milestones gets
    both shares; all other touches share ``middle`` in equal parts.

    Parameters
    ----------
    name : str
        Its name in results.
    first : float
        Share of the first touch.
    lead : float
        Share of the last touch up to the creation of the lead, if that is not after the conversion.
    opportunity : float
        Share of the last touch up to the entry into the opportunity's stage: that of the conversion's deal, or one of
        no deal since the conversion before, if it is not after the conversion.
    last : float
        Share of the last touch.
    middle : float
        Share of all others.

    Examples
    --------
    >>> import leadlens as ll
    >>> half = ll.Rule(name="half first", first=0.5, middle=0.5)
    >>> ll.datasets.b2b_saas().attribution(half).to_polars()["method"][0]
    'half first'
    """

    name: str = "custom"
    first: float = 0.0
    lead: float = 0.0
    opportunity: float = 0.0
    last: float = 0.0
    middle: float = 0.0

    def _spec(self) -> dict[str, Any]:
        for part, share in self.__dict__.items():
            is_number = isinstance(share, Real) and not isinstance(share, bool)
            if part != "name" and not (is_number and -1e300 < share < 1e300):
                raise OptionError(f"rule '{self.name}': {part}={share!r} is not a number")
        return {part: share if part == "name" else float(share) for part, share in self.__dict__.items()}


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


class Attribution(Shown):
    """Credit for conversions and value; made by :meth:`Journeys.attribution`. Credit is not cause.

    Examples
    --------
    >>> import leadlens as ll
    >>> a = ll.datasets.b2b_saas().attribution("linear", target="closed_won", lookback="90d")
    >>> round(a.to_polars()["share"].sum(), 9)
    1.0
    """

    def to_polars(self) -> pl.DataFrame:
        """Return one row per method and channel: touches, paths, conversions, value, share, removal effect, ranges.

        Examples
        --------
        >>> import leadlens as ll
        >>> a = ll.datasets.b2b_saas().attribution("linear", target="closed_won", lookback="90d")
        >>> a.to_polars().columns[:5]
        ['method', 'channel', 'touches', 'paths', 'conversions']
        """
        return self._tables["credits"]

    def costs(self, *, by_period: bool = False) -> pl.DataFrame:
        """Return unit costs by channel, if spend was given.

        ``leads`` are those whose first touch was the channel's, ``conversions`` the credit of the first method in the
        period of the touch; models, which give no credit to single touches, are spread like linear credit.
        ``spend`` and the costs of a channel of which no row says what was spent are null. Costs divide the spend by the
        leads, conversions and value of the periods for which spend of any channel is given; a remark says if there are
        others. Spend before ``outcomes_from`` is left out as the leads from before are.

        Parameters
        ----------
        by_period : bool, default False
            One row per channel and period, with the first day of the period in ``period``.

        Raises
        ------
        OptionError
            No spend was given.

        Examples
        --------
        >>> import polars as pl
        >>> import leadlens as ll
        >>> table = pl.DataFrame({"day": ["2024-01-01"], "cost": [900.0], "channel": ["search"]})
        >>> spend = ll.Spend(table, at="day", amount="cost", channel="channel")
        >>> a = ll.datasets.b2b_saas().attribution("linear", target="closed_won", spend=spend)
        >>> a.costs().columns[:3]
        ['channel', 'spend', 'leads']
        """
        if "costs" not in self._tables:
            raise OptionError("costs: give attribution(spend=ll.Spend(...)) to have unit costs")
        return self._tables["costs_by_period" if by_period else "costs"]

    @property
    def facts(self) -> dict[str, Any]:
        """What was asked for, conversions, paths, remarks; of Markov chains the chance of converting."""
        return self._facts

    def plot(self) -> Any:
        """Return an Altair chart: conversions by channel, methods side by side, with bootstrap ranges.

        Examples
        --------
        >>> import leadlens as ll
        >>> a = ll.datasets.b2b_saas().attribution("linear", target="closed_won", lookback="90d")
        >>> type(a.plot()).__name__
        'LayerChart'
        """
        return attribution_chart(self._tables["credits"], self._facts["spec"]["by"])

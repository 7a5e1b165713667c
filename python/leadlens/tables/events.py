"""A table of events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from .keys import Attribute, Lead, Literal_, Table
from .role import OfLeads, documented


@documented
@dataclass(frozen=True)
class Events(OfLeads):
    """Declares a table of events, one row per event.

    Parameters
    ----------
    table : path or frame
        Path or glob of CSV, Parquet or Arrow files, or a frame of polars, pandas, pyarrow, DuckDB or any other library
        with ``__arrow_c_stream__``.
    lead : str, lookup or sequence of them
        Column with the id of the lead, or a :func:`lookup` of it. Of several, the first that finds a lead is used.
    at : str
        Column with the time.
    kind : str, literal or lookup
        Column with the kind of event, a :func:`literal` for all rows, or a :func:`lookup` with ``value``.
    name : str, optional
        Name of the source, used as ``name:kind`` if two sources share a kind.
    id : str, optional
        Column with the id of the event. Further rows with the same id are dropped and counted.
    channel, campaign, rep : str, literal or lookup, optional
        Column with the channel, campaign or rep, a :func:`literal`, or a :func:`lookup` with ``value``.
    names : mapping, optional
        Renames kinds, channels, campaigns and reps, from names in the table to names here, all of them or by part, as
        in ``{"channel": {"g-ads*": "google"}}``. ``*`` and ``?`` are wildcards. An exact name takes precedence over
        patterns, and of several patterns the one with the most other characters is used.
    side : {"buyer", "marketing", "sales"}, default "buyer"
        Who acts in the events.
    values : sequence of str, optional
        Columns of numbers, for sums, maxima and latest values.
    props : sequence of str, optional
        Columns of texts, as properties of the events.
    {leads}
    {common}

    See Also
    --------
    Journeys : Takes the tables.
    Stages : Tables of stage entries.
    literal, lookup : Values in the place of a column.

    Examples
    --------
    >>> import leadlens as ll
    >>> ll.Events("sessions.csv", lead="lead_id", at="started_at", kind=ll.literal("session")).side
    'buyer'
    """

    table: Table
    lead: Lead
    at: str
    kind: Attribute
    name: str | None = field(default=None, kw_only=True)
    id: str | None = field(default=None, kw_only=True)
    channel: Attribute | None = field(default=None, kw_only=True)
    campaign: Attribute | None = field(default=None, kw_only=True)
    side: Literal["buyer", "marketing", "sales"] = field(default="buyer", kw_only=True)
    rep: Attribute | None = field(default=None, kw_only=True)
    names: Mapping[str, str | Mapping[str, str]] | None = field(default=None, kw_only=True)
    values: Sequence[str] = field(default=(), kw_only=True)
    props: Sequence[str] = field(default=(), kw_only=True)

    def _shown(self) -> str:
        # The name of a column would not identify the table.
        return self.name or (self.kind.value if isinstance(self.kind, Literal_) else super()._shown())

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
    """A table of events: one row per thing that happened.

    Parameters
    ----------
    table : table
        Path, glob, or any object with ``__arrow_c_stream__``.
    lead : str, lookup or sequence of them
        Column with the lead's id, or a :func:`lookup`; of several, the first that finds a lead.
    at : str
        Time.
    kind : str, literal or lookup
        Column with the kind of event, a :func:`literal`, or a :func:`lookup` with ``value=``.
    name : str, optional
        Name of the source, used where two sources share a kind (``name:kind``).
    id : str, optional
        Id of the event; the second row with an id is dropped and counted.
    channel, campaign, rep : str, literal or lookup, optional
        Channel, campaign and rep, each in the same ways.
    names : mapping, optional
        Names in the table → names here, of kinds, channels, campaigns and reps; or by part, as in
        ``{"channel": {"g-ads*": "google"}}``. ``*`` and ``?`` are wildcards; a name that is listed is no pattern,
        and of several patterns the one with the most other characters holds.
    side : {"buyer", "marketing", "sales"}, default "buyer"
        Who acts.
    values : sequence of str, optional
        Number columns, for sums, maxima and latest values.
    props : sequence of str, optional
        Text columns.
    {leads}
    {common}

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
    names: Mapping[str, str | Mapping[str, str]] = field(default_factory=dict, kw_only=True)
    values: Sequence[str] = field(default=(), kw_only=True)
    props: Sequence[str] = field(default=(), kw_only=True)

    def _shown(self) -> str:
        # A column is no name of a table.
        return self.name or (self.kind.value if isinstance(self.kind, Literal_) else super()._shown())

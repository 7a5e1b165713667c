"""A table of events."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from .encode import Tables
from .keys import Literal_, Lookup, Table
from .role import Role, documented


@documented
@dataclass(frozen=True)
class Events(Role):
    """A table of events: one row per thing that happened.

    Parameters
    ----------
    table : table
        Path, glob, or any object with ``__arrow_c_stream__``.
    lead : str or lookup
        Column with the lead's id, or a :func:`lookup`.
    at : str
        Time.
    kind : str or literal
        Column with the kind of event, or a :func:`literal`.
    name : str, optional
        Name of the source, used where two sources share a kind (``name:kind``).
    id : str, optional
        Id of the event; the second row with an id is dropped and counted.
    channel, campaign, rep : str, optional
        Columns with the channel, the campaign and the rep.
    side : {"buyer", "marketing", "sales"}, default "buyer"
        Who acts.
    values : sequence of str, optional
        Number columns, for sums, maxima and latest values.
    props : sequence of str, optional
        Text columns.
    {common}

    Examples
    --------
    >>> import leadlens as ll
    >>> ll.Events("sessions.csv", lead="lead_id", at="started_at", kind=ll.literal("session")).side
    'buyer'
    """

    table: Table
    lead: str | Lookup
    at: str
    kind: str | Literal_
    name: str | None = field(default=None, kw_only=True)
    id: str | None = field(default=None, kw_only=True)
    channel: str | None = field(default=None, kw_only=True)
    campaign: str | None = field(default=None, kw_only=True)
    side: Literal["buyer", "marketing", "sales"] = field(default="buyer", kw_only=True)
    rep: str | None = field(default=None, kw_only=True)
    values: Sequence[str] = field(default=(), kw_only=True)
    props: Sequence[str] = field(default=(), kw_only=True)

    def _spec(self, tables: Tables) -> dict[str, Any]:
        spec = super()._spec(tables)
        if isinstance(self.kind, Literal_):
            spec["kind"] = {"literal": self.kind.value}
        return spec

    def _shown(self) -> str:
        return self.name or (self.kind.value if isinstance(self.kind, Literal_) else self.kind)

"""A table of leads and cutoffs."""

from __future__ import annotations

from dataclasses import dataclass

from .keys import Table
from .role import Role, documented


@documented
@dataclass(frozen=True)
class Cutoffs(Role):
    """A table of leads and the times at which a snapshot looks at them.

    Parameters
    ----------
    table : table
        Path, glob, or any object with ``__arrow_c_stream__``.
    lead : str, default "lead_id"
        Column with the lead's id.
    at : str, default "cutoff"
        Cutoff.
    {common}

    Examples
    --------
    >>> import leadlens as ll
    >>> ll.Cutoffs("calls.csv", lead="lead_id", at="called_at", unit="ms").at
    'called_at'
    """

    table: Table
    lead: str = "lead_id"
    at: str = "cutoff"

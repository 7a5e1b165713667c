"""A table of leads and cutoffs."""

from __future__ import annotations

from dataclasses import dataclass

from .keys import Table
from .role import Role, documented


@documented
@dataclass(frozen=True)
class Cutoffs(Role):
    """Declares a table of leads and cutoffs for a snapshot.

    Parameters
    ----------
    table : path or frame
        Path or glob of CSV, Parquet or Arrow files, or a frame of polars, pandas, pyarrow, DuckDB or any other library
        with ``__arrow_c_stream__``.
    lead : str, default "lead_id"
        Column with the id of the lead.
    at : str, default "cutoff"
        Column with the cutoff.
    {common}

    See Also
    --------
    Journeys.snapshot : Takes the table.

    Examples
    --------
    >>> import leadlens as ll
    >>> ll.Cutoffs("calls.csv", lead="lead_id", at="called_at", unit="ms").at
    'called_at'
    """

    table: Table
    lead: str = "lead_id"
    at: str = "cutoff"

"""The table of accounts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from .keys import Table
from .role import Role, documented


@documented
@dataclass(frozen=True)
class Accounts(Role):
    """Declares the table of accounts, whose columns become fields ``account.<column>`` of their leads.

    Parameters
    ----------
    table : path or frame
        Path or glob of CSV, Parquet or Arrow files, or a frame of polars, pandas, pyarrow, DuckDB or any other library
        with ``__arrow_c_stream__``.
    id : str
        Column with the id, which the column ``account`` of the leads refers to.
    fields : sequence of str, optional
        Columns that are fields. By default all except the id.
    categories : sequence of str, optional
        Columns that are categories even if their values are numbers.
    {common}

    See Also
    --------
    Journeys : Takes the table.
    Leads : Names the account of a lead, with ``account``.

    Examples
    --------
    >>> import leadlens as ll
    >>> ll.Accounts("accounts.csv", "account_id", fields=["industry"]).fields
    ['industry']
    """

    table: Table
    id: str
    fields: Sequence[str] | None = field(default=None, kw_only=True)
    categories: Sequence[str] = field(default=(), kw_only=True)

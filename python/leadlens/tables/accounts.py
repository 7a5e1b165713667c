"""The table of accounts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from .keys import Table
from .role import Role, documented


@documented
@dataclass(frozen=True)
class Accounts(Role):
    """The table of accounts; its fields become fields of their leads, named ``account.field``.

    Parameters
    ----------
    table : table
        Path, glob, or any object with ``__arrow_c_stream__``.
    id : str
        Id column, matched with the account column of the leads.
    fields : sequence of str, optional
        Columns that are fields; all but the id if not given.
    categories : sequence of str, optional
        Columns that are categories, whatever their values look like.
    {common}

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

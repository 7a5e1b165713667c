"""The table of leads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from .keys import Table
from .role import Role, documented


@documented
@dataclass(frozen=True)
class Leads(Role):
    """The table of leads: one row per lead.

    Parameters
    ----------
    table : table
        Path, glob, or any object with ``__arrow_c_stream__``.
    id : str
        Id column. 7, 7.0 and "7" are one id, "007" is another.
    created : str, optional
        Creation time; leave it out for a table without times.
    fields : sequence of str, optional
        Columns that are fields, known at creation. If not given, all columns are, but ids, dates after creation and
        columns that look like outcomes, which ``check()`` lists.
    ignore : sequence of str, optional
        Columns that are no fields.
    include : sequence of str, optional
        Columns that are fields although they would be withheld; ``"account.column"`` for those of accounts.
    account, owner : str, optional
        Columns of the lead's account and owner.
    outcome : str, optional
        Column with the known outcome (1/0, true/false, yes/no), for tables without stages.
    rows : {"error", "first", "last"}, default "error"
        What to do with several rows of one lead.
    {common}

    Examples
    --------
    >>> import leadlens as ll
    >>> ll.Leads("leads.csv", id="lead_id", created="created_at").id
    'lead_id'
    """

    table: Table
    id: str
    created: str | None = field(default=None, kw_only=True)
    fields: Sequence[str] | None = field(default=None, kw_only=True)
    ignore: Sequence[str] = field(default=(), kw_only=True)
    include: Sequence[str] = field(default=(), kw_only=True)
    account: str | None = field(default=None, kw_only=True)
    owner: str | None = field(default=None, kw_only=True)
    outcome: str | None = field(default=None, kw_only=True)
    rows: Literal["error", "first", "last"] = field(default="error", kw_only=True)

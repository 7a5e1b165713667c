"""Tables and the roles of their columns: leads, events, stages, field histories, accounts."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Literal, Protocol, TypeVar

from .errors import OptionError

__all__ = ["Accounts", "Events", "Fields", "Leads", "Stages", "literal", "lookup"]

Table = Any
"""A path or glob (str or Path), or any object with ``__arrow_c_stream__`` (polars, pandas, pyarrow, DuckDB)."""


@dataclass(frozen=True)
class Literal_:
    """A constant in the place of a column; made by :func:`literal`."""

    value: str


def literal(value: str) -> Literal_:
    """Return a constant to use in the place of the column with the kind of events, or with the stage.

    Parameters
    ----------
    value : str
        The value of all rows.

    Examples
    --------
    >>> import leadlens as ll
    >>> ll.literal("session").value
    'session'
    """
    return Literal_(value)


@dataclass(frozen=True)
class Lookup:
    """A table that says which lead a key belongs to; made by :func:`lookup`."""

    table: Table
    key: str
    lead: str
    on: str | None = None
    valid_from: str | None = None
    valid_to: str | None = None
    split: str | None = None


def lookup(
    table: Table,
    key: str,
    lead: str,
    *,
    on: str | None = None,
    valid_from: str | None = None,
    valid_to: str | None = None,
    split: str | None = None,
) -> Lookup:
    """Find the lead of a row by way of another table; use it as ``lead=``.

    Parameters
    ----------
    table : table
        Anonymous ids, deals or contacts, and their leads.
    key : str
        Column with the key; also the column of the table that uses the lookup, unless ``on`` says another.
    lead : str
        Column with the lead's id.
    on : str, optional
        Column of the table that uses the lookup.
    valid_from, valid_to : str, optional
        Columns that say from when on, and until when (exclusive), the key means the lead.
    split : str, optional
        Text between several keys in one cell.

    Examples
    --------
    >>> import leadlens as ll
    >>> ll.lookup("identities.csv", key="anonymous_id", lead="lead_id").key
    'anonymous_id'
    """
    return Lookup(table, key, lead, on, valid_from, valid_to, split)


class _Tables:
    """Collects tables in memory under keys, each object once, so that roles of one table share it."""

    def __init__(self) -> None:
        self.given: dict[str, tuple[str, Any]] = {}
        self._keys: dict[int, str] = {}
        # Objects must outlive their ids.
        self._kept: list[Any] = []

    def key(self, table: Table, role: str) -> str:
        if isinstance(table, str | Path):
            return str(table)
        if id(table) in self._keys:
            return self._keys[id(table)]
        self._kept.append(table)
        key = f"\x00{len(self._kept)}"
        self._keys[id(table)] = key
        frame = table
        if hasattr(frame, "collect") and not hasattr(frame, "__arrow_c_stream__"):
            frame = frame.collect()  # a polars LazyFrame
        if hasattr(frame, "read_next_batch"):
            raise OptionError("a RecordBatchReader can be read only once: pass reader.read_all()")
        self.given[key] = (role, frame)
        return key


def _lead(lead: str | Lookup, tables: _Tables) -> object:
    if isinstance(lead, str):
        return lead
    return _drop(
        {
            "table": tables.key(lead.table, "lookup"),
            "key": lead.key,
            "lead": lead.lead,
            "on": lead.on,
            "valid_from": lead.valid_from,
            "valid_to": lead.valid_to,
            "split": lead.split,
        }
    )


def names(value: str | Sequence[str] | None, option: str = "") -> list[str]:
    """Return one name or several as a list."""
    if value is None:
        return []
    if isinstance(value, str):
        return [value]
    if not isinstance(value, Iterable):
        raise OptionError(f"{option}: {value!r} is neither a name nor a list of names".removeprefix(": "))
    return list(value)


def _plain(value: object) -> object:
    """Return a condition of ``where`` as JSON can hold it."""
    if isinstance(value, Mapping):
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(v) for v in value]
    if isinstance(value, date):
        return value.isoformat()
    if hasattr(value, "item"):
        value = value.item()  # a numpy scalar
    if value is None or isinstance(value, bool | int | str) or (isinstance(value, float) and math.isfinite(value)):
        return value
    raise OptionError(f"where: {value!r} is no text, number, truth value, None, list of them, or {{'not': …}}")


def _drop(options: dict[str, Any]) -> dict[str, Any]:
    """Leave out options that were not given."""
    return {k: v for k, v in options.items() if v is not None}


def as_json(options: object) -> str:
    """Return options as JSON; lengths of time as texts, numpy scalars as numbers."""
    return json.dumps(options, default=_other)


def _other(value: object) -> object:
    if isinstance(value, timedelta):
        return f"{value // timedelta(microseconds=1)}us"
    if isinstance(value, Literal_):
        raise OptionError(
            f"literal('{value.value}') can only stand for the kind of events (kind=) or the stage (stage=)"
        )
    if hasattr(value, "item"):
        return value.item()  # a numpy scalar
    raise OptionError(f"{value!r} is neither text, number, truth value nor list of them")


def roles(
    option: str, role: type[_Role], value: _Role | Sequence[_Role] | None, tables: _Tables
) -> list[dict[str, Any]]:
    """Return the declarations of one table or several."""
    given = [value] if isinstance(value, role) else [] if value is None else value
    if not isinstance(given, Sequence) or not all(isinstance(one, role) for one in given):
        name = role.__name__
        raise OptionError(
            f"{option}: give {name}(table, …), which says what its columns are, not {type(value).__name__}"
        )
    return [one._spec(tables) for one in given]


class _Declared(Protocol):
    def _spec(self, tables: _Tables) -> dict[str, Any]: ...


_Role = TypeVar("_Role", bound=_Declared)


@dataclass(frozen=True, kw_only=True)
class _Common:
    where: Mapping[str, object] = field(default_factory=dict)
    nulls: Sequence[str] = ()
    timezone: str | None = None
    timezone_column: str | None = None
    time_format: str | None = None
    unit: Literal["s", "ms", "us", "ns"] | None = None
    day: Literal["start", "end"] | None = None
    order: str | None = None

    def _common(self) -> dict[str, Any]:
        return {
            "where": {column: _plain(value) for column, value in self.where.items()},
            "nulls": names(self.nulls),
            "timezone": self.timezone,
            "timezone_column": self.timezone_column,
            "time_format": self.time_format,
            "unit": self.unit,
            "day": self.day,
            "order": self.order,
        }


_COMMON_DOC = """where : mapping, optional
        Rows that count: column → value, glob, list of them, None (empty), or ``{"not": …}``.
    nulls : sequence of str, optional
        Texts that mean "no value".
    timezone : str, optional
        Zone of times without an offset: IANA name or offset.
    timezone_column : str, optional
        Column with the zone of each row.
    time_format : str, optional
        strptime pattern of texts that are times.
    unit : {"s", "ms", "us", "ns"}, optional
        Unit of numbers that are times.
    day : {"start", "end"}, optional
        Instant that a whole day means; by default its end for events and stages, its start for creation.
    order : str, optional
        Column that orders rows of equal time."""


def _documented(cls: type) -> type:
    if cls.__doc__:
        cls.__doc__ = cls.__doc__.replace("{common}", _COMMON_DOC)
    return cls


@_documented
@dataclass(frozen=True)
class Leads(_Common):
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
    account: str | None = field(default=None, kw_only=True)
    owner: str | None = field(default=None, kw_only=True)
    outcome: str | None = field(default=None, kw_only=True)
    rows: Literal["error", "first", "last"] = field(default="error", kw_only=True)

    def _spec(self, tables: _Tables) -> dict[str, Any]:
        return _drop(
            {
                "table": tables.key(self.table, "leads"),
                "id": self.id,
                "created": self.created,
                "fields": None if self.fields is None else names(self.fields),
                "ignore": names(self.ignore),
                "account": self.account,
                "owner": self.owner,
                "outcome": self.outcome,
                "rows": self.rows,
                **self._common(),
            }
        )


@_documented
@dataclass(frozen=True)
class Events(_Common):
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

    def _spec(self, tables: _Tables) -> dict[str, Any]:
        kind = {"literal": self.kind.value} if isinstance(self.kind, Literal_) else self.kind
        return _drop(
            {
                "table": tables.key(
                    self.table, self.name or (self.kind.value if isinstance(self.kind, Literal_) else self.kind)
                ),
                "lead": _lead(self.lead, tables),
                "at": self.at,
                "kind": kind,
                "name": self.name,
                "id": self.id,
                "channel": self.channel,
                "campaign": self.campaign,
                "side": self.side,
                "rep": self.rep,
                "values": names(self.values),
                "props": names(self.props),
                **self._common(),
            }
        )


@_documented
@dataclass(frozen=True)
class Stages(_Common):
    """A table of stage entries: what sales did with a lead or its deals.

    Parameters
    ----------
    table : table
        Path, glob, or any object with ``__arrow_c_stream__``.
    lead : str or lookup
        Column with the lead's id, or a :func:`lookup`.
    at : str or mapping
        Time of the entry, or a mapping stage → column for wide tables. An empty time means "not reached".
    stage : str or literal, optional
        Column with the stage, or a :func:`literal`; needed unless ``at`` is a mapping.
    deal : str, optional
        Column with the deal; without one the stages are the lead's own.
    previous : str, optional
        Column with the stage before; rows that disagree with the log are counted.
    names : mapping, optional
        Stage names in the table → stage names here.
    unmapped : {"keep", "drop", "error"}, default "keep"
        What to do with stages that are not in ``names``.
    amount, currency, reason, rep : str, optional
        Columns with the amount, its currency, the reason and the rep.
    {common}

    Examples
    --------
    >>> import leadlens as ll
    >>> ll.Stages("deals.csv", lead="lead_id", at={"mql": "mql_date", "sql": "sql_date"}).unmapped
    'keep'
    """

    table: Table
    lead: str | Lookup
    at: str | Mapping[str, str]
    stage: str | Literal_ | None = field(default=None, kw_only=True)
    deal: str | None = field(default=None, kw_only=True)
    previous: str | None = field(default=None, kw_only=True)
    names: Mapping[str, str] = field(default_factory=dict, kw_only=True)
    unmapped: Literal["keep", "drop", "error"] = field(default="keep", kw_only=True)
    amount: str | None = field(default=None, kw_only=True)
    currency: str | None = field(default=None, kw_only=True)
    reason: str | None = field(default=None, kw_only=True)
    rep: str | None = field(default=None, kw_only=True)

    def _spec(self, tables: _Tables) -> dict[str, Any]:
        at, stage = self.at, self.stage
        if isinstance(stage, Literal_) and isinstance(at, str):
            at, stage = {stage.value: at}, None
        return _drop(
            {
                "table": tables.key(self.table, "stages"),
                "lead": _lead(self.lead, tables),
                "at": at if isinstance(at, str) else dict(at),
                "stage": stage,
                "deal": self.deal,
                "previous": self.previous,
                "names": dict(self.names),
                "unmapped": self.unmapped,
                "amount": self.amount,
                "currency": self.currency,
                "reason": self.reason,
                "rep": self.rep,
                **self._common(),
            }
        )


@_documented
@dataclass(frozen=True)
class Fields(_Common):
    """Fields of leads that change over time, joined as of the cutoff.

    Parameters
    ----------
    table : table
        Path, glob, or any object with ``__arrow_c_stream__``.
    lead : str or lookup
        Column with the lead's id, or a :func:`lookup`.
    valid_from : str
        From when a row holds; a cutoff sees values set before it.
    valid_to : str, optional
        Until when (exclusive) it holds.
    name, value : str, optional
        Columns with the field's name and value, for long tables; without them every other column is a field.
    {common}

    Examples
    --------
    >>> import leadlens as ll
    >>> ll.Fields("history.csv", lead="lead_id", valid_from="changed_at", name="field", value="new").name
    'field'
    """

    table: Table
    lead: str | Lookup
    valid_from: str
    valid_to: str | None = field(default=None, kw_only=True)
    name: str | None = field(default=None, kw_only=True)
    value: str | None = field(default=None, kw_only=True)

    def _spec(self, tables: _Tables) -> dict[str, Any]:
        return _drop(
            {
                "table": tables.key(self.table, "fields"),
                "lead": _lead(self.lead, tables),
                "valid_from": self.valid_from,
                "valid_to": self.valid_to,
                "name": self.name,
                "value": self.value,
                **self._common(),
            }
        )


@_documented
@dataclass(frozen=True)
class Accounts(_Common):
    """The table of accounts; its fields become fields of their leads, named ``account.field``.

    Parameters
    ----------
    table : table
        Path, glob, or any object with ``__arrow_c_stream__``.
    id : str
        Id column, matched with the account column of the leads.
    fields : sequence of str, optional
        Columns that are fields; all but the id if not given.
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

    def _spec(self, tables: _Tables) -> dict[str, Any]:
        return _drop(
            {
                "table": tables.key(self.table, "accounts"),
                "id": self.id,
                "fields": None if self.fields is None else names(self.fields),
                **self._common(),
            }
        )

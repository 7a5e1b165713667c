"""What all roles of a table share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Literal, Protocol, TypeVar

from ..errors import OptionError
from .encode import Tables, checked, encode, names, omit_none, plain_condition


class _Declared(Protocol):
    def _spec(self, tables: Tables) -> dict[str, Any]: ...


_Role = TypeVar("_Role", bound=_Declared)


def roles(
    option: str, role: type[_Role], value: _Role | Sequence[_Role] | None, tables: Tables
) -> list[dict[str, Any]]:
    """Return the declarations of one table or several."""
    given = [value] if isinstance(value, role) else [] if value is None else value
    if not isinstance(given, Sequence) or not all(isinstance(one, role) for one in given):
        name = role.__name__
        raise OptionError(
            f"{option}: give {name}(table, …), which says what its columns are, not {type(value).__name__}"
        )
    specs = []
    for i, one in enumerate(given):
        try:
            specs.append(one._spec(tables))
        except OptionError as e:
            # Which one, if there are several, is named as Rust names it.
            raise e if len(given) == 1 else OptionError(str(e).replace("): ", f") in {option}[{i}]: ", 1)) from None
    return specs


@dataclass(frozen=True, kw_only=True)
class Role:
    """The options of every table: how its times are read, and which rows count."""

    where: Mapping[str, object] = field(default_factory=dict)
    nulls: Sequence[str] = ()
    timezone: str | None = None
    timezone_column: str | None = None
    time_format: str | None = None
    unit: Literal["s", "ms", "us", "ns"] | None = None
    day: Literal["start", "end"] | None = None
    order: str | None = None
    normalize: Literal["email", "salesforce"] | None = None
    encoding: str | None = None
    separator: str | None = None
    decimal: str | None = None
    thousands: str | None = None

    def _spec(self, tables: Tables) -> dict[str, Any]:
        """Return the declaration as the configuration writes it; each field of the class is a key of it."""
        spec: dict[str, Any] = {}
        for one in fields(self):
            value = getattr(self, one.name)
            place = f"{type(self).__name__}({one.name}=…)"
            if one.name == "table":
                spec["table"] = tables.key(value, self._shown())
            elif one.name == "where":
                if not isinstance(value, Mapping):
                    raise OptionError(f"{place}: give a mapping of columns to conditions, not {type(value).__name__}")
                spec["where"] = {
                    str(column): plain_condition(condition, f"{type(self).__name__}(where={{{column!r}: …}})")
                    for column, condition in value.items()
                }
            elif str(one.type).startswith("Sequence") and value is not None:
                spec[one.name] = names(value, place)
            else:
                spec[one.name] = checked(encode(value, tables), place)
        return omit_none(spec)

    def _shown(self) -> str:
        """Return the name by which messages call a table in memory."""
        return type(self).__name__.lower()


@dataclass(frozen=True, kw_only=True)
class OfLeads(Role):
    """The options of every table whose rows are those of leads: how its cells name them."""

    split: str | None = None
    pick: Literal["first", "last", "all"] | None = None


_COMMON_DOC = """where : mapping, optional
        Rows that count: column → value, glob, comparison such as ``">= 3"``, list of them (any of which may hold), None
        (empty), ``{"not": …}`` or ``{"all": […]}``. ``"!= x"`` means all other rows, as ``{"not": "x"}`` does, those
        without a value among them. Dates and datetimes, or ISO texts such as ``">= 2024-06-30"``, are compared with
        times of any type, texts and numbers as ``time_format`` and ``unit`` read them; a date is all of its day, so
        ``"<= 2024-06-30"`` holds until midnight. 1 is true and 0 is false. A comparison that cannot be meant, such as
        of a date with a column of numbers, is an error.
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
        Column that orders rows of equal time.
    normalize : {"email", "salesforce"}, optional
        Compare ids as e-mail addresses (without case and blanks) or as ids of Salesforce (15 or 18 characters), on both
        sides of every join.
    encoding : str, optional
        Encoding of a CSV file, such as "latin-1", "cp1252" or "utf-16"; UTF-8 by default, and UTF-16 where the file
        starts with its mark.
    separator : str, optional
        Separator of a CSV file; found in its first line by default.
    decimal : {".", ","}, optional
        Decimal mark of numbers in texts.
    thousands : str, optional
        Mark between groups of three digits of numbers in texts, such as "," or "."."""

_LEADS_DOC = """split : str, optional
        Text between several ids in one cell of the column of leads, such as ``";"``.
    pick : {"first", "last", "all"}, optional
        What to do with a row of several leads: give it to one of them, or to each (an amount then counts for each).
        Without it, such rows are left out, counted."""


def documented(cls: type) -> type:
    """Put the shared options into the docstring of a role."""
    if cls.__doc__:
        cls.__doc__ = cls.__doc__.replace("{leads}", _LEADS_DOC).replace("{common}", _COMMON_DOC)
    return cls

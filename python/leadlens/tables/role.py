"""Options that all roles of a table share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
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
        wrong = next((one for one in given if not isinstance(one, role)), value) if isinstance(given, list) else value
        raise OptionError(
            f"{option}: expected {name}(table, …), which declares the columns of the table, got {type(wrong).__name__}"
        )
    specs = []
    for i, one in enumerate(given):
        try:
            specs.append(one._spec(tables))
        except OptionError as e:
            # Rust names one of several tables in the same way.
            raise e if len(given) == 1 else OptionError(str(e).replace("): ", f") in {option}[{i}]: ", 1)) from None
    return specs


@dataclass(frozen=True, kw_only=True)
class Role:
    """Options of every table: how its times are read, and which rows count."""

    where: Mapping[str, object] | None = None
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
                if value is None:
                    continue
                if not isinstance(value, Mapping):
                    raise OptionError(
                        f"{place}: expected a mapping of columns to conditions, got {type(value).__name__}"
                    )
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
    """Options of every table whose rows belong to leads: how its cells name the leads."""

    split: str | None = None
    pick: Literal["first", "last", "all"] | None = None


_COMMON_DOC = """where : mapping, optional
        Conditions on columns for rows that count: a value, a text with wildcards, a comparison such as ``">= 3"``, None
        (empty), a list of alternatives, ``{"not": …}`` or ``{"all": […]}``. ``"!= x"`` and ``{"not": "x"}`` include
        rows without a value. Dates, datetimes and ISO texts such as ``">= 2024-06-30"`` are compared with times of any
        type; texts and numbers are read with ``time_format`` and ``unit``. A date is all of its day, so
        ``"<= 2024-06-30"`` holds until midnight. 1 is true and 0 is false. Comparing types that do not match, such as
        a date with a column of numbers, is an error.
    nulls : sequence of str, optional
        Texts that mean a missing value.
    timezone : str, optional
        Zone of times without an offset, as IANA name or offset. By default that of the journeys.
    timezone_column : str, optional
        Column with the zone of each row.
    time_format : str, optional
        strptime pattern of times in texts.
    unit : {"s", "ms", "us", "ns"}, optional
        Unit of times in numbers.
    day : {"start", "end"}, optional
        Instant that stands for a whole day. By default the end for events and stages, the start for creation.
    order : str, optional
        Column that orders rows with equal times.
    normalize : {"email", "salesforce"}, optional
        Compare ids as e-mail addresses (without case and blanks) or as Salesforce ids (15 or 18 characters), on both
        sides of every join.
    encoding : str, optional
        Encoding of a CSV file, such as "latin-1", "cp1252" or "utf-16". By default UTF-8, or UTF-16 if the file starts
        with its byte order mark.
    separator : str, optional
        Separator of a CSV file. By default detected in its first line.
    decimal : {".", ","}, optional
        Decimal mark of numbers in texts.
    thousands : str, optional
        Mark between groups of three digits of numbers in texts, such as "," or "."."""

_LEADS_DOC = """split : str, optional
        Separator of several ids in one cell of the column ``lead``, such as ``";"``.
    pick : {"first", "last", "all"}, optional
        Which lead a row with several leads belongs to; with ``"all"`` each, and an amount then counts for each. By
        default such rows are left out and counted."""


def documented(cls: type) -> type:
    """Put the shared options into the docstring of a role."""
    if cls.__doc__:
        cls.__doc__ = cls.__doc__.replace("{leads}", _LEADS_DOC).replace("{common}", _COMMON_DOC)
    return cls

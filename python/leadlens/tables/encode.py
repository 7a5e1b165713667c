"""Options as the core reads them: JSON, with tables in memory under keys."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np

from .._frames import with_readable_objects
from ..errors import ColumnTypeError, OptionError
from .keys import Literal_, Lookup, Table


class Tables:
    """Tables in memory by key. An object has one key, so roles of the same table share it."""

    def __init__(self) -> None:
        self.given: dict[str, tuple[str, Any]] = {}
        self._keys: dict[int, str] = {}
        # Objects must outlive their ids.
        self._kept: list[Any] = []

    def key(self, table: Table, role: str) -> str:
        """Return the key of a table in the configuration; ``role`` is its name in messages."""
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
            raise OptionError("a RecordBatchReader can be read only once; pass reader.read_all()")
        if not hasattr(frame, "__arrow_c_stream__"):
            raise ColumnTypeError(
                f"{role}: a table must be a path, or an object with __arrow_c_stream__ (polars, pandas ≥ 2.2, pyarrow, "
                f"DuckDB), not {type(table).__name__}"
            )
        self.given[key] = (role, with_readable_objects(frame))
        return key


def names(value: str | Sequence[str] | None, option: str = "") -> list[str]:
    """Return names as a list; numbers and truth values are written as cells of their types are."""
    if value is None:
        return []
    if isinstance(value, str | int | float) or getattr(value, "shape", None) == ():
        return [_name(value)]
    if not isinstance(value, Iterable):
        raise OptionError(f"{option}: expected a name or a list of names, got {value!r}".removeprefix(": "))
    return [_name(one) for one in value]


def one_name(value: object) -> str | None:
    """Return a name, or None; a number or truth value is written as cells of its type are."""
    return None if value is None else names(value)[0]  # type: ignore[arg-type]


def _name(value: object) -> Any:
    value = value.item() if hasattr(value, "item") else value
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float) else value


def plain_condition(value: object, place: str = "where") -> object:
    """Return a condition of ``where`` as JSON has it; ``place`` is its name in messages."""
    if isinstance(value, Mapping):
        return {k: plain_condition(v, place) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [plain_condition(v, place) for v in value]
    if (listed := _listed(value)) is not None:
        return [plain_condition(v, place) for v in listed]
    if isinstance(value, set | frozenset):
        return [plain_condition(v, place) for v in sorted(value, key=repr)]
    if isinstance(value, np.datetime64) and not np.isnat(value):
        return {"time": str(value.astype("datetime64[D]" if value.dtype == "datetime64[D]" else "datetime64[us]"))}
    # NaT is a date that is not equal to itself.
    if isinstance(value, date) and value == value:
        return {"time": value.isoformat()}
    if hasattr(value, "item") and not isinstance(value, np.datetime64 | np.timedelta64):
        value = value.item()  # a numpy scalar
    if isinstance(value, Decimal) and value.is_finite():
        return str(value)
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        return str(value)  # JSON readers do not accept larger integers
    if value is None or isinstance(value, bool | int | str) or (isinstance(value, float) and math.isfinite(value)):
        return value
    raise OptionError(
        f"{place}: expected a text, number, truth value, date, datetime, None, a list of them, or {{'not': …}}, "
        f"got {value!r}"
    )


def _listed(value: object) -> list[Any] | None:
    """Return the values of an array or a column of any library as a list; None for other objects."""
    for method in ("to_list", "to_pylist", "tolist"):
        # NumPy scalars have tolist, too.
        if hasattr(value, method) and getattr(value, "ndim", None) != 0:
            listed = getattr(value, method)()
            return listed if isinstance(listed, list) else None
    return None


def omit_none(options: dict[str, Any]) -> dict[str, Any]:
    """Leave out options that were not given."""
    return {k: v for k, v in options.items() if v is not None}


def as_json(options: object) -> str:
    """Return options as JSON; a timedelta is a text, a NumPy scalar a number."""
    return json.dumps(options, default=_other)


def _other(value: object) -> object:
    if isinstance(value, timedelta):
        return f"{value // timedelta(microseconds=1)}us"
    if isinstance(value, Literal_ | Lookup):
        what = f"literal('{value.value}')" if isinstance(value, Literal_) else "a lookup"
        raise OptionError(f"{what} is not allowed here; pass the name of a column")
    if hasattr(value, "item"):
        return value.item()  # a numpy scalar
    raise OptionError(f"expected a text, number, truth value or list of them, got {value!r}")


def checked(value: object, place: str) -> object:
    """Return a value if JSON has its type, or raise an error; ``place`` is its name in messages."""
    try:
        as_json(value)
    except (OptionError, TypeError, ValueError) as e:
        raise OptionError(f"{place}: {e}") from None
    return value


def encode(value: object, tables: Tables) -> object:
    """Return the value of an option of a table role as JSON has it."""
    if isinstance(value, Lookup):
        spec = {key: encode(one, tables) for key, one in vars(value).items() if key != "table"}
        return omit_none({"table": tables.key(value.table, "lookup"), **spec})
    if isinstance(value, Literal_):
        return {"literal": value.value}
    if isinstance(value, Mapping):
        return {key: encode(one, tables) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [encode(one, tables) for one in value]
    return value

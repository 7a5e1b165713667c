"""Frames of other libraries, read without importing them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from .errors import OptionError


def is_pandas(X: Any) -> bool:
    """Return whether X is a pandas DataFrame, by its attributes, since pandas may not be installed."""
    return hasattr(X, "iloc") and hasattr(X, "dtypes") and hasattr(X, "columns")


def readable_table(table: Any) -> Any:
    """Return a pandas frame as an Arrow table; columns that Arrow cannot store are null and name their type."""
    import pyarrow as pa

    failures = (pa.ArrowException, TypeError, ValueError, OverflowError)
    # The index and its metadata.
    try:
        whole = pa.Table.from_pandas(table.iloc[:, []])
    except failures:
        whole = pa.table({})
    arrays, fields = list(whole.columns), list(whole.schema)
    for i in reversed(range(table.shape[1])):
        name, column = str(table.columns[i]), table.iloc[:, i]
        try:
            array = pa.array(np.asarray(column) if str(column.dtype).startswith("Sparse") else column, from_pandas=True)
            field = pa.field(name, array.type)
        except failures:
            array = pa.nulls(len(table))
            field = pa.field(name, array.type, metadata={"leadlens.unreadable": shown_type(column)})
        arrays.insert(0, array)
        fields.insert(0, field)
    return pa.Table.from_arrays(arrays, schema=pa.schema(fields, metadata=whole.schema.metadata))


def with_readable_objects(frame: Any) -> Any:
    """Return a polars frame without Python objects: UUIDs are texts; other objects are null and name their types.

    polars exports objects as pointers. Frames of other libraries are returned as they are.
    """
    if not isinstance(frame, pl.DataFrame):
        return frame
    columns = {name: column_of_objects(frame[name]) for name, dtype in frame.schema.items() if dtype == pl.Object}
    return frame.with_columns(**columns) if columns else frame


def column_of_objects(column: pl.Series) -> pl.Series:
    """Return objects as texts, if they are UUIDs, or else as nulls of a struct whose field names their types."""
    values = column.to_list()
    known = [value for value in values if value is not None]
    if all(isinstance(value, UUID) for value in known):
        texts = [None if value is None else str(value) for value in values]
        return pl.Series(column.name, texts, dtype=pl.String)
    marker = pl.Struct({f"leadlens.unreadable=object ({kinds_of(known)})": pl.Null})
    return pl.Series(column.name, [None] * len(values), dtype=marker)


def shown_type(column: Any) -> str:
    """Return the type of a pandas column; for objects, the types of the objects."""
    if str(column.dtype) != "object":
        return str(column.dtype)
    return f"object ({kinds_of(column.dropna())})"


def kinds_of(values: Iterable[Any]) -> str:
    """Return the first types of the values, sorted by name."""
    return ", ".join(sorted({type(value).__name__ for value in values})[:4])


def cluster_numbers(clusters: ArrayLike) -> NDArray[np.uint32]:
    """Return a number for each cluster id."""
    ids: NDArray[Any] = np.asarray(clusters).reshape(-1)
    if ids.dtype.kind in "iubf" and not (ids.dtype.kind == "f" and np.isnan(ids).any()):
        return np.unique(ids, return_inverse=True)[1].astype(np.uint32).reshape(-1)
    values = ids.tolist()
    # NaN and NaT are not equal to themselves; a comparison with pandas' NA is NA.
    missing = sum(v is None or str(v) == "<NA>" or v != v for v in values)
    if missing:
        raise OptionError(
            f"clusters has {missing} missing ids in {len(values)} rows; give every row an id, "
            "and a row without a cluster an id of its own"
        )
    known: dict[Any, int] = {}
    return np.array([known.setdefault(v, len(known)) for v in values], dtype=np.uint32)

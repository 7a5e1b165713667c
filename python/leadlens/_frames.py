"""Data frames with text columns: numbers as one array, texts as codes."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from . import _core


class Frame:
    """A data frame with text columns: names of numbers, levels and places of texts (-1 for a missing one)."""

    def __init__(self, X: Any, texts: dict[str, tuple[list[str], NDArray[Any]]]) -> None:
        self._X = X
        self.names = [str(name) for name in X.columns]
        self.texts = texts
        self.numeric = [name for name in self.names if name not in texts]
        self.rows = len(X)
        if repeated := sorted({name for name in self.names if self.names.count(name) > 1}):
            raise ValueError(f"the columns {repeated} occur more than once in X")
        for name, (levels, _) in texts.items():
            if len(set(levels)) < len(levels):
                raise ValueError(f"column '{name}' has different levels of the same text")

    def numbers(self, names: list[str]) -> NDArray[np.float64]:
        """Return number columns as one array, by rows or by columns as it comes, if possible without a copy."""
        if isinstance(self._X, pl.DataFrame):
            # Column by column, as a frame's own conversion needs its pool of threads, which a forked process lacks.
            table: NDArray[Any] = np.empty((self.rows, len(names)), dtype=np.float64, order="F")
            for i, name in enumerate(names):
                table[:, i] = self._X.get_column(name).cast(pl.Float64).to_numpy()
        else:
            table = self._X.iloc[:, [self.names.index(name) for name in names]].to_numpy(
                dtype=np.float64, na_value=np.nan
            )
        return table if table.flags.c_contiguous or table.flags.f_contiguous else np.ascontiguousarray(table)


def frame_of(X: Any, trained: Collection[str] | None = None) -> Frame | None:
    """Return a data frame that has text columns; None for anything else.

    ``trained`` names the columns that held texts in training: those of type object are texts whatever this batch holds.
    """
    if isinstance(X, pl.DataFrame):
        other = [c for c in X.get_columns() if not c.dtype.is_numeric()]
        _refuse([c.name for c in other if c.dtype not in (pl.String, pl.Categorical, pl.Enum, pl.Boolean)])
        texts = {c.name: _coded(c) for c in other}
        return Frame(X, texts) if texts else None
    if not (hasattr(X, "iloc") and hasattr(X, "dtypes") and hasattr(X, "columns")):
        return None
    texts = {}
    found = False
    for i, (name, kind) in enumerate(zip(X.columns, X.dtypes, strict=True)):
        if getattr(kind, "kind", "O") in ("i", "u", "f", "c"):
            continue
        column = X.iloc[:, i]
        if str(kind) == "category":
            texts[str(name)] = ([str(level) for level in column.cat.categories], column.cat.codes.to_numpy())
            found = True
        elif str(kind).startswith("str") or getattr(kind, "kind", "O") == "b":
            texts[str(name)] = _coded(pl.Series(str(name), _texts(column), dtype=pl.String))
            found = True
        elif str(kind) == "object" and (
            str(name) in trained if trained is not None else any(isinstance(value, str) for value in column)
        ):
            values = _texts(column)
            texts[str(name)] = _coded(pl.Series(str(name), values, dtype=pl.String))
            found = found or trained is not None or not _all_numbers(values)
    if found:
        _refuse([str(n) for n, kind in zip(X.columns, X.dtypes, strict=True) if getattr(kind, "kind", "O") in "Mm"])
    return Frame(X, texts) if found else None


def _texts(column: Any) -> list[str | None]:
    # None, NaN and NA of any type are missing.
    missing = column.isna().to_numpy()
    return [None if none else str(value) for value, none in zip(column, missing, strict=True)]


def _refuse(names: list[str]) -> None:
    if names:
        raise ValueError(f"columns {names} hold neither numbers nor texts (dates, lists): make numbers of them first")


def _all_numbers(values: list[str | None]) -> bool:
    """Whether every text is a number: scikit-learn reads such columns as numbers."""
    try:
        [float(value) for value in values if value is not None]
    except ValueError:
        return False
    return True


def _coded(column: pl.Series) -> tuple[list[str], NDArray[np.int32]]:
    """Levels of a text column, sorted, and the place of each row's."""
    texts = column.cast(pl.String)
    if column.dtype == pl.Boolean:
        # As pandas and Python write them.
        texts = texts.str.to_titlecase()
    # Nothing here needs the pool of threads of polars, which a forked process lacks.
    levels = sorted(texts.drop_nulls().unique().to_list())
    places = texts.cast(pl.Enum(levels)).to_physical().cast(pl.Int32)
    missing = texts.is_null().to_numpy()
    return levels, np.where(missing, np.int32(-1), places.to_numpy()).astype(np.int32)


def used_levels(levels: list[str], places: NDArray[Any]) -> tuple[list[str], int]:
    """Levels that occur, in their order, and the number of missing values."""
    codes = np.ascontiguousarray(places).view(f"u{places.dtype.itemsize}")
    seen, missing = _core.seen_levels(codes, len(levels))
    return [level for level, used in zip(levels, seen, strict=True) if used], missing


def code_type(none: int) -> Any:
    return np.uint8 if none < 2**8 else np.uint16 if none < 2**16 else np.uint32


def narrowest_codes(places: NDArray[Any], none: int) -> NDArray[Any]:
    """Codes of the narrowest type; without a copy where the type has the same width."""
    kind = np.dtype(code_type(none))
    places = np.ascontiguousarray(places)
    return places.view(kind) if places.dtype.itemsize == kind.itemsize else places.astype(kind)

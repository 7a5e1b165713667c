"""Data frames with text columns: numbers as one array, texts as codes."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from numbers import Real
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from .. import _core
from .._frames import is_pandas, kinds_of, shown_type
from ..errors import ColumnTypeError, OptionError


class Frame:
    """A data frame with text columns: names of numeric columns, levels of texts, and codes of rows (-1 for missing)."""

    def __init__(self, X: Any, texts: dict[str, tuple[list[str], NDArray[Any]]]) -> None:
        self._X = X
        self.names = [str(name) for name in X.columns]
        self.texts = texts
        self.numeric = [name for name in self.names if name not in texts]
        self.rows = len(X)
        if repeated := sorted({name for name in self.names if self.names.count(name) > 1}):
            raise OptionError(f"the columns {repeated} occur more than once in X")
        for name, (levels, _) in texts.items():
            if len(set(levels)) < len(levels):
                raise OptionError(f"column '{name}' has different levels of the same text")

    def numbers(self, names: list[str]) -> NDArray[np.float64]:
        """Return numeric columns as one array in any memory order, without a copy if possible."""
        if isinstance(self._X, pl.DataFrame):
            # The conversion of whole frames uses the thread pool of polars, which a forked process lacks.
            table: NDArray[Any] = np.empty((self.rows, len(names)), dtype=np.float64, order="F")
            for i, name in enumerate(names):
                table[:, i] = self._X.get_column(name).cast(pl.Float64).to_numpy()
        else:
            table = self._X.iloc[:, [self.names.index(name) for name in names]].to_numpy(
                dtype=np.float64, na_value=np.nan
            )
        return table if table.flags.c_contiguous or table.flags.f_contiguous else np.ascontiguousarray(table)


def frame_of(X: Any, trained: Mapping[str, Collection[str]] | None = None) -> Frame | None:
    """Return a data frame that has text columns; None for anything else.

    ``trained`` has the levels of the columns that held texts in training: such a column is one of texts here where its
    values can be.
    """
    if isinstance(X, pl.DataFrame):
        other = [c for c in X.get_columns() if not (c.dtype.is_numeric() or c.dtype in (pl.Boolean, pl.Null))]
        _refuse({c.name: str(c.dtype) for c in other if c.dtype not in (pl.String, pl.Categorical, pl.Enum)})
        texts = {c.name: _coded(c) for c in other}
        for name in _coded_numbers(trained, texts, X.columns):
            texts[name] = _coded(pl.Series(name, [_text(v) for v in X[name].to_list()], dtype=pl.String))
        return Frame(X, texts) if texts else None
    if not is_pandas(X):
        return None
    texts = {}
    found = False
    kinds = [(str(name), kind) for name, kind in zip(X.columns, X.dtypes, strict=True)]
    _refuse(
        {
            name: shown_type(X.iloc[:, i])
            for i, (name, kind) in enumerate(kinds)
            if _is_neither(kind) or (str(kind) == "object" and not _holds_numbers(X.iloc[:, i]))
        }
    )
    for i, (name, kind) in enumerate(kinds):
        if _is_number(kind):
            continue
        column = X.iloc[:, i]
        if str(kind) == "category":
            texts[name] = _category(column)
            found = True
        elif _is_text(kind):
            texts[name] = _coded(pl.Series(name, _texts(column), dtype=pl.String))
            found = True
        elif str(kind) == "object" and (
            name in trained if trained is not None else any(isinstance(value, str) for value in column)
        ):
            values = _texts(column)
            texts[name] = _coded(pl.Series(name, values, dtype=pl.String))
            found = found or trained is not None or not _all_numbers(values)
    for name in _coded_numbers(trained, texts, [name for name, _ in kinds]):
        column = X.iloc[:, [n for n, _ in kinds].index(name)]
        texts[name] = _coded(pl.Series(name, _texts(column), dtype=pl.String))
        found = True
    return Frame(X, texts) if found else None


def as_frame(X: Any) -> Any:
    """Return tables of pyarrow, DuckDB and lazy polars as polars frames, and pandas frames with NumPy numbers."""
    if isinstance(X, pl.LazyFrame):
        return X.collect()
    if is_pandas(X):
        return _plain(X)
    if isinstance(X, np.ndarray) and X.dtype.kind in "Mm":
        raise ColumnTypeError(
            f"X has the type {X.dtype}, which is neither numeric nor text; convert the times to numbers"
        )
    if isinstance(X, (np.ndarray, pl.DataFrame)) or not hasattr(X, "__arrow_c_stream__"):
        return X
    return pl.DataFrame(X)


def _plain(X: Any) -> Any:
    """Return a pandas frame whose extension types are float64, with NaN for missing values, or bool."""
    extended = [i for i, kind in enumerate(X.dtypes) if not isinstance(kind, np.dtype) and _is_number(kind)]
    if not extended:
        return X
    columns = {i: _of_numpy(X.iloc[:, i]) if i in extended else X.iloc[:, i] for i in range(X.shape[1])}
    plain = type(X)(columns, index=X.index)
    plain.columns = X.columns
    return plain


def _of_numpy(column: Any) -> NDArray[Any]:
    flags = getattr(column.dtype, "kind", "O") == "b" and not column.isna().any()
    array: NDArray[Any] = column.to_numpy(dtype=bool) if flags else column.to_numpy(dtype=np.float64, na_value=np.nan)
    return array


def _is_number(kind: Any) -> bool:
    """Return whether a pandas type is numeric or boolean."""
    return getattr(kind, "kind", "O") in ("i", "u", "f", "b") or str(kind).startswith("decimal")


def _is_text(kind: Any) -> bool:
    name = str(kind)
    return name.startswith(("str", "large_string", "string")) or (
        name.startswith("dictionary<values=") and "string" in name.split(",")[0]
    )


def _is_neither(kind: Any) -> bool:
    return getattr(kind, "kind", "O") in "Mm" or not (
        _is_number(kind) or _is_text(kind) or str(kind) in ("category", "object")
    )


def _coded_numbers(
    trained: Mapping[str, Collection[str]] | None, texts: Collection[str], names: Sequence[str]
) -> list[str]:
    """Return numeric columns that were texts of numbers in training, so that 1.0 is the level 1."""
    known = trained or {}
    return [name for name in known if name in names and name not in texts and _all_numbers(list(known[name]))]


def _text(value: Any) -> str | None:
    """Return the text of a value; whole numbers of any type are written as integers."""
    if value is None or (isinstance(value, (float, np.floating)) and np.isnan(value)):
        return None
    return str(float(value)) if isinstance(value, np.floating) else str(value)


def _category(column: Any) -> tuple[list[str], NDArray[Any]]:
    places = column.cat.codes.to_numpy()
    texts = [_text(level) or "" for level in column.cat.categories]
    levels = [_core.canonical_text(text) for text in texts]
    if len(set(levels)) == len(levels):
        return levels, places
    return _coded(pl.Series([None if place < 0 else levels[place] for place in places], dtype=pl.String))


def _texts(column: Any) -> list[str | None]:
    # None, NaN and NA of any type are missing.
    missing = column.isna().to_numpy()
    return [None if none else _text(value) for value, none in zip(column, missing, strict=True)]


def _refuse(kinds: dict[str, str]) -> None:
    """Raise an error if there are columns of other types."""
    if kinds:
        shown = ", ".join(f"'{name}' is of type {kind}" for name, kind in kinds.items())
        raise ColumnTypeError(f"columns {list(kinds)} are neither numeric nor text: {shown}; convert them to numbers")


def _all_numbers(values: list[str | None]) -> bool:
    """Return whether every text is a number; scikit-learn reads such columns as numbers."""
    try:
        [float(value) for value in values if value is not None and value.lower() not in ("true", "false")]
    except ValueError:
        return False
    return True


def _holds_numbers(column: Any) -> bool:
    """Return whether all objects are numbers, booleans, texts or missing."""
    return all(_is_scalar(value) for value in column)


def _is_scalar(value: Any) -> bool:
    kinds = (str, bool, np.bool_, Real, Decimal, type(None))
    return isinstance(value, kinds) or (not hasattr(value, "__len__") and str(value) in ("<NA>", "NaT"))


def odd_array(X: Any) -> str | None:
    """Return a message about the first column of an array that cannot be converted to numbers, or None."""
    try:
        table = np.asarray(X)
    except ValueError:
        rows = [len(row) if hasattr(row, "__len__") else 0 for row in X]
        return f"X must be a table of numbers: its rows have {min(rows)} to {max(rows)} values, or hold lists"
    if table.dtype.kind == "c":
        return f"Complex data not supported: X is of type {table.dtype}"
    if table.dtype.kind != "O" or table.ndim != 2:
        return None
    for i, column in enumerate(table.T):
        if any(isinstance(value, complex | np.complexfloating) for value in column):
            return f"Complex data not supported: column 'x{i}' holds values of type {kinds_of(column)}"
        odd = [value for value in column if not _is_scalar(value)]
        if odd:
            return (
                f"column 'x{i}' holds values of type {kinds_of(odd)}, but each argument must be a string of a number, "
                "or a number"
            )
    return None


def _coded(column: pl.Series) -> tuple[list[str], NDArray[np.int32]]:
    """Return the canonical levels of a text column, sorted, and the code of each row."""
    texts = column.cast(pl.String)
    # These operations do not use the thread pool of polars, which a forked process lacks.
    written = sorted(texts.drop_nulls().unique().to_list())
    form = [_core.canonical_text(text) for text in written]
    levels = sorted(set(form))
    place = {level: i for i, level in enumerate(levels)}
    # The last code is for missing values.
    places = np.array([*(place[text] for text in form), -1], dtype=np.int32)
    codes = texts.cast(pl.Enum(written)).to_physical().cast(pl.Int32)
    return levels, places[np.where(texts.is_null().to_numpy(), len(written), codes.to_numpy()).astype(np.int64)]


def used_levels(levels: list[str], places: NDArray[Any]) -> tuple[list[str], int]:
    """Return the levels that occur, in order, and the number of missing values."""
    codes = np.ascontiguousarray(places).view(f"u{places.dtype.itemsize}")
    seen, missing = _core.seen_levels(codes, len(levels))
    return [level for level, used in zip(levels, seen, strict=True) if used], missing


def code_type(none: int) -> Any:
    """Return the narrowest unsigned type that holds ``none``."""
    return np.uint8 if none < 2**8 else np.uint16 if none < 2**16 else np.uint32


def narrowest_codes(places: NDArray[Any], none: int) -> NDArray[Any]:
    """Return codes of the narrowest type, without a copy if the width is the same."""
    kind = np.dtype(code_type(none))
    places = np.ascontiguousarray(places)
    return places.view(kind) if places.dtype.itemsize == kind.itemsize else places.astype(kind)

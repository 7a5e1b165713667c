"""Checks of arguments before they reach the core."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _core
from .errors import OptionError

MOST = 2**53


def whole_number(value: Any, name: str, *, at_least: int = 0) -> int:
    """Return an integer, or raise an error that names the argument and its limits."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or not at_least <= value <= MOST:
        raise OptionError(f"{name} must be an integer of at least {at_least}, not {value!r}")
    return int(value)


def whole_numbers(values: Any, name: str, *, at_least: int = 1) -> list[int]:
    """Return a list of integers; one integer is a list of one."""
    if isinstance(values, (str, bytes)) or not np.iterable(values):
        return [whole_number(values, name, at_least=at_least)]
    return [whole_number(value, name, at_least=at_least) for value in values]


def number(value: Any, name: str) -> float:
    """Return a float, or raise an error that names the argument."""
    if isinstance(value, bool) or not isinstance(value, (int, float, np.integer, np.floating)):
        raise OptionError(f"{name} must be a number, not {value!r}")
    return float(value)


def file_path(value: Any, name: str) -> str:
    """Return the path of a file as text."""
    if not isinstance(value, (str, os.PathLike)) or not isinstance(os.fspath(value), str) or not os.fspath(value):
        raise OptionError(f"{name} must be a path, not {value!r}")
    return str(value)


def vector(values: ArrayLike, name: str) -> NDArray[np.float64]:
    """Return numbers as a float64 array of one dimension."""
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        missing = sum(value is None or str(value) == "<NA>" for value in np.asarray(values, dtype=object).ravel())
        problem = f"has {missing} missing values" if missing else "contains values that are not numbers"
        raise OptionError(f"{name} {problem}; pass an array of numbers") from None
    if array.ndim != 1:
        raise OptionError(f"{name} must be one-dimensional, not of shape {array.shape}{_column_of(array, name)}")
    return array


def _column_of(array: NDArray[Any], name: str) -> str:
    """Return how to get one dimension out of a column or of the probabilities of both classes."""
    if array.ndim == 2 and array.shape[1] == 1:
        return f"; pass {name}.ravel()"
    if array.ndim == 2 and array.shape[1] == 2:
        return f"; pass {name}[:, 1]"
    return ""


def flags(values: ArrayLike, name: str) -> NDArray[np.bool_]:
    """Return labels, 0 and 1 or False and True, as flags of one dimension."""
    array = np.asarray(values)
    if array.ndim != 1:
        raise OptionError(f"{name} must be one-dimensional, not of shape {array.shape}{_column_of(array, name)}")
    if array.dtype == np.bool_:
        return array
    if array.dtype == object or not np.isin(array, (0, 1)).all():
        # NaN and NaT are not equal to themselves; a comparison with pandas' NA is NA.
        cells: list[Any] = array.tolist()
        missing = sum(value is None or str(value) == "<NA>" or value != value for value in cells)
        if missing:
            raise OptionError(f"{name} has {missing} missing values; leave out rows without a label")
        other = [value for value in cells if value not in (0, 1)]
        if other:
            raise OptionError(f"{name} must contain only 0 and 1 (or False and True), not {other[0]!r}")
    return array.astype(np.bool_)


def core_snapshot(value: Any, name: str) -> _core.Snapshot:
    """Return the compiled snapshot of an argument."""
    core = getattr(value, "_core", None)
    if isinstance(core, _core.Snapshot):
        return core
    if isinstance(core, _core.Journeys):
        advice = "take one with Journeys.snapshot"
    else:
        advice = "declare the tables with Journeys and take a snapshot; LogisticRegression fits arrays and frames"
    raise OptionError(f"{name} must be a Snapshot, not {type(value).__name__}; {advice}")


def core_journeys(value: Any, name: str) -> _core.Journeys:
    """Return the compiled journeys of an argument."""
    core = getattr(value, "_core", None)
    if isinstance(core, _core.Journeys):
        return core
    raise OptionError(f"{name} must be Journeys, not {type(value).__name__}")

"""The interface that the results of all analyses share."""

from __future__ import annotations

import copy
import json
from abc import abstractmethod
from collections.abc import Callable, Mapping
from typing import Any

import polars as pl

from .. import _core
from .._display import Tabular
from .._once import Once
from .._progress import progress
from ..tables.encode import as_json

__all__ = ["Result"]


class Result(Tabular):
    """The result of an analysis: tables, facts, and a text.

    A result does not change. Tables are converted to polars on first access and kept; a table that is modified in place
    does not affect the result.

    See Also
    --------
    leadlens.report : Write results as an HTML page.
    """

    def __init__(
        self, core: _core.Journeys, tables: Mapping[str, Any], facts: dict[str, Any], texts: _core._Texts
    ) -> None:
        self._core = core
        self._frames = dict(tables)
        self._facts = facts
        self._texts = texts
        self._once = Once()

    @classmethod
    def _of(cls, run: Callable[..., _core._Shown], core: _core.Journeys, spec: dict[str, Any]) -> Any:
        with progress() as show:
            tables, facts, texts = run(core, as_json(spec), progress=show)
        return cls(core, dict(tables), json.loads(facts), texts)

    def _shown(self) -> _core._Texts:
        return self._texts

    def _table(self, name: str) -> pl.DataFrame:
        return self._once.frame(name, lambda: self._frames[name])

    @property
    def spec(self) -> dict[str, Any]:
        """Options of the analysis, defaults included, as the core received them."""
        spec: dict[str, Any] = copy.deepcopy(self._facts["spec"])
        return spec

    @property
    def remarks(self) -> list[str]:
        """Remarks on the data: rows that were left out and why, censoring, and assumptions of the method."""
        return list(self._facts["remarks"])

    @property
    def facts(self) -> dict[str, Any]:
        """Counts and other figures behind the tables, as in the JSON output of the command line."""
        return copy.deepcopy(self._facts)

    @abstractmethod
    def to_polars(self) -> pl.DataFrame:
        """Return the main table of the result."""

    @abstractmethod
    def plot(self) -> Any:
        """Return the main chart of the result."""

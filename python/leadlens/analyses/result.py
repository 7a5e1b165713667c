"""What the results of all analyses share."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import polars as pl

from .. import _core
from .._display import pre
from .._progress import progress
from ..tables.encode import as_json

__all__ = ["Result"]


class _Lazy:
    """Tables that are turned into polars when they are first asked for."""

    def __init__(self, frames: Mapping[str, Any]) -> None:
        self._frames = dict(frames)
        self._made: dict[str, pl.DataFrame] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._frames

    def __getitem__(self, name: str) -> pl.DataFrame:
        made = self._made.get(name)
        # Of threads that ask together the first one's table is everybody's.
        return self._made.setdefault(name, pl.DataFrame(self._frames[name])) if made is None else made


class Result:
    """A result of a pass over journeys: named tables, facts, and a text."""

    def __init__(
        self, core: _core.Journeys, tables: Mapping[str, Any], facts: dict[str, Any], text: str, section: str
    ) -> None:
        self._core = core
        self._tables = _Lazy(tables)
        self._facts = facts
        self._text = text
        # Escaped HTML, for reports.
        self._section = section

    @classmethod
    def _of(cls, run: Callable[..., _core._Shown], core: _core.Journeys, spec: dict[str, Any]) -> Any:
        with progress() as show:
            tables, facts, text, section = run(core, as_json(spec), progress=show)
        return cls(core, dict(tables), json.loads(facts), text, section)

    @property
    def remarks(self) -> list[str]:
        """What is left out and why, and what else to know; what ``outcomes_from`` and ``observed_until`` leave open."""
        return list(self._facts["remarks"])

    def __repr__(self) -> str:
        return self._text

    def _repr_html_(self) -> str:
        return pre(self._text)

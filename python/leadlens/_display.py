"""How results show themselves in notebooks."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from html import escape
from typing import Any

import polars as pl

from . import _core
from ._progress import progress
from .tables.encode import as_json


def pre(text: str) -> str:
    """Return a text as an HTML block that keeps its columns."""
    return f"<pre style='font-family:monospace;line-height:1.35'>{escape(text)}</pre>"


class _Lazy:
    """Tables that are turned into polars when they are first asked for."""

    def __init__(self, frames: Mapping[str, Any]) -> None:
        self._frames = dict(frames)

    def __contains__(self, name: str) -> bool:
        return name in self._frames

    def __getitem__(self, name: str) -> pl.DataFrame:
        frame = self._frames[name]
        if not isinstance(frame, pl.DataFrame):
            frame = self._frames[name] = pl.DataFrame(frame)
        return frame


class Shown:
    """A result of a pass over journeys: named tables, facts, and a text."""

    def __init__(self, core: _core.Journeys, tables: Mapping[str, Any], facts: dict[str, Any], text: str) -> None:
        self._core = core
        self._tables = _Lazy(tables)
        self._facts = facts
        self._text = text

    @classmethod
    def _of(cls, run: Callable[..., _core._Shown], core: _core.Journeys, spec: dict[str, Any]) -> Any:
        with progress() as show:
            tables, facts, text = run(core, as_json(spec), progress=show)
        return cls(core, dict(tables), json.loads(facts), text)

    def __repr__(self) -> str:
        return self._text

    def _repr_html_(self) -> str:
        return pre(self._text)

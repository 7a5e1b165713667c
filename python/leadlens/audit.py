"""The audit: what became of every input row."""

from __future__ import annotations

import json
from typing import Any

import polars as pl

from . import _core
from ._display import pre


class Check:
    """What became of every input row.

    Examples
    --------
    >>> import leadlens as ll
    >>> j = ll.datasets.b2b_saas()
    >>> j.check().to_polars()["status"].unique().sort().to_list()
    ['noted', 'read', 'used']
    """

    def __init__(self, core: _core.Journeys) -> None:
        self._core = core
        self._audit: dict[str, Any] = json.loads(core.audit())

    def to_polars(self) -> pl.DataFrame:
        """Return one row per table, role and reason, with counts and an example.

        Examples
        --------
        >>> import leadlens as ll
        >>> j = ll.datasets.b2b_saas()
        >>> j.check().to_polars().filter(status="quarantined").height
        0
        """
        return pl.DataFrame(self._core.check_frame())

    @property
    def tables(self) -> list[dict[str, Any]]:
        """One entry per table and role: rows, used, filtered, quarantined, noted, remarks."""
        tables: list[dict[str, Any]] = self._audit["tables"]
        return tables

    @property
    def remarks(self) -> list[str]:
        """Remarks on the whole: end of observation, ties, late outcomes, columns withheld."""
        remarks: list[str] = self._audit["remarks"]
        return remarks

    @property
    def suspects(self) -> list[dict[str, Any]]:
        """Fields that look like leaks or misread types: column, suspicion, leads, evidence, remedy."""
        suspects: list[dict[str, Any]] = self._audit["suspects"]
        return suspects

    def __repr__(self) -> str:
        return self._core.check_text()

    def _repr_html_(self) -> str:
        return pre(self._core.check_text())

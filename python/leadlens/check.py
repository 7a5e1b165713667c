"""The check: an account of every input row."""

from __future__ import annotations

import copy
import json
from typing import Any

import polars as pl

from . import _core
from ._display import Tabular
from ._once import Once

__all__ = ["Check"]


class Check(Tabular):
    """An account of every input row; returned by :meth:`Journeys.check`.

    See Also
    --------
    Journeys.check : Check journeys.

    Examples
    --------
    >>> import leadlens as ll
    >>> j = ll.datasets.b2b_saas()
    >>> j.check().to_polars()["status"].unique().sort().to_list()
    ['noted', 'read', 'used']
    """

    def __init__(self, core: _core.Journeys) -> None:
        self._core = core
        self._check: dict[str, Any] = json.loads(core.check())
        self._once = Once()

    def to_polars(self) -> pl.DataFrame:
        """Return counts of rows by table, role and reason.

        Returns
        -------
        polars.DataFrame
            One row per table, role and reason.

            - ``table``, ``role`` (String): the table, and the role that reads it.
            - ``status`` (String): ``read``, ``used``, ``filtered``, ``quarantined``, or ``noted`` for rows that are
              used with a remark.
            - ``what`` (String): the reason.
            - ``rows`` (UInt64): number of rows.
            - ``example`` (String): one of them; null without one.

        See Also
        --------
        Check.tables : The same as dictionaries.

        Examples
        --------
        >>> import leadlens as ll
        >>> j = ll.datasets.b2b_saas()
        >>> j.check().to_polars().filter(status="quarantined").height
        0
        """
        return self._once.frame("rows", self._core.check_frame)

    @property
    def tables(self) -> list[dict[str, Any]]:
        """Rows, used, filtered, quarantined and noted rows, and remarks, of each table and role."""
        return copy.deepcopy(self._check["tables"])

    @property
    def remarks(self) -> list[str]:
        """Remarks on the data as a whole: end of observation, ties, late outcomes, withheld columns."""
        return list(self._check["remarks"])

    @property
    def suspects(self) -> list[dict[str, Any]]:
        """Fields that look like leaks or misread types: column, suspicion, number of leads, evidence, remedy."""
        return copy.deepcopy(self._check["suspects"])

    def _shown(self) -> _core._Texts:
        return self._once.get("texts", self._core.check_shown)

"""How long leads take to an event."""

from __future__ import annotations

from typing import Any

import polars as pl

from ._charts import incidence_chart
from ._display import Shown

__all__ = ["TimeTo"]


class TimeTo(Shown):
    """Cumulative incidence of an event by age; made by :meth:`Journeys.time_to`."""

    def to_polars(self) -> pl.DataFrame:
        """Return one row per group: leads, ends, share at the end of the curve, quantiles and mean time in days."""
        return self._tables["groups"]

    def at(self) -> pl.DataFrame:
        """Return shares at the ages asked for, with intervals and leads at risk."""
        return self._tables["ages"]

    def curve(self) -> pl.DataFrame:
        """Return the whole step functions: one row per group and age at which something ends."""
        return self._tables["curves"]

    @property
    def test(self) -> dict[str, Any] | None:
        """Gray's test of the groups (log-rank where nothing competes): statistic, degrees, p."""
        test: dict[str, Any] | None = self._facts["test"]
        return test

    @property
    def facts(self) -> dict[str, Any]:
        """What was asked for, leads left out by reason, remarks."""
        return self._facts

    def plot(self) -> Any:
        """Return an Altair chart: share with the event by age, with bands of the confidence asked for."""
        return incidence_chart(self._tables["curves"], self._facts["spec"]["by"])

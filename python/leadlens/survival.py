"""How long leads take to an event."""

from __future__ import annotations

from typing import Any

import polars as pl

from ._charts import incidence_chart
from ._display import Shown
from .breakdown import by_name

__all__ = ["TimeTo"]


class TimeTo(Shown):
    """Cumulative incidence of an event by age; made by :meth:`Journeys.time_to`.

    Examples
    --------
    >>> import leadlens as ll
    >>> t = ll.datasets.b2b_saas().time_to("closed_won")
    >>> t.to_polars().select("group", "leads").row(0)
    ('(all)', 5000)
    """

    def to_polars(self) -> pl.DataFrame:
        """Return one row per group: leads, ends, share at the end of the curve, quantiles and mean time in days.

        Examples
        --------
        >>> import leadlens as ll
        >>> t = ll.datasets.b2b_saas().time_to("closed_won")
        >>> t.to_polars().columns[:4]
        ['group', 'leads', 'events', 'competing']
        """
        return self._tables["groups"]

    def at(self) -> pl.DataFrame:
        """Return shares at the ages asked for, with intervals and leads at risk.

        Examples
        --------
        >>> import leadlens as ll
        >>> t = ll.datasets.b2b_saas().time_to("closed_won")
        >>> t.at().columns
        ['group', 'days', 'incidence', 'incidence_low', 'incidence_high', 'at_risk']
        """
        return self._tables["ages"]

    def ceilings(self) -> pl.DataFrame:
        """Return the share of each group that will ever have the event, where ``ceiling=`` asked for it.

        F(t) = share·G(t) by maximum likelihood; ``low`` and ``high`` are the ends of the profile interval, the shares c
        with 2·(ℓ(share) − max ℓ(c)) ≤ χ²₁. ``identified`` is true where the observed curve levels off (``alpha`` of the
        Maller–Zhou test is below 0.05) and, by the fit, at least 95 % of those that ever have the event have it within
        ``longest_days``; otherwise all else is null and ``why_not`` says why.

        Returns
        -------
        polars.DataFrame
            One row per group.

        Examples
        --------
        >>> import leadlens as ll
        >>> times = ll.datasets.b2b_saas().time_to("closed_won", ceiling="weibull")
        >>> times.ceilings()["identified"].to_list()
        [True]
        """
        return self._tables["ceilings"]

    def curve(self) -> pl.DataFrame:
        """Return the whole step functions: one row per group and age at which something ends.

        Examples
        --------
        >>> import leadlens as ll
        >>> t = ll.datasets.b2b_saas().time_to("closed_won")
        >>> t.curve().columns[:3]
        ['group', 'days', 'at_risk']
        """
        return self._tables["curves"]

    @property
    def test(self) -> dict[str, Any] | None:
        """Gray's test of the groups (log-rank where nothing competes), or what to know of it.

        ``test`` is its name, with "(by account)" where the leads name accounts; ``statistic``, ``degrees``, ``p``;
        ``sparse`` counts groups with fewer than 5 expected events, ``coarse`` says whether too many ends are tied.
        """
        test: dict[str, Any] | None = self._facts["test"]
        return test

    @property
    def facts(self) -> dict[str, Any]:
        """What was asked for, leads left out by reason, remarks."""
        return self._facts

    def plot(self) -> Any:
        """Return an Altair chart: share with the event by age, with bands of the confidence asked for.

        Where ceilings are identified they are dashed lines.

        Examples
        --------
        >>> import leadlens as ll
        >>> t = ll.datasets.b2b_saas().time_to("closed_won")
        >>> type(t.plot()).__name__
        'LayerChart'
        """
        return incidence_chart(self._tables["curves"], by_name(self._facts["spec"]["by"]), self._tables["ceilings"])

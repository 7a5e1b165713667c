"""A scorer as a table of whole points."""

from __future__ import annotations

import json
from typing import Any

import polars as pl

from .. import _core
from .._arguments import core_snapshot, number
from .._charts import BLUE, finished, inline, name_axis, names_shown, nothing, package, title
from .._display import Tabular
from .._progress import progress
from ..snapshot import Snapshot

__all__ = ["Scorecard"]

# Terms in a chart, those whose points differ most.
CHARTED = 20


class Scorecard(Tabular):
    """A scorer as whole points per value of a feature; returned by :meth:`LeadScorer.scorecard`.

    The points of a lead are ``base`` plus those of one line of each term. Points are looked up in the table, so that
    it adds up to the points of every row: those of leads with missing values and with levels that training did not
    have, too.

    Attributes
    ----------
    base : int
        Points of every lead.
    largest_error : float
        Largest difference between the points of a lead and those of its exact log-odds, for numbers within the values
        of training: what all roundings amount to if they have one sign.
    without_points : list of str
        Terms of the model that have less than half a point for every value.

    See Also
    --------
    LeadScorer.scorecard : Make a scorecard.
    LeadScorer.explain : Exact contributions of each row.

    References
    ----------
    N. Siddiqi, "Intelligent Credit Scoring", 2nd ed., Wiley 2017, ch. 10.

    Examples
    --------
    >>> import leadlens as ll
    >>> train, test = ll.datasets.b2b_saas().snapshot(every="7d", horizon="14d").split(0.3, by="group")
    >>> card = ll.LeadScorer(C=0.01).fit(train).scorecard()
    >>> card.to_polars().columns[:6]
    ['term', 'part', 'feature', 'level', 'from', 'to']
    >>> points = card.points(test)
    >>> bool((points["error"].abs() <= card.largest_error).all())
    True
    """

    def __init__(self, model: _core.Model, spec: dict[str, Any]) -> None:
        self._core = _core.Card(model, json.dumps(spec))
        self._model = model
        self._spec = spec
        self._lines = pl.DataFrame(self._core.lines())
        self.base: int = self._core.base
        self.largest_error: float = self._core.largest_error
        self.without_points: list[str] = self._core.without_points

    @property
    def spec(self) -> dict[str, Any]:
        """Options of :meth:`LeadScorer.scorecard`."""
        return dict(self._spec)

    @property
    def remarks(self) -> list[str]:
        """Remarks on the card: the range of points, and the terms without points."""
        low, high = self._core.extremes()
        remarks = [f"{low} to {high} points, at most {self.largest_error:.1f} from the exact score"]
        if self.without_points:
            remarks.append(f"{len(self.without_points)} terms have less than half a point for every value")
        return remarks

    def to_polars(self) -> pl.DataFrame:
        """Return the lines.

        Returns
        -------
        polars.DataFrame
            One row per line; a lead has the points of one line of each term. The first row, ``(base)``, is of every
            lead.

            - ``term`` (String): the feature, or ``first × second`` of an interaction.
            - ``part`` (String): part of the score: fit, engagement, sales, time, joint.
            - ``feature`` (String): the feature that the next three columns are of.
            - ``level`` (String): its level, ``(missing)``, or ``(other)`` for the texts that no line names. Null for a
              range of numbers.
            - ``from``, ``to`` (Float64): range of numbers, ``from`` ≤ number < ``to``. A null end is open.
            - ``other_feature``, ``other_level`` (String): the second feature of an interaction, and its level.
            - ``other_from``, ``other_to`` (Float64): range of the second feature.
            - ``points`` (Int64): the points.

        See Also
        --------
        Scorecard.points : Points of the rows of a snapshot.

        Examples
        --------
        >>> import leadlens as ll
        >>> train = ll.datasets.b2b_saas().snapshot(every="7d", horizon="14d")
        >>> card = ll.LeadScorer(C=0.01).fit(train).scorecard()
        >>> card.to_polars()["points"][0] == card.base
        True
        """
        return self._lines.clone()

    def points(self, snapshot: Snapshot) -> pl.DataFrame:
        """Return the points of the rows of a snapshot.

        Parameters
        ----------
        snapshot : Snapshot
            Leads at cutoffs. Labels are not needed.

        Returns
        -------
        polars.DataFrame
            One row per row of the snapshot.

            - ``lead_id`` (String): id of the lead.
            - ``as_of`` (Datetime): cutoff, UTC.
            - ``points`` (Int64): the sum of its lines.
            - ``probability`` (Float64): the probability that the points stand for.
            - ``error`` (Float64): points minus those of the exact log-odds.

        Raises
        ------
        NotEnoughDataError
            The snapshot has no rows.

        See Also
        --------
        LeadScorer.score : Exact scores, with reasons.

        Examples
        --------
        >>> import leadlens as ll
        >>> train, test = ll.datasets.b2b_saas().snapshot(every="7d", horizon="14d").split(0.3, by="group")
        >>> card = ll.LeadScorer(C=0.01).fit(train).scorecard()
        >>> card.points(test).height == len(test)
        True
        """
        core = core_snapshot(snapshot, "snapshot")
        with progress() as show:
            return pl.DataFrame(self._core.points(core, show))

    def plot(self) -> Any:
        """Plot the points of the terms: from the lowest to the highest line of each.

        Returns
        -------
        altair.Chart
            One bar per term, for the twenty terms whose points differ most. A sentence without terms.

        Raises
        ------
        MissingPackageError
            altair is not installed.

        See Also
        --------
        LeadScorer.plot_effect : The effect of one feature.

        Examples
        --------
        >>> import leadlens as ll
        >>> train = ll.datasets.b2b_saas().snapshot(every="7d", horizon="14d")
        >>> type(ll.LeadScorer(C=0.01).fit(train).scorecard().plot()).__name__
        'Chart'
        """
        facts = json.loads(self._model.training())
        return scorecard_chart(self._lines, f"trained on {facts['rows']:,} rows of {facts['leads']:,} leads")

    def __getstate__(self) -> dict[str, Any]:
        return {"model": self._model.to_json(), "spec": self._spec}

    def __setstate__(self, state: dict[str, Any]) -> None:
        Scorecard.__init__(self, _core.Model.from_json(state["model"]), state["spec"])

    def _shown(self) -> _core._Texts:
        return self._core.shown()


def scorecard(model: _core.Model, points: float, odds: float, pdo: float) -> Scorecard:
    """Return the scorecard of a model."""
    spec = {"points": number(points, "points"), "odds": number(odds, "odds"), "pdo": number(pdo, "pdo")}
    return Scorecard(model, spec)


def scorecard_chart(lines: pl.DataFrame, about: str) -> Any:
    """Return bars from the lowest to the highest points of each term."""
    alt = package()
    terms = (
        lines.slice(1)
        .group_by("term", maintain_order=True)
        .agg(low=pl.col("points").min(), high=pl.col("points").max())
        .with_columns(spread=pl.col("high") - pl.col("low"))
        .sort("spread", descending=True, maintain_order=True)
    )
    if terms.is_empty():
        return nothing("no term has points")
    shown = terms.head(CHARTED)
    of_all = f"the {shown.height} largest of {terms.height} terms" if shown.height < terms.height else "all terms"
    chart = alt.Chart(inline(names_shown(shown, "term"))).mark_bar(color=BLUE, height={"band": 0.7})
    return finished(
        chart.encode(
            y=alt.Y("term:N", sort=None, title=None, axis=name_axis()),
            x=alt.X("low:Q", title="points, lowest to highest line of the term"),
            x2="high:Q",
            tooltip=["term:N", "low:Q", "high:Q", "spread:Q"],
        ).properties(width=420, title=title(f"Scorecard: {of_all}", about))
    )

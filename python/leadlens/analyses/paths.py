"""Paths: transitions, ways to won and to lost, loops, sessions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import polars as pl

from .. import _core
from .._charts import nothing, part_of
from ..query.breakdown import conditions
from ..query.step import Step, encode_step
from ..tables.encode import names, omit_none
from .result import Result

__all__ = ["Paths"]


class Paths(Result):
    """Sequences of events of leads or sessions; returned by :meth:`Journeys.paths`.

    See Also
    --------
    Journeys.paths : Compute the paths.
    Journeys.funnel : Conversion along steps that are given.

    Examples
    --------
    >>> import leadlens as ll
    >>> p = ll.datasets.b2b_saas().paths(length=3)
    >>> p.to_polars().columns
    ['path', 'paths', 'won', 'lost', 'open', 'share', 'won_share']
    """

    def to_polars(self) -> pl.DataFrame:
        """Return the most frequent endings of paths with their outcomes.

        Returns
        -------
        polars.DataFrame
            One row per sequence of the last ``length`` places, most frequent first.

            - ``path`` (String): places, oldest first, joined by " > ".
            - ``paths`` (UInt64): paths that ended in this way.
            - ``won``, ``lost``, ``open`` (UInt64): how many were won, were lost, or are open.
            - ``share`` (Float64): share of all paths, from 0 to 1.
            - ``won_share`` (Float64): ``won`` / ``paths``.

        See Also
        --------
        Paths.transitions : Moves from place to place.

        Examples
        --------
        >>> import leadlens as ll
        >>> p = ll.datasets.b2b_saas().paths(length=3)
        >>> p.to_polars().height > 0
        True
        """
        return self._table("ways")

    def transitions(self) -> pl.DataFrame:
        """Return the moves from place to place with probabilities and times.

        Returns
        -------
        polars.DataFrame
            One row per pair of places.

            - ``from`` (String): place; ``(entry)`` before the first one.
            - ``to`` (String): next place; after the last one ``(won)``, ``(lost)`` or ``(open)``, for sessions
              ``(exit)``.
            - ``count`` (UInt64): number of moves.
            - ``probability`` (Float64): share of the moves from ``from``, from 0 to 1.
            - ``median_days``, ``p90_days`` (Float64): median and 90 % quantile of the time between, in days; null for
              entries and exits.

        See Also
        --------
        Paths.matrix : The probabilities as a matrix.
        Paths.plot : Heat map of the probabilities.

        Examples
        --------
        >>> import leadlens as ll
        >>> p = ll.datasets.b2b_saas().paths(length=3)
        >>> p.transitions().columns[:4]
        ['from', 'to', 'count', 'probability']
        """
        return self._table("transitions")

    def matrix(self) -> pl.DataFrame:
        """Return the probabilities of the moves as a matrix.

        Returns
        -------
        polars.DataFrame
            One row per place and one column (Float64) per next place; each row adds up to 1.

            - ``from`` (String): place. Called ``(from)`` if a place is called ``from``.

        See Also
        --------
        Paths.transitions : The same in long form, with counts and times.

        Examples
        --------
        >>> import leadlens as ll
        >>> p = ll.datasets.b2b_saas().paths(length=3)
        >>> p.matrix().columns[:2]
        ['from', 'content_download']
        """

        def compute() -> pl.DataFrame:
            table = self._table("transitions").rename({"from": "\0from"})
            wide = table.pivot("to", index="\0from", values="probability", aggregate_function="first").fill_null(0.0)
            return wide.rename({"\0from": "from" if "from" not in wide.columns else "(from)"})

        return self._once.frame("matrix", compute)

    @property
    def steps(self) -> pl.DataFrame:
        """The places of the paths at each step from their start.

        Returns
        -------
        polars.DataFrame
            One row per step and place.

            - ``step`` (UInt64): number of the step, counted from 1.
            - ``place`` (String): place; ``(ended)`` for paths that have ended.
            - ``count`` (UInt64): paths at this place.
            - ``share`` (Float64): share of all paths, from 0 to 1.

        See Also
        --------
        Paths.plot_steps : Chart of this table.

        Examples
        --------
        >>> import leadlens as ll
        >>> p = ll.datasets.b2b_saas().paths(length=3)
        >>> p.steps.columns
        ['step', 'place', 'count', 'share']
        """
        return self._table("steps")

    def loops(self) -> pl.DataFrame:
        """Return repeats of a place and returns to it after one other place.

        Returns
        -------
        polars.DataFrame
            One row per loop, most frequent first.

            - ``loop`` (String): the place, or the two places.
            - ``count`` (UInt64): number of occurrences.
            - ``paths`` (UInt64): paths with the loop.
            - ``won`` (UInt64): how many were won.
            - ``won_share`` (Float64): ``won`` / ``paths``, from 0 to 1.

        See Also
        --------
        Paths.transitions : Moves from place to place.

        Examples
        --------
        >>> import leadlens as ll
        >>> p = ll.datasets.b2b_saas().paths(length=3)
        >>> p.loops().columns
        ['loop', 'count', 'paths', 'won', 'won_share']
        """
        return self._table("loops")

    def plot(self) -> Any:
        """Plot the probabilities of the moves as a heat map.

        Returns
        -------
        altair.LayerChart
            The twenty places with most moves.

        See Also
        --------
        Paths.transitions : Table behind the chart.

        Examples
        --------
        >>> import leadlens as ll
        >>> p = ll.datasets.b2b_saas().paths(length=3)
        >>> type(p.plot()).__name__
        'LayerChart'
        """
        return transition_chart(self._table("transitions"))

    def plot_steps(self) -> Any:
        """Plot the share of paths at each place, step by step.

        Returns
        -------
        altair.Chart
            Stacked bars of the nine most frequent places; the others are one.

        See Also
        --------
        Paths.steps : Table behind the chart.

        Examples
        --------
        >>> import leadlens as ll
        >>> p = ll.datasets.b2b_saas().paths(length=3)
        >>> type(p.plot_steps()).__name__
        'Chart'
        """
        return step_chart(self._table("steps"))


class PathsMethod:
    """The method :meth:`Journeys.paths`."""

    _core: _core.Journeys

    def paths(
        self,
        *,
        by: str = "kind",
        events: str | Step | Sequence[str | Step] | None = None,
        unit: Literal["lead", "session"] = "lead",
        session_gap: str | None = None,
        where: Mapping[str, Any] | None = None,
        target: str | Sequence[str] | None = None,
        collapse: bool = True,
        length: int = 5,
        top: int = 50,
    ) -> Paths:
        """Follow leads or sessions from place to place.

        A path of a lead ends with its win or loss. Transitions count every event; in ways and steps, repeats in a row
        are one place unless ``collapse=False``.

        Parameters
        ----------
        by : str, default "kind"
            What the places are: ``"kind"``, ``"channel"``, or a property of events.
        events : str, Step or sequence of them, optional
            Events that count. By default events of buyer and marketing.
        unit : {"lead", "session"}, default "lead"
            Whether a path is that of a lead or of a session.
        session_gap : str, optional
            Silence that ends a session, such as ``"30m"``. Also adds counts of sessions to ``facts``. If one of two
            events is known to the day only, the silence is the number of calendar days between them.
        where : mapping, optional
            Conditions on lead fields, as in :meth:`Journeys.funnel`. Leads that started before ``outcomes_from`` are
            left out.
        target : str or sequence of str, optional
            Stages or event kinds that are the win. By default the won stages.
        collapse : bool, default True
            Whether repeats in a row are one place.
        length : int, default 5
            Number of places before the end, and of steps from the start.
        top : int, default 50
            Number of ways (of all, to won, and to lost) and of loops in the tables.

        Returns
        -------
        Paths
            Ways, transitions, steps and loops.

        Raises
        ------
        UnknownNameError
            The data has no such name.
        OptionError
            ``unit="session"`` without ``session_gap``, or another wrong value.

        See Also
        --------
        Journeys.funnel : Conversion along steps that are given.
        Journeys.attribution : Credit for conversions by channel.
        Journeys.show : Time line of one lead.

        Examples
        --------
        >>> import leadlens as ll
        >>> ll.datasets.b2b_saas().paths(length=2).facts["paths"]
        4930
        """
        spec = {
            "by": by,
            "events": None if events is None else encode_step(events, "events"),
            "unit": unit,
            "session_gap": session_gap,
            "where": conditions(where),
            "target": names(target, "target"),
            "collapse": collapse,
            "length": length,
            "top": top,
        }
        found: Paths = Paths._of(_core.paths, self._core, omit_none(spec))
        return found


def transition_chart(table: pl.DataFrame) -> Any:
    """Return a heat map of transition probabilities between the twenty places with most transitions."""
    import altair as alt

    if table.is_empty():
        return nothing("no path has an event")
    every = table.group_by("from").agg(pl.col("count").sum()).sort("count", descending=True)["from"].to_list()
    order = every[:20]
    ends = ["(won)", "(lost)", "(open)", "(exit)"]
    columns = [p for p in order if p != "(entry)"] + ends
    rows = ["(entry)"] + [p for p in order if p != "(entry)"]
    data = table.filter(pl.col("from").is_in(rows) & pl.col("to").is_in(columns))
    dark = 0.6 * float(data["probability"].max() or 1.0)  # type: ignore[arg-type]
    base = alt.Chart(data).encode(
        x=alt.X("to:N", sort=columns, title="to", axis=alt.Axis(orient="top", labelAngle=-45)),
        y=alt.Y("from:N", sort=rows, title="from"),
    )
    tooltip = ["from", "to", "count", alt.Tooltip("probability:Q", format=".1%"), "median_days"]
    cells = base.mark_rect().encode(
        color=alt.Color("probability:Q", scale=alt.Scale(scheme="blues"), legend=alt.Legend(format="%")),
        tooltip=tooltip,
    )
    text = (
        base.transform_filter("datum.probability >= 0.05")
        .mark_text(fontSize=10)
        .encode(
            text=alt.Text("probability:Q", format=".0%"),
            color=alt.condition(f"datum.probability > {dark}", alt.value("white"), alt.value("#222")),
        )
    )
    note = part_of(order, every, "places, those most often left")
    return alt.layer(cells, text).properties(width=alt.Step(38), height=alt.Step(22), **note)


def step_chart(table: pl.DataFrame) -> Any:
    """Return stacked shares of the places that paths are at, step by step; rare places together."""
    import altair as alt

    if table.is_empty():
        return nothing("no path has an event")
    totals = table.filter(pl.col("place") != "(ended)").group_by("place").agg(pl.col("count").sum())
    order = totals.sort("count", descending=True)["place"].to_list()[:9]
    named = pl.when(pl.col("place").is_in([*order, "(ended)"])).then("place").otherwise(pl.lit("(other)"))
    places = table.with_columns(place=named).group_by("step", "place", maintain_order=True)
    data = places.agg(pl.col("count").sum(), pl.col("share").sum())
    sort = [*order, "(other)", "(ended)"]
    data = data.with_columns(rank=pl.col("place").replace_strict({p: i for i, p in enumerate(sort)}))
    whole = alt.Scale(domain=[0, 1], clamp=True)
    chart = alt.Chart(data).mark_bar()
    return chart.encode(
        x=alt.X("step:O", title="step", axis=alt.Axis(labelAngle=0)),
        y=alt.Y("share:Q", title="share of paths", axis=alt.Axis(format="%"), scale=whole),
        color=alt.Color("place:N", sort=sort, title=None, scale=alt.Scale(scheme="tableau20")),
        order=alt.Order("rank:Q"),
        tooltip=["step", "place", "count", alt.Tooltip("share:Q", format=".1%")],
    ).properties(width=alt.Step(52), height=300)

"""Paths: transitions, ways to won and to lost, loops, sessions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import polars as pl

from .. import _core
from .._charts import (
    GREY,
    PALETTE,
    count,
    describe,
    finished,
    inline,
    legend,
    names_shown,
    nothing,
    package,
    part_of,
    percent,
    plural,
    title,
)
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
            The twenty places that are left most often, and the ends of paths. Each cell has the share of the moves from
            its row in percent, and their number; cells of rows with fewer than 30 moves are pale. A sentence if no path
            has an event.

        Raises
        ------
        MissingPackageError
            altair is not installed.

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
        return transition_chart(self._table("transitions"), self.facts)

    def plot_steps(self) -> Any:
        """Plot the share of paths at each place in percent, step by step.

        Returns
        -------
        altair.Chart
            Stacked bars of the seven most frequent places; the others are one. A sentence if no path has an event.

        Raises
        ------
        MissingPackageError
            altair is not installed.

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
        return step_chart(self._table("steps"), self.facts)


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


SHOWN = 20
"""Most places of the heat map."""

FEW = 30
"""Moves from a place below which their shares say little."""

ENDS = ("(won)", "(lost)", "(open)", "(exit)")


def about_paths(facts: dict[str, Any]) -> str:
    """Return what the paths are, and how many."""
    spec = facts["spec"]
    return describe(plural(facts["paths"], "path"), f"one per {spec['unit']}", f"places: {spec['by']}")


def transition_chart(table: pl.DataFrame, facts: dict[str, Any]) -> Any:
    """Return a heat map of transition probabilities between the places with most transitions."""
    alt = package()
    if table.is_empty():
        return nothing("no path has an event, so that moves cannot be counted")
    table = names_shown(table, "from", "to")
    left = table.group_by("from", maintain_order=True).agg(pl.col("count").sum())
    every = left.sort("count", descending=True, maintain_order=True)["from"].to_list()
    order = every[:SHOWN]
    rows = [p for p in ("(entry)",) if p in every] + [p for p in order if p != "(entry)"]
    ends = [e for e in ENDS if e in set(table["to"])]
    columns = [p for p in order if p != "(entry)"] + ends
    data = table.join(left.rename({"count": "moves"}), on="from", maintain_order="left")
    data = data.filter(pl.col("from").is_in(rows) & pl.col("to").is_in(columns))
    most = float(data["probability"].max() or 1.0)  # type: ignore[arg-type]
    rare = pl.col("probability") < 0.01
    data = data.with_columns(
        few=pl.col("moves") < FEW,
        rate=pl.when(rare).then(percent("probability", 1)).otherwise(percent("probability", 0)),
        number=count("count"),
    )
    labels = {"labelLimit": 0, "maxExtent": 4000}
    base = alt.Chart(inline(data)).encode(
        x=alt.X("to:N", sort=columns, title="to", axis=alt.Axis(orient="top", labelAngle=-45, **labels)),
        y=alt.Y("from:N", sort=rows, title="from", axis=alt.Axis(**labels)),
    )
    pale = alt.Scale(domain=[False, True], range=[1.0, 0.35])
    # What is pale is so on white, whichever the background is.
    under = base.mark_rect(color="white")
    cells = base.mark_rect().encode(
        color=alt.Color(
            "probability:Q",
            scale=alt.Scale(scheme="blues", domain=[0, most]),
            legend=legend(format=".0%", title="share of moves from the row"),
        ),
        opacity=alt.Opacity("few:N", scale=pale, legend=None),
        tooltip=[
            alt.Tooltip("from:N"),
            alt.Tooltip("to:N"),
            alt.Tooltip("count:Q", format=",", title="moves"),
            alt.Tooltip("probability:Q", format=".1%", title="share"),
            alt.Tooltip("median_days:Q", format=",.1f", title="median days between"),
        ],
    )
    ink = alt.condition(f"datum.probability > {0.6 * most} && !datum.few", alt.value("white"), alt.value("#222222"))
    rates = base.mark_text(fontSize=10, dy=-6).encode(text="rate:N", color=ink)
    numbers = base.mark_text(fontSize=8, dy=6).encode(text="number:N", color=ink)
    some = part_of(order, every, "places, those most often left")
    few = f"pale: rows with fewer than {FEW} moves" if data["few"].any() else None
    heading = title(
        "Moves from place to place", about_paths(facts), "share of the moves from the row, and their number", few, some
    )
    return finished(
        alt.layer(under, cells, rates, numbers).properties(width=alt.Step(46), height=alt.Step(32), title=heading)
    )


def step_chart(table: pl.DataFrame, facts: dict[str, Any]) -> Any:
    """Return stacked shares of the places that paths are at, step by step; rare places together."""
    alt = package()
    if table.is_empty():
        return nothing("no path has an event, so that steps cannot be counted")
    table = names_shown(table, "place")
    totals = (
        table.filter(pl.col("place") != "(ended)").group_by("place", maintain_order=True).agg(pl.col("count").sum())
    )
    every = totals.sort("count", descending=True, maintain_order=True)["place"].to_list()
    # The grey of the palette is that of the others.
    order = every[: len(PALETTE) - 1]
    named = pl.when(pl.col("place").is_in([*order, "(ended)"])).then("place").otherwise(pl.lit("(other)"))
    places = table.with_columns(place=named).group_by("step", "place", maintain_order=True)
    data = places.agg(pl.col("count").sum(), pl.col("share").sum())
    colors = dict(zip(order, PALETTE, strict=False)) | {"(other)": GREY, "(ended)": "#d0d0d0"}
    sort = [place for place in colors if place in set(data["place"])]
    data = data.with_columns(rank=pl.col("place").replace_strict({p: i for i, p in enumerate(sort)}))
    color = alt.Color(
        "place:N",
        sort=sort,
        title="place",
        scale=alt.Scale(domain=sort, range=[colors[place] for place in sort]),
        legend=legend(),
    )
    chart = (
        alt.Chart(inline(data))
        .mark_bar()
        .encode(
            x=alt.X("step:O", title="step from the start of the path", axis=alt.Axis(labelAngle=0)),
            y=alt.Y(
                "share:Q", title="share of paths", axis=alt.Axis(format="%"), scale=alt.Scale(domain=[0, 1], clamp=True)
            ),
            color=color,
            order=alt.Order("rank:Q"),
            tooltip=[
                alt.Tooltip("step:O"),
                alt.Tooltip("place:N"),
                alt.Tooltip("count:Q", format=",", title="paths"),
                alt.Tooltip("share:Q", format=".1%"),
            ],
        )
    )
    some = part_of(order, every, "places, the most frequent")
    heading = title("Where paths are, step by step", about_paths(facts), some)
    return finished(chart.properties(width=alt.Step(52), height=300, title=heading))

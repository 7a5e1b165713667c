"""Paths: sessions, transitions, ways to won and to lost, loops."""

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
    """The ways that leads (or sessions) take; made by :meth:`Journeys.paths`.

    Examples
    --------
    >>> import leadlens as ll
    >>> p = ll.datasets.b2b_saas().paths(length=3)
    >>> p.to_polars().columns
    ['path', 'paths', 'won', 'lost', 'open', 'share', 'won_share']
    """

    def to_polars(self) -> pl.DataFrame:
        """Return the most frequent ways to the end: the last places, and how many were won, lost, are open.

        Examples
        --------
        >>> import leadlens as ll
        >>> p = ll.datasets.b2b_saas().paths(length=3)
        >>> p.to_polars().height > 0
        True
        """
        return self._tables["ways"]

    def transitions(self) -> pl.DataFrame:
        """Return how often leads went from place to place, with probabilities and times in days.

        ``(entry)`` comes before the first place; ``(won)``, ``(lost)``, ``(open)``, of sessions ``(exit)``, after the
        last.

        Examples
        --------
        >>> import leadlens as ll
        >>> p = ll.datasets.b2b_saas().paths(length=3)
        >>> p.transitions().columns[:4]
        ['from', 'to', 'count', 'probability']
        """
        return self._tables["transitions"]

    def matrix(self) -> pl.DataFrame:
        """Return the probabilities of transitions as a matrix: one row per place, one column per next place.

        Examples
        --------
        >>> import leadlens as ll
        >>> p = ll.datasets.b2b_saas().paths(length=3)
        >>> p.matrix().columns[:2]
        ['from', 'content_download']
        """
        table = self._tables["transitions"].rename({"from": "\0from"})
        wide = table.pivot("to", index="\0from", values="probability", aggregate_function="first").fill_null(0.0)
        return wide.rename({"\0from": "from" if "from" not in wide.columns else "(from)"})

    def steps(self) -> pl.DataFrame:
        """Return where paths are at each step from their start; ``(ended)`` for those that are over.

        Examples
        --------
        >>> import leadlens as ll
        >>> p = ll.datasets.b2b_saas().paths(length=3)
        >>> p.steps().columns
        ['step', 'place', 'count', 'share']
        """
        return self._tables["steps"]

    def loops(self) -> pl.DataFrame:
        """Return repeats of a place in a row, and ways there and back, with the share of their paths that was won.

        Examples
        --------
        >>> import leadlens as ll
        >>> p = ll.datasets.b2b_saas().paths(length=3)
        >>> p.loops().columns
        ['loop', 'count', 'paths', 'won', 'won_share']
        """
        return self._tables["loops"]

    @property
    def facts(self) -> dict[str, Any]:
        """Number of paths, of different ways, and facts of sessions."""
        return self._facts

    def plot(self) -> Any:
        """Return an Altair chart: a heat map of the probabilities of transitions.

        Examples
        --------
        >>> import leadlens as ll
        >>> p = ll.datasets.b2b_saas().paths(length=3)
        >>> type(p.plot()).__name__
        'LayerChart'
        """
        return transition_chart(self._tables["transitions"])

    def plot_steps(self) -> Any:
        """Return an Altair chart: the share of paths at each place, step by step.

        Examples
        --------
        >>> import leadlens as ll
        >>> p = ll.datasets.b2b_saas().paths(length=3)
        >>> type(p.plot_steps()).__name__
        'Chart'
        """
        return step_chart(self._tables["steps"])


class PathsMethod:
    """The method of journeys."""

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
        """Follow leads (or sessions) from place to place: transitions, ways to won and to lost, steps, loops.

        A lead's path ends with its win or loss. Transitions count every event; in ways and steps repeats in a row are
        one place unless ``collapse=False``.

        Parameters
        ----------
        by : str
            Places: ``"kind"``, ``"channel"``, or a property of events.
        events : str, Step or sequence of them, optional
            Events that count; by default what buyer and marketing did.
        unit : {"lead", "session"}
            What is one path.
        session_gap : str, optional
            A longer silence ends a session, such as ``"30m"``; also gives facts of sessions. Where one of two events is
            known to the day only, the silence is the number of calendar days between them.
        where : mapping, optional
            Leads that count, as in :meth:`funnel`; those that started before ``outcomes_from`` do not.
        target : str or sequence of str, optional
            Stages or event kinds that are the win; by default the won stages.
        collapse : bool
            Whether repeats in a row are one place.
        length : int
            Places of a way before its end, and steps from the start.
        top : int
            Ways (of all, to won, and to lost) and loops that are listed.

        Raises
        ------
        UnknownNameError
            A name is not in the data.
        OptionError
            Sessions without ``session_gap``.

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

    def transitions(self, **options: Any) -> pl.DataFrame:
        """Return the transitions of :meth:`paths`, which takes the same options."""
        return self.paths(**options).transitions()


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

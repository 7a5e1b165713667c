"""Parts that the charts of several results share."""

from __future__ import annotations

import textwrap
from typing import Any

import polars as pl

BLUE, GREY, RED = "#2f6fb2", "#9aa7b5", "#b8473d"


def nothing(why: str) -> Any:
    """Return a text in the place of a chart that would be empty."""
    import altair as alt

    text = alt.Chart(pl.DataFrame({"text": [why]})).mark_text(fontSize=13, color="#555")
    return text.encode(text="text:N").properties(width=460, height=60)


def part_of(shown: list[Any], all_of_them: list[Any], what: str) -> dict[str, Any]:
    """Return a title that states how many of the groups are shown, if some are not."""
    import altair as alt

    if len(shown) >= len(all_of_them):
        return {}
    title = f"{len(shown)} of {len(all_of_them)} {what}; the table has all"
    return {"title": alt.Title(title, fontWeight="normal", fontSize=12, anchor="start")}


def periods_axis(table: pl.DataFrame, title: str) -> tuple[pl.DataFrame, Any]:
    """Return periods as texts, and an axis with one place for each."""
    import altair as alt

    days = table["period"].unique().sort()
    months = days.dt.day().eq(1).all() and days.len() > 0
    named = table.with_columns(pl.col("period").dt.strftime("%Y-%m" if months else "%Y-%m-%d"))
    every = named["period"].unique().sort().to_list()
    axis = alt.Axis(labelAngle=-45, labelOverlap="greedy")
    return named, alt.X("period:O", title=title, axis=axis, sort=every, scale=alt.Scale(domain=every))


def validation_chart(validation: dict[str, Any]) -> Any:
    """Return held-out log loss by C, one standard error to each side, and the C that was taken."""
    import altair as alt

    table = pl.DataFrame({"C": validation["cs"], "loss": validation["mean"], "error": validation["standard_error"]})
    table = table.with_columns(low=pl.col("loss") - pl.col("error"), high=pl.col("loss") + pl.col("error"))
    base = alt.Chart(table).encode(x=alt.X("C:Q", scale=alt.Scale(type="log"), title="C (weaker penalty to the right)"))
    y = alt.Y("low:Q", title="held-out log loss", scale=alt.Scale(zero=False))
    band = base.mark_area(color=BLUE, opacity=0.18).encode(y=y, y2="high:Q")
    line = base.mark_line(color=BLUE, point=True).encode(y="loss:Q")
    taken = alt.Chart(pl.DataFrame({"C": [validation["c"]]})).mark_rule(color=RED).encode(x="C:Q")
    title = alt.Title(f"C = {validation['c']:.3g}", subtitle=textwrap.wrap(validation["folds"], 72))
    return alt.layer(band, line, taken).properties(width=420, height=260, title=title)

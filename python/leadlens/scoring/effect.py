"""The chart of the effect of a feature."""

from __future__ import annotations

from typing import Any

import polars as pl

from .._charts import BLUE, GREY


def effect_chart(feature: str, table: pl.DataFrame) -> Any:
    """Return the effect of a feature: a curve, bars by level, or a heat map of an interaction."""
    import altair as alt

    title = "contribution, log-odds"
    if "first" in table.columns:
        first, second = feature.split(" × ", 1)
        seen = table.filter(pl.col("weight") > 0)
        most = float(seen["contribution"].abs().max() or 1.0)  # type: ignore[arg-type]
        scale = alt.Scale(scheme="redblue", domain=[-most, most])
        chart = alt.Chart(seen).mark_rect()
        chart = chart.encode(
            x=alt.X("first:N", sort=seen["first"].unique(maintain_order=True).to_list(), title=first),
            y=alt.Y("second:N", sort=seen["second"].unique(maintain_order=True).to_list(), title=second),
            color=alt.Color("contribution:Q", scale=scale, title=title),
            tooltip=["first", "second", alt.Tooltip("contribution:Q", format="+.3f"), "weight"],
        )
        return chart.properties(title=feature)
    zero = alt.Chart(pl.DataFrame({"contribution": [0.0]})).mark_rule(color=GREY, strokeDash=[4, 4])
    if table["value"].dtype == pl.String:
        bars = alt.Chart(table.head(40)).mark_bar(color=BLUE)
        bars = bars.encode(x=alt.X("contribution:Q", title=title), y=alt.Y("value:N", sort="-x", title=None))
        return alt.layer(bars, zero.encode(x="contribution:Q")).properties(width=420, title=feature)
    line = alt.Chart(table).mark_line(color=BLUE)
    line = line.encode(x=alt.X("value:Q", title=feature), y=alt.Y("contribution:Q", title=title))
    return alt.layer(line, zero.encode(y="contribution:Q")).properties(width=420, height=260, title=feature)

"""Charts of stage funnels."""

from __future__ import annotations

from typing import Any

import polars as pl

from .._charts import (
    BLUE,
    GREY,
    INK,
    RED,
    color_scale,
    count_axis,
    dates,
    describe,
    facet_header,
    finished,
    heading,
    inline,
    legend,
    name_axis,
    names_shown,
    nothing,
    one_line,
    package,
    part_of,
    period_rows,
    plural,
    rate_label,
    room_for_labels,
    title,
    within,
)
from ..query.breakdown import by_name
from .funnel_charts import groups_of, path_of

PANELS = 8
"""Most groups with a panel of their own."""

PARTS = {
    "went on or won": (BLUE, ["moved_on", "won"]),
    "open here": (GREY, ["open"]),
    "lost here, or started again": (RED, ["lost", "recycled"]),
}
"""What became of the cycles of a stage: its color, and the columns that count it."""


def stage_chart(table: pl.DataFrame, spec: dict[str, Any]) -> Any:
    """Return bars per stage: cycles that moved on or were won, that are open there, that were lost there."""
    alt = package()
    by = by_name(spec["by"])
    table = names_shown(table, "group", "stage")
    stages = table["stage"].unique(maintain_order=True).to_list()
    shown, every = groups_of(table, PANELS)
    whole = table.filter(pl.col("group") == "(all)")
    cycles = int(whole["reached"][0]) if whole.height else 0
    if cycles == 0:
        return nothing("no cycle is counted, so that no stage is reached")
    panels = by is not None and bool(every)
    table = table.filter(pl.col("group").is_in(shown))
    # Panels compare shares: on one scale of counts, small groups could not be seen.
    start = pl.col("reached").first().over("group").cast(pl.Float64) if panels else pl.lit(1.0)
    end = (pl.col("reached") / start).fill_nan(0.0)
    table = table.with_columns(label=rate_label("reached", "of_first"), end=end)
    layer = [
        table.select(
            "group",
            "stage",
            "reached",
            "of_previous",
            "label",
            "end",
            part=pl.lit(name),
            cycles=pl.sum_horizontal(counts),
            length=(pl.sum_horizontal(counts) / start).fill_nan(0.0),
            rank=pl.lit(i),
        )
        for i, (name, (_, counts)) in enumerate(PARTS.items())
    ]
    data = pl.concat(layer)
    colors = alt.Scale(domain=list(PARTS), range=[color for color, _ in PARTS.values()])
    most = 1.0 if panels else float(cycles)
    scale = alt.Scale(domain=[0, room_for_labels(data["label"].to_list(), 420, most)], nice=False)
    axis = alt.Axis(format="%", values=[0, 0.25, 0.5, 0.75, 1]) if panels else count_axis()
    said = "share of the cycles of the first stage" if panels else "cycles"
    base = alt.Chart(inline(data)).encode(y=alt.Y("stage:N", sort=stages, title=None, axis=name_axis()))
    bars = base.mark_bar().encode(
        x=alt.X("length:Q", title=said, scale=scale, axis=axis),
        color=alt.Color("part:N", scale=colors, title=None, legend=legend(orient="bottom")),
        order=alt.Order("rank:Q"),
        tooltip=[
            alt.Tooltip("group:N", title=one_line(by or "group")),
            alt.Tooltip("stage:N"),
            alt.Tooltip("part:N"),
            alt.Tooltip("cycles:Q", format=","),
            alt.Tooltip("reached:Q", format=",", title="reached the stage"),
            alt.Tooltip("of_previous:Q", format=".1%", title="of the stage before"),
        ],
    )
    once = base.transform_filter("datum.rank == 0")
    labels = once.mark_text(align="left", dx=6, color=INK).encode(x=alt.X("end:Q", title=said), text="label:N")
    chart = alt.layer(bars, labels).properties(width=420, height=alt.Step(26))
    name, about = f"Stages reached: {path_of(stages)}", describe(plural(cycles, "cycle"), within(spec["window"]))
    counted = "beside the bars: cycles that reached the stage, and their share of the first stage"
    if not panels:
        return finished(chart.properties(title=title(name, about, counted)))
    some = part_of(shown, every, f"groups of {by}, those with most cycles")
    row = alt.Row("group:N", title=heading(by or ""), sort=shown, header=facet_header())
    return finished(chart.facet(row=row, spacing=8, title=title(f"{name}, by {by}", about, counted, some)))


def flow_chart(table: pl.DataFrame, spec: dict[str, Any], cycles: int) -> Any:
    """Return cycles in each stage at the end of each period; one panel per value of a breakdown."""
    alt = package()
    by, period = by_name(spec["by"]), spec["period"]
    if table.is_empty():
        return nothing("no cycle is counted, so that no stage has a stock")
    table = names_shown(table, "group", "stage")
    stages = table["stage"].unique(maintain_order=True).to_list()
    shown, every = groups_of(table, PANELS)
    # Cycles never leave the last stage.
    data = table.filter(pl.col("group").is_in(shown) & ~pl.col("stage").is_in(stages[-1:]))
    if data.is_empty():
        return nothing("the pipeline has one stage, in which cycles stay")
    data = period_rows(data, period, ["group", "stage"])
    most = max(1.0, float(data["stock"].max() or 0.0))  # type: ignore[arg-type]
    counts = ("entered", "moved_on", "moved_back", "lost", "stock")
    chart = alt.Chart(inline(data)).mark_line(point=True)
    chart = chart.encode(
        x=dates(data, period, f"{period}, from its first day"),
        y=alt.Y("stock:Q", title="cycles in the stage", axis=count_axis(), scale=alt.Scale(domainMax=most)),
        color=alt.Color("stage:N", scale=color_scale(stages[:-1], stages), title="stage", legend=legend()),
        tooltip=[
            alt.Tooltip("group:N", title=one_line(by or "group")),
            alt.Tooltip("period:T", format="%d %b %Y", title="period from"),
            alt.Tooltip("stage:N"),
            *(alt.Tooltip(f"{c}:Q", format=",", title=c.replace("_", " ")) for c in counts),
        ],
    )
    name = f"Cycles in each stage at the end of each {period}"
    about = describe(plural(cycles, "cycle"), "the last stage, in which cycles stay, is not drawn")
    if by is None or not every:
        return finished(chart.properties(width=520, height=280, title=title(name, about)))
    some = part_of(shown, every, f"groups of {by}, those with most cycles")
    row = alt.Row("group:N", title=heading(by or ""), sort=shown, header=facet_header())
    panels = chart.properties(width=520, height=110)
    return finished(panels.facet(row=row, spacing=8, title=title(f"{name}, by {by}", about, some)))

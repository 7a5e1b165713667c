"""Charts of funnels."""

from __future__ import annotations

from typing import Any

import polars as pl

from .._charts import (
    BLUE,
    INK,
    color_scale,
    dates,
    describe,
    facet_header,
    finished,
    heading,
    inline,
    interval,
    legend,
    name_axis,
    name_order,
    names_shown,
    nothing,
    one_line,
    package,
    part_of,
    period_rows,
    plural,
    rate_axis,
    rate_label,
    room_for_labels,
    title,
    unknown_at_ends,
    within,
)
from ..query.breakdown import by_name

PANELS, TREND_PANELS = 12, 6
"""Most groups with a panel of their own."""

FEWEST = 10
"""Entrants of a period below which its rates say nothing."""


def unit_of(spec: dict[str, Any]) -> str:
    """Return what a funnel counts."""
    return "attempt" if spec["entry"] == "totals" else "lead"


def path_of(steps: list[str]) -> str:
    """Return the steps as a path; of many, the first and the last."""
    return " → ".join(steps if len(steps) <= 4 else [steps[0], "…", steps[-1]])


def groups_of(table: pl.DataFrame, most: int) -> tuple[list[str], list[str]]:
    """Return the groups with panels, in reading order, and all groups; ``(all)`` without a breakdown."""
    every = [g for g in table["group"].unique(maintain_order=True).to_list() if g != "(all)"]
    return name_order(every[:most]) or ["(all)"], every


def funnel_chart(table: pl.DataFrame, spec: dict[str, Any], left_out: int) -> Any:
    """Return bars with the share of step 1 and its interval; one panel per value of a breakdown."""
    alt = package()
    by, unit = by_name(spec["by"]), unit_of(spec)
    if by is None:
        table = table.with_columns(group=pl.lit("(all)"))
    table = names_shown(table, "group", "step")
    order = table["step"].unique(maintain_order=True).to_list()
    shown, every = groups_of(table, PANELS)
    data = table.filter(pl.col("group").is_in(shown))
    whole = table.filter(pl.col("group") == "(all)")
    entered = int(whole["leads"][0]) if whole.height else 0
    out = f"{plural(left_out, unit)} left out, whose outcome cannot be known" if left_out else None
    if entered == 0:
        return nothing(f"no {unit} entered the funnel {path_of(order)}", [out])
    # Step 1 is 100 % of itself.
    first = pl.col("step") == order[0]
    ends = ("of_first_low", "of_first_high")
    data = data.with_columns(pl.when(first).then(None).otherwise(pl.col(c)).alias(c) for c in ends)
    data = unknown_at_ends(data, "of_first", *ends).with_columns(label=rate_label("leads", "of_first"))
    data = data.with_columns(label_at=pl.max_horizontal("of_first", "of_first_high").fill_null(0.0))
    tooltip = [
        alt.Tooltip("group:N", title=one_line(by or "group")),
        alt.Tooltip("step:N"),
        alt.Tooltip("leads:Q", format=",", title=f"{unit}s"),
        alt.Tooltip("of_first:Q", format=".1%", title="of step 1"),
        alt.Tooltip("of_previous:Q", format=".1%", title="of the step before"),
    ]
    if "median_days" in data.columns:
        tooltip.append(alt.Tooltip("median_days:Q", format=",.1f", title="median days since the step before"))
    base = alt.Chart(inline(data)).encode(y=alt.Y("step:N", sort=order, title=None, axis=name_axis()))
    end = room_for_labels(data["label"].to_list(), 420)
    scale = alt.Scale(domain=[0, end], nice=False)
    axis = alt.Axis(format="%", values=[0, 0.25, 0.5, 0.75, 1])
    said = f"share of the {unit}s of step 1, with 95 % interval"
    bars = base.mark_bar(color=BLUE).encode(x=alt.X("of_first:Q", title=said, axis=axis, scale=scale), tooltip=tooltip)
    ranges = interval(base, x=alt.X("of_first_low:Q", title=said, axis=axis, scale=scale), x2="of_first_high:Q")
    labels = base.mark_text(align="left", dx=6, color=INK).encode(x=alt.X("label_at:Q", title=said), text="label:N")
    chart = alt.layer(bars, *ranges, labels).properties(width=420, height=alt.Step(26))
    about = describe(plural(entered, unit), within(spec["window"]), out)
    name = f"Funnel: {path_of(order)}"
    if by is None:
        return finished(chart.properties(title=title(name, about)))
    some = part_of(shown, every, f"values of {by}, those with most {unit}s")
    row = alt.Row("group:N", title=heading(by or ""), sort=shown, header=facet_header())
    return finished(chart.facet(row=row, spacing=8, title=title(f"{name}, by {by}", about, some)))


def periods_before_outcomes(table: pl.DataFrame) -> pl.DataFrame:
    """Return the first period with a lead at the step, by step, where its absence before cannot be chance.

    Then outcomes were not recorded yet, and a share of 0 would be wrong. It cannot be chance if, at the rate of the
    later periods, all entrants before miss the step with a probability below 0.1 %.
    """
    found: list[tuple[str, object]] = []
    for (step,), rows in table.sort("period").group_by("step", maintain_order=True):
        reached = rows.filter(pl.col("leads") > 0)
        if reached.is_empty():
            continue
        since = reached["period"][0]
        before, after = rows.filter(pl.col("period") < since), rows.filter(pl.col("period") >= since)
        rate = min(1.0, int(after["leads"].sum()) / max(int(after["entered"].sum()), 1))
        if before.height and (1.0 - rate) ** int(before["entered"].sum()) < 0.001:
            found.append((str(step), since))
    return pl.DataFrame(found, schema={"step": pl.String, "since": pl.Date}, orient="row")


def funnel_trend_chart(table: pl.DataFrame, spec: dict[str, Any]) -> Any:
    """Return the share of step 1 by period of entry: hollow points where entrants are left out, and gaps.

    One panel per value of a breakdown.
    """
    alt = package()
    by, unit, period = by_name(spec["by"]), unit_of(spec), spec["period"]
    if table.is_empty():
        return nothing(f"no {unit} entered the funnel, so that no {period} has a share")
    if by is None:
        table = table.with_columns(group=pl.lit("(all)"))
    table = names_shown(table, "group", "step")
    order = table["step"].unique(maintain_order=True).to_list()
    shown, every = groups_of(table, TREND_PANELS)
    entered = table.filter(pl.col("step") == order[0]).select("group", "period", entered="leads")
    total = int(entered.filter(pl.col("group") == "(all)")["entered"].sum())
    table = table.join(entered, on=["group", "period"], maintain_order="left")
    data = table.filter(pl.col("group").is_in(shown) & (pl.col("step") != order[0]))
    rates = ["of_first", "of_first_low", "of_first_high"]
    unrecorded = periods_before_outcomes(table.filter(pl.col("group") == "(all)"))
    data = data.join(unrecorded, on="step", how="left", maintain_order="left")
    # A null of `since` is a step that has no such periods.
    known_rate = (pl.col("entered") >= FEWEST) & (pl.col("period") >= pl.col("since")).fill_null(True)
    data = data.with_columns(pl.when(known_rate).then(pl.col(c).fill_nan(None)).alias(c) for c in rates)
    if len(order) == 1:
        return nothing(f"the funnel has one step, of which each {period} has 100 %")
    drawn = set(data.filter(pl.col("of_first").is_not_null())["group"])
    shown = [group for group in shown if group in drawn]
    if not shown:
        return nothing(f"no {period} has ten entrants whose outcome can be known")
    data = data.filter(pl.col("group").is_in(shown))
    data = period_rows(data, period, ["group", "step"])
    partly = (pl.col("immature").fill_null(0) + pl.col("before_outcomes").fill_null(0)) > 0
    data = data.with_columns(partly=partly)
    color = alt.Color("step:N", scale=color_scale(order[1:], order), title="step", legend=legend())
    tooltip = [
        alt.Tooltip("period:T", format="%d %b %Y", title="period from"),
        alt.Tooltip("step:N"),
        alt.Tooltip("leads:Q", format=",", title=f"{unit}s"),
        alt.Tooltip("entered:Q", format=",", title="entrants"),
        alt.Tooltip("of_first:Q", format=".1%", title="of step 1"),
        alt.Tooltip("immature:Q", format=",", title="left out, window not ended"),
        alt.Tooltip("before_outcomes:Q", format=",", title="left out, before outcomes"),
    ]
    share = "share of step 1"
    base = alt.Chart(inline(data)).encode(x=dates(data, period, f"{period} of entry"), color=color, tooltip=tooltip)
    y = alt.Y("of_first:Q", title=share, axis=rate_axis())
    band = base.mark_area(opacity=0.2).encode(
        y=alt.Y("of_first_low:Q", title=share, axis=rate_axis()), y2="of_first_high:Q"
    )
    # A period between gaps has no band.
    ends = base.mark_rule(opacity=0.5).encode(
        y=alt.Y("of_first_low:Q", title=share, axis=rate_axis()), y2="of_first_high:Q"
    )
    line = base.mark_line().encode(y=y)
    # Points of a null would be drawn at 0.
    known = base.transform_filter("isValid(datum.of_first)")
    full = known.transform_filter("!datum.partly").mark_point(size=45, filled=True, opacity=1).encode(y=y)
    hollow = known.transform_filter("datum.partly").mark_point(size=45, fill="white", opacity=1).encode(y=y)
    chart = alt.layer(band, ends, line, full, hollow)
    gaps = data["of_first"].null_count() > 0
    about = describe(plural(total, unit), within(spec["window"]), "band: 95 % interval")
    notes = describe(
        "hollow: some entrants are left out" if data.filter(~pl.col("of_first").is_null())["partly"].any() else None,
        "gaps: fewer than ten entrants whose outcome can be known" if gaps else None,
    )
    steps_of = data.filter(pl.col("since").is_not_null()).unique("step", maintain_order=True)
    early = describe(
        *(f"no {unit} reached {s} before {d:%b %Y}" for s, d in steps_of.select("step", "since").rows()),
        "set outcomes_from= if earlier outcomes were not recorded" if steps_of.height else None,
    )
    notes = describe(notes, early)
    name = f"Funnel by {period} of entry: {path_of(order)}"
    if not every:
        return finished(chart.properties(width=520, height=260, title=title(name, about, notes)))
    some = part_of(shown, every, f"values of {by}, those with most {unit}s")
    row = alt.Row("group:N", title=heading(by or ""), sort=shown, header=facet_header())
    panels = chart.properties(width=520, height=110)
    return finished(panels.facet(row=row, spacing=8, title=title(f"{name}, by {by}", about, notes, some)))

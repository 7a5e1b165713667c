"""Altair charts of results."""

from __future__ import annotations

import textwrap
from typing import Any

import polars as pl

BLUE, GREY, RED = "#2f6fb2", "#9aa7b5", "#b8473d"


def _nothing(why: str) -> Any:
    """Return a chart that says why there is none."""
    import altair as alt

    text = alt.Chart(pl.DataFrame({"text": [why]})).mark_text(fontSize=13, color="#555")
    return text.encode(text="text:N").properties(width=460, height=60)


def _some(shown: list[Any], all_of_them: list[Any], what: str) -> dict[str, Any]:
    """Return a title where some are left out."""
    import altair as alt

    if len(shown) >= len(all_of_them):
        return {}
    title = f"{len(shown)} of {len(all_of_them)} {what}; the table has all"
    return {"title": alt.Title(title, fontWeight="normal", fontSize=12, anchor="start")}


def _periods(table: pl.DataFrame, title: str) -> tuple[pl.DataFrame, Any]:
    """Return periods as texts, and the axis that shows each of them as it is called."""
    import altair as alt

    days = table["period"].unique().sort()
    months = days.dt.day().eq(1).all() and days.len() > 0
    named = table.with_columns(pl.col("period").dt.strftime("%Y-%m" if months else "%Y-%m-%d"))
    every = named["period"].unique().sort().to_list()
    axis = alt.Axis(labelAngle=-45, labelOverlap="greedy")
    return named, alt.X("period:O", title=title, axis=axis, sort=every, scale=alt.Scale(domain=every))


def evaluation_chart(calibration_table: pl.DataFrame, lift_table: pl.DataFrame) -> Any:
    """Return calibration and lift by tenths, with intervals."""
    import altair as alt

    top = float(max(calibration_table["observed_high"].max() or 1.0, calibration_table["predicted"].max() or 1.0))  # type: ignore[arg-type]
    scale = alt.Scale(domain=[0, min(1.0, top)])
    ideal = (
        alt.Chart(pl.DataFrame({"p": [0.0, min(1.0, top)]}))
        .mark_line(color=GREY, strokeDash=[4, 4])
        .encode(x=alt.X("p:Q", scale=scale), y=alt.Y("p:Q", scale=scale))
    )
    base = alt.Chart(calibration_table).encode(
        x=alt.X("predicted:Q", title="predicted", axis=alt.Axis(format="%"), scale=scale)
    )
    rules = base.mark_rule(color=BLUE).encode(
        y=alt.Y("observed_low:Q", title="observed, with 95 % intervals", axis=alt.Axis(format="%"), scale=scale),
        y2="observed_high:Q",
    )
    points = base.mark_circle(color=BLUE, size=60, opacity=1).encode(y="observed:Q")
    calibration = alt.layer(ideal, rules, points).properties(width=280, height=260, title="Calibration")
    bars = (
        alt.Chart(lift_table)
        .mark_bar(color=BLUE)
        .encode(
            x=alt.X("slice:O", title="tenth of leads, best first", axis=alt.Axis(labelAngle=0)),
            y=alt.Y("lift:Q", title="lift"),
        )
    )
    ranges = alt.Chart(lift_table).mark_rule(color=GREY).encode(x="slice:O", y="lift_low:Q", y2="lift_high:Q")
    one = alt.Chart(pl.DataFrame({"lift": [1.0]})).mark_rule(color=GREY, strokeDash=[4, 4]).encode(y="lift:Q")
    lift = alt.layer(bars, ranges, one).properties(width=280, height=260, title="Lift")
    return alt.hconcat(calibration, lift)


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


def funnel_chart(table: pl.DataFrame, by: str | None) -> Any:
    """Return bars of leads per step with the share of step 1 and its interval; one panel per value of a breakdown."""
    import altair as alt

    order = table["step"].unique(maintain_order=True).to_list()
    if by is not None:
        # One funnel for all and one per value; at most the dozen with most leads.
        values = table["group"].unique(maintain_order=True).to_list()
        every = [v for v in values if v != "(all)"]
        shown = every[:12] or values
        note = _some(shown, every, f"values of {by}")
        table = table.filter(pl.col("group").is_in(shown))
    share = [alt.Tooltip("of_first:Q", format=".1%"), alt.Tooltip("of_previous:Q", format=".1%")]
    tooltip = ["step", "leads", *share] + (["median_days"] if "median_days" in table.columns else [])
    base = alt.Chart(table).encode(y=alt.Y("step:N", sort=order, title=None))
    scale = alt.Scale(domain=[0, 1.25], nice=False)
    axis = alt.Axis(format="%", values=[0, 0.25, 0.5, 0.75, 1])
    bars = base.mark_bar(color=BLUE).encode(
        x=alt.X("of_first:Q", title="share of step 1, with 95 % interval", axis=axis, scale=scale), tooltip=tooltip
    )
    rules = base.mark_rule(color="#12304f").encode(x=alt.X("of_first_low:Q", scale=scale), x2="of_first_high:Q")
    labels = base.mark_text(align="left", dx=6).encode(x="of_first_high:Q", text="label:N")
    labels = labels.transform_calculate(label="format(datum.leads, ',') + '  (' + format(datum.of_first, '.1%') + ')'")
    chart = alt.layer(bars, rules, labels).properties(width=420, height=alt.Step(26))
    if by is None:
        return chart
    header = alt.Header(labelAngle=0, labelAlign="left", labelLimit=300)
    return chart.facet(row=alt.Row("group:N", title=by, sort=shown, header=header), **note)


def funnel_trend_chart(table: pl.DataFrame, order: list[str], by: str | None) -> Any:
    """Return the share of step 1 by period of entry; hollow points where entrants are left out as immature.

    One panel per value of a breakdown. Periods with fewer than ten entrants say nothing and are not drawn.
    """
    import altair as alt

    if by is None:
        table = table.with_columns(group=pl.lit("(all)"))
    every = [g for g in table["group"].unique(maintain_order=True).to_list() if g != "(all)"]
    shown = every[:6] or ["(all)"]
    table, x = _periods(table.filter(pl.col("group").is_in(shown)), "period of entry")
    entered = table.filter(pl.col("step") == order[0]).select("group", "period", entered="leads")
    table = table.join(entered, on=["group", "period"])
    table = table.filter((pl.col("step") != order[0]) & (pl.col("entered") >= 10))
    if table.is_empty():
        return _nothing("no period has ten entrants")
    color = alt.Color("step:N", sort=order, title=None, legend=alt.Legend(symbolOpacity=1))
    base = alt.Chart(table).encode(
        x=x,
        tooltip=["period", "step", "leads", "entered", alt.Tooltip("of_first:Q", format=".1%"), "immature"],
    )
    # A panel is too low for the long title.
    title = "share of step 1" if every else "share of step 1, with 95 % interval"
    y = alt.Y("of_first:Q", title=title, axis=alt.Axis(format="%"))
    base = base.encode(color=color)
    band = base.mark_area(opacity=0.15).encode(y=alt.Y("of_first_low:Q", title=title), y2="of_first_high:Q")
    line = base.mark_line().encode(y=y)
    whole = base.transform_filter("datum.immature == 0").mark_point(size=45, filled=True, opacity=1).encode(y=y)
    partly = base.transform_filter("datum.immature > 0").mark_point(size=45, fill="white").encode(y=y)
    chart = alt.layer(band, line, whole, partly)
    if not every:
        return chart.properties(width=520, height=260)
    header = alt.Header(labelAngle=0, labelAlign="left", labelLimit=300)
    row = alt.Row("group:N", title=by, sort=shown, header=header)
    return chart.properties(width=520, height=110).facet(row=row, **_some(shown, every, f"values of {by}"))


def incidence_chart(curves: pl.DataFrame, by: str | None, ceilings: pl.DataFrame) -> Any:
    """Return cumulative incidence with bands, by group; at most 400 points a curve. Ceilings are dashed lines."""
    import altair as alt

    if by is not None:
        curves = curves.filter(pl.col("group") != "(all)")
    every_group = curves["group"].unique(maintain_order=True).to_list()
    order = every_group[:8]
    parts = []
    for name in order:
        curve = curves.filter(pl.col("group") == name)
        # A step function: its value at 400 ages says as much as a screen can show.
        every = max(1, curve.height // 400)
        parts.append(pl.concat([curve.gather_every(every), curve.tail(1)]).unique("days", maintain_order=True))
    start = pl.DataFrame({"group": order}).with_columns(
        days=0.0, incidence=0.0, low=0.0, high=0.0, at_risk=pl.lit(0, pl.UInt64)
    )
    columns = ["group", "days", "incidence", "low", "high", "at_risk"]
    data = pl.concat([start.select(columns), *(p.select(columns) for p in parts)])
    axis = alt.Axis(format="%")
    color = (
        alt.value(BLUE)
        if by is None
        else alt.Color("group:N", sort=order, title=by, legend=alt.Legend(symbolOpacity=1))
    )
    base = alt.Chart(data).encode(x=alt.X("days:Q", title="age, days"), color=color)
    band = base.mark_area(opacity=0.15, interpolate="step-after").encode(
        y=alt.Y("low:Q", title="share with the event, with its band", axis=axis), y2="high:Q"
    )
    line = base.mark_line(interpolate="step-after").encode(
        y=alt.Y("incidence:Q", axis=axis),
        tooltip=["group", alt.Tooltip("days:Q", format=".1f"), alt.Tooltip("incidence:Q", format=".1%"), "at_risk"],
    )
    known = ceilings.filter(pl.col("identified") & pl.col("group").is_in(order))
    layers = [band, line]
    if known.height > 0:
        rule = alt.Chart(known).mark_rule(strokeDash=[5, 4]).encode(y=alt.Y("share:Q", axis=axis), color=color)
        layers.append(
            rule.encode(tooltip=["group", *(alt.Tooltip(f"{c}:Q", format=".1%") for c in ("share", "low", "high"))])
        )
    note = _some(order, every_group, f"groups of {by}, those with most leads")
    return alt.layer(*layers).properties(width=520, height=300, **note)


def attribution_chart(credits: pl.DataFrame, by: str) -> Any:
    """Return conversions credited to each channel, methods side by side; at most twenty channels."""
    import altair as alt

    methods = credits["method"].unique(maintain_order=True).to_list()
    totals = credits.group_by("channel", maintain_order=True).agg(pl.col("conversions").mean())
    every = totals.sort("conversions", descending=True)["channel"].to_list()
    order = every[:20]
    if not order:
        return _nothing("no touch and no conversion")
    data = credits.filter(pl.col("channel").is_in(order))
    several = len(methods) > 1
    color = alt.Color("method:N", sort=methods, title=None) if several else alt.value(BLUE)
    base = alt.Chart(data).encode(y=alt.Y("channel:N", sort=order, title=by, axis=alt.Axis(labelLimit=300)))
    if several:
        base = base.encode(yOffset=alt.YOffset("method:N", sort=methods))
    tooltip = [
        "channel",
        "method",
        alt.Tooltip("conversions:Q", format=",.1f"),
        alt.Tooltip("share:Q", format=".1%"),
        alt.Tooltip("value:Q", format=",.0f"),
    ]
    bars = base.mark_bar().encode(x=alt.X("conversions:Q", title="conversions"), color=color, tooltip=tooltip)
    layers = [bars]
    if "conversions_low" in data.columns:
        layers.append(base.mark_rule(color="#333").encode(x="conversions_low:Q", x2="conversions_high:Q"))
    step = alt.Step(9, **{"for": "offset"}) if several else alt.Step(24)
    return alt.layer(*layers).properties(
        width=460, height=step, **_some(order, every, "values, those with most credit")
    )


def stage_chart(table: pl.DataFrame, by: str | None) -> Any:
    """Return bars per stage: cycles that moved on or were won, that are open there, that were lost there."""
    import altair as alt

    stages = table["stage"].unique(maintain_order=True).to_list()
    every = [g for g in table["group"].unique(maintain_order=True).to_list() if g != "(all)"]
    groups = every[:8]
    if by is not None and groups:
        table = table.filter(pl.col("group").is_in(groups))
    parts = {
        "went on": pl.col("moved_on") + pl.col("won"),
        "open here": pl.col("open"),
        "lost here, or started again": pl.col("lost") + pl.col("recycled"),
    }
    keys = ["group", "stage", "reached", "of_first", "of_previous"]
    layer = [
        table.select(*keys, part=pl.lit(name), cycles=count, rank=pl.lit(i))
        for i, (name, count) in enumerate(parts.items())
    ]
    data = pl.concat(layer)
    colors = alt.Scale(domain=list(parts), range=[BLUE, GREY, RED])
    base = alt.Chart(data).encode(y=alt.Y("stage:N", sort=stages, title=None))
    tooltip = ["stage", "part", "cycles", "reached", alt.Tooltip("of_previous:Q", format=".1%")]
    bars = base.mark_bar().encode(
        x=alt.X("cycles:Q", title="cycles" if by is None else "cycles; each panel has a scale of its own"),
        color=alt.Color("part:N", scale=colors, title=None, legend=alt.Legend(orient="bottom")),
        order=alt.Order("rank:Q"),
        tooltip=tooltip,
    )
    once = base.transform_filter("datum.rank == 0").transform_calculate(
        label="format(datum.reached, ',') + '  (' + format(datum.of_first, '.1%') + ')'"
    )
    labels = once.mark_text(align="left", dx=6).encode(x="reached:Q", text="label:N")
    chart = alt.layer(bars, labels).properties(width=420, height=alt.Step(26))
    if by is None or not groups:
        return chart
    header = alt.Header(labelAngle=0, labelAlign="left", labelLimit=300)
    note = _some(groups, every, f"groups of {by}, those with most cycles")
    panels = chart.facet(row=alt.Row("group:N", title=by, sort=groups, header=header), **note)
    return panels.resolve_scale(x="independent")


def flow_chart(table: pl.DataFrame, by: str | None) -> Any:
    """Return cycles in each stage at the end of each period; one panel per value of a breakdown."""
    import altair as alt

    stages = table["stage"].unique(maintain_order=True).to_list()
    every = [g for g in table["group"].unique(maintain_order=True).to_list() if g != "(all)"]
    groups = every[:8] or ["(all)"]
    table, x = _periods(table.filter(pl.col("group").is_in(groups)), "period")
    chart = alt.Chart(table.filter(~pl.col("stage").is_in(stages[-1:]))).mark_line(point=True)
    chart = chart.encode(
        x=x,
        # A panel is too low for the long title.
        y=alt.Y("stock:Q", title="in the stage at the end of the period" if not every else "in the stage"),
        color=alt.Color("stage:N", sort=stages, title=None),
        tooltip=["group", "period", "stage", "entered", "moved_on", "moved_back", "lost", "stock"],
    )
    if by is None or not every:
        return chart.properties(width=520, height=280)
    header = alt.Header(labelAngle=0, labelAlign="left", labelLimit=300)
    note = _some(groups, every, f"groups of {by}, those with most cycles")
    row = alt.Row("group:N", title=by, sort=groups, header=header)
    return chart.properties(width=520, height=110).facet(row=row, **note).resolve_scale(y="independent")


def drivers_chart(table: pl.DataFrame) -> Any:
    """Return odds and hazard ratios with intervals of the properties with q < 5 %, at most ten a step."""
    import altair as alt

    sure = table.filter(pl.col("q") < 0.05)
    if sure.is_empty():
        return _nothing("no property tells who goes on (false discoveries below 5 %)")
    data = sure.with_columns(
        property=pl.when(pl.col("value") != "")
        .then(pl.format("{} = {}", "name", "value"))
        .otherwise(pl.format("{} {}", "name", "factor")),
        where=pl.format("{} → {}", "step", "next"),
    )
    steps = data["where"].unique(maintain_order=True).to_list()
    data = data.group_by("where", maintain_order=True).head(10)
    data = data.with_columns(
        pl.coalesce(f"odds_ratio{end}", f"hazard_ratio{end}").alias(f"ratio{end}") for end in ("", "_low", "_high")
    )
    scale = alt.Scale(type="log")
    strongest = alt.SortField("ratio", order="descending")
    base = alt.Chart(data).encode(y=alt.Y("property:N", sort=strongest, title=None, axis=alt.Axis(labelLimit=300)))
    color = alt.condition("datum.ratio > 1", alt.value(BLUE), alt.value(RED))
    rules = base.mark_rule().encode(
        x=alt.X("ratio_low:Q", scale=scale, title="odds ratio of going on (after: hazard ratio), with 95 % interval"),
        x2="ratio_high:Q",
        color=color,
    )
    tooltip = ["property", "leads", alt.Tooltip("rate:Q", format=".1%"), alt.Tooltip("other_rate:Q", format=".1%"), "q"]
    points = base.mark_circle(size=60, opacity=1).encode(x="ratio:Q", color=color, tooltip=tooltip)
    one = alt.Chart(data).mark_rule(color=GREY, strokeDash=[4, 4]).encode(x=alt.datum(1))
    chart = alt.layer(one, rules, points).properties(width=380, height=alt.Step(18))
    header = alt.Header(labelAngle=0, labelOrient="top", labelAnchor="start", labelLimit=600)
    return chart.facet(row=alt.Row("where:N", sort=steps, title=None, header=header)).resolve_scale(y="independent")


def barriers_chart(table: pl.DataFrame) -> Any:
    """Return the twenty largest losses with intervals."""
    import altair as alt

    losing = table.filter(pl.col("conversions_lost") > 0)
    data = losing.head(20)
    if data.is_empty():
        return _nothing("no segment loses against the reference")
    data = data.with_columns(where=pl.format("{} at {} → {}", "group", "step", "next"))
    order = data["where"].to_list()
    base = alt.Chart(data).encode(y=alt.Y("where:N", sort=order, title=None, axis=alt.Axis(labelLimit=500)))
    tooltip = ["group", "step", "leads", alt.Tooltip("rate:Q", format=".1%")]
    tooltip += [alt.Tooltip("reference_rate:Q", format=".1%"), "value_lost"]
    title = "conversions lost against the reference, with 95 % interval"
    bars = base.mark_bar(color=RED).encode(x=alt.X("conversions_lost:Q", title=title), tooltip=tooltip)
    rules = base.mark_rule(color="#333").encode(x="conversions_lost_low:Q", x2="conversions_lost_high:Q")
    note = _some(order, losing["group"].to_list(), "losses, the largest")
    return alt.layer(bars, rules).properties(width=420, height=alt.Step(20), **note)


def transition_chart(table: pl.DataFrame) -> Any:
    """Return a heat map of transition probabilities between the twenty places with most transitions."""
    import altair as alt

    if table.is_empty():
        return _nothing("no path has an event")
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
    note = _some(order, every, "places, those most often left")
    return alt.layer(cells, text).properties(width=alt.Step(38), height=alt.Step(22), **note)


def step_chart(table: pl.DataFrame) -> Any:
    """Return stacked shares of the places that paths are at, step by step; rare places together."""
    import altair as alt

    if table.is_empty():
        return _nothing("no path has an event")
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

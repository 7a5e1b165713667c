"""Chart of the effect of a feature or an interaction."""

from __future__ import annotations

import math
from typing import Any

import polars as pl

from .._charts import (
    BLUE,
    GREY,
    INK,
    count,
    describe,
    finished,
    heading,
    inline,
    legend,
    name_axis,
    name_order,
    names_shown,
    nothing,
    one_line,
    package,
    part_of,
    plural,
    rule_at,
    title,
    unknown_at_ends,
)

SHOWN = 40
"""Most levels of the chart."""

FEW = 30
"""Training rows below which a level or cell is pale."""

PALE = 0.35


def effect_chart(
    feature: str, table: pl.DataFrame, against: str | None, training: dict[str, Any], question: str
) -> Any:
    """Return the effect of a feature: a curve, levels with intervals, or a heat map of an interaction."""
    about = describe(question, plural(training["rows"], "training row"), plural(training["leads"], "lead"))
    if "first" in table.columns:
        return joint_chart(feature, table, about)
    if table.is_empty():
        return nothing(f"{feature} has no levels in the model")
    if "share" in table.columns:
        return level_chart(feature, table, against, training["rows"], about)
    return number_chart(feature, table, about)


def shown_range(table: pl.DataFrame) -> tuple[float, float, bool]:
    """Return the ends of the axis of contributions, and whether intervals reach beyond them.

    An interval that is ten times as wide as what it is around would leave nothing to see, so that the axis ends at five
    times the range of the contributions to each side.
    """
    centre = [v for v in table["contribution"].to_list() if v is not None and math.isfinite(v)]
    low, high = min(0.0, *centre), max(0.0, *centre)
    ends = [v for c in ("low", "high") for v in table[c].to_list() if v is not None and math.isfinite(v)]
    wide = 5.0 * max(high - low, 1e-3)
    first, last = max(min([low, *ends]), low - wide), min(max([high, *ends]), high + wide)
    margin = 0.03 * max(last - first, 1e-9)
    return first - margin, last + margin, bool(ends) and (min(ends) < first or max(ends) > last)


def notes(table: pl.DataFrame, beyond: bool, mark: str) -> str:
    """Return what the marks are."""
    shrunk = (table["contribution"] - table["unshrunk"]).abs().max() or 0.0
    known = table["low"].null_count() < table.height
    return describe(
        f"{mark}: contribution to scores",
        None
        if not known
        else "95 % interval of the coefficients before shrinkage"
        if float(shrunk) > 1e-9  # type: ignore[arg-type]
        else "with 95 % interval",
        "intervals end beyond the frame" if beyond else None,
        None if known else "for intervals, fit with intervals=True (not with l1_ratio)",
    )


def number_chart(feature: str, table: pl.DataFrame, about: str) -> Any:
    """Return the contribution of a number by its value, with a band."""
    alt = package()
    low, high, beyond = shown_range(table)
    said = "contribution, log-odds"
    scale = alt.Scale(domain=[low, high], nice=False)
    data = table.with_columns(pl.col(c).clip(low, high).alias(f"{c}_shown") for c in ("low", "high"))
    base = alt.Chart(inline(data)).encode(
        x=alt.X("value:Q", title=heading(feature), scale=alt.Scale(zero=False, nice=False))
    )
    band = base.mark_area(color=BLUE, opacity=0.2).encode(
        y=alt.Y("low_shown:Q", title=said, scale=scale), y2="high_shown:Q"
    )
    tooltip = [
        alt.Tooltip("value:Q", format=",.4~g", title=one_line(feature)),
        alt.Tooltip("contribution:Q", format="+.3f"),
        alt.Tooltip("low:Q", format="+.3f", title="from"),
        alt.Tooltip("high:Q", format="+.3f", title="to"),
    ]
    line = base.mark_line(color=BLUE).encode(y=alt.Y("contribution:Q", title=said, scale=scale), tooltip=tooltip)
    layers = [rule_at(0, x=False, color=GREY), band, line]
    if data.height == 1:
        layers.append(base.mark_circle(color=BLUE, size=60).encode(y=alt.Y("contribution:Q", scale=scale)))
    heads = title(f"Effect of {feature}", about, notes(table, beyond, "line"), "0: the average training row")
    return finished(alt.layer(*layers).properties(width=420, height=260, title=heads))


def level_chart(feature: str, table: pl.DataFrame, against: str | None, rows: int, about: str) -> Any:
    """Return the contribution of each level, with its interval and the number of its rows."""
    alt = package()
    every = table["value"].to_list()
    data = table.head(SHOWN)
    low, high, beyond = shown_range(data)
    data = names_shown(data, "value").with_columns(
        rows=(pl.col("share") * rows).round(0),
        low_shown=pl.col("low").clip(low, high),
        high_shown=pl.col("high").clip(low, high),
    )
    data = unknown_at_ends(data, "contribution", "low_shown", "high_shown").with_columns(
        few=pl.col("rows") < FEW,
        label=pl.format("{} rows", count("rows")),
        compared=pl.col("value") == one_line(against or ""),
    )
    order = name_order(data["value"].to_list())
    said = heading("contribution, log-odds" if against is None else f"log-odds against {against}")
    width, text_width = 320, 16 + 6.0 * max(map(len, data["label"]))
    # The labels stand inside the frame, right of the longest interval.
    scale = alt.Scale(domain=[low, high + (high - low) * text_width / width], nice=False)
    base = alt.Chart(inline(data)).encode(
        y=alt.Y("value:N", sort=order, title=heading(feature), axis=name_axis()),
        opacity=alt.Opacity("few:N", scale=alt.Scale(domain=[False, True], range=[1.0, PALE]), legend=None),
    )
    rules = base.mark_rule(color=BLUE, strokeWidth=2).encode(
        x=alt.X("low_shown:Q", title=said, scale=scale), x2="high_shown:Q"
    )
    tooltip = [
        alt.Tooltip("value:N", title=one_line(feature)),
        alt.Tooltip("rows:Q", format=",", title="training rows"),
        alt.Tooltip("contribution:Q", format="+.3f"),
        alt.Tooltip("low:Q", format="+.3f", title="from"),
        alt.Tooltip("high:Q", format="+.3f", title="to"),
    ]
    points = base.mark_circle(color=BLUE, size=70).encode(
        x=alt.X("contribution:Q", title=said, scale=scale), tooltip=tooltip
    )
    labels = base.mark_text(align="left", color=INK).encode(x=alt.value(width + 8), text="label:N")
    pale = f"pale: fewer than {FEW} rows" if data["few"].any() else None
    some = part_of(order, every, "levels, the most frequent")
    heads = title(f"Effect of {feature}", about, describe(notes(data, beyond, "point"), pale), some)
    chart = alt.layer(rule_at(0, x=True, color=GREY), rules, points, labels)
    return finished(chart.properties(width=width + int(text_width), height=alt.Step(20), title=heads))


def signed(value: float) -> str:
    """Return a number with its sign and two decimals."""
    return f"{value:+.2f}".replace("-", "−") if abs(value) >= 0.005 else "0.00"


def joint_chart(feature: str, table: pl.DataFrame, about: str) -> Any:
    """Return a heat map of an interaction; cells with few rows are pale."""
    alt = package()
    first, second = (heading(name) for name in feature.split(" × ", 1))
    table = names_shown(table, "first", "second")
    # The order of all groups, also of those whose first cell has no rows.
    columns, rows = (name_order(table[c].unique(maintain_order=True).to_list()) for c in ("first", "second"))
    seen = table.filter((pl.col("weight") > 0) & pl.col("contribution").is_finite())
    if seen.is_empty():
        return nothing(f"no training row is in a cell of {feature}")
    most = max(float(seen["contribution"].abs().max() or 0.0), 1e-9)  # type: ignore[arg-type]
    data = seen.with_columns(
        few=pl.col("weight") < FEW,
        effect=pl.col("contribution").map_elements(signed, return_dtype=pl.String),
        rows=count("weight"),
    )
    base = alt.Chart(inline(data)).encode(
        x=alt.X(
            "first:N",
            sort=columns,
            title=first,
            scale=alt.Scale(domain=columns),
            axis=alt.Axis(labelAngle=-45, labelLimit=0, maxExtent=4000),
        ),
        y=alt.Y("second:N", sort=rows, title=second, scale=alt.Scale(domain=rows), axis=name_axis()),
    )
    # What is pale is so on white, whichever the background is.
    under = base.mark_rect(color="white")
    cells = base.mark_rect().encode(
        color=alt.Color(
            "contribution:Q",
            scale=alt.Scale(scheme="redblue", domain=[-most, most]),
            title="contribution, log-odds",
            legend=legend(format="+.2~f"),
        ),
        opacity=alt.Opacity("few:N", scale=alt.Scale(domain=[False, True], range=[1.0, PALE]), legend=None),
        tooltip=[
            alt.Tooltip("first:N"),
            alt.Tooltip("second:N"),
            alt.Tooltip("contribution:Q", format="+.3f"),
            alt.Tooltip("low:Q", format="+.3f", title="from"),
            alt.Tooltip("high:Q", format="+.3f", title="to"),
            alt.Tooltip("weight:Q", format=",.0f", title="training rows"),
        ],
    )
    ink = alt.condition(
        f"abs(datum.contribution) > {0.6 * most} && !datum.few", alt.value("white"), alt.value("#222222")
    )
    effects = base.mark_text(fontSize=10, dy=-6).encode(text="effect:N", color=ink)
    numbers = base.mark_text(fontSize=8, dy=6).encode(text="rows:N", color=ink)
    marks = describe(
        "contribution beyond what the two add alone, and training rows",
        f"pale: fewer than {FEW} rows" if data["few"].any() else None,
    )
    chart = alt.layer(under, cells, effects, numbers)
    return finished(chart.properties(width=alt.Step(44), height=alt.Step(30), title=title(feature, about, marks)))

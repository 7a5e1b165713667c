"""Axes: names, rates, calendar periods."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any

import polars as pl

from .package import package

LEADING_NUMBER = re.compile(r"^[^\w(]{0,3}(\d[\d,._ ]*)")


def name_axis() -> Any:
    """Return an axis whose labels are not cut, with its title beside the longest."""
    return package().Axis(labelLimit=0, maxExtent=4000)


def legend(**options: Any) -> Any:
    """Return a legend whose names and title are not cut, with colors that are not pale."""
    return package().Legend(**{"labelLimit": 0, "titleLimit": 0, "symbolOpacity": 1, "symbolDash": [1, 0], **options})


def name_order(names: Sequence[str]) -> list[str]:
    """Return names in reading order: numbers and ranges ascending, others as given; ``(other)``, ``(missing)`` last."""
    last = [name for name in ("(other)", "(missing)") if name in names]
    plain = [name for name in names if name not in last]
    values = [_leading_number(name) for name in plain]
    if plain and None not in values:
        plain = [name for _, name in sorted(zip(values, plain, strict=True), key=lambda pair: pair[0] or 0.0)]
    return plain + last


def _leading_number(name: str) -> float | None:
    """Return the number that a name starts with: 200 of ``200-499``; a bit less of ``< 5``, a bit more of ``> 5``."""
    try:
        return float(name)
    except ValueError:
        pass
    found = LEADING_NUMBER.match(name)
    sign = -1.0 if re.match(r"^\W{0,3}-\d", name) else 1.0
    if found is None:
        return None
    try:
        value = sign * float(re.sub(r"[,_ ]", "", found[1]).rstrip("."))
    except ValueError:
        return None
    if name.startswith(("<", "≤")):
        return math.nextafter(value, -math.inf)
    return math.nextafter(value, math.inf) if name.startswith((">", "≥")) else value


def rate_axis() -> Any:
    """Return an axis of rates."""
    return package().Axis(format="%")


def count_axis() -> Any:
    """Return an axis of counts: whole numbers with thousands separators."""
    # Ticks between whole numbers, on an axis that ends at 1 or 2, have no label.
    return package().Axis(labelExpr="datum.value % 1 ? '' : format(datum.value, ',.0f')", tickCount=6)


def room_for_labels(labels: Sequence[str], width: int, most: float = 1.0) -> float:
    """Return the end of an axis of ``width`` pixels, so that labels that start at ``most`` end inside the frame."""
    # Numbers in 11 pixels take 6.3 pixels a character.
    needed = min(10 + 6.3 * max((len(label) for label in labels), default=0), 0.6 * width)
    return most * width / (width - needed)


def log_ticks(low: float, high: float) -> list[float]:
    """Return ticks of a logarithmic axis: powers of ten, with 2 and 5 between them if they are few."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    steps = (1.0,) if len(powers) > 4 else (1.0, 2.0, 5.0)
    ticks = [step * 10.0**power for power in powers for step in steps]
    inside = [tick for tick in ticks if low <= tick <= high]
    # At most seven, counted from 1.
    keep = max(1, math.ceil(len(inside) / 7))
    start = inside.index(1.0) if 1.0 in inside else 0
    return [tick for k, tick in enumerate(inside) if (k - start) % keep == 0]


EVERY = {"day": "1d", "week": "1w", "month": "1mo", "quarter": "3mo", "year": "1y"}
FORMATS = {"day": "%d %b %Y", "week": "%d %b %Y", "month": "%b %Y", "quarter": "%b %Y", "year": "%Y"}


def period_rows(table: pl.DataFrame, every: str, by: Sequence[str]) -> pl.DataFrame:
    """Return the table with a row of nulls for each period between the first and the last that it lacks.

    Lines then have gaps there.
    """
    if table.is_empty():
        return table
    first, last = table["period"].min(), table["period"].max()
    periods = pl.DataFrame({"period": pl.date_range(first, last, EVERY[every], eager=True)})  # type: ignore[arg-type]
    # Periods of a year that starts in another month, or weeks on another day, all have the same step.
    periods = pl.concat([periods, table.select("period").unique()]).unique().sort("period")
    grid = table.select(*by).unique(maintain_order=True).join(periods, how="cross")
    return grid.join(table, on=[*by, "period"], how="left", maintain_order="left")


def dates(table: pl.DataFrame, every: str, heading: str) -> Any:
    """Return an axis of dates with a tick at the start of each period, or of every second or third."""
    alt = package()
    periods = table["period"].unique().sort().to_list()
    step = max(1, math.ceil(len(periods) / 14))
    ticks = [alt.DateTime(year=d.year, month=d.month, date=d.day) for d in periods[::step]]
    axis = alt.Axis(format=FORMATS[every], values=ticks, labelAngle=-45, labelOverlap="greedy", grid=False)
    return alt.X("period:T", title=heading, axis=axis)

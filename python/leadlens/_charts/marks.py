"""Intervals and labels."""

from __future__ import annotations

from typing import Any

import polars as pl

from .package import package


def interval(base: Any, **ends: Any) -> list[Any]:
    """Return the two layers of an interval: a dark line in a light one, to be seen on bars and on any background.

    ``base`` is a chart with the other encodings; ``ends`` are the two encodings of the ends, such as ``x`` and ``x2``.
    """
    halo = base.mark_rule(color="white", strokeWidth=3.5, opacity=0.8).encode(**ends)
    return [halo, base.mark_rule(color="#333333", strokeWidth=1.3).encode(**ends)]


def percent(column: str, decimals: int = 1) -> pl.Expr:
    """Return rates as texts, such as ``8.0 %``."""
    digits = (
        (pl.col(column) * 100).round(decimals).map_elements(lambda v: f"{v:.{decimals}f} %", return_dtype=pl.String)
    )
    return digits.fill_null("")


def count(column: str) -> pl.Expr:
    """Return counts as texts with thousands separators."""
    return pl.col(column).cast(pl.Float64).map_elements(lambda v: f"{v:,.0f}", return_dtype=pl.String).fill_null("")


def rate_label(counts: str, rates: str) -> pl.Expr:
    """Return labels of a count with its rate, such as ``402  (8.0 %)``; without a rate the count alone."""
    known = pl.col(rates).is_not_null() & pl.col(rates).is_not_nan()
    return pl.when(known).then(pl.format("{}  ({})", count(counts), percent(rates))).otherwise(count(counts))


def rule_at(value: float, *, x: bool, color: str) -> Any:
    """Return a dashed line at a value of the x axis, or of the y axis."""
    alt = package()
    where = {"x" if x else "y": alt.datum(value)}
    return alt.Chart(alt.InlineData(values=[{}])).mark_rule(color=color, strokeDash=[4, 4]).encode(**where)

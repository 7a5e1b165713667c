"""Step curves: every jump in its place, pale where few are at risk."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from .package import package

MANY = 2000
"""Rows of a curve up to which none is left out."""


def thinned(curve: pl.DataFrame, top: float, height: int) -> pl.DataFrame:
    """Return the rows of a step curve that can be seen, each at its own age.

    A row is left out if, since the row before, value and band have moved by less than a tenth of a pixel of a chart of
    ``height`` pixels that ends at ``top``, so that a jump is neither moved nor lost.
    """
    if curve.height <= MANY:
        return curve
    levels = curve.select("incidence", "low", "high").fill_null(0.0).to_numpy()
    few = curve["few"].to_numpy()
    least = max(top, 1e-12) / height / 10
    kept, last = [0], 0
    # A row that is kept is never more than a tenth of a pixel from what is drawn before it, unless it jumps.
    for i in range(1, len(levels)):
        if few[i] != few[last] or np.abs(levels[i] - levels[last]).max() >= least:
            kept.append(i)
            last = i
    if kept[-1] != len(levels) - 1:
        kept.append(len(levels) - 1)
    return curve[kept]


def faded_curve(curve: pl.DataFrame) -> pl.DataFrame:
    """Return the rows of a step curve by ``run``: consecutive rows with the same ``few``, and the row that ends each.

    ``few`` of a row says whether few are at risk from its age on. Runs are drawn apart, because a line has one dash and
    one opacity.
    """
    curve = curve.with_columns(run=(pl.col("few") != pl.col("few").shift(1, fill_value=curve["few"][0])).cum_sum())
    # The line of a run ends where the next begins, jump included.
    ends = curve.filter(pl.col("run") != pl.col("run").shift(1)).with_columns(run=pl.col("run") - 1, few=~pl.col("few"))
    return pl.concat([curve, ends]).sort("run", "days", maintain_order=True)


def fades() -> dict[str, Any]:
    """Return the encodings that make a line dashed and pale where few are at risk."""
    alt = package()
    dash = alt.StrokeDash("few:N", scale=alt.Scale(domain=[False, True], range=[[1, 0], [4, 3]]), legend=None)
    return {"strokeDash": dash, "opacity": pale(1.0, 0.45), "detail": alt.Detail("run:N")}


def pale(opacity: float, where_few: float) -> Any:
    """Return an opacity that is lower where few are at risk."""
    alt = package()
    scale = alt.Scale(domain=[False, True], range=[opacity, where_few])
    return alt.Opacity("few:N", scale=scale, legend=None)

"""The chart of the choice of C, which scorer and regression share."""

from __future__ import annotations

import math
from typing import Any

import polars as pl

from .colors import BLUE, RED
from .data import inline
from .package import package
from .page import finished
from .titles import title


def validation_chart(validation: dict[str, Any], data: str | None = None) -> Any:
    """Return held-out log loss by C, one standard error to each side, and the C that was taken."""
    alt = package()
    table = pl.DataFrame(
        {"C": validation["cs"], "loss": validation["mean"], "error": validation["standard_error"]},
        schema=dict.fromkeys(("C", "loss", "error"), pl.Float64),
        strict=False,
    )
    table = table.with_columns(low=pl.col("loss") - pl.col("error"), high=pl.col("loss") + pl.col("error"))
    low, high = (math.floor(math.log10(table["C"].min())), math.ceil(math.log10(table["C"].max())))  # type: ignore[arg-type]
    powers = [10.0**k for k in range(low, high + 1)]
    strength = "C, inverse strength of the penalty (weaker to the right)"
    base = alt.Chart(inline(table)).encode(
        x=alt.X(
            "C:Q",
            scale=alt.Scale(type="log"),
            axis=alt.Axis(values=powers, format="~g"),
            title=strength,
        ),
        tooltip=[
            alt.Tooltip("C:Q", format=".3g"),
            alt.Tooltip("loss:Q", format=".4f", title="held-out log loss"),
            alt.Tooltip("error:Q", format=".4f", title="standard error"),
        ],
    )
    loss = "held-out log loss per row"
    y = alt.Y("low:Q", title=loss, scale=alt.Scale(zero=False))
    band = base.mark_area(color=BLUE, opacity=0.2).encode(y=y, y2="high:Q")
    line = base.mark_line(color=BLUE, point=alt.OverlayMarkDef(color=BLUE)).encode(y=alt.Y("loss:Q", title=loss))
    taken = alt.Chart(inline(pl.DataFrame({"C": [float(validation["c"])]})))
    rule = taken.mark_rule(color=RED, strokeDash=[4, 4]).encode(x=alt.X("C:Q", title=strength))
    about = "line: mean over folds; band: one standard error to each side; dashed: the C taken"
    heading = title(f"C = {validation['c']:.3g}, chosen by held-out log loss", data, validation["folds"], about)
    return finished(alt.layer(band, line, rule).properties(width=420, height=260, title=heading))

"""Tables as the data of a chart."""

from __future__ import annotations

from typing import Any

import polars as pl

from .package import package


def inline(table: pl.DataFrame) -> Any:
    """Return a table as values inside the chart: numbers are finite or null, dates are local midnights.

    Altair refuses frames of more than 5,000 rows; values have no limit.
    """
    floats = pl.selectors.float()
    plain = table.with_columns(pl.when(floats.is_finite()).then(floats).otherwise(None).name.keep())
    # A date without a time is read as UTC, and drawn a day early west of Greenwich.
    plain = plain.with_columns(pl.selectors.date().dt.strftime("%Y-%m-%dT00:00:00"))
    return package().InlineData(values=plain.to_dicts())


def unknown_at_ends(table: pl.DataFrame, value: str, low: str, high: str) -> pl.DataFrame:
    """Return the table with null in place of intervals that have no extent: what is certain has none."""
    certain = pl.col(low) >= pl.col(high)
    return table.with_columns(
        pl.when(certain | pl.col(value).is_null()).then(None).otherwise(pl.col(c)).alias(c) for c in (low, high)
    )

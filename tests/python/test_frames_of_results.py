"""Every result is a table of polars, pandas, pyarrow and the Arrow stream, with the same values and types."""

from __future__ import annotations

import datetime as dt
from typing import Any
from unittest import mock

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from leadlens._display import Tabular, pandas_frame


def classes(of: type) -> set[str]:
    return {of.__name__ for of in of.__subclasses__() if not of.__subclasses__()} | {
        name for sub in of.__subclasses__() for name in classes(sub)
    }


def test_all_classes_with_tables_are_here(results: dict[str, Any]) -> None:
    assert classes(Tabular) == set(results)


NAMES = ["Funnel", "Drivers", "Barriers", "Paths", "StageFunnel", "TimeTo", "Attribution", "Check", "Snapshot"]
NAMES += ["Scores", "CallList", "Scorecard", "Evaluation", "Comparison", "Inference"]


@pytest.mark.parametrize("name", NAMES)
def test_the_same_table_in_each_library(results: dict[str, Any], name: str) -> None:
    result = results[name]
    table = result.to_polars()
    arrow = result.to_arrow()
    assert isinstance(arrow, pa.Table)
    assert pl.DataFrame(arrow).equals(table)
    assert pl.DataFrame(result).equals(table)
    assert pl.DataFrame(pa.table(result)).equals(table)
    frame = result.to_pandas()
    assert isinstance(frame, pd.DataFrame)
    assert list(frame.columns) == table.columns
    assert pl.from_pandas(frame).cast(table.schema).equals(table)  # type: ignore[arg-type]


def test_types_survive_in_pandas() -> None:
    zone = "Europe/Berlin"
    table = pl.DataFrame(
        {
            "big": pl.Series([2**63 + 5, None], dtype=pl.UInt64),
            "small": pl.Series([1, None], dtype=pl.Int8),
            "whole": pl.Series([2**53 + 1, 1], dtype=pl.Int64),
            "flag": [True, None],
            "plain": [True, False],
            "day": [dt.date(2024, 3, 1), None],
            "time": pl.Series([dt.datetime(2024, 3, 1, 12), None]).dt.replace_time_zone(zone),
            "none": pl.Series([None, None], dtype=pl.Date),
            "kind": pl.Series(["a", None], dtype=pl.Categorical),
            "text": ["x", None],
            "share": [0.5, None],
        }
    )
    frame = pandas_frame(table)
    assert list(frame.columns) == table.columns
    types = {name: str(dtype) for name, dtype in frame.dtypes.items()}
    assert types["big"] == "UInt64"
    assert types["small"] == "Int8"
    assert types["whole"] == "int64"
    assert types["flag"] == "boolean"
    assert types["plain"] == "bool"
    assert types["day"].startswith("datetime64")
    assert types["none"].startswith("datetime64")
    assert zone in types["time"]
    assert types["kind"] == "category"
    assert types["share"] == "float64"
    assert frame["big"][0] == 2**63 + 5
    assert frame["time"][0] == pd.Timestamp("2024-03-01 12:00", tz=zone)
    assert frame["day"][0] == pd.Timestamp("2024-03-01")
    assert frame.isna().iloc[1].to_list() == [name not in ("whole", "plain") for name in table.columns]


def test_a_table_without_rows_keeps_its_columns() -> None:
    table = pl.DataFrame(schema={"n": pl.UInt64, "at": pl.Datetime("us", "UTC"), "name": pl.String})
    frame = pandas_frame(table)
    assert frame.shape == (0, 3)
    assert str(frame["n"].dtype) == "uint64"


@pytest.mark.parametrize(
    ("method", "missing"), [("to_pandas", "pandas"), ("to_pandas", "pyarrow"), ("to_arrow", "pyarrow")]
)
def test_a_missing_library_is_named(results: dict[str, Any], method: str, missing: str) -> None:
    import importlib.util

    found = importlib.util.find_spec
    with (
        mock.patch("importlib.util.find_spec", lambda name: None if name == missing else found(name)),
        pytest.raises(ImportError, match=rf"{method} requires {missing}; install with: pip install {missing}"),
    ):
        getattr(results["Funnel"], method)()

"""Columns that a regression cannot use are refused by name and type, whatever holds them."""

import datetime as dt

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import leadlens as ll

Y = [0, 1] * 3
ODD = {
    "dict": [{"a": 1}] * 6,
    "list": [[1, 2]] * 6,
    "tuple": [(1, 2)] * 6,
    "set": [{1}] * 6,
    "bytes": [b"x"] * 6,
    "date": [dt.date(2024, 1, 1)] * 6,
    "timedelta": [dt.timedelta(1)] * 6,
    "mixed": ["a", 1, {"b": 2}, None, 1.5, "c"],
    "texts and dates": ["a", dt.date(2024, 1, 1)] * 3,
    "object": [object()] * 6,
}


@pytest.mark.parametrize("kind", ODD)
def test_pandas_objects(kind):
    frame = pd.DataFrame({"ok": range(6), "odd": pd.Series(ODD[kind], dtype=object)})
    with pytest.raises(ll.ColumnTypeError, match=r"'odd' is of type object \(.+\)"):
        ll.LogisticRegression().fit(frame, Y)
    model = ll.LogisticRegression().fit(frame[["ok"]].assign(odd=[1.0, 2, 3, 4, 5, 7]), Y)
    with pytest.raises(ll.ColumnTypeError, match="'odd' is of type object"):
        model.predict_proba(frame)


@pytest.mark.parametrize("kind", ODD)
def test_arrays_of_objects(kind):
    array = np.empty((6, 2), dtype=object)
    array[:, 0] = range(6)
    for i, value in enumerate(ODD[kind]):
        array[i, 1] = value
    with pytest.raises(ll.LeadLensError, match="x1"):
        ll.LogisticRegression().fit(array, Y)


def test_types_of_columns():
    for column, words in [
        (pl.Series([[1]] * 6), r"'odd' is of type List\(Int64\)"),
        (pl.Series([{"a": 1}] * 6), "'odd' is of type Struct"),
        (pl.Series([dt.date(2024, 1, 1)] * 6), "'odd' is of type Date"),
        (pl.Series([b"x"] * 6), "'odd' is of type Binary"),
    ]:
        with pytest.raises(ll.ColumnTypeError, match=words):
            ll.LogisticRegression().fit(pl.DataFrame({"ok": range(6), "odd": column}), Y)
        with pytest.raises(ll.ColumnTypeError, match="'odd' is of type"):
            ll.LogisticRegression().fit(pa.table({"ok": range(6), "odd": column.to_arrow()}), Y)
    for column in (
        [1j] * 6,
        pd.to_datetime(["2024-01-01"] * 6),
        pd.to_timedelta(range(6)),
        pd.period_range("2024", periods=6),
    ):
        with pytest.raises(ll.ColumnTypeError, match="'odd' is of type"):
            ll.LogisticRegression().fit(pd.DataFrame({"ok": range(6), "odd": column}), Y)


def test_complex_and_ragged_arrays():
    with pytest.raises(ll.ColumnTypeError, match="complex128"):
        ll.LogisticRegression().fit(np.ones((6, 1)) * 1j, Y)
    with pytest.raises(ll.ColumnTypeError, match="column 'x0' holds values of type complex"):
        ll.LogisticRegression().fit(np.array([[1j]] * 6, dtype=object), Y)
    with pytest.raises(ll.ColumnTypeError, match="rows have 1 to 2 values"):
        ll.LogisticRegression().fit([[1, 2]] * 5 + [[3]], Y)
    with pytest.raises(ll.ColumnTypeError):
        ll.LogisticRegression().fit([[1, [2, 3]]] * 6, Y)


def test_odd_labels_and_weights_are_typed_errors():
    X = np.arange(6.0)[:, None]
    for y in ([{"a": 1}] * 6, [[0, 1]] * 6, [0, 1], None, [0.5, 1.5, 2.5] * 2, [0, 1, 2] * 2, [1j] * 6):
        with pytest.raises(ll.OptionError):
            ll.LogisticRegression().fit(X, y)
    for weight in (["a"] * 6, [1, 2], [[1]] * 6, [{"a": 1}] * 6):
        with pytest.raises(ll.OptionError, match="sample_weight"):
            ll.LogisticRegression().fit(X, Y, sample_weight=weight)

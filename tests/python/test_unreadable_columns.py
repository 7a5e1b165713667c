"""Columns of pandas that Arrow has no type for stop nothing unless a role reads them."""

import datetime as dt

import numpy as np
import pandas as pd
import polars as pl
import pytest

import leadlens as ll

N = 4
AT = [dt.datetime(2024, 2, 1, tzinfo=dt.UTC)] * N
ODD = {
    "mixed": pd.Series([1, "a", 2.5, None], dtype=object),
    "dates and texts": pd.Series([dt.date(2024, 1, 1), "a", None, "b"], dtype=object),
    "complex": pd.Series([1j, 2j, 3j, 4j]),
    "sets": pd.Series([{1}, {2}, {3}, {4}], dtype=object),
    "objects": pd.Series([object() for _ in range(N)], dtype=object),
}


def made():
    return pl.DataFrame({"id": list(range(N)), "made": ["2024-01-01"] * N})


def journeys(table, **roles):
    events = ll.Events(table, "lead", "at", **{"kind": ll.literal("v"), **roles})
    return ll.Journeys(leads=ll.Leads(made(), "id", created="made"), events=events, observed_until="2024-06-01")


@pytest.mark.parametrize("name", ODD)
def test_unread_columns_stop_nothing(name):
    table = pd.DataFrame({"odd": ODD[name], "lead": range(N), "at": AT, "n": [1.0, 2.0, 3.0, 4.0]})
    for frame in (table, table.set_index(np.array([5, 7, 9, 11])), table.set_index(pd.Index(ODD["mixed"]))):
        assert [journeys(frame, values=["n"]).show(i).height for i in range(N)] == [2] * N
    # As fields that nobody named they are listed, not read.
    leads = table.rename(columns={"lead": "id", "at": "made"})
    j = ll.Journeys(leads=ll.Leads(leads, "id", created="made"), observed_until="2024-06-01")
    assert j.snapshot(as_of="2024-03-01").to_polars()["n"].to_list() == [1.0, 2.0, 3.0, 4.0]
    assert "odd (" in str(j.check())


@pytest.mark.parametrize("name", ODD)
def test_read_columns_are_refused_by_name(name):
    table = pd.DataFrame({"odd": ODD[name], "lead": range(N), "at": AT})
    for roles in ({"kind": "odd"}, {"channel": "odd"}, {"props": ["odd"]}, {"values": ["odd"]}, {"id": "odd"}):
        with pytest.raises(ll.errors.SchemaError, match="not supported") as e:
            journeys(table, **roles)
        assert [(bool(v[0]), v[1]) for v in e.value.violations] == [(True, "odd")]
    leads = table.rename(columns={"lead": "id", "at": "made"})
    with pytest.raises(ll.errors.SchemaError, match="'odd'"):
        ll.Journeys(leads=ll.Leads(leads, "id", created="made", fields=["odd"]), observed_until="2024-06-01")


def test_columns_of_one_name():
    table = pd.DataFrame([[i, AT[0], 1, "a"] for i in range(N)], columns=["lead", "at", "x", "x"])
    assert [journeys(table).show(i).height for i in range(N)] == [2] * N
    with pytest.raises(ll.errors.SchemaError, match="2 columns have this name") as e:
        journeys(table, channel="x")
    assert e.value.violations[0][1] == "x"


def test_sparse_columns_are_read():
    table = pd.DataFrame({"lead": range(N), "at": AT, "n": pd.arrays.SparseArray([0, 0, 3, 0])})
    j = journeys(table, values=["n"])
    assert j.funnel([ll.Step("v", where={"n": 3})]).steps.rows()[0][1] == 1


def test_the_index_stays_a_column_that_roles_can_name():
    table = pd.DataFrame({"odd": ODD["complex"], "at": AT}).set_index(pd.Index([2, 0, 3, 1], name="lead"))
    assert [journeys(table).show(i).height for i in range(N)] == [2] * N


@pytest.mark.parametrize(
    "column",
    [
        pd.date_range("2024", periods=60),
        pd.timedelta_range("1h", periods=60),
        pd.date_range("2024", periods=60).astype("datetime64[s]"),
        pd.date_range("2024", periods=60, tz="UTC"),
        pd.period_range("2024", periods=60, freq="D"),
        pd.Series([dt.date(2024, 1, 1)] * 60, dtype=object),
        pd.Series([1j] * 60),
        pd.Series([[1, 2]] * 60, dtype=object),
    ],
)
def test_regressions_refuse_what_is_no_number_and_no_text(column):
    y = np.arange(60) % 3 == 0
    for beside in ({}, {"plan": ["a", "b"] * 30}):
        frame = pd.DataFrame({"age": np.arange(60.0), "odd": column, **beside})
        with pytest.raises(ValueError, match=r"columns \['odd'\] are neither numeric nor text"):
            ll.LogisticRegression().fit(frame, y)
        model = ll.LogisticRegression().fit(frame.assign(odd=1.0), y)
        with pytest.raises(ValueError, match=r"columns \['odd'\] are neither numeric nor text"):
            model.predict_proba(frame)


@pytest.mark.parametrize("kind", ["datetime64[ns]", "timedelta64[s]"])
def test_arrays_of_times_are_refused(kind):
    with pytest.raises(ValueError, match="neither numeric nor text"):
        ll.LogisticRegression().fit(np.arange(60).astype(kind)[:, None], np.arange(60) % 3 == 0)

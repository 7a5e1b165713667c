"""A number has one text however it is written: training on one route and scoring another gives the same bits."""

import decimal

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import leadlens as ll

N = 240
RNG = np.random.default_rng(5)
PLACE = RNG.integers(0, 3, N)
WON = (RNG.random(N) < np.array([0.2, 0.5, 0.8])[PLACE]).astype(int)
WRITTEN = ["0.10", "-2.50", "13.00"]
ROUTES = ["frame", "csv", "pandas of csv", "parquet", "ipc", "pandas", "pandas arrow", "pyarrow", "float", "exponents"]


def leads(route, folder):
    prices = pl.Series([WRITTEN[k] for k in PLACE]).cast(pl.Decimal(9, 2))
    table = pl.DataFrame({"id": np.arange(N), "price": prices, "won": WON})
    if route == "csv" or route == "pandas of csv":
        table.write_csv(folder / "t.csv")
        return folder / "t.csv" if route == "csv" else pd.read_csv(folder / "t.csv")
    if route == "parquet":
        table.write_parquet(folder / "t.parquet")
        return folder / "t.parquet"
    if route == "ipc":
        table.write_ipc(folder / "t.arrow")
        return folder / "t.arrow"
    if route == "exponents":
        texts = pl.Series([["1e-1", "-2.5E+00", "1.3e1"][k] for k in PLACE])
        table.with_columns(price=texts).write_csv(folder / "e.csv")
        return folder / "e.csv"
    if route == "float":
        return table.with_columns(pl.col("price").cast(pl.Float32))
    of = {
        "frame": lambda t: t,
        "pandas": lambda t: t.to_pandas(),
        "pandas arrow": lambda t: t.to_pandas(use_pyarrow_extension_array=True),
        "pyarrow": lambda t: t.to_arrow(),
    }
    return of[route](table)


def snapshot(source):
    return ll.Journeys(leads=ll.Leads(source, "id", outcome="won", categories=["price"])).snapshot()


@pytest.mark.parametrize("trained", ["frame", "csv", "exponents"])
def test_training_on_one_route_and_scoring_another(trained, tmp_path):
    scorer = ll.LeadScorer().fit(snapshot(leads(trained, tmp_path)))
    assert scorer.summary()["level"].drop_nulls().sort().to_list()[:3] == ["-2.5", "0.1", "13"]
    expected = scorer.score(snapshot(leads("csv", tmp_path))).to_polars().sort("lead_id")["probability"]
    assert expected.n_unique() == 3
    for route in ROUTES:
        got = scorer.score(snapshot(leads(route, tmp_path))).to_polars().sort("lead_id")["probability"]
        assert (got == expected).all(), route


@pytest.mark.parametrize(
    ("written", "typed", "text"),
    [
        (["1.50", "2.00"], [1.5, 2.0], ["1.5", "2"]),
        (["1.5", "2"], [decimal.Decimal("1.50"), decimal.Decimal("2.00")], ["1.5", "2"]),
        ([".25", "-0.0"], [0.25, -0.0], ["0.25", "0"]),
        (["1e3", "2.5e-3"], [1000.0, 0.0025], ["1000", "0.0025"]),
    ],
)
def test_kinds_channels_props_and_stages(written, typed, text, tmp_path):
    base = {"lead": [1, 1], "at": ["2024-02-01T10:00:00Z", "2024-02-02T10:00:00Z"]}
    pl.DataFrame({**base, "x": written}).write_csv(tmp_path / "t.csv")
    made = pl.DataFrame({"id": [1], "made": ["2024-01-01"]})
    table = pa.table({**base, "x": typed})
    for source in (tmp_path / "t.csv", table, table.to_pandas(), pl.DataFrame({**base, "x": written})):
        j = ll.Journeys(
            leads=ll.Leads(made, "id", created="made"),
            events=[
                ll.Events(source, "lead", "at", "x", name="kinds"),
                ll.Events(source, "lead", "at", ll.literal("v"), channel="x", props=["x"], name="values"),
            ],
            stages=ll.Stages(source, "lead", "at", stage="x"),
            observed_until="2024-06-01",
        )
        shown = j.show(1)
        assert shown.filter(pl.col("source") == "kinds")["what"].to_list() == [f"kinds:{t}" for t in text] or (
            shown.filter(pl.col("source") == "kinds")["what"].to_list() == text
        )
        assert shown.filter(pl.col("what") == "v")["channel"].to_list() == text
        assert shown.filter(pl.col("source") == "stage")["what"].to_list() == text
        groups = j.funnel(["v"], by="x", attribution="all").to_polars()["group"].to_list()
        assert sorted(groups[1:]) == sorted(text)
        for name in (written[0], typed[0] if isinstance(typed[0], float) else text[0], text[0]):
            assert j.funnel([ll.Step("v", where={"x": name})]).steps.rows()[0][1] == 1
            assert j.funnel([ll.Step("v", channel=name)]).steps.rows()[0][1] == 1
            assert j.funnel([ll.Step(stage=name)]).steps.rows()[0][1] == 1


def test_codes_and_ids_stay_as_they_are(tmp_path):
    codes = ["007", "00.50", "1.10.0", "0e12", "12345e67", "+49151", "9007199254740993"]
    ids = ["1.10", "1.1", "1e3", "1000", "007", "7.0"]
    n = len(codes)
    pl.DataFrame({"id": [f"a{i}" for i in range(n)], "x": codes}).write_csv(tmp_path / "codes.csv")
    found = ll.Journeys(leads=ll.Leads(tmp_path / "codes.csv", "id", categories=["x"])).snapshot().to_polars()
    assert found.sort("lead_id")["x"].to_list() == codes
    pl.DataFrame({"id": ids, "x": ["a"] * len(ids)}).write_csv(tmp_path / "ids.csv")
    found = ll.Journeys(leads=ll.Leads(tmp_path / "ids.csv", "id")).snapshot().to_polars()
    assert set(found["lead_id"].to_list()) == {"1.10", "1.1", "1e3", "1000", "007", "7"}

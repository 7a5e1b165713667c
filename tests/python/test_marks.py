"""decimal= and thousands= hold for every role, field and route; encoding= and separator= are for CSV files only."""

import datetime as dt

import polars as pl
import pytest

import leadlens as ll

MARKS = {"decimal": ",", "thousands": "."}
N = 40
TEXTS = [f"{i + 1}.{i:03d},50" for i in range(N)]
NUMBERS = [float((i + 1) * 1000 + i) + 0.5 for i in range(N)]
ROUTES = ["frame", "csv", "parquet", "ipc", "pandas", "pyarrow"]


def put(table, route, folder, name="t"):
    if route == "csv":
        table.write_csv(folder / f"{name}.csv", separator=";")
        return folder / f"{name}.csv"
    if route == "parquet":
        table.write_parquet(folder / f"{name}.parquet")
        return folder / f"{name}.parquet"
    if route == "ipc":
        table.write_ipc(folder / f"{name}.arrow")
        return folder / f"{name}.arrow"
    return {"frame": table, "pandas": table.to_pandas(), "pyarrow": table.to_arrow()}[route]


def made(n=N):
    return pl.DataFrame({"id": list(range(n)), "made": ["2024-01-01"] * n})


def rows(j):
    return j.snapshot(as_of="2024-03-01").to_polars().sort(pl.col("lead_id").cast(pl.Int64))


@pytest.mark.parametrize("route", ROUTES)
def test_fields_of_leads_accounts_and_histories(route, tmp_path):
    leads = put(made().with_columns(x=pl.Series(TEXTS)), route, tmp_path)
    j = ll.Journeys(leads=ll.Leads(leads, "id", created="made", **MARKS), observed_until="2024-06-01")
    assert rows(j)["x"].to_list() == NUMBERS
    assert "suspect" not in str(j.check())
    firms = put(pl.DataFrame({"firm": list(range(N)), "size": TEXTS}), route, tmp_path, "firms")
    j = ll.Journeys(
        leads=ll.Leads(made().with_columns(firm="id"), "id", created="made", account="firm"),
        accounts=ll.Accounts(firms, "firm", **MARKS),
        observed_until="2024-06-01",
    )
    assert rows(j)["account.size"].to_list() == NUMBERS
    wide = put(pl.DataFrame({"lead": list(range(N)), "day": ["2024-01-02"] * N, "x": TEXTS}), route, tmp_path, "wide")
    long = pl.DataFrame({"lead": list(range(N)), "day": ["2024-01-02"] * N, "name": ["x"] * N, "value": TEXTS})
    # Another field of the column is no number.
    long = pl.concat([long, long.with_columns(name=pl.lit("y"), value=pl.lit("1.5"))])
    long = put(long, route, tmp_path, "long")
    for fields in (
        ll.Fields(wide, "lead", "day", **MARKS),
        ll.Fields(long, "lead", "day", name="name", value="value", **MARKS),
    ):
        j = ll.Journeys(leads=ll.Leads(made(), "id", created="made"), fields=fields, observed_until="2024-06-01")
        assert rows(j)["x"].to_list() == NUMBERS
        if "y" in rows(j).columns:
            assert rows(j)["y"].to_list() == ["1.5"] * N


@pytest.mark.parametrize("route", ROUTES)
def test_categories_conditions_props_and_lookups(route, tmp_path):
    table = pl.DataFrame({"id": [0, 1, 2], "made": ["2024-01-01"] * 3, "x": ["1.000,50", "2,0", "n.n."]})
    source = put(table, route, tmp_path)
    j = ll.Journeys(
        leads=ll.Leads(source, "id", created="made", categories=["x"], **MARKS), observed_until="2024-06-01"
    )
    assert rows(j)["x"].to_list() == ["1000.5", "2", "n.n."]
    for condition, kept in ((1000.5, 1), ("1000.5", 1), (2, 1), (">= 2", 2), ({"not": 2}, 2), ("!= 2", 2)):
        leads = ll.Leads(source, "id", created="made", where={"x": condition}, **MARKS)
        assert len(rows(ll.Journeys(leads=leads, observed_until="2024-06-01"))) == kept, condition
    events = put(table.rename({"id": "lead", "made": "at"}), route, tmp_path, "events")
    prices = put(pl.DataFrame({"lead": [0, 1], "price": ["1.000,50", "2,50"]}), route, tmp_path, "prices")
    price = ll.lookup(prices, "lead", value="price", **MARKS)
    events = ll.Events(events, "lead", "at", ll.literal("v"), channel=price, props=["x"], **MARKS)
    j = ll.Journeys(leads=ll.Leads(made(3), "id", created="made"), events=events, observed_until="2024-06-01")
    for step in (ll.Step("v", where={"x": 1000.5}), ll.Step("v", channel=1000.5), ll.Step("v", channel="2.5")):
        assert j.funnel([step]).steps.rows()[0][1] == 1


def test_texts_that_are_no_numbers_by_these_marks_stay(tmp_path):
    # "1.5" is no number beside a decimal comma; codes keep their zeros; typed columns are what they are.
    table = pl.DataFrame(
        {"id": [0, 1], "made": ["2024-01-01"] * 2, "a": ["1,5", "1.5"], "plan": ["007", "1,5"], "size": [1.5, 2.5]}
    )
    for route in ROUTES:
        leads = ll.Leads(put(table, route, tmp_path), "id", created="made", fields=["a", "plan"], decimal=",")
        got = rows(ll.Journeys(leads=leads, observed_until="2024-06-01"))
        assert got["plan"].to_list() == ["007", "1.5"], route
        assert got["a"].dtype == pl.String, route
    leads = ll.Leads(table, "id", created="made", fields=["size"], decimal=",")
    assert rows(ll.Journeys(leads=leads, observed_until="2024-06-01"))["size"].to_list() == [1.5, 2.5]


@pytest.mark.parametrize("option", [{"encoding": "latin-1"}, {"separator": ";"}])
@pytest.mark.parametrize("route", ["frame", "parquet", "ipc", "pandas", "pyarrow"])
def test_encoding_and_separator_are_for_csv_files(route, option, tmp_path):
    leads = put(made(3), route, tmp_path)
    events = put(pl.DataFrame({"lead": [1], "at": ["2024-02-01"], "key": [1]}), route, tmp_path, "visits")
    good = ll.Leads(made(3), "id", created="made")
    name = next(iter(option))
    for build in (
        lambda: ll.Journeys(leads=ll.Leads(leads, "id", created="made", **option), observed_until="2024-06-01"),
        lambda: ll.Journeys(
            leads=good, events=ll.Events(events, "lead", "at", ll.literal("v"), **option), observed_until="2024-06-01"
        ),
        lambda: ll.Journeys(
            leads=good,
            events=ll.Events(
                made(3), ll.lookup(events, "key", lead="lead", on="id", **option), "made", ll.literal("v")
            ),
            observed_until="2024-06-01",
        ),
    ):
        with pytest.raises(ll.errors.OptionError, match=f"{name}.*not a CSV file"):
            build()


def test_amounts_of_both_kinds_of_tables(tmp_path):
    at = dt.datetime(2024, 2, 1, tzinfo=dt.UTC)
    table = pl.DataFrame({"lead": [0, 1], "at": [at] * 2, "stage": ["won"] * 2, "amount": ["1.234,50", "2,25"]})
    for route in ROUTES:
        stages = put(table.with_columns(pl.col("at").dt.to_string("iso")), route, tmp_path)
        stages = ll.Stages(stages, "lead", "at", stage="stage", amount="amount", **MARKS)
        j = ll.Journeys(
            leads=ll.Leads(made(2), "id", created="made"), stages=stages, won="won", observed_until="2024-06-01"
        )
        assert [j.show(i)["amount"].to_list()[-1] for i in (0, 1)] == [1234.5, 2.25], route

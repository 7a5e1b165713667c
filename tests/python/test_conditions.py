"""Conditions of where= mean one value however it is given, in tables and in analyses, on every route."""

import datetime as dt

import polars as pl
import pytest

import leadlens as ll

pytestmark = pytest.mark.filterwarnings("ignore::leadlens.errors.DataWarning")

BIG = 2**60


def day(n):
    return dt.datetime(2024, 5, 1, tzinfo=dt.UTC) + dt.timedelta(days=n)


@pytest.mark.parametrize("route", ["frame", "csv", "parquet"])
def test_neighbours_of_large_whole_numbers_are_told_apart(tmp_path, route):
    table = pl.DataFrame({"id": [1, 2, 3], "made": ["2024-05-01"] * 3, "org": [BIG - 1, BIG, BIG + 1]})
    source = table
    if route == "csv":
        source = tmp_path / "t.csv"
        table.write_csv(source)
    if route == "parquet":
        source = tmp_path / "t.parquet"
        table.write_parquet(source)
    for wanted in (BIG + 1, str(BIG + 1), [BIG + 1], {"not": [BIG - 1, BIG]}):
        leads = ll.Leads(source, "id", created="made", where={"org": wanted})
        j = ll.Journeys(leads=leads, observed_until=day(9))
        assert j.funnel(["created"]).to_polars()["leads"].to_list() == [1]
        leads = ll.Leads(source, "id", created="made", categories=["org"])
        j = ll.Journeys(leads=leads, observed_until=day(9))
        assert j.funnel(["created"], where={"org": wanted}).to_polars()["leads"].to_list() == [1]


def test_whole_numbers_of_more_than_64_bits():
    table = pl.DataFrame({"id": [1, 2], "made": [day(0)] * 2, "org": [str(2**70), str(2**70 + 1)]})
    leads = ll.Leads(table, "id", created="made", where={"org": 2**70 + 1})
    j = ll.Journeys(leads=leads, observed_until=day(9))
    assert j.funnel(["created"]).to_polars()["leads"].to_list() == [1]


@pytest.mark.parametrize("wanted", [7, 7.0, "7", "7.0"])
def test_a_number_however_it_is_given(wanted):
    table = pl.DataFrame({"id": [1, 2], "made": [day(0)] * 2, "size": [7, 8]})
    j = ll.Journeys(leads=ll.Leads(table, "id", created="made", categories=["size"]), observed_until=day(9))
    assert j.funnel(["created"], where={"size": wanted}).to_polars()["leads"].to_list() == [1]
    leads = ll.Leads(table, "id", created="made", where={"size": wanted})
    assert ll.Journeys(leads=leads, observed_until=day(9)).funnel(["created"]).to_polars()["leads"].to_list() == [1]


@pytest.mark.parametrize("wanted", [True, 1, 1.0, "True", "true"])
@pytest.mark.parametrize("cells", [[True, False], ["True", "False"], [1, 0]])
def test_a_truth_value_however_it_is_given(wanted, cells):
    table = pl.DataFrame({"id": [1, 2], "made": [day(0)] * 2, "paid": cells})
    j = ll.Journeys(leads=ll.Leads(table, "id", created="made", categories=["paid"]), observed_until=day(9))
    assert j.funnel(["created"], where={"paid": wanted}).to_polars()["leads"].to_list() == [1]
    leads = ll.Leads(table, "id", created="made", where={"paid": wanted})
    assert ll.Journeys(leads=leads, observed_until=day(9)).funnel(["created"]).to_polars()["leads"].to_list() == [1]


def test_dates_without_a_zone_are_those_of_the_journeys():
    table = pl.DataFrame({"id": [1, 2], "made": [day(0)] * 2, "signed": [dt.date(2023, 3, 1), dt.date(2023, 3, 2)]})
    for zone in ("UTC", "America/New_York", "Asia/Tokyo"):
        j = ll.Journeys(leads=ll.Leads(table, "id", created="made"), observed_until=day(9), timezone=zone)
        for condition in ("<= 2023-03-01", "== 2023-03-01", "< 2023-03-02"):
            assert j.funnel(["created"], where={"signed": condition}).to_polars()["leads"].to_list() == [1], zone


def test_hex_ids_with_an_e_among_digits_are_ids():
    ids = ["4521e123", "12345e67", "ab12cd34", "7e12"]
    j = ll.Journeys(
        leads=ll.Leads(pl.DataFrame({"id": ids, "made": [day(0)] * 4}), "id", created="made"), observed_until=day(9)
    )
    assert [j.show(i).height for i in ids] == [1] * 4

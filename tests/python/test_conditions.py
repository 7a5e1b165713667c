"""Conditions of where= mean one value however it is given, in tables and in analyses, on every route."""

import datetime as dt
from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
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


def touched(cells, of="x"):
    """Return journeys of leads 1, 2 and 3 whose visits have the cells as kind, channel, property, field and stage."""
    events = pl.DataFrame({"lead": [1, 2, 3], "at": [day(1)] * 3, of: pl.Series(cells, strict=False)})
    made = pl.DataFrame({"id": [1, 2, 3], "made": [day(0)] * 3, of: events[of]})
    return ll.Journeys(
        leads=ll.Leads(made, "id", created="made", categories=[of]),
        events=[
            ll.Events(events, "lead", "at", of, name="kinds"),
            ll.Events(events, "lead", "at", ll.literal("v"), channel=of, props=[of], name="visits"),
        ],
        stages=ll.Stages(
            events.with_columns(pl.lit("won").alias("s"), pl.lit(day(3)).alias("t")), "lead", "t", stage="s"
        ),
        won="won",
        observed_until=day(9),
    )


FORMS = [
    ([True, False, None], ["True", "true", True, np.True_]),
    (["TRUE", "False", None], ["True", "true", True]),
    ([7, 8, None], [7, 7.0, "7", "7.0", np.int64(7), np.float64(7)]),
    ([7.0, 8.5, None], [7, 7.0, "7", "7.00"]),
    (["7.50", "8", None], [7.5, "7.5", "7.50"]),
    ([BIG + 1, BIG, None], [BIG + 1, str(BIG + 1)]),
]


@pytest.mark.parametrize(("cells", "forms"), FORMS)
def test_steps_channels_properties_and_references_take_every_form(cells, forms):
    j = touched(cells)
    for form in forms:
        assert j.funnel([form]).steps.rows()[0][1] == 1, form
        assert j.funnel([[form, "won"]]).steps.rows()[0][1] == 3, form
        for step in (ll.Step(form), ll.Step(channel=form), ll.Step("v", where={"x": form})):
            assert j.funnel([step]).steps.rows()[0][1] == 1, form
        assert j.funnel([ll.Step("v", where={"x": {"not": form}})]).steps.rows()[0][1] == 2, form
        assert j.funnel([ll.Step("v", where={"x": [form, None]})]).steps.rows()[0][1] == 2, form
        assert j.funnel(["created"], where={"x": form}).steps.rows()[0][1] == 1
        without = ll.Exclusion(form, after="created", before="won", removes=True)
        assert j.funnel(["created", "won"], exclude=without).steps.rows()[1][1] == 2, form
        kept = j.attribution("linear", include=form).to_polars()
        assert kept["touches"].sum() == 1, form
        kept = j.attribution("linear", exclude=[form]).to_polars().filter(pl.col("channel") != "(missing)")
        assert kept["touches"].sum() == 1, form
        barriers = j.barriers(["created", "won"], by="x", reference=form, min_support=1).to_polars()
        assert len(barriers["group"].unique()) == 2
        split = j.funnel(["created", "won"], by="x")
        assert len(split.compare(form, "(missing)")) == 1


def test_a_number_is_no_code():
    table = pl.DataFrame({"id": [1, 2, 3], "made": [day(0)] * 3, "plan": ["7", "007", "+7"]})
    for wanted in (7, 7.0, "7", "7.0"):
        leads = ll.Leads(table, "id", created="made", where={"plan": wanted})
        assert ll.Journeys(leads=leads, observed_until=day(9)).funnel(["created"]).steps.rows()[0][1] == 1
        j = ll.Journeys(leads=ll.Leads(table, "id", created="made"), observed_until=day(9))
        assert j.funnel(["created"], where={"plan": wanted}).steps.rows()[0][1] == 1
        j = touched(["7", "007", "+7"])
        assert j.funnel([ll.Step("v", where={"x": wanted})]).steps.rows()[0][1] == 1


def test_unequal_and_not_agree_on_missing_values_everywhere():
    table = pl.DataFrame(
        {
            "id": [1, 2, 3],
            "made": [day(0)] * 3,
            "text": ["a", "b", None],
            "number": [1.0, 2.0, None],
            "signed": [dt.date(2024, 1, 1), dt.date(2024, 1, 2), None],
        }
    )
    events = table.rename({"id": "lead", "made": "at"})
    j = ll.Journeys(
        leads=ll.Leads(table, "id", created="made"),
        events=ll.Events(events, "lead", "at", ll.literal("v"), props=["text"], values=["number"]),
        observed_until=day(9),
    )
    cases = {"text": ("!= a", "a"), "number": ("!= 1", 1), "signed": ("!= 2024-01-01", "== 2024-01-01")}
    for name, (unequal, equal) in cases.items():
        for condition, count in ((unequal, 2), ({"not": equal}, 2), ({"all": [unequal, {"not": None}]}, 1)):
            assert j.funnel(["created"], where={name: condition}).steps.rows()[0][1] == count, (name, condition)
            if name != "signed":
                leads = ll.Leads(table, "id", created="made", where={name: condition})
                kept = ll.Journeys(leads=leads, observed_until=day(9))
                assert kept.funnel(["created"]).steps.rows()[0][1] == count, (name, condition)
                step = ll.Step("v", where={name: condition})
                assert j.funnel([step]).steps.rows()[0][1] == count, (name, condition)


def test_comparisons_in_tables(tmp_path):
    table = pl.DataFrame({"id": range(5), "made": ["2024-05-01"] * 5, "size": ["5", "50", "007", ">= 9", None]})
    table.write_csv(tmp_path / "t.csv")
    for source in (table, tmp_path / "t.csv"):
        for condition, count in (
            (">= 5", 2),
            ("< 50", 1),
            ("== 50", 1),
            ("!= 5*", 3),
            (">= 9", 1),
            ({"not": "<none>"}, 5),
            ({"not": "> 1"}, 3),
        ):
            leads = ll.Leads(source, "id", created="made", where={"size": condition})
            j = ll.Journeys(leads=leads, observed_until=day(9))
            assert j.funnel(["created"]).steps.rows()[0][1] == count, condition
        with pytest.raises(ll.errors.OptionError, match="does not compare with a number"):
            ll.Journeys(leads=ll.Leads(source, "id", created="made", where={"size": "> x"}), observed_until=day(9))


@pytest.mark.parametrize(
    "wanted",
    [
        np.array([7, 8]),
        pl.Series([7, 8]),
        pd.Series([7.0, 8.0]),
        pd.Index(["7", "8"]),
        pa.array([7, 8]),
        pd.array([7, 8], "Int64"),
        {7, 8},
        (7, 8),
    ],
)
def test_alternatives_of_any_library(wanted):
    table = pl.DataFrame({"id": [1, 2, 3], "made": [day(0)] * 3, "size": [7, 8, 9]})
    j = ll.Journeys(leads=ll.Leads(table, "id", created="made"), observed_until=day(9))
    assert j.funnel(["created"], where={"size": wanted}).steps.rows()[0][1] == 2
    leads = ll.Leads(table, "id", created="made", where={"size": wanted})
    assert ll.Journeys(leads=leads, observed_until=day(9)).funnel(["created"]).steps.rows()[0][1] == 2


def test_decimals_are_numbers():
    table = pl.DataFrame({"id": [1, 2], "made": [day(0)] * 2, "size": [7.5, 100.0]})
    for wanted, count in ((Decimal("7.50"), 1), (Decimal("1E+2"), 1), (Decimal(8), 0)):
        j = ll.Journeys(leads=ll.Leads(table, "id", created="made"), observed_until=day(9))
        assert j.funnel(["created"], where={"size": wanted}).steps.rows()[0][1] == count

"""Codes: columns of numbers that are names, not quantities."""

import numpy as np
import polars as pl
import pytest

import leadlens as ll

RNG = np.random.default_rng(3)
N = 400
LEADS = pl.DataFrame({"id": [0, 1], "created": ["2024-01-01"] * 2})


def fields(table, **options):
    """Return the types of the fields of a table of leads, and the withheld ones."""
    j = ll.Journeys(leads=ll.Leads(table, id="id", **options))
    frame = j.snapshot().to_polars()
    return {name: frame[name].dtype for name in j.facts["fields"]}, dict(j.facts["withheld"]), str(j.check())


@pytest.mark.parametrize("kind", ["frame", "csv", "parquet"])
def test_numbers_that_are_codes_are_no_quantities(kind, tmp_path):
    few = RNG.integers(0, 9, N)
    frame = pl.DataFrame(
        {
            "id": np.arange(N),
            "BillingPostalCode": 10_001 + 7 * few,
            "zip": 94_100.0 + few,
            "owner_id": 1000 + few,
            "naics": 541_511 + few,
            "mobile_phone": 4_915_100_000 + few,
            "Lead Number": RNG.permutation(N) + 579_533,
            "prospect": RNG.permutation(10**6)[:N],
            "annual_revenue": RNG.permutation(10**6)[:N],
            "employees": few * 10,
            "phone_calls": few,
        }
    )
    table = frame
    if kind != "frame":
        table = tmp_path / f"t.{kind}"
        (frame.write_csv if kind == "csv" else frame.write_parquet)(table)
    found, withheld, check = fields(table)
    codes = ["BillingPostalCode", "zip", "owner_id", "naics", "mobile_phone"]
    quantities = ["annual_revenue", "employees", "phone_calls"]
    assert [found[name] for name in codes] == [pl.String] * len(codes)
    assert [found[name] for name in quantities] == [pl.Float64] * len(quantities)
    assert sorted(withheld) == ["Lead Number", "prospect"]
    assert all("an identifier" in why for why in withheld.values())
    for name in codes:
        assert f"field '{name}' is read as a category" in check
    # Who names a field takes it as it is.
    found, withheld, _ = fields(table, fields=["zip", "Lead Number"])
    assert (found, withheld) == ({"zip": pl.Float64, "Lead Number": pl.Float64}, {})
    found, _, _ = fields(table, fields=["zip", "employees"], categories=["zip", "employees"])
    assert set(found.values()) == {pl.String}


def test_declared_categories(tmp_path):
    frame = pl.DataFrame({"id": [0, 1, 2], "segment": [3, 1, 3], "account": ["a", "b", "a"]})
    frame.write_csv(tmp_path / "t.csv")
    for table in (frame, frame.with_columns(pl.col("segment").cast(pl.Float64)), tmp_path / "t.csv"):
        j = ll.Journeys(leads=ll.Leads(table, id="id", categories=["segment"]))
        assert j.snapshot().to_polars().sort("lead_id")["segment"].to_list() == ["3", "1", "3"]
    accounts = pl.DataFrame({"account": ["a", "b"], "tier": [1, 2], "zip": [94_107, 10_001]})
    j = ll.Journeys(
        leads=ll.Leads(frame, id="id", account="account"),
        accounts=ll.Accounts(accounts, "account", categories=["tier"]),
    )
    got = j.snapshot().to_polars().sort("lead_id")
    assert got["account.tier"].to_list() == ["1", "2", "1"]
    assert got["account.zip"].to_list() == ["94107", "10001", "94107"]
    with pytest.raises(ll.SchemaError, match="did you mean 'segment'"):
        ll.Journeys(leads=ll.Leads(frame, id="id", categories=["segmnt"]))
    with pytest.raises(ll.SchemaError, match="column not found"):
        ll.Journeys(
            leads=ll.Leads(frame, id="id", account="account"),
            accounts=ll.Accounts(accounts, "account", categories=["industry"]),
        )


def long(name, values):
    return pl.DataFrame({"l": [0, 1], "at": ["2024-01-01"] * 2, "name": [name] * 2, "value": values})


def history(table, field, **options):
    declared = ll.Fields(table, lead="l", valid_from="at", name="name", value="value", **options)
    j = ll.Journeys(leads=ll.Leads(LEADS, "id", created="created"), fields=declared, observed_until="2024-06-01")
    return j.snapshot(as_of="2024-02-01").to_polars().sort("lead_id")[field].to_list()


@pytest.mark.parametrize(
    ("name", "values", "read"),
    [
        ("code", ["007", "42"], ["007", "42"]),
        ("region", ["01", "02"], ["01", "02"]),
        ("contact", ["+4915112345", "+4915112346"], ["+4915112345", "+4915112346"]),
        ("reference", ["1234567890123456789", "1234567890123456788"], ["1234567890123456789", "1234567890123456788"]),
        ("employees", ["10", "25.5"], [10.0, 25.5]),
        ("zip", ["94107", "10001"], ["94107", "10001"]),
        ("active", ["True", "FALSE"], ["true", "false"]),
    ],
)
def test_long_histories(name, values, read, tmp_path):
    table = long(name, values)
    # Another field in the same column changes nothing.
    both = pl.concat([table, long("note", ["call back", "7"])])
    both.write_csv(tmp_path / "t.csv")
    for one in (table, both, both.to_pandas(), tmp_path / "t.csv"):
        assert history(one, name) == read, one
    assert history(table, name, categories=[name]) == (["true", "false"] if name == "active" else values)
    with pytest.raises(ll.SchemaError, match="categories= contains 'zipp'"):
        history(table, name, categories=["zipp"])


def test_wide_histories():
    table = pl.DataFrame({"l": [0, 1], "at": ["2024-01-01"] * 2, "tier": [1, 2], "owner_id": [70, 71], "size": [5, 6]})
    declared = ll.Fields(table, lead="l", valid_from="at", categories=["tier"])
    j = ll.Journeys(leads=ll.Leads(LEADS, "id", created="created"), fields=declared, observed_until="2024-06-01")
    got = j.snapshot(as_of="2024-02-01").to_polars().sort("lead_id")
    assert got.select("tier", "owner_id", "size").rows() == [("1", "70", 5.0), ("2", "71", 6.0)]


def test_codes_that_lost_their_zeros_are_refused():
    y = RNG.integers(0, 2, N)
    zips = np.where(RNG.random(N) < np.where(y == 1, 0.7, 0.3), "01234", "90210")
    frame = pl.DataFrame({"id": np.arange(N), "x": zips, "y": y})
    train = ll.Journeys(leads=ll.Leads(frame, id="id", outcome="y")).snapshot()
    scorer = ll.LeadScorer().fit(train)
    lost = frame.with_columns(pl.col("x").cast(pl.Int64))
    for options in ({}, {"categories": ["x"]}):
        numbers = ll.Journeys(leads=ll.Leads(lost, id="id", outcome="y", **options))
        with pytest.raises(ll.SchemaError, match="codes with leading zeros such as '01234'"):
            scorer.score(numbers.snapshot())

"""Tables whose keys find nothing warn when journeys are built, whatever the role."""

import warnings

import polars as pl
import pytest

import leadlens as ll

N = 20


def made(firms="x"):
    firm = [f"{firms}{i}" for i in range(N)]
    return ll.Leads(
        pl.DataFrame({"id": range(N), "made": ["2024-01-01"] * N, "firm": firm}), "id", created="made", account="firm"
    )


def firms(count):
    names = [f"x{i}" for i in range(count)] + [f"q{i}" for i in range(N - count)]
    return ll.Accounts(pl.DataFrame({"firm": names, "industry": ["z"] * N}), "firm")


def told(**roles):
    with warnings.catch_warnings(record=True) as all_told:
        warnings.simplefilter("always")
        ll.Journeys(observed_until="2024-06-01", **roles)
    return [str(w.message) for w in all_told if issubclass(w.category, ll.errors.DataWarning)]


@pytest.mark.parametrize(("found", "count"), [(0, 1), (9, 1), (10, 0), (N, 0)])
def test_accounts(found, count):
    all_told = told(leads=made(), accounts=firms(found))
    assert len(all_told) == count
    if count:
        assert f"{found} of {N} keys are found" in all_told[0]


@pytest.mark.parametrize("part", ["channel", "campaign", "kind", "rep"])
@pytest.mark.parametrize(("key", "count"), [("k", 0), ("q", 1)])
def test_lookups_of_attributes(part, key, count):
    events = pl.DataFrame({"lead": range(N), "at": ["2024-02-01"] * N, "key": [f"{key}{i % 3}" for i in range(N)]})
    names = pl.DataFrame({"key": ["k0", "k1", "k2"], "name": ["ads", "mail", "fair"]})
    lookup = ll.lookup(names, "key", value="name")
    if part == "kind":
        events = ll.Events(events, "lead", "at", lookup)
    else:
        events = ll.Events(events, "lead", "at", ll.literal("v"), **{part: lookup})
    all_told = told(leads=made(), events=events)
    assert len(all_told) == count, all_told


def test_more_rows_of_a_table_in_parts_are_one_count(tmp_path):
    for i, key in enumerate(["k0", "q", "q"]):
        pl.DataFrame({"lead": range(N), "at": ["2024-02-01"] * N, "key": [key] * N}).write_parquet(
            tmp_path / f"{i}.parquet"
        )
    lookup = ll.lookup(pl.DataFrame({"key": ["k0"], "name": ["ads"]}), "key", value="name")
    all_told = told(
        leads=made(), events=ll.Events(tmp_path / "*.parquet", "lead", "at", ll.literal("v"), channel=lookup)
    )
    assert len(all_told) == 1
    assert "lookup of channel: 20 of 60 keys are found" in all_told[0]

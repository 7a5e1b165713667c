"""Funnels by the rules of ClickHouse's windowFunnel, against ClickHouse itself (chdb)."""

import itertools

import chdb
import numpy as np
import polars as pl
import pytest

import leadlens as ll

LEADS = 50_000
EPOCH = 1_700_000_000_000_000


def random_journeys(seed, kinds):
    """50,000 journeys of 1 to 12 events, many at one time, with kinds that no step asks for."""
    rng = np.random.default_rng(seed)
    n = rng.integers(1, 13, LEADS)
    lead = np.repeat(np.arange(LEADS), n)
    # Short and long journeys, so that windows bind here and there.
    span = np.repeat(rng.choice([4, 15, 60], LEADS), n)
    at = EPOCH + rng.integers(0, span)
    kind = rng.choice(np.array(kinds), lead.size)
    return pl.DataFrame({"lead": lead, "at": at, "kind": kind})


def mode_sets():
    others = ["strict_deduplication", "strict_increase", "strict_once"]
    for order in ([], ["strict_order"], ["strict_order", "allow_reentry"]):
        for n in range(len(others) + 1):
            for chosen in itertools.combinations(others, n):
                yield [*chosen, *order]


# Steps that share events, repeat, and are apart.
FUNNELS = {
    "apart": (["a", "b", "c"], 10),
    "repeated": (["a", "a", "b", "a"], 20),
    "shared": ([["a", "b"], ["b", "c"], "c", ["a", "c"]], 12),
    "one": (["a"], 5),
}


@pytest.fixture(scope="module", params=FUNNELS)
def case(request, tmp_path_factory):
    steps, window = FUNNELS[request.param]
    events = random_journeys(sorted(FUNNELS).index(request.param), list("abcd"))
    journeys = ll.Journeys(
        leads=ll.Leads(pl.DataFrame({"id": np.arange(LEADS)}), id="id"),
        events=ll.Events(
            events.with_columns(pl.from_epoch("at", time_unit="us").dt.replace_time_zone("UTC")),
            lead="lead",
            at="at",
            kind="kind",
        ),
        # Our own funnel leaves out entrants whose window is not over.
        observed_until="2024-01-01",
    )
    path = tmp_path_factory.mktemp("events") / "events.parquet"
    events.write_parquet(path)
    return journeys, path, steps, window


def levels(path, steps, window, modes):
    """ClickHouse's level of every lead that has one."""
    listed = (", ".join(f"'{kind}'" for kind in step) for step in steps)
    conditions = ", ".join(f"kind IN ({kinds})" for kinds in listed)
    arguments = ", ".join([str(window), *(f"'{m}'" for m in modes)])
    sql = f"""SELECT lead, windowFunnel({arguments})(toUInt64(at), {conditions}) AS level
              FROM file('{path}', Parquet) GROUP BY lead HAVING level > 0 ORDER BY lead"""
    return pl.read_csv(str(chdb.query(sql, "CSVWithNames")).encode())


def test_our_own_order_is_that_of_strict_once(case):
    # Each step another event, all chains kept, events of one instant in whatever order leads furthest.
    journeys, path, steps, window = case
    theirs = levels(path, steps, window, ["strict_once"])
    leads = journeys.funnel(steps, window=f"{window}us").leads()
    ours = leads.select(pl.col("lead_id").cast(pl.Int64), "reached").sort("lead_id")
    assert ours["lead_id"].to_list() == theirs["lead"].to_list()
    assert (ours["reached"].cast(pl.Int64) != theirs["level"].cast(pl.Int64)).sum() == 0


@pytest.mark.parametrize("modes", list(mode_sets()), ids=lambda m: "+".join(m) or "default")
def test_same_level_for_every_lead(case, modes):
    journeys, path, steps, window = case
    theirs = levels(path, steps, window, modes)
    funnel = journeys.funnel(steps, window=f"{window}us", compat="clickhouse", modes=modes)
    ours = funnel.leads().select(pl.col("lead_id").cast(pl.Int64), "reached").sort("lead_id")
    assert ours["lead_id"].to_list() == theirs["lead"].to_list()
    differences = (ours["reached"].cast(pl.Int64) != theirs["level"].cast(pl.Int64)).sum()
    assert differences == 0
    assert [n for _, n in funnel.steps.rows()] == [int((theirs["level"] >= k).sum()) for k in range(1, len(steps) + 1)]

"""What tables, options and sets of features are declared to be, and what is said of slips."""

import polars as pl
import pytest
from small_tables import EVENTS, LEADS, STAGES, build

import leadlens as ll


def test_order_by_ids_of_64_bits():
    # More than a number with a fraction can tell apart.
    big = [10**18 + i for i in (3, 0, 4, 1, 2)]
    for order in (big, [str(i) for i in big], [f"{i}.0" for i in (3, 0, 4, 1, 2)]):
        events = pl.DataFrame({"lead": ["1"] * 5, "at": ["2024-01-02T00:00:00Z"] * 5, "v": [3, 0, 4, 1, 2], "o": order})
        leads = pl.DataFrame({"id": ["1"], "created": ["2024-01-01"]})
        journeys = ll.Journeys(
            leads=ll.Leads(leads, id="id", created="created"),
            events=ll.Events(events, lead="lead", at="at", kind=ll.literal("x"), values=["v"], order="o"),
        )
        features = ll.FeatureSet(only=["last(x.v)"])
        assert journeys.snapshot(as_of="2024-01-03", features=features).to_polars()["last(x.v)"].to_list() == [4.0]


def test_cutoffs_are_of_the_zone_of_the_journeys():
    events = pl.DataFrame({"lead": ["1"], "at": ["2024-06-05T10:30:00"]})
    leads = pl.DataFrame({"id": ["1"], "created": ["2024-01-01"]})
    cutoffs = pl.DataFrame(
        {"lead_id": ["1", "1", "1"], "cutoff": ["2024-06-05T10:00:00", "2024-06-05T11:00:00", "2024-06-05T11:00:00"]}
    )
    journeys = ll.Journeys(
        leads=ll.Leads(leads, id="id", created="created"),
        events=ll.Events(events, lead="lead", at="at", kind=ll.literal("x")),
        timezone="Europe/Berlin",
        observed_until="2024-07-01",
    )
    snapshot = journeys.snapshot(cutoffs=cutoffs, features=ll.FeatureSet(only=["count(x)"]))
    assert snapshot.to_polars()["count(x)"].to_list() == [0.0, 1.0]
    assert (snapshot.counts["candidates"], snapshot.counts["repeated"]) == (2, 1)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"leads": LEADS}, "leads: expected Leads"),
        ({"events": EVENTS}, "events: expected Events"),
        ({"stages": [STAGES]}, "stages: expected Stages"),
        ({"accounts": LEADS}, "accounts: expected Accounts"),
        ({"fields": "history.csv"}, "fields: expected Fields"),
    ],
)
def test_tables_without_roles(given, words):
    roles = {"leads": ll.Leads(LEADS, id="id", created="created"), **given}
    with pytest.raises(ll.OptionError, match=words):
        ll.Journeys(**roles)


def test_a_literal_stage():
    wide = pl.DataFrame({"lead": [1, 2], "won_at": ["2024-02-01", None]})
    leads = pl.DataFrame({"id": [1, 2], "created": ["2024-01-01", "2024-01-01"]})
    journeys = ll.Journeys(
        leads=ll.Leads(leads, id="id", created="created"),
        stages=ll.Stages(wide, lead="lead", at="won_at", stage=ll.literal("won")),
        won="won",
        observed_until="2024-06-01",
    )
    assert journeys.funnel(["created", "won"]).steps.rows() == [("created", 2), ("won", 1)]


def test_amounts_in_several_currencies_are_told():
    deals = pl.DataFrame(
        {"lead": [1, 2], "at": ["2024-02-01"] * 2, "stage": ["won"] * 2, "sum": [100, 16_000], "money": ["EUR", "JPY"]}
    )
    leads = pl.DataFrame({"id": [1, 2], "created": ["2024-01-01", "2024-01-01"]})
    journeys = ll.Journeys(
        leads=ll.Leads(leads, id="id", created="created"),
        stages=ll.Stages(deals, lead="lead", at="at", stage="stage", amount="sum", currency="money"),
    )
    assert "amounts are in 2 currencies (EUR, JPY)" in repr(journeys.check())


def test_feature_sets_are_checked():
    journeys = build()
    take = lambda **options: journeys.snapshot(after="1d", features=ll.FeatureSet(**options)).to_polars()  # noqa: E731
    with pytest.raises(ll.UnknownNameError, match="without="):
        take(without=["count(nothing)"])
    with pytest.raises(ll.OptionError, match="windows"):
        take(windows=["0d"])
    twice = take(windows=["7d", "1w"], kind_windows=["30d", "30d"])
    assert len(set(twice.columns)) == len(twice.columns)
    assert take(only="count(*)").columns == take(only=["count(*)", "count(*)"]).columns


def test_unknown_names_tell_what_there_is():
    with pytest.raises(ll.UnknownNameError, match="known: 'visit', 'won', 'lost'"):
        build().funnel(["created", "zzzzzzzzz"])

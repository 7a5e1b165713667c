"""Ids that went through a float too large for whole numbers are quarantined with the reason, in every role."""

import datetime as dt

import polars as pl
import pytest

import leadlens as ll

pytestmark = pytest.mark.filterwarnings("ignore::leadlens.errors.DataWarning")

BIG = 2**53 + 2
REASON = "float id of 2^53 or more"


def day(n):
    return dt.datetime(2024, 5, 1, tzinfo=dt.UTC) + dt.timedelta(days=n)


def leads(ids, **columns):
    table = pl.DataFrame({"id": ids, "made": [day(0)] * len(ids), **columns})
    return ll.Leads(table, id="id", created="made", account="firm" if "firm" in columns else None)


def told(journeys, role):
    found = next(t for t in journeys.check().tables if t["role"] == role)
    return sum(q["rows"] for why, q in found["quarantined"].items() if REASON in why)


@pytest.mark.parametrize(
    "key",
    [
        pl.Series([float(BIG), 7.0]),
        pl.Series([2.0**24, 7.0], dtype=pl.Float32),
        pl.Series([f"{BIG}.0", "7.0"]),
        pl.Series(["9.007199254740994e+15", "7"]),
    ],
)
def test_events_of_ids_that_a_float_has_changed_join_no_lead(key):
    visits = ll.Events(pl.DataFrame({"who": key, "at": [day(1)] * 2}), "who", "at", ll.literal("visit"))
    j = ll.Journeys(leads=leads([BIG, 2**24, 7]), events=visits, observed_until=day(9))
    assert [j.show(i).height - 1 for i in (BIG, 2**24, 7)] == [0, 0, 1]
    assert told(j, "events") == 1


def test_whole_numbers_and_texts_of_that_size_are_ids():
    for ids in ([BIG, BIG + 1], [str(BIG), str(BIG + 1)], pl.Series([BIG, BIG + 1], dtype=pl.UInt64)):
        visits = ll.Events(pl.DataFrame({"who": ids, "at": [day(1)] * 2}), "who", "at", ll.literal("visit"))
        j = ll.Journeys(leads=leads([BIG, BIG + 1]), events=visits, observed_until=day(9))
        assert [j.show(i).height - 1 for i in (BIG, BIG + 1)] == [1, 1]


def test_leads_deals_and_accounts():
    j = ll.Journeys(leads=leads([float(BIG), 7.0]), observed_until=day(9))
    assert (j.facts["leads"], told(j, "leads")) == (1, 1)
    rows = pl.DataFrame({"who": [7, 7], "at": [day(1)] * 2, "stage": ["won"] * 2, "deal": [float(BIG), 3.0]})
    stages = ll.Stages(rows, "who", "at", stage="stage", deal="deal")
    j = ll.Journeys(leads=leads([7]), stages=stages, won="won", observed_until=day(9))
    assert (j.facts["stage_entries"], told(j, "stages")) == (1, 1)
    firms = ll.Accounts(pl.DataFrame({"id": [float(BIG), 5.0], "size": [1.0, 2.0]}), "id")
    j = ll.Journeys(leads=leads([7, 8], firm=[BIG, 5]), accounts=firms, observed_until=day(9))
    assert told(j, "accounts") == 1


def test_keys_of_lookups():
    people = pl.DataFrame({"cookie": [float(BIG), 3.0], "lead": [7, 7]})
    visits = pl.DataFrame({"cookie": [BIG, 3], "at": [day(1)] * 2})
    events = ll.Events(visits, ll.lookup(people, key="cookie", lead="lead"), "at", ll.literal("visit"))
    j = ll.Journeys(leads=leads([7]), events=events, observed_until=day(9))
    assert j.show(7).height == 2

"""Money beside leads is the money of those leads: outcomes_from, where=, and periods without spend."""

import datetime as dt

import polars as pl
import pytest

import leadlens as ll

UTC = dt.timezone.utc


def day(n):
    return dt.datetime(2024, 1, 1, tzinfo=UTC) + dt.timedelta(days=n)


def halves(only=None, **options):
    """A hundred old leads with deals of 1000 and a hundred new ones with deals of 10; source "b" wins half as often."""
    n = range(200) if only is None else range(*only)
    old = [i < 100 for i in n]
    made = [day(0) if o else day(100) for o in old]
    win = ["won" if i % 10 < (6 if i % 2 == 0 else 3) else "lost" for i in n]
    leads = pl.DataFrame(
        {"id": list(n), "made": made, "source": ["ab"[i % 2] for i in n], "half": ["old" if o else "new" for o in old]}
    )
    closing = [m + dt.timedelta(days=5) for m in made]
    stages = pl.DataFrame({"lead": list(n), "at": closing, "to": win, "sum": [1000.0 if o else 10.0 for o in old]})
    visits = pl.DataFrame(
        {"lead": list(n), "at": [m + dt.timedelta(days=1) for m in made], "channel": ["ads"] * len(n)}
    )
    return ll.Journeys(
        leads=ll.Leads(leads, "id", created="made"),
        events=ll.Events(visits, "lead", "at", ll.literal("visit"), channel="channel"),
        stages=ll.Stages(stages, "lead", "at", stage="to", amount="sum"),
        pipeline=["created", "won"],
        won="won",
        lost="lost",
        observed_until=day(200),
        **options,
    )


def test_barriers_value_leads_by_the_wins_of_the_leads_that_count():
    steps = ["created", "won"]
    alone = halves((100, 200)).barriers(steps, by="source").to_polars()
    for journeys, where in ((halves(outcomes_from=day(50)), None), (halves(), {"half": "new"})):
        some = journeys.barriers(steps, by="source", where=where).to_polars()
        assert some.equals(alone)
    assert alone["value_lost"].to_list() == pytest.approx([10 * x for x in alone["conversions_lost"].to_list()])


def spend(months, amounts, channel="ads"):
    rows = pl.DataFrame({"month": months, "cost": amounts})
    return ll.Spend(rows, at="month", amount="cost", channel=ll.literal(channel))


def test_spend_before_outcomes_were_recorded_is_left_out_and_told():
    money = spend(["2024-01", "2024-04"], [900.0, 100.0])
    whole = halves().attribution("linear", spend=money)
    assert whole.costs().select("spend", "leads", "cost_per_lead").rows() == [(1000.0, 200, 5.0)]
    # From 31 March on; all of April's spend counts, and none of January's.
    late = halves(outcomes_from=day(90)).attribution("linear", spend=money)
    assert late.costs().select("spend", "leads", "cost_per_lead").rows() == [(100.0, 100, 1.0)]
    assert any("900.00 of spend (1 row" in r and "known outcomes" in r for r in late.remarks)
    # Of a month that outcomes start in, the days from then on.
    money = spend(["2024-04"], [300.0])
    half = halves(outcomes_from=dt.datetime(2024, 4, 10, tzinfo=UTC)).attribution("linear", spend=money)
    assert half.costs()["spend"].to_list() == pytest.approx([300 * 21 / 30])


def test_costs_of_some_leads_say_that_the_spend_is_that_of_all():
    result = halves().attribution("linear", spend=spend(["2024-01"], [900.0]), where={"source": "a"})
    assert any("leads where source" in r for r in result.remarks)
    assert not any("leads where" in r for r in halves().attribution("linear", spend=spend(["2024-01"], [1.0])).remarks)


def test_unit_costs_leave_out_periods_for_which_no_spend_is_given():
    result = halves().attribution("linear", spend=spend(["2024-01"], [900.0]))
    row = result.costs().row(0, named=True)
    assert (row["spend"], row["leads"], row["cost_per_lead"]) == (900.0, 200, 9.0)
    wins = halves((0, 100)).attribution("linear").to_polars()["conversions"].sum()
    assert row["cost_per_conversion"] == pytest.approx(900 / wins)
    assert row["return_on_spend"] == pytest.approx(1000 * wins / 900)
    assert any("spend covers 1 of 2 periods" in r for r in result.remarks)
    # A row of another channel says that the period's spend is known: this channel cost nothing then.
    both = [spend(["2024-01"], [900.0]), spend(["2024-04"], [50.0], "mail")]
    result = halves().attribution("linear", spend=both)
    assert result.costs().filter(channel="ads")["cost_per_lead"].to_list() == [4.5]
    assert not any("spend covers" in r for r in result.remarks)


def test_the_order_of_rows_changes_no_bit_of_a_model():
    paths = [("a", "b"), ("b", "c", "a"), ("c",), ("a", "c", "b"), ("b",), ("c", "b"), ("a",), ("c", "a", "b", "c")]
    rows = [(i, day(1 + k), channel) for i, path in enumerate(paths) for k, channel in enumerate(path)]
    events = pl.DataFrame(rows, schema=["lead", "at", "channel"], orient="row")
    leads = pl.DataFrame({"id": list(range(8)), "made": [day(0)] * 8})
    wins = pl.DataFrame({"lead": [0, 1, 4, 7], "at": [day(20)] * 4, "sum": [1.1, 2.3, 3.7, 0.9]})
    found = set()
    for seed in range(12):
        shuffled = [frame.sample(fraction=1, shuffle=True, seed=seed) for frame in (leads, events, wins)]
        journeys = ll.Journeys(
            leads=ll.Leads(shuffled[0], "id", created="made"),
            events=ll.Events(shuffled[1], "lead", "at", ll.literal("visit"), channel="channel"),
            stages=ll.Stages(shuffled[2], "lead", "at", stage=ll.literal("won"), amount="sum"),
            won="won",
            observed_until=day(30),
        )
        methods = ["markov", "markov 2", "shapley", "shapley_exact", "linear", "time_decay"]
        found.add(str(journeys.attribution(methods, bootstrap=20).to_polars().rows()))
    assert len(found) == 1

"""The same question, asked of several methods, has one answer."""

import datetime as dt
import random

import polars as pl
import pytest
from real_data import olist

import leadlens as ll

START = dt.datetime(2024, 1, 1, tzinfo=dt.timezone.utc)


def day(n: float) -> dt.datetime:
    return START + dt.timedelta(days=n)


def world(seed: int, deals: bool, reopened: bool, **options) -> ll.Journeys:
    """Leads of three sources and of none; some won, some lost, some re-opened after a loss."""
    draw = random.Random(seed)
    leads, stages = [], []
    for lead in range(300):
        created = draw.uniform(0, 200)
        leads.append((lead, day(created), draw.choice(["ads", "fair", "web", None]), draw.randint(1, 500)))
        for deal in range(draw.choice([1, 2]) if deals else 1):
            name = f"{lead}.{deal}" if deals else None
            at = created + draw.expovariate(1 / 20)
            stages.append((lead, day(at), "meeting", name, None))
            end = draw.choice(["won", "lost", None])
            if end is None:
                continue
            at += draw.expovariate(1 / 60)
            stages.append((lead, day(at), end, name, draw.choice([None, 100.0, 250.0])))
            if reopened and end == "lost" and draw.random() < 0.5:
                at += draw.uniform(1, 20)
                stages.append((lead, day(at), "meeting", name, None))
                if draw.random() < 0.5:
                    stages.append((lead, day(at + draw.uniform(1, 50)), "won", name, None))
    frame = pl.DataFrame(leads, schema=["id", "created", "source", "size"], orient="row")
    rows = pl.DataFrame(
        stages, schema=["lead", "at", "stage", "deal", "amount"], orient="row", infer_schema_length=None
    )
    columns = {"deal": "deal"} if deals else {}
    touches = frame.select("id", at="created", channel=pl.col("source").fill_null("none"))
    return ll.Journeys(
        leads=ll.Leads(frame, id="id", created="created"),
        events=ll.Events(touches, lead="id", at="at", kind=ll.literal("visit"), channel="channel"),
        stages=ll.Stages(rows, lead="lead", at="at", stage="stage", amount="amount", **columns),
        pipeline=["created", "meeting", "won"],
        won="won",
        lost="lost",
        observed_until=day(260),
        **options,
    )


WORLDS = [
    pytest.param(
        seed, deals, reopened, recorded, id=f"{seed}{'-deals' * deals}{'-reopened' * reopened}-from-{recorded}"
    )
    for seed, deals, reopened, recorded in [
        (1, False, False, None),
        (2, True, False, None),
        (3, False, True, None),
        (4, True, True, None),
        (5, False, False, 60),
        (6, True, True, 60),
    ]
]


@pytest.mark.parametrize(("seed", "deals", "reopened", "recorded"), WORLDS)
def test_how_many_were_won(seed, deals, reopened, recorded):
    j = world(seed, deals, reopened, **({} if recorded is None else {"outcomes_from": day(recorded)}))
    f = j.funnel(["created", "won"], by="source")
    (_, entered), (_, won) = f.steps.rows()
    assert entered + f.before_outcomes == 300
    assert (f.before_outcomes > 0) == (recorded is not None)
    s = j.stage_funnel(pipeline=["created", "won"], by="source")
    assert (s.facts["cycles"], s.facts["before_outcomes"]) == (entered, f.before_outcomes)
    by_source = dict(f.to_polars().filter(pl.col("step") == "won").select("group", "leads").rows())
    assert dict(s.to_polars().filter(pl.col("stage") == "won").select("group", "won").rows()) == by_source
    assert dict(s.summary().select("group", "won").rows()) == by_source
    assert s.wins().filter(pl.col("group") == "(all)")["won"].sum() == won
    # A win after a loss that was final then competes with it: it is counted, and said.
    t = j.time_to("won", by="source")
    assert t.facts["before_outcomes"] == f.before_outcomes
    assert t.to_polars()["events"][0] + t.facts["event_after_competing"] == won
    a = j.attribution("first")
    assert (a.facts["conversions"], a.facts["before_outcomes"]) == (won, f.before_outcomes)
    lost = j.barriers(["created", "won"], by="source", min_support=1).to_polars()
    rates = dict(f.to_polars().filter(pl.col("step") == "won").select("group", "of_first").rows())
    for group, rate in lost.select("group", "rate").rows():
        assert rate == pytest.approx(rates[group])
    d = j.drivers(["created", "won"], fields="source", min_support=1).to_polars()
    for value, leads, went_on in d.filter(pl.col("name") == "source").select("value", "leads", "went_on").rows():
        assert went_on / leads == pytest.approx(rates[value])
    assert j.paths(target="won").facts["before_outcomes"] == f.before_outcomes


@pytest.mark.parametrize(("seed", "deals", "reopened", "recorded"), WORLDS)
def test_how_many_were_won_within_a_time(seed, deals, reopened, recorded):
    j = world(seed, deals, reopened, **({} if recorded is None else {"outcomes_from": day(recorded)}))
    f = j.funnel(["created", "won"], window="90d")
    (_, entered), (_, won) = f.steps.rows()
    s = j.stage_funnel(pipeline=["created", "won"], window="90d")
    table = s.to_polars().filter(pl.col("stage") == "won")
    assert (s.facts["cycles"], table["won"][0]) == (entered, won)
    assert (s.facts["immature"], s.facts["before_outcomes"]) == (f.immature, f.before_outcomes)
    # Labels are of leads that are open at creation, which all are.
    label = j.snapshot(after="0d", horizon="90d", target="won")
    assert (label.counts["rows"], label.counts["positives"]) == (entered, won)
    assert len(f.leads()) == entered
    by_month = j.funnel(["created", "won"], window="90d", period="month").trend()
    assert by_month.filter(pl.col("step") == "won")["leads"].sum() == won
    assert by_month.filter(pl.col("step") == "won")["before_outcomes"].sum() == f.before_outcomes


def test_entries_before_outcomes_were_recorded():
    """Entries other than creation: the best, the first, and every one."""
    leads = pl.DataFrame({"id": [0, 1, 2], "created": [day(0)] * 3})
    visits = [(0, 1), (0, 20), (1, 1), (2, 30)]
    rows = pl.DataFrame([(lead, day(at), "visit") for lead, at in visits], schema=["id", "at", "kind"], orient="row")
    won = pl.DataFrame([(0, day(21)), (1, day(22))], schema=["id", "at"], orient="row").with_columns(
        stage=pl.lit("won")
    )
    j = ll.Journeys(
        leads=ll.Leads(leads, id="id", created="created"),
        events=ll.Events(rows, lead="id", at="at", kind="kind"),
        stages=ll.Stages(won, lead="id", at="at", stage="stage"),
        won="won",
        outcomes_from=day(10),
        observed_until=day(100),
    )
    for order in ("sequential", "any"):
        best = j.funnel(["visit", "won"], order=order, window="30d")
        first = j.funnel(["visit", "won"], order=order, window="30d", entry="first")
        every = j.funnel(["visit", "won"], order=order, window="5d", entry="totals")
        if order == "sequential":
            # The second visit of lead 0 counts; lead 1 entered before, and not again.
            assert [n for _, n in best.steps.rows()] == [2, 1]
            assert (best.before_outcomes, best.never_entered) == (1, 0)
            assert ([n for _, n in first.steps.rows()], first.before_outcomes) == ([1, 0], 2)
            assert ([n for _, n in every.steps.rows()], every.before_outcomes) == ([2, 1], 2)
        else:
            assert [n for _, n in best.steps.rows()] == [3, 1]
            assert ([n for _, n in first.steps.rows()], first.before_outcomes) == ([1, 0], 2)
            assert ([n for _, n in every.steps.rows()], every.before_outcomes) == ([3, 1], 2)
    assert "1 lead entered before outcomes_from" in str(j.funnel(["visit", "won"], window="30d"))
    same = j.funnel(["visit", "won"], window="30d", times=False)
    assert [n for _, n in same.steps.rows()] == [2, 1]
    assert same.before_outcomes == 1


def test_leads_before_outcomes_were_recorded(shared):
    """Olist recorded wins from December 2017 on; leads are from June."""
    folder = shared("olist_marketing_funnel")
    j = olist(folder, outcomes_from="2017-12-05")
    f = j.funnel(["created", "won"], window="90d")
    assert f.steps.rows() == [("created", 6_173), ("won", 682)]
    assert f.to_polars()["of_first"][1] == pytest.approx(0.1105, abs=5e-5)
    everything = olist(folder)
    # One lead was won two days before its first contact: no method counts that as a way from the one to the other.
    won = everything.funnel(["created", "won"]).steps.rows()[1][1]
    s = everything.stage_funnel(pipeline=["created", "won"])
    t = everything.time_to("won")
    assert (won, s.velocity["won"], t.to_polars()["events"][0]) == (841, 841, 841)
    assert (s.facts["ended_before"], t.facts["ended_before"]) == (1, 1)
    assert "1 lead was won or lost before it was created" in str(s)
    assert s.facts["win_rate_of"] == "all leads"

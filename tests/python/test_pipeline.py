"""Stage funnels from Python, on real logs."""

import polars as pl
import pytest
from real_data import bpic, maven

import leadlens as ll


def test_loans_reconcile(shared):
    funnel = bpic(shared("bpic2012_loan_applications")).stage_funnel()
    table = funnel.to_polars()
    # The published counts; 399 applications have no end.
    assert table["reached"].to_list() == [13_087, 7_367, 5_113, 5_015, 2_246]
    assert table["open"].sum() == 399
    assert table["lost"].sum() == 7_635 + 2_807
    assert (table["reached"] == table["moved_on"] + table["lost"] + table["open"] + table["won"]).all()
    assert table["skipped"].sum() == 0
    assert funnel.cohorts().group_by("stage").agg(pl.col("reached").sum()).sort("reached", descending=True)[
        "reached"
    ].to_list() == [13_087, 7_367, 5_113, 5_015, 2_246]
    wins = funnel.wins()
    assert (wins["won"].sum(), wins["lost"].sum()) == (2_246, 10_442)
    # Of all closed applications, not of those in the last stage before the win, nearly all of which are won.
    assert funnel.velocity["win_rate"] == pytest.approx(2_246 / 12_688)
    assert (funnel.velocity["won"], funnel.velocity["of"]) == (2_246, 12_688)
    assert "win rate 17.7 % (17.0 % to 18.4 %): 2246 won of 12688 closed leads" in str(funnel)
    late = bpic(shared("bpic2012_loan_applications")).stage_funnel(opportunity="A_FINALIZED")
    assert late.summary()["win_rate_of"].to_list() == ["closed leads that reached 'A_FINALIZED'"]
    flow = funnel.flow()
    last = flow.filter(pl.col("period") == flow["period"].max())
    assert dict(zip(last["stage"], last["stock"], strict=True)) == {
        "A_SUBMITTED": 0,
        "A_PREACCEPTED": 69,
        "A_ACCEPTED": 3,
        "A_FINALIZED": 327,
        "A_APPROVED": 2_246,
    }


def test_win_rate_of_deals(shared):
    """Maven's pipeline: 4,238 won and 2,473 lost of 6,711 closed; engaging is a step that prospecting deals skip."""
    journeys = maven(shared("maven_crm_sales"))
    funnel = journeys.stage_funnel(pipeline=["created", "Won"])
    table = funnel.to_polars()
    assert (table["won"].sum(), table["lost"].sum()) == (4_238, 2_473)


def test_deals_of_one_lead():
    leads = pl.DataFrame({"id": [1], "created": ["2024-01-01"]})
    rows = [
        ("d1", "2024-01-02", "meeting"),
        ("d1", "2024-01-05", "proposal"),
        ("d2", "2024-01-06", "meeting"),
        ("d1", "2024-01-07", "lost"),
        ("d2", "2024-01-09", "proposal"),
        ("d2", "2024-01-12", "won"),
    ]
    deals = pl.DataFrame(rows, schema=["deal", "at", "stage"], orient="row").with_columns(lead=1, amount=500.0)
    journeys = ll.Journeys(
        leads=ll.Leads(leads, id="id", created="created"),
        stages=ll.Stages(deals, lead="lead", deal="deal", at="at", stage="stage", amount="amount"),
        pipeline=["lead", "meeting", "proposal", "won"],
        won="won",
        lost="lost",
        observed_until="2024-02-01",
    )
    funnel = journeys.stage_funnel()
    # The second deal is behind the first: the lead does not move back; one deal lost is not the lead.
    assert (funnel.facts["regressions"], funnel.facts["reopened"]) == (0, 0)
    assert funnel.wins().select("won", "lost", "value").rows() == [(1, 0, 500.0)]
    assert funnel.velocity["value"] == 500.0


def test_views_and_charts():
    journeys = ll.datasets.b2b_saas()
    steps = ["lead", "sql", "closed_won"]
    cohort = journeys.stage_funnel(pipeline=steps, by="lead_source")
    flow = journeys.stage_funnel(pipeline=steps, view="flow", period="week")
    assert cohort.to_polars().columns[:3] == ["group", "stage", "reached"]
    assert flow.to_polars().columns[:3] == ["group", "period", "stage"]
    young = journeys.stage_funnel(pipeline=steps, window="100d")
    assert young.facts["immature"] + young.facts["cycles"] == 5_000
    assert cohort.times().filter(pl.col("group") == "(all)")["stage"].to_list() == steps
    for chart in (cohort.plot(), flow.plot(), journeys.stage_funnel(pipeline=steps).plot()):
        assert chart.to_dict()["$schema"]
    assert "win rate" in cohort._repr_html_()
    empty = journeys.stage_funnel(pipeline=steps, window="3000d", view="flow")
    assert empty.to_polars().height == 0
    assert empty.plot().to_dict()


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({}, ll.OptionError, "the journeys have no stages"),
        ({"pipeline": ["lead", "sgl"]}, ll.UnknownNameError, "did you mean 'sql'"),
        ({"pipeline": ["sql", "sql"]}, ll.OptionError, "twice"),
        ({"pipeline": ["lead", "sql"], "by": "lead_sorce"}, ll.UnknownNameError, "did you mean 'lead_source'"),
        ({"pipeline": ["lead", "sql"], "recycle_after": "0d"}, ll.OptionError, "longer than zero"),
        ({"pipeline": ["lead", "sql"], "opportunity": "opp"}, ll.UnknownNameError, "opp"),
        ({"pipeline": ["lead", "sql"], "view": "flows"}, ll.OptionError, "flow"),
        ({"pipeline": ["lead", "sql"], "period": "moth"}, ll.OptionError, "did you mean 'month'"),
    ],
)
def test_errors(options, error, words):
    journeys = ll.datasets.b2b_saas()
    if not options:
        leads = pl.DataFrame({"id": [1], "created": ["2024-01-01"]})
        journeys = ll.Journeys(leads=ll.Leads(leads, id="id", created="created"), observed_until="2024-02-01")
    with pytest.raises(error, match=words):
        journeys.stage_funnel(**options)

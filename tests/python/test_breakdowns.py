"""Results broken down by fields, and results of some leads."""

import datetime as dt
import random

import polars as pl
import pytest

import leadlens as ll

START = dt.datetime(2024, 1, 1, tzinfo=dt.timezone.utc)


NAMES = ["id", "created", "industry", "country", "employees", "tier"]


def tables() -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Leads, their stages, and their visits."""
    draw = random.Random(7)
    leads, stages, visits = [], [], []
    for lead in range(400):
        created = START + dt.timedelta(days=draw.uniform(0, 90))
        industry, country = draw.choice(["retail", "media", None]), draw.choice(["DE", "FR"])
        leads.append((lead, created, industry, country, draw.choice([None, *range(1, 401)]), draw.randint(1, 3)))
        visits.append((lead, created, draw.choice(["ads", "mail"])))
        end = draw.choice(["won", "won", "lost", None])
        if end is not None:
            at = created + dt.timedelta(days=draw.expovariate(1 / 30))
            stages.append((lead, at, end, draw.uniform(10, 1000)))
    return (
        pl.DataFrame(leads, schema=NAMES, orient="row", infer_schema_length=None),
        pl.DataFrame(stages, schema=["id", "at", "stage", "amount"], orient="row"),
        pl.DataFrame(visits, schema=["id", "at", "channel"], orient="row"),
    )


@pytest.fixture(scope="module")
def journeys() -> ll.Journeys:
    frame, rows, events = tables()
    return ll.Journeys(
        leads=ll.Leads(frame, id="id", created="created"),
        events=ll.Events(events, lead="id", at="at", kind=ll.literal("visit"), channel="channel"),
        stages=ll.Stages(rows, lead="id", at="at", stage="stage", amount="amount"),
        pipeline=["created", "won"],
        won="won",
        lost="lost",
        observed_until=START + dt.timedelta(days=200),
    )


BY = [
    pytest.param("industry", id="text"),
    pytest.param("tier", id="few-numbers"),
    pytest.param("employees", id="many-numbers"),
    pytest.param(ll.Bins("employees", 3), id="bins"),
    pytest.param(ll.Bins("employees", edges=[10, 100]), id="edges"),
    pytest.param(["industry", "country"], id="two-fields"),
    pytest.param(["country", ll.Bins("employees", edges=[50]), "tier"], id="three-fields"),
]


@pytest.mark.parametrize("by", BY)
def test_groups_add_up(journeys, by):
    s = journeys.stage_funnel(by=by)
    for table, keys, sums in [
        (s.summary(), [], ["cycles", "won", "lost", "open", "value", "values_known"]),
        (s.to_polars(), ["stage"], ["reached", "entered", "lost", "open", "won"]),
        (s.cohorts(), ["period", "stage"], ["cycles", "reached", "lost", "open", "won"]),
        (s.flow(), ["period", "stage"], ["entered", "moved_on", "lost"]),
        (s.wins(), ["period"], ["won", "lost", "value"]),
        (s.times(), ["stage"], ["visits", "still_in"]),
    ]:
        add_up(table, keys, sums)
    rates = s.summary().with_columns(closed=pl.col("won") + pl.col("lost"))
    assert (rates["win_rate"] * rates["closed"] - rates["won"]).abs().max() < 1e-9
    f = journeys.funnel(["created", "won"], window="60d", by=by, period="month")
    add_up(f.to_polars(), ["step"], ["leads"])
    add_up(f.trend(), ["period", "step"], ["leads", "immature", "before_outcomes"])
    groups = set(f.to_polars()["group"])
    assert groups == set(s.to_polars()["group"])
    t = journeys.time_to("won", by=by).to_polars()
    add_up(t, [], ["leads", "events", "competing", "censored"])
    assert set(t["group"]) == groups
    lost = journeys.barriers(["created", "won"], by=by, min_support=1).to_polars()
    assert set(lost["group"]) == groups - {"(all)"}
    for chart in (s.plot(), f.plot(), f.plot_trend(), journeys.stage_funnel(by=by, view="flow").plot()):
        assert chart.to_dict()


def add_up(table: pl.DataFrame, keys: list[str], sums: list[str]) -> None:
    def total(rows: pl.DataFrame) -> pl.DataFrame:
        sum_of = [pl.col(c).fill_nan(0.0).sum() if table[c].dtype.is_float() else pl.col(c).sum() for c in sums]
        return (rows.group_by(keys).agg(sum_of).sort(keys) if keys else rows.select(sum_of)).select(sums)

    everything, groups = (
        total(table.filter(pl.col("group") == "(all)")),
        total(table.filter(pl.col("group") != "(all)")),
    )
    for name in sums:
        assert groups[name].to_list() == pytest.approx(everything[name].to_list())


def test_bins_are_named_by_their_edges(journeys):
    def groups(by):
        return sorted(set(journeys.funnel(["created"], by=by).to_polars()["group"]) - {"(all)"})

    assert groups(ll.Bins("employees", edges=[10, 100])) == ["(missing)", "10 to < 100", "< 10", ">= 100"]
    assert len([g for g in groups("employees") if g != "(missing)"]) == 4
    assert groups("tier") == ["1", "2", "3"]
    assert "DE × 2" in groups(["country", "tier"])


WHERE = [
    pytest.param({"country": "DE"}, pl.col("country") == "DE", id="text"),
    pytest.param({"industry": "re*"}, pl.col("industry") == "retail", id="wildcard"),
    pytest.param({"industry": "!= retail"}, pl.col("industry").ne_missing("retail"), id="other-text"),
    pytest.param({"industry": {"not": "retail"}}, pl.col("industry").ne_missing("retail"), id="not-text"),
    pytest.param(
        {"industry": {"all": ["!= retail", {"not": None}]}},
        pl.col("industry") == "media",
        id="other-text-that-is-known",
    ),
    pytest.param({"industry": None}, pl.col("industry").is_null(), id="missing"),
    pytest.param({"industry": {"not": None}}, pl.col("industry").is_not_null(), id="not-missing"),
    pytest.param(
        {"industry": ["media", None]}, pl.col("industry").is_null() | (pl.col("industry") == "media"), id="one-of"
    ),
    pytest.param({"tier": 2}, pl.col("tier") == 2, id="number"),
    pytest.param(
        {"employees": ">= 100", "tier": "< 3"}, (pl.col("employees") >= 100) & (pl.col("tier") < 3), id="both"
    ),
]


@pytest.mark.parametrize(("where", "condition"), WHERE)
def test_only_leads_that_count(journeys, where, condition):
    wanted = set(tables()[0].filter(condition)["id"].cast(str))
    f = journeys.funnel(["created", "won"], where=where)
    assert set(f.leads()["lead_id"]) == wanted
    assert f.steps.rows()[0][1] == len(wanted)
    assert journeys.funnel(["created", "won"], where=where, times=False).steps.rows() == f.steps.rows()
    won = f.steps.rows()[1][1]
    assert journeys.stage_funnel(where=where).velocity["won"] == won
    assert journeys.time_to("won", where=where, competing=()).to_polars()["leads"].to_list() == [len(wanted)]
    assert journeys.attribution(where=where).facts["conversions"] == won
    assert journeys.paths(where=where).facts["paths"] == len(wanted)
    d = journeys.drivers(["created", "won"], where=where, fields="country", min_support=1).to_polars()
    country = d.filter(pl.col("name") == "country")
    assert ((country["leads"] + country["other_leads"]) == len(wanted)).all()
    assert "where " in str(f)


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"by": ["country", "channel"]}, ll.OptionError, "'channel' is a property of events"),
        ({"by": ["country", "teir"]}, ll.UnknownNameError, "did you mean 'tier'"),
        ({"by": []}, ll.OptionError, "the list is empty"),
        ({"by": [3]}, ll.OptionError, "expected a field or Bins, got 3"),
        ({"by": ll.Bins("country")}, ll.OptionError, "bins apply only to numbers"),
        ({"by": ll.Bins("employees", edges=[5, 5])}, ll.OptionError, "ascend"),
        ({"by": ll.Bins("employees", 1)}, ll.OptionError, "2 to 100 bins"),
        ({"where": {"contry": "DE"}}, ll.UnknownNameError, "did you mean 'country'"),
        ({"where": {"country": "D"}}, ll.UnknownNameError, "did you mean 'DE'"),
        ({"where": {"employees": "many"}}, ll.OptionError, "the text 'many', which is not a number"),
        ({"where": "country = DE"}, ll.OptionError, "expected a mapping"),
    ],
)
def test_errors(journeys, options, error, words):
    with pytest.raises(error, match=words):
        journeys.funnel(["created", "won"], **options)


def test_declared_stages_that_are_slips():
    leads = pl.DataFrame({"id": [1, 2], "created": "2024-01-01"})
    stages = pl.DataFrame({"id": [1, 2], "at": "2024-02-01", "stage": ["Won", "Closed Lost"]})

    def build(**options):
        return ll.Journeys(
            leads=ll.Leads(leads, id="id", created="created"),
            stages=ll.Stages(stages, lead="id", at="at", stage="stage"),
            **options,
        )

    for options, words in [
        ({"won": "won"}, "unknown won= stage 'won'; did you mean 'Won'"),
        ({"won": "Won", "lost": "closed_lost"}, "unknown lost= stage 'closed_lost'; did you mean 'Closed Lost'"),
        ({"won": "Won", "pipeline": ["created", "WON"]}, "unknown pipeline= stage 'WON'; did you mean 'Won'"),
    ]:
        with pytest.raises(ll.UnknownNameError, match=words):
            build(**options)
    # A stage that nobody has reached yet is none.
    j = build(won="Won", lost=["Closed Lost", "Disqualified"], pipeline=["created", "Demo", "Won"])
    assert j.stage_funnel().to_polars()["reached"].to_list() == [2, 1, 1]
    with pytest.raises(ll.UnknownNameError, match="did you mean 'Won'"):
        j.funnel(["created", "won"])


def test_a_list_of_one_field_is_that_field(journeys):
    for by in ("industry", "employees"):
        one, listed = (journeys.funnel(["created", "won"], by=given).to_polars() for given in (by, [by]))
        assert listed.equals(one)
        one, listed = (journeys.stage_funnel(by=given).to_polars() for given in (by, [by]))
        assert listed.equals(one)

"""The main job on public data: counts worked out independently, by brute force in pandas and polars."""

import math

import polars as pl
import pytest
from real_data import bank, bpic, maven, olist, sellers_with_revenue, x_education
from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score

import leadlens as ll


def role(journeys, name):
    return [t for t in journeys.check().tables if t["role"] == name]


def reconcile(journeys):
    """Every input row is used, filtered, quarantined, or a stage that was not reached."""
    for t in journeys.check().tables:
        quarantined = sum(q["rows"] for q in t["quarantined"].values())
        not_reached = t["noted"].get("null time; the stage was not reached", 0)
        assert t["rows"] == t["used"] + t["filtered"] + quarantined + not_reached, t["table"]


# --- BPI Challenge 2012


@pytest.fixture(scope="module")
def loans(shared):
    return bpic(shared("bpic2012_loan_applications"))


def test_bpic_rows_and_ties(loans):
    reconcile(loans)
    assert loans.facts["leads"] == 13_087
    assert sum(t["used"] for t in loans.check().tables if t["role"] != "leads") == 262_200
    assert any(r.startswith("3957 entries share their timestamp") for r in loans.check().remarks)
    # 7 and 17 kinds in two sources that share none: plain names.
    assert "W_Nabellen offertes" in [k for k, _, _ in loans.facts["kinds"]]
    # Offsets +02:00 and +01:00 convert; the first event is 38 minutes past local midnight of 1 October.
    assert loans.show(173688)["at"][0].isoformat() == "2011-09-30T22:38:44.546000+00:00"
    assert loans.facts["observed_until"] == "2012-03-14T15:04:54.681001Z"


def test_bpic_funnel(loans):
    steps = ["A_SUBMITTED", "A_PREACCEPTED", "A_ACCEPTED", "A_FINALIZED", "A_APPROVED"]
    assert [n for _, n in loans.funnel(steps).steps.rows()] == [13_087, 7_367, 5_113, 5_015, 2_246]


def test_bpic_one_age(loans):
    s = loans.snapshot(after="5d", horizon="30d")
    c = s.counts
    assert (c["already_target"], c["closed_lost"], c["immature"]) == (61, 7_432, 946)
    assert (c["rows"], c["positives"]) == (4_648, 1_780)
    # Every immature row is dropped, the 298 positive ones too: the rate is 38.3 %, not 42.0 %.
    assert s.base_rate == pytest.approx(1_780 / 4_648)
    other = loans.snapshot(after="5d", horizon="60d").counts
    assert (other["rows"], other["positives"]) == (3_465, 1_430)


def test_bpic_weekly(loans):
    s = loans.snapshot(every="7d", horizon="30d")
    c = s.counts
    assert (c["candidates"], c["already_target"], c["closed_lost"], c["immature"]) == (164_125, 23_795, 123_399, 3_006)
    assert (c["rows"], c["leads_with_rows"], c["positives"], c["positive_leads"]) == (13_925, 5_394, 4_601, 1_953)
    train, test = s.split(0.2)
    assert (len(train), train.counts["leads_with_rows"], train.counts["positives"]) == (7_413, 3_087, 2_565)
    assert (len(test), test.counts["leads_with_rows"], test.counts["positives"]) == (3_537, 1_768, 1_128)
    frame = s.to_polars()
    assert frame["weight"].unique().to_list() == [1.0]
    assert s.base_rate == pytest.approx(4_601 / 13_925)
    assert set(frame["cutoff"].dt.weekday().to_list()) == {1}
    created = loans.snapshot(every="7d", anchor="created", horizon="30d").counts
    assert (created["rows"], created["positives"], created["immature"]) == (21_767, 5_219, 4_652)


def test_bpic_snapshot_against_one_age(loans):
    """A model of one age is lost on applications of all ages; weekly snapshots are not."""
    today = loans.snapshot(as_of="2012-01-16", horizon="30d")
    assert (today.counts["rows"], today.counts["positives"]) == (884, 280)
    known = "2012-01-16"
    weekly = ll.LeadScorer().fit(loans.snapshot(every="7d", horizon="30d", known_by=known))
    one_age = ll.LeadScorer().fit(loans.snapshot(after="5d", horizon="30d", known_by=known))
    good = weekly.evaluate(today, by="age")
    assert good.roc_auc > 0.75
    assert abs(good.mean_predicted - good.base_rate) < 0.03
    # At one age sales begins the same number of days ago, up to seconds: that is no feature.
    assert "days_since_first(@sales)" in dict(one_age.training_["dropped"])
    bad = one_age.evaluate(today)
    assert bad.roc_auc < good.roc_auc - 0.05
    assert bad.brier > good.brier + 0.02
    assert any("outside the ages" in r for r in bad.remarks)
    with pytest.raises(ll.OutOfRangeError, match="ages the model was trained on"):
        one_age.score(loans.snapshot(as_of="2012-01-16"))
    scores = one_age.score(loans.snapshot(as_of="2012-01-16"), allow_extrapolation=True).to_polars()
    assert scores["out_of_range"].mean() > 0.9


# --- Olist


def test_olist_check(shared):
    folder = shared("olist_marketing_funnel")
    j = olist(folder)
    reconcile(j)
    (leads,), (stages,) = role(j, "leads"), role(j, "stages")
    assert (leads["used"], stages["used"]) == (8_000, 842)
    assert leads["noted"]["field 'origin': missing"] == 60
    assert any("'unknown' in 1099 rows" in r for r in leads["remarks"])
    assert any("'first_contact_date' has dates" in r for r in leads["remarks"])
    assert stages["noted"]["before the lead's creation; kept"] == 1
    assert any(r.startswith("the first win is at 2017-12-05") and "outcomes_from" in r for r in j.check().remarks)
    assert sellers_with_revenue(folder) == (842, 380)


@pytest.mark.parametrize(
    ("after", "horizon", "reached", "immature", "before", "kept", "positive"),
    [
        ("0d", "30d", 1, 0, 2_002, 5_997, 543),
        ("0d", "90d", 1, 0, 2_002, 5_997, 677),
        ("0d", "180d", 1, 506, 2_002, 5_491, 698),
        ("30d", "90d", 547, 0, 1_812, 5_641, 172),
    ],
)
def test_olist_rules(shared, after, horizon, reached, immature, before, kept, positive):
    j = olist(shared("olist_marketing_funnel"), outcomes_from="2018-01-01")
    assert j.facts["observed_until"] == "2018-11-14T18:04:19.000001Z"
    c = j.snapshot(after=after, horizon=horizon).counts
    assert (c["leads"], c["already_target"], c["immature"], c["before_outcomes"]) == (8_000, reached, immature, before)
    assert (c["rows"], c["positives"]) == (kept, positive)


def test_olist_before_any_rule(shared):
    # "created" before the win: the one win before first contact does not follow it.
    assert [n for _, n in olist(shared("olist_marketing_funnel")).funnel(["created", "won"]).steps.rows()] == [
        8_000,
        841,
    ]
    assert [n for _, n in olist(shared("olist_marketing_funnel")).funnel(["won"]).steps.rows()] == [842]
    clamped = olist(shared("olist_marketing_funnel"), before_creation="clamp")
    assert [n for _, n in clamped.funnel(["created", "won"]).steps.rows()] == [8_000, 842]


def test_olist_ambiguous_dates(shared):
    folder = shared("olist_marketing_funnel")
    leads = ll.Leads(folder / "olist_marketing_qualified_leads_dataset.csv", id="mql_id", created="first_contact_date")
    variant = pl.read_csv(folder / "variant_closed_deals_excel_dates_lasyasunkavilli408.csv", infer_schema_length=0)

    def build(table, **options):
        return ll.Journeys(
            leads=leads, stages=ll.Stages(table, lead="mql_id", at={"won": "won_date"}, **options), won="won"
        )

    # All values decide: some day is above 12, and check() says so.
    decided = build(variant)
    assert any("day-month-year" in r for t in decided.check().tables for r in t["remarks"])
    exact = olist(folder)
    day = decided.show("5420aad7fec3549a85876ba1c529bd84").filter(pl.col("what") == "won")["at"][0]
    true = exact.show("5420aad7fec3549a85876ba1c529bd84").filter(pl.col("what") == "won")["at"][0]
    assert day == true.replace(second=0)
    # Where none decides, nothing is guessed.
    undecided = variant.filter(pl.col("won_date").str.slice(0, 2).cast(pl.Int32) <= 12)
    with pytest.raises(ll.SchemaError, match="can be day-month or month-day"):
        build(undecided)
    assert build(undecided, time_format="%d-%m-%Y %H:%M").facts["stage_entries"] == undecided.height


# --- X Education


@pytest.mark.filterwarnings("ignore::leadlens.LeakWarning")
@pytest.mark.parametrize(("leaks", "auc", "tolerance"), [(False, 0.897, 0.01), (True, 0.984, 0.01)])
def test_x_education(shared, leaks, auc, tolerance):
    j = x_education(shared("x_education_leads") / "Leads.csv.gz", leaks=leaks)
    s = j.snapshot()
    assert (s.counts["rows"], s.counts["positives"]) == (9_240, 3_561)
    train, test = s.split(0.2, by="order")
    assert len(test) == 1_848
    assert test.counts["positives"] == 684
    e = ll.LeadScorer().fit(train).evaluate(test)
    assert e.roc_auc == pytest.approx(auc, abs=tolerance)
    assert any("order stands for time" in r for r in e.remarks)


@pytest.mark.filterwarnings("ignore::leadlens.LeakWarning")
def test_x_education_quoted_rows(shared):
    folder = shared("x_education_leads")
    plain = x_education(folder / "Leads.csv.gz", leaks=True).snapshot().to_polars()
    quoted = x_education(folder / "variant_row_quoted_ttng51.csv.gz", leaks=True)
    assert any("338 records were wrapped in quotes" in r for r in role(quoted, "leads")[0]["remarks"])
    assert quoted.snapshot().to_polars().equals(plain)


@pytest.mark.filterwarnings("ignore::leadlens.LeakWarning")
def test_x_education_names_the_separating_columns(shared):
    j = x_education(shared("x_education_leads") / "Leads.csv.gz", leaks=True)
    assert not any(name == "Converted" for name in j.facts["fields"])


# --- Maven


def test_maven(shared):
    j = maven(shared("maven_crm_sales"))
    reconcile(j)
    assert role(j, "leads")[0]["quarantined"]["missing creation time"]["rows"] == 500
    # One table in three roles ends once: the last close, not the last engagement.
    assert j.facts["observed_until"] == "2018-01-01T00:00:00Z"
    s = j.snapshot(after="0d", horizon="138d")
    c = s.counts
    assert (c["rows"], c["positives"], c["immature"]) == (6_003, 2_988, 2_297)
    assert [n for _, n in j.funnel(["created", "Won"]).steps.rows()] == [8_300, 4_238]
    with pytest.raises(ll.NotEnoughDataError, match="training set"):
        c2 = maven(shared("maven_crm_sales")).snapshot(after="0d", horizon="138d", since="2017-07-01")
        c2.split(0.2)


# --- UCI bank marketing (bundled)


def test_bank():
    s = bank().snapshot()
    assert (s.counts["rows"], s.counts["positives"]) == (45_211, 5_289)
    train, test = s.split(0.2, by="random")
    e = ll.LeadScorer().fit(train).evaluate(test)
    assert 0.75 < e.roc_auc < 0.80
    assert any("optimistic" in r for r in e.remarks)
    later = s.split(0.2, by="order")
    assert ll.LeadScorer().fit(later[0]).evaluate(later[1]).roc_auc < 0.72


# --- leadforge (bundled)


@pytest.fixture(scope="module")
def saas():
    return ll.datasets.b2b_saas()


TASK = {
    "touch_count": "count(touches:*)",
    "session_count": "count(sessions:*)",
    "activity_count": "count(activities:*)",
    "total_session_duration_seconds": "sum(sessions:*.session_duration_seconds)",
    "pricing_page_views": "sum(sessions:*.pricing_page_views)",
    "touches_last_7_days": "count(touches:*, 7d)",
}


def test_leadforge_features_equal_its_task_table(saas, request):
    """The task table injects about 8 % nulls; every other value must be equal, in all 5,000 rows."""
    task = pl.read_parquet(request.path.parent / "data" / "b2b_saas_task.parquet")
    folder = ll.datasets.folder("b2b_saas")
    # Without stages no lead is closed: the task table has converted and lost leads too.
    everyone = ll.Journeys(
        leads=ll.Leads(folder / "leads.parquet", id="lead_id", created="lead_created_at"),
        events=[
            ll.Events(
                folder / f"{table}.parquet", "lead_id", f"{what}_timestamp", f"{what}_type", name=name, values=values
            )
            for table, what, name, values in [
                ("touches", "touch", "touches", []),
                ("sessions", "session", "sessions", ["session_duration_seconds", "pricing_page_views"]),
                ("sales_activities", "activity", "activities", []),
            ]
        ],
    )
    features = ll.FeatureSet(only=list(TASK.values()), daily_cap=None)
    both = task.join(everyone.snapshot(after="31d", features=features).to_polars(), on="lead_id", how="inner")
    assert both.height == 5_000
    for theirs, feature in TASK.items():
        known = both.filter(pl.col(theirs).is_not_null())
        assert known.height > 0.9 * both.height
        assert (known[theirs].cast(pl.Float64) == known[feature]).all(), feature
    # Labels: days 31 to 89 of leads that are neither won nor lost by then.
    labelled = saas.snapshot(after="31d", horizon="59d", features=features).to_polars()
    both = task.join(labelled, on="lead_id", how="inner")
    assert both.height == 4_675
    assert (both["converted_within_90_days"].cast(pl.Boolean) == both["label"]).all()


def test_leadforge_outcomes_are_no_fields(saas):
    withheld = {name for name, _ in saas.facts["withheld"]}
    assert {"current_stage", "is_sql", "conversion_timestamp", "converted_within_90_days"} <= withheld
    assert not withheld & set(saas.facts["fields"])


def test_leadforge_model_equals_scikit_learn_metrics(saas):
    s = saas.snapshot(after="31d", horizon="59d")
    c = s.counts
    assert (c["rows"], c["positives"], c["already_target"], c["closed_lost"]) == (4_675, 1_027, 22, 303)
    train, test = s.split(0.3, by="group")
    assert not set(train.to_polars()["lead_id"]) & set(test.to_polars()["lead_id"])
    scorer = ll.LeadScorer(C=0.01).fit(train)
    e = scorer.evaluate(test)
    assert any("accounts are not split" in r for r in e.remarks)
    scores = scorer.score(test).to_polars()
    y, p = test.label.to_numpy(), scores["probability"].to_numpy()
    assert e.roc_auc == pytest.approx(roc_auc_score(y, p), abs=1e-12)
    assert e.pr_auc == pytest.approx(average_precision_score(y, p), abs=1e-12)
    assert e.brier == pytest.approx(brier_score_loss(y, p), abs=1e-12)
    assert 0.55 < e.roc_auc < 0.70
    assert not math.isnan(e.ece)

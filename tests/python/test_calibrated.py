"""Calibrations: counted by leads, never certain, left out with a warning where scores do not hold."""

import json
import warnings

import numpy as np
import polars as pl
import pytest

import leadlens as ll

START = np.datetime64("2023-05-01T00:00:00", "us")


def at(days):
    return START + np.round(np.asarray(days, float) * 86_400e6).astype("int64").astype("timedelta64[us]")


def journeys(seed, n, *, effect, rate=-1.0, accounts=None, length=300.0):
    """Leads that win within 10 days of creation or never, by a number whose effect is a function of the time."""
    rng = np.random.default_rng(seed)
    created = np.sort(rng.random(n) * length)
    x = rng.normal(size=n)
    won = rng.random(n) < 1 / (1 + np.exp(-rate - effect(created) * x))
    leads = pl.DataFrame({"id": [f"L{i}" for i in range(n)], "created": at(created), "x": x})
    options = {}
    if accounts:
        leads = leads.with_columns(account=pl.Series([f"A{i}" for i in rng.integers(0, accounts, n)]))
        options["account"] = "account"
    stages = pl.DataFrame(
        {"lead": leads["id"].filter(pl.Series(won)), "at": at(created[won] + 1 + 9 * rng.random(won.sum()))}
    ).with_columns(stage=pl.lit("won"))
    return ll.Journeys(
        leads=ll.Leads(leads, id="id", created="created", fields=["x"], **options),
        stages=ll.Stages(stages, lead="lead", at="at", stage="stage"),
        won="won",
        observed_until=f"{at(length + 30)}Z",
    )


def steady(created):
    return np.full(len(created), 1.0)


def reversing(created):
    return np.where(created < 230, 1.5, -1.5)


@pytest.mark.parametrize("method", ["sigmoid", "isotonic", "beta"])
def test_left_out_with_a_warning_where_higher_scores_convert_less(method):
    snapshot = journeys(1, 3_000, effect=reversing).snapshot(after="0d", horizon="20d")
    with pytest.warns(ll.CalibrationWarning, match="convert (less|more) often"):
        scorer = ll.LeadScorer(calibration=method).fit(snapshot)
    facts = scorer.training_["calibration"]
    assert facts["method"] == "none"
    assert "the model does not hold there" in facts["remark"]
    assert facts["remark"] in str(scorer)
    # It is the model of all rows, without a calibration.
    plain = ll.LeadScorer().fit(snapshot)
    p, q = (s.score(snapshot).to_polars()["probability"] for s in (scorer, plain))
    assert p.equals(q)


@pytest.mark.filterwarnings("ignore:1 field looks suspect")
def test_isotonic_probabilities_are_never_certain():
    # So rare and so well told apart that the lowest and the highest scores have one outcome only.
    snapshot = journeys(2, 4_000, effect=lambda c: np.full(len(c), 6.0), rate=-4.0).snapshot(after="0d", horizon="20d")
    scorer = ll.LeadScorer(calibration="isotonic").fit(snapshot)
    p = scorer.score(snapshot).to_polars()["probability"].to_numpy()
    assert 0 < p.min() < 0.01
    assert 0.9 < p.max() < 1
    # Half an observation in the lowest pool: (1/2) / (n + 1/2), n the rows of the calibration slice in it.
    n = 0.5 / p.min() - 0.5
    assert n == pytest.approx(round(n), abs=1e-6)
    assert 100 < n < scorer.training_["calibration"]["rows"]


def test_sufficiency_counts_leads_not_rows():
    # Rows enough of either class, but of few leads.
    few = journeys(3, 250, effect=steady, length=100.0).snapshot(every="1d", horizon="20d")
    facts = ll.LeadScorer(calibration="sigmoid").fit(few).training_["calibration"]
    assert (facts["method"], facts["rows"]) == ("none", 0)
    assert "50 leads of each class are needed" in facts["remark"]
    many = journeys(3, 2_500, effect=steady, length=100.0).snapshot(every="1d", horizon="20d")
    assert ll.LeadScorer(calibration="sigmoid").fit(many).training_["calibration"]["method"] == "sigmoid"


def test_folds_forward_in_time_count_leads():
    few = journeys(4, 110, effect=steady, length=100.0).snapshot(every="1d", horizon="10d")
    assert len(few) > 1_000
    scorer = ll.LeadScorer(C="cv", min_leads=10).fit(few)
    assert "have 20 leads of each class" in scorer.training_["validation"]["folds"]


def test_levels_of_few_leads_are_rare_however_many_rows_they_have():
    n = 200
    leads = pl.DataFrame(
        {"id": range(n), "created": np.full(n, START), "kind": ["rare"] * 5 + ["common"] * 100 + ["other"] * 95}
    )
    stages = pl.DataFrame({"lead": range(0, n, 2), "at": at(np.full(n // 2, 60.0)), "stage": ["won"] * (n // 2)})
    j = ll.Journeys(
        leads=ll.Leads(leads, id="id", created="created", fields=["kind"]),
        stages=ll.Stages(stages, lead="lead", at="at", stage="stage"),
        won="won",
        observed_until="2024-01-01",
    )
    snapshot = j.snapshot(every="1d", horizon="7d", until="2023-07-30")
    assert (
        snapshot.to_polars()
        .filter(pl.col("field(kind)" if "field(kind)" in snapshot.feature_names else "kind") == "rare")
        .height
        > 200
    )
    levels = ll.LeadScorer().fit(snapshot).summary().filter(pl.col("feature").str.contains("kind"))["level"].to_list()
    assert "rare" not in levels
    assert {"common", "other"} <= set(levels)


def share(evaluation):
    """What the remark says of leads that were trained on, in percent."""
    texts = [r for r in evaluation.remarks if "are training leads" in r]
    return int(texts[0].split("about ")[1].split(" %")[0]) if texts else 0


def test_rows_of_the_training_are_remarked(tmp_path):
    j = journeys(5, 3_000, effect=steady, accounts=600)
    whole = j.snapshot(after="0d", horizon="20d")
    everything = ll.LeadScorer().fit(whole)
    assert share(everything.evaluate(whole)) == 100
    for by in ("time", "order", "group", "random"):
        train, test = whole.split(0.3, by=by)
        scorer = ll.LeadScorer().fit(train)
        assert share(scorer.evaluate(train)) == 100
        assert share(scorer.evaluate(test)) == 0
        assert share(scorer.evaluate(whole)) == pytest.approx(100 * len(train) / len(whole), abs=8)
        assert share(everything.evaluate(test)) == 100
        assert share(everything.compare(scorer, test)) == 100
    # Other rows of the same leads, in the same period.
    assert share(everything.evaluate(j.snapshot(after="5d", horizon="15d"))) == 100
    # Through a file; and the calibrated model has seen the later leads, too.
    everything.save(tmp_path / "model.json")
    assert share(ll.load(tmp_path / "model.json").evaluate(whole)) == 100
    assert len(json.loads((tmp_path / "model.json").read_text())["model"]["trained_on"]["hashes"]) == 256
    calibrated = ll.LeadScorer(calibration="sigmoid").fit(whole)
    assert share(calibrated.evaluate(whole)) == 100


def test_later_rows_of_the_same_leads_are_no_training_rows():
    weekly = journeys(6, 1_500, effect=steady).snapshot(every="7d", horizon="14d")
    for options in ({}, {"maturity": "ipcw"}):
        weekly = journeys(6, 1_500, effect=steady).snapshot(every="7d", horizon="14d", **options)
        train, test = weekly.split(0.2, by="time")
        assert set(train.to_polars()["lead_id"]) & set(test.to_polars()["lead_id"])
        scorer = ll.LeadScorer().fit(train)
        assert share(scorer.evaluate(test)) == 0
        assert share(scorer.evaluate(train)) == 100


def test_leads_without_times_are_known_as_well():
    rng = np.random.default_rng(7)
    x = rng.normal(size=800)
    table = pl.DataFrame({"id": range(800), "x": x, "y": (rng.random(800) < 1 / (1 + np.exp(-x))).astype(int)})
    snapshot = ll.Journeys(leads=ll.Leads(table, id="id", outcome="y")).snapshot()
    train, test = snapshot.split(0.3, by="random")
    scorer = ll.LeadScorer().fit(train)
    assert (share(scorer.evaluate(train)), share(scorer.evaluate(test))) == (100, 0)


@pytest.mark.parametrize("by", ["order", "random"])
def test_splits_say_that_accounts_are_on_both_sides(by):
    whole = journeys(8, 1_000, effect=steady, accounts=100).snapshot(after="0d", horizon="20d")
    train, test = whole.split(0.3, by=by)
    # Most accounts of ten leads have some on either side.
    assert "accounts have leads in both sets" in repr(train)
    assert "use by='group'" in repr(test)
    evaluation = ll.LeadScorer().fit(train).evaluate(test)
    assert any("accounts have leads in both sets" in remark for remark in evaluation.remarks)
    assert "in both sets" not in repr(whole.split(0.3, by="group")[0])
    alone = journeys(8, 1_000, effect=steady).snapshot(after="0d", horizon="20d")
    assert "in both sets, which" not in repr(alone.split(0.3, by=by)[0])


def test_no_warning_where_a_calibration_is_fitted():
    snapshot = journeys(9, 3_000, effect=steady).snapshot(after="0d", horizon="20d")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for method in ("sigmoid", "isotonic", "beta"):
            assert ll.LeadScorer(calibration=method).fit(snapshot).training_["calibration"]["method"] == method

"""Weights that make up for immature rows: unbiased at every age, through splits, fits and evaluations."""

import numpy as np
import polars as pl
import pytest
from test_weights import HORIZON, at, truth, weekly, world

import leadlens as ll

CUTS, HAZARDS, LOST = np.array([0.0, 10, 50, np.inf]), np.array([0.015, 0.006, 0.002]), 0.008


def ageing(seed, length, n=6_000):
    """Leads that win less the older they are, entering evenly."""
    rng = np.random.default_rng(seed)
    entry, draw = rng.random(n) * length, rng.exponential(1, n)
    passed = np.concatenate([[0], np.cumsum(np.diff(CUTS[:-1]) * HAZARDS[:-1])])
    piece = np.searchsorted(passed, draw, side="right") - 1
    won = CUTS[piece] + (draw - passed[piece]) / HAZARDS[piece]
    lost = rng.exponential(1 / LOST, n)
    end = entry + np.minimum(won, lost)
    seen = end < length
    leads = pl.DataFrame({"id": np.arange(n), "created": at(entry)})
    stages = pl.DataFrame(
        {"lead": np.arange(n)[seen], "at": at(end[seen]), "stage": np.where(won < lost, "won", "lost")[seen]}
    )
    return ll.Journeys(
        leads=ll.Leads(leads, id="id", created="created", fields=[]),
        stages=ll.Stages(stages, lead="lead", at="at", stage="stage"),
        won="won",
        lost="lost",
        observed_until=f"{at(length)}Z",
    )


def truth_at(age):
    """Probability of winning within the horizon at an age."""
    step = 0.05
    ages = age[:, None] + np.arange(step / 2, HORIZON, step)
    hazard = HAZARDS[np.searchsorted(CUTS, ages, side="right") - 1]
    alive = np.exp(-np.cumsum((hazard + LOST) * step, axis=1) + (hazard + LOST) * step / 2)
    return (hazard * alive * step).sum(axis=1)


@pytest.mark.parametrize("length", [112.0, 182.0, 364.0])
def test_rates_are_unbiased_at_every_age(length):
    bands = np.array([0, 7, 21, 56, 84])
    off = []
    for seed in range(8):
        frame = weekly(ageing(seed, length), maturity="ipcw").to_polars()
        age, w = frame["age_days"].to_numpy(), frame["weight"].to_numpy()
        error = (frame["label"].cast(float).to_numpy() - truth_at(age)) * w
        band = np.digitize(age, bands) - 1
        off.append([error[band == b].sum() / w[band == b].sum() for b in range(4)])
    mean, spread = np.mean(off, axis=0), np.std(off, axis=0, ddof=1) / len(off) ** 0.5
    # The weights of all ages together were off by 0.04 above 56 days of 112.
    assert (np.abs(mean) < 4 * spread + 1e-3).all(), (mean, spread)
    assert (spread < 0.006).all()


def test_sides_of_every_split_are_unbiased():
    totals = {}
    for seed in range(5):
        snapshot = weekly(world(seed, length=182.0), maturity="ipcw")
        for by in ("time", "order", "group", "random"):
            for side, part in zip(("train", "test"), snapshot.split(0.3, by=by), strict=True):
                frame = part.to_polars()
                off = np.average(frame["label"].cast(float) - truth(frame["kind"]), weights=frame["weight"])
                totals.setdefault((by, side), []).append(off)
    for where, off in totals.items():
        assert abs(np.mean(off)) < 0.02, (where, off)


def test_a_split_in_time_knows_nothing_after_its_boundary():
    journeys = world(21, length=182.0)
    train, test = weekly(journeys, maturity="ipcw").split(0.3)
    boundary = test.to_polars()["cutoff"].min()
    known = weekly(journeys, maturity="ipcw", known_by=boundary.isoformat())
    columns = ["lead_id", "cutoff", "label", "weight"]
    same = known.to_polars().filter(pl.col("cutoff") < boundary)
    assert train.to_polars().select(columns).equals(same.select(columns))
    assert "training uses no outcomes after" in repr(train)
    # And sides can be split again.
    earlier, later = train.split(0.3)
    assert earlier.to_polars()["cutoff"].max() < later.to_polars()["cutoff"].min()


def test_models_are_fitted_and_evaluated_with_the_weights():
    snapshot = weekly(world(22, n=6_000, length=182.0), maturity="ipcw")
    for by in ("time", "random"):
        train, test = snapshot.split(0.3, by=by)
        scorer = ll.LeadScorer(C=10.0).fit(train)
        rows = test.to_polars()
        p = scorer.score(test, allow_extrapolation=True).to_polars()["probability"].to_numpy()
        assert abs((p - truth(rows["kind"])).mean()) < 0.03
        evaluation = scorer.evaluate(test)
        assert evaluation.base_rate == pytest.approx(np.average(rows["label"].cast(float), weights=rows["weight"]))
        assert any("no drift" in remark for remark in evaluation.remarks)
        assert any("no drift" in remark for remark in scorer.training_["remarks"])


def test_the_text_states_assumption_and_diagnostics():
    snapshot = weekly(world(23, n=2_000, length=112.0), maturity="ipcw")
    (remark,) = snapshot.remarks
    w = snapshot.to_polars()["weight"]
    assert f"largest weight is {w.max():.1f}" in remark
    assert "assumes that leads of the same age convert at the same rate" in remark
    assert remark in repr(snapshot)
    counts = snapshot.counts
    assert counts["largest_weight"] == w.max() <= 20
    assert counts["effective_rows"] == pytest.approx(w.sum() ** 2 / (w**2).sum())
    # Leads of more than 112 - 21 days are never observed for three weeks.
    assert counts["unobserved_ages"] > 0
    assert snapshot.to_polars()["age_days"].max() < 112 - HORIZON
    assert "at ages rarely observed for the whole window" in repr(snapshot)


def test_refused_where_ages_are_hardly_ever_observed():
    # Young leads are seen long enough, a third of the leads is seen late.
    created = np.repeat([60.0, 0.0], [200, 100])
    leads = pl.DataFrame({"id": np.arange(300), "created": at(created)})
    stages = pl.DataFrame({"lead": [0, 250], "at": at([61, 86]), "stage": ["won", "won"]})
    journeys = ll.Journeys(
        leads=ll.Leads(leads, id="id", created="created", fields=[]),
        stages=ll.Stages(stages, lead="lead", at="at", stage="stage"),
        won="won",
        observed_until=f"{at(90.0)}Z",
    )
    cutoffs = pl.DataFrame({"lead_id": np.arange(300), "cutoff": at(np.repeat([60.0, 85.0], [200, 100]))})
    message = r"100 of 300 rows have ages \(85.0 to 85.0 days\)"
    with pytest.raises(ll.errors.OptionError, match=message):
        journeys.snapshot(cutoffs=cutoffs, horizon="10d", maturity="ipcw")
    kept = journeys.snapshot(cutoffs=cutoffs.head(220), horizon="10d", maturity="ipcw")
    assert (len(kept), kept.counts["unobserved_ages"]) == (200, 20)
    # A window longer than most of the history.
    with pytest.raises(ll.errors.OptionError, match="shorten the horizon"):
        world(24, n=1_000, length=112.0).snapshot(every="7d", horizon="80d", maturity="ipcw")

"""C, shapes and pairs chosen under weights for censoring: forward in time, with what was known at each origin."""

import numpy as np
import polars as pl
import pytest
from test_weights import HORIZON, at

import leadlens as ll


def noisy_world(seed, n=3_000, length=300.0, drift=True, noise=12):
    """Leads with a field that tells, one that tells until two thirds of the time, and fields of noise."""
    rng = np.random.default_rng(seed)
    entry = np.sort(rng.random(n)) * length
    kind, gone, other = rng.integers(0, 2, n), rng.integers(0, 2, n), rng.integers(0, 12, (n, noise))
    early = entry < 2 / 3 * length if drift else np.full(n, True)
    rate = np.exp(-5.4 + 1.2 * kind + 1.5 * gone * early)
    won, lost = rng.exponential(1 / rate), rng.exponential(1 / 0.01, n)
    end = entry + np.minimum(won, lost)
    seen = end < length
    fields = {"kind": np.array(["a", "b"])[kind], "gone": np.array(["x", "y"])[gone]}
    fields |= {f"noise{k}": np.array(list("abcdefghijkl"))[other[:, k]] for k in range(noise)}
    leads = pl.DataFrame({"id": np.arange(n), "created": at(entry), **fields})
    stages = pl.DataFrame({"lead": np.arange(n)[seen], "at": at(end[seen])})
    stages = stages.with_columns(stage=pl.Series(np.where(won < lost, "won", "lost")[seen]))
    return ll.Journeys(
        leads=ll.Leads(leads, id="id", created="created", fields=list(fields)),
        stages=ll.Stages(stages, lead="lead", at="at", stage="stage"),
        won="won",
        lost="lost",
        observed_until=f"{at(length)}Z",
    )


def weekly(journeys, **options):
    return journeys.snapshot(every="14d", horizon=f"{HORIZON}d", **options)


def later_loss(train, test, **options):
    scorer = ll.LeadScorer(**options).fit(train)
    estimates = scorer.evaluate(test).to_polars()
    return estimates.filter(pl.col("measure") == "log_loss")["value"][0], scorer.training_


def test_a_choice_forward_in_time_is_no_worse_on_later_leads():
    gains = []
    for seed in range(6):
        train, test = weekly(noisy_world(seed), maturity="ipcw").split(0.25)
        fixed, _ = later_loss(train, test)
        chosen, facts = later_loss(train, test, C="cv")
        assert "forward folds in time" in facts["validation"]["folds"]
        gains.append(fixed - chosen)
    # Noise is shrunk: the choice gains, and never loses more than rounding of C costs.
    assert np.mean(gains) > 0
    assert min(gains) > -0.002, gains


def test_shapes_and_pairs_are_chosen_forward_in_time_too():
    train, _ = weekly(noisy_world(7), maturity="ipcw").split(0.25)
    facts = ll.LeadScorer(nonlinear="auto", interactions="auto").fit(train).training_
    for chosen in (facts["nonlinear"], facts["interactions"]):
        assert "forward folds in time" in chosen


def test_without_censoring_both_maturities_choose_alike():
    """Observation goes on long after the last cutoff: nothing is censored, all weights are 1."""
    journeys = noisy_world(8, n=2_000)
    cutoffs = journeys.snapshot(every="14d", horizon="7d", known_by=str(at(200.0)) + "Z").to_polars()
    cutoffs = cutoffs.select("lead_id", "cutoff")
    found = [
        ll.LeadScorer(C="cv").fit(journeys.snapshot(cutoffs=cutoffs, horizon="21d", maturity=maturity)).training_
        for maturity in ("drop", "ipcw")
    ]
    assert found[0]["rows"] == found[1]["rows"]
    # Rows whose window is not over at an origin are left out of its training, or have weights: nearly the same.
    drop, ipcw = (np.log10(facts["validation"]["c"]) for facts in found)
    assert abs(drop - ipcw) < 1.0


@pytest.mark.parametrize(("options", "name"), [({"C": "cv"}, "C"), ({"nonlinear": "auto"}, "nonlinear")])
def test_a_short_history_is_refused_with_the_reason(options, name):
    short = noisy_world(9, n=400, length=70.0, noise=1)
    snapshot = weekly(short, maturity="ipcw")
    message = rf"{name}.*at least 3 periods.*this history has \d.*longer history or a shorter horizon"
    with pytest.raises(ll.errors.OptionError, match=message):
        ll.LeadScorer(**options).fit(snapshot)
    assert ll.LeadScorer(C=0.1).fit(snapshot).training_["rows"] > 0

"""The verdict of an evaluation, on scorers of which the truth is known."""

import numpy as np
import pytest

import leadlens as ll

RNG = np.random.default_rng(5)
N = 5000
ETA = RNG.normal(-1.5, 1, N)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


Y = RNG.random(N) < sigmoid(ETA)
SCORERS = {
    "good": (sigmoid(ETA), ("above", "neutral", "neutral", "above"), "as they are"),
    "useless": (sigmoid(RNG.permutation(ETA)), ("neutral", "neutral", "below", "neutral"), "train on features"),
    "reversed": (sigmoid(-3 - ETA), ("below", "neutral", "below", "below"), "do not use"),
    "over-confident": (sigmoid(2.5 * (ETA + 1.5) - 1.5), ("above", None, "below", "above"), "recalibrate"),
    "timid": (sigmoid(0.4 * (ETA + 1.5) - 1.5), ("above", None, "above", "above"), "recalibrate"),
    "too high": (sigmoid(ETA + 0.8), ("above", "below", "neutral", "above"), "with_base_rate"),
    "too low": (sigmoid(ETA - 0.8), ("above", "above", "neutral", "above"), "with_base_rate"),
}


@pytest.mark.parametrize("name", SCORERS)
def test_simulated_scorers(name):
    p, findings, advice = SCORERS[name]
    evaluation = ll.metrics.evaluate(Y, p)
    for got, expected in zip(evaluation.checks()["finding"], findings, strict=True):
        assert expected in (None, got)
    assert advice in evaluation.advice[0]
    assert advice in evaluation.verdict
    assert evaluation.verdict in repr(evaluation)


def test_a_tiny_test_side_says_nothing_and_asks_for_data():
    evaluation = ll.metrics.evaluate(Y[:30], sigmoid(ETA[:30]))
    assert set(evaluation.checks()["finding"]) == {"unknown"}
    assert "collect more data" in evaluation.advice[0]


@pytest.mark.parametrize("p", [np.full(N, 0.2), np.zeros(N), np.where(Y, 0.999, 0.001), np.where(Y, 1.0, 0.0)])
def test_scores_without_a_slope(p):
    checks = ll.metrics.evaluate(Y, p).checks()
    assert checks["value"][2] is None
    assert checks["finding"][2] == "unknown"


def test_repeated_rows_of_a_lead_are_not_more_leads():
    lead = np.repeat(np.arange(300), 8)
    p, y = sigmoid(ETA[lead]), Y[lead]
    width = lambda e: e.checks()["value_high"][0] - e.checks()["value_low"][0]  # noqa: E731
    rows, leads = ll.metrics.evaluate(y, p), ll.metrics.evaluate(y, p, clusters=lead)
    once = ll.metrics.evaluate(Y[:300], sigmoid(ETA[:300]))
    assert width(rows) < 0.5 * width(leads)
    assert width(leads) == pytest.approx(width(once), rel=0.02)


def test_intervals_cover_the_truth():
    # The AUC of this scorer, and the slope and level 1.
    eta = RNG.normal(-1.5, 1, 400_000)
    truth = ll.metrics.roc_auc(RNG.random(400_000) < sigmoid(eta), sigmoid(eta))
    covered = np.zeros(3)
    for seed in range(300):
        rng = np.random.default_rng(seed)
        eta = rng.normal(-1.5, 1, 300)
        checks = ll.metrics.evaluate(rng.random(300) < sigmoid(eta), sigmoid(eta)).checks()
        for i, value in enumerate((truth, 1.0, 1.0)):
            covered[i] += checks["value_low"][i] <= value <= checks["value_high"][i]
    assert (covered / 300 > 0.9).all(), covered

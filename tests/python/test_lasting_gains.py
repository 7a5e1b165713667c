"""Shapes and pairs chosen by "auto" are those whose gain lasts on later rows; the large table is benches/peers/honesty.py."""

import re

import numpy as np
import polars as pl

import leadlens as ll


def earlier(y, **columns):
    frame = pl.DataFrame({"id": np.arange(len(y)), "y": np.asarray(y).astype(int), **columns})
    return ll.Journeys(leads=ll.Leads(frame, id="id", outcome="y")).snapshot().split(0.2, by="order")


def sigmoid(eta):
    return 1 / (1 + np.exp(-eta))


def pairs(scorer):
    return [f for f in scorer.summary()["feature"].unique() if " × " in f]


def test_noise_has_no_pairs_and_a_true_pair_is_found():
    found = 0
    for seed in range(24):
        rng = np.random.default_rng(seed)
        n = 2500
        a, b = rng.choice(list("pqrs"), n), rng.choice(list("tuvw"), n)
        x = rng.normal(size=n)
        effect = 1.5 * ((np.isin(a, list("pq"))) == (np.isin(b, list("tu"))))
        noise = ll.LeadScorer(interactions="auto").fit(earlier(rng.random(n) < sigmoid(x - 1), a=a, b=b, x=x)[0])
        assert pairs(noise) == []
        real = ll.LeadScorer(interactions="auto").fit(
            earlier(rng.random(n) < sigmoid(x - 2 + effect), a=a, b=b, x=x)[0]
        )
        found += pairs(real) == ["a × b"]
    assert found >= 22


def test_gains_by_origin_are_reported():
    rng = np.random.default_rng(1)
    n = 4000
    a, b, x = rng.choice(list("pq"), n), rng.choice(list("tu"), n), rng.uniform(-3, 3, n)
    y = rng.random(n) < sigmoid(-2 + 2 * ((a == "p") == (b == "t")) + 2 * np.sin(2 * x))
    train, _ = earlier(y, a=a, b=b, x=x)
    scorer = ll.LeadScorer(C="cv", nonlinear="auto", interactions="auto").fit(train)
    origins = r"gain by origin (\+\d\.\d{5}, ){5}\+\d\.\d{5}"
    assert re.search(rf"a × b \([\d.]+ to [\d.]+, {origins}\)", scorer.training_["interactions"])
    assert re.match(r"(linear|restricted cubic) splines \(log loss [\d.]+ straight, ", scorer.training_["nonlinear"])
    assert re.search(origins, scorer.training_["nonlinear"])


def test_a_pair_and_a_shape_that_hold_no_longer_are_left_out():
    rng = np.random.default_rng(2)
    n = 6000
    a, b, x = rng.choice(list("pq"), n), rng.choice(list("tu"), n), rng.uniform(-3, 3, n)
    early = np.arange(n) < 0.6 * n
    gone = early * (2.5 * ((a == "p") == (b == "t")) + np.abs(x))
    train, _ = earlier(rng.random(n) < sigmoid(-2 + gone), a=a, b=b, x=x)
    scorer = ll.LeadScorer(C="cv", nonlinear="auto", interactions="auto").fit(train)
    assert pairs(scorer) == []
    assert scorer.training_["nonlinear"].startswith("straight ")
    assert "not steady" in scorer.training_["nonlinear"]


def test_parts_of_the_calendar_are_in_pairs_by_name_only():
    rng = np.random.default_rng(3)
    n = 4000
    month, day = rng.choice(["jan", "feb", "mar"], n), rng.choice(["mon", "tue", "wed"], n)
    y = rng.random(n) < sigmoid(-1 + 2.0 * ((month == "jan") == (day == "mon")))
    train, _ = earlier(y, month=month, contact=day)
    scorer = ll.LeadScorer(interactions="auto").fit(train)
    assert pairs(scorer) == []
    assert "excluded from pairs as parts of the calendar: month, contact" in scorer.training_["interactions"]
    named = ll.LeadScorer(interactions=[("month", "contact")]).fit(train)
    assert pairs(named) == ["month × contact"]

"""Objects in other processes: what is pickled comes back the same, and journeys say how they get there."""

from __future__ import annotations

import copy
import pickle
import traceback
from typing import Any

import joblib
import numpy as np
import pytest

import leadlens as ll


@pytest.fixture(scope="module")
def journeys() -> ll.Journeys:
    return ll.datasets.b2b_saas()


@pytest.fixture(scope="module")
def sides(journeys: ll.Journeys) -> tuple[ll.Snapshot, ll.Snapshot]:
    return journeys.snapshot(every="30d", horizon="90d", target="closed_won").split(by="random")


STEPS = ["created", "sql", "closed_won"]
HOLD_JOURNEYS: dict[str, Any] = {
    "journeys": lambda j: j,
    "snapshot": lambda j: j.snapshot(as_of="2024-03-01"),
    "check": lambda j: j.check(),
    "funnel": lambda j: j.funnel(STEPS),
    "stage funnel": lambda j: j.stage_funnel(),
    "time to": lambda j: j.time_to("closed_won"),
    "paths": lambda j: j.paths(),
    "attribution": lambda j: j.attribution("linear", target="closed_won"),
    "drivers": lambda j: j.drivers(STEPS),
    "barriers": lambda j: j.barriers(STEPS, by="lead_source"),
}


@pytest.mark.parametrize("what", HOLD_JOURNEYS)
def test_journeys_and_what_holds_them_say_how_to_pass_them_on(journeys: ll.Journeys, what: str) -> None:
    held = HOLD_JOURNEYS[what](journeys)
    with pytest.raises(ll.PicklingError, match=r"Journeys\.save.*Journeys\.open") as raised:
        pickle.dumps(held)
    assert isinstance(raised.value, (pickle.PicklingError, ll.LeadLensError))
    # They never change, so that a copy may share them.
    assert repr(copy.deepcopy(held)) == repr(held) == repr(copy.copy(held))


def test_models_scores_and_declarations_come_back_the_same(sides: tuple[ll.Snapshot, ll.Snapshot]) -> None:
    train, test = sides
    scorer = ll.LeadScorer().fit(train)
    for one in [
        scorer,
        ll.LeadScorer(C=2.0),
        scorer.score(test),
        scorer.evaluate(test),
        scorer.compare(scorer, test),
        ll.FeatureSet(),
        ll.Step("sql"),
        ll.Leads("leads.csv", id="id"),
        ll.lookup("contacts.csv", "id", "lead"),
    ]:
        assert repr(pickle.loads(pickle.dumps(one))) == repr(one)
    again = pickle.loads(pickle.dumps(scorer))
    assert again.score(test).to_polars().equals(scorer.score(test).to_polars())


def test_errors_come_back_with_what_they_say() -> None:
    for kind in [c for c in vars(ll.errors).values() if isinstance(c, type) and issubclass(c, ll.LeadLensError)]:
        error = kind("a message")
        error.kind = "slug"
        again = pickle.loads(pickle.dumps(error))
        assert (type(again), str(again), again.__dict__) == (kind, "a message", error.__dict__)


def arrays() -> tuple[Any, Any]:
    rng = np.random.default_rng(5)
    X = rng.normal(size=(2_000, 3))
    return X, X[:, 0] + rng.normal(size=2_000) > 0.3


def probability(model: Any) -> float:
    return float(model.predict_proba(arrays()[0])[:, 1].sum())


def coefficients(C: float) -> list[float]:
    fitted: list[float] = ll.LogisticRegression(C=C).fit(*arrays()).coef_[0].tolist()
    return fitted


@pytest.mark.parametrize("backend", ["loky", "multiprocessing", "threading"])
def test_workers_of_joblib_fit_and_score(backend: str) -> None:
    model = ll.LogisticRegression().fit(*arrays())
    with joblib.Parallel(n_jobs=2, backend=backend, timeout=120) as parallel:
        assert parallel(joblib.delayed(probability)(model) for _ in range(3)) == [probability(model)] * 3
        strengths = [0.1, 1.0, 10.0]
        assert parallel(joblib.delayed(coefficients)(C) for C in strengths) == [coefficients(C) for C in strengths]


def leads(journeys: ll.Journeys) -> int:
    count: int = journeys.facts["leads"]
    return count


def journeys_of(_: int) -> ll.Journeys:
    return ll.datasets.b2b_saas()


@pytest.mark.parametrize("backend", ["loky", "multiprocessing"])
def test_joblib_shows_how_to_pass_journeys_on(journeys: ll.Journeys, backend: str) -> None:
    """Loky has a message of its own for arguments, of which ours is the cause; both are printed."""
    for work, argument in [(leads, journeys), (journeys_of, 1)]:
        parallel = joblib.Parallel(n_jobs=2, backend=backend, timeout=120)
        with pytest.raises(Exception, match=r"(?i)pickle|sending result") as raised:
            parallel(joblib.delayed(work)(argument) for _ in range(2))
        shown = "".join(traceback.format_exception(raised.value))
        assert "save them with Journeys.save(path)" in shown
        if backend == "multiprocessing" and work is leads:
            assert isinstance(raised.value, ll.PicklingError)
        if backend == "loky" and work is journeys_of:
            assert isinstance(raised.value, ll.PicklingError)

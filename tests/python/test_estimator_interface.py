"""LeadScorer and LogisticRegression behave as scikit-learn's users expect of an estimator."""

from __future__ import annotations

import inspect
import math
import pickle
from typing import Any

import numpy as np
import pytest
import sklearn.exceptions
from sklearn.base import clone
from sklearn.utils.validation import check_is_fitted

import leadlens as ll


@pytest.fixture(scope="module")
def train() -> ll.Snapshot:
    return ll.datasets.b2b_saas().snapshot(after="31d", horizon="59d")


@pytest.fixture(scope="module")
def fitted(train: ll.Snapshot) -> ll.LeadScorer:
    return ll.LeadScorer(C=0.01).fit(train)


GIVEN: list[dict[str, Any]] = [
    {},
    {"C": 0.1, "intervals": True},
    {"C": math.inf},
    {"C": "cv", "choice": "one_standard_error"},
    {"penalty": "firth"},
    {"interactions": [("a", "b")], "monotone": {"x": "increasing"}},
]


@pytest.mark.parametrize("given", GIVEN, ids=str)
def test_parameters_are_attributes_and_are_shown(given: dict[str, Any]) -> None:
    scorer = ll.LeadScorer(**given)
    names = set(inspect.signature(ll.LeadScorer).parameters)
    assert set(scorer.get_params()) == names
    for name, value in given.items():
        assert getattr(scorer, name) is value
    # Only what differs from the defaults, in the order of the signature.
    shown = ", ".join(f"{name}={value!r}" for name, value in scorer.get_params().items() if name in given)
    assert repr(scorer) == f"LeadScorer({shown})"
    assert repr(clone(scorer)) == repr(scorer)
    assert clone(scorer) is not scorer


def test_repr_can_be_evaluated() -> None:
    scorer = ll.LeadScorer(C=0.25, calibration="sigmoid", interactions=3)
    assert eval(repr(scorer), {"LeadScorer": ll.LeadScorer}).get_params() == scorer.get_params()


def test_set_params_changes_all_or_nothing() -> None:
    scorer = ll.LeadScorer(C=0.5)
    with pytest.raises(ll.OptionError, match="unknown parameters"):
        scorer.set_params(C=2.0, depth=3)
    with pytest.raises(ll.OptionError, match="penalty must be"):
        scorer.set_params(C=2.0, penalty="l3")
    assert scorer.C == 0.5
    assert scorer.set_params(C=2.0) is scorer
    assert scorer.C == 2.0


def test_an_attribute_that_was_assigned_is_checked_in_fit(train: ll.Snapshot) -> None:
    scorer = ll.LeadScorer()
    scorer.C = "much"  # type: ignore[assignment]
    with pytest.raises(ll.OptionError, match="C must be a positive number"):
        scorer.fit(train)
    scorer.C = 0.01
    assert scorer.fit(train).training_["c"] == 0.01


NEEDS_FIT = ["features_", "n_features_in_", "feature_names_in_", "base_", "training_"]


@pytest.mark.parametrize("name", NEEDS_FIT)
def test_fitted_attributes_exist_after_fit_only(fitted: ll.LeadScorer, name: str) -> None:
    assert hasattr(fitted, name)
    assert not hasattr(ll.LeadScorer(), name)
    with pytest.raises(ll.NotFittedError, match=r"call fit\(snapshot\)"):
        getattr(ll.LeadScorer(), name)


@pytest.mark.parametrize(
    "use",
    [
        lambda s, t: s.score(t),
        lambda s, t: s.score_row([1.0]),
        lambda s, t: s.explain(t),
        lambda s, t: s.evaluate(t),
        lambda s, t: s.summary(),
        lambda s, t: s.effect("age_days"),
        lambda s, t: s.with_base_rate(0.5),
        lambda s, t: s.save("nowhere.json"),
        lambda s, t: s.plot_validation(),
    ],
)
def test_use_before_fit_is_an_error_that_says_so(train: ll.Snapshot, use: Any) -> None:
    with pytest.raises(ll.NotFittedError, match="not fitted yet") as raised:
        use(ll.LeadScorer(), train)
    assert raised.value.kind == "not_fitted"
    assert isinstance(raised.value, ValueError | AttributeError)


def test_scikit_learn_sees_what_is_fitted(fitted: ll.LeadScorer) -> None:
    check_is_fitted(fitted)
    for unfitted in (ll.LeadScorer(), clone(fitted)):
        with pytest.raises(sklearn.exceptions.NotFittedError):
            check_is_fitted(unfitted)


def test_feature_names_are_those_of_the_snapshot(fitted: ll.LeadScorer, train: ll.Snapshot) -> None:
    assert fitted.n_features_in_ == len(fitted.features_) == len(fitted.feature_names_in_)
    assert set(fitted.features_) <= set(train.feature_names)
    assert fitted.feature_names_in_.dtype == object


def test_a_fitted_scorer_shows_its_parameters_and_prints_its_model(fitted: ll.LeadScorer) -> None:
    parameters, rows, features = repr(fitted).splitlines()
    assert parameters == "LeadScorer(C=0.01)"
    assert rows.strip().startswith("Model of closed_won within ")
    assert f"{fitted.training_['rows']} rows" in rows
    assert features.strip().startswith(f"{fitted.n_features_in_} features: {fitted.features_[0]}, ")
    assert repr(ll.LeadScorer(C=0.01)) == parameters
    assert str(fitted).startswith("Model of")
    assert "LeadScorer(C=0.01)" in fitted._repr_html_()
    assert "odds ratio" in fitted._repr_html_()
    assert repr(pickle.loads(pickle.dumps(fitted))) == repr(fitted)
    assert repr(fitted.with_base_rate(0.1)).splitlines()[0] == parameters


def test_a_loaded_scorer_has_the_parameters_of_the_file(tmp_path: Any, train: ll.Snapshot) -> None:
    for scorer in (ll.LeadScorer(C=0.01), ll.LeadScorer(C=0.5, l1_ratio=0.5), ll.LeadScorer(C=0.1, solver="linfa")):
        scorer.fit(train).save(tmp_path / "model.json")
        assert repr(ll.load(tmp_path / "model.json")) == repr(scorer)


def test_a_logistic_regression_is_an_estimator_of_both() -> None:
    model = ll.LogisticRegression(C=0.5, signs=[1, 0])
    assert repr(model) == "LogisticRegression(C=0.5, signs=[1, 0])"
    assert clone(model).get_params() == model.get_params()
    assert model.set_params(C=2.0).C == 2.0
    X, y = np.zeros((4, 2)), [0, 1, 0, 1]
    for use in (
        lambda: model.predict(X),
        lambda: model.predict_proba(X),
        lambda: model.decision_function(X),
        lambda: model.inference(X, y),
        lambda: model.plot_validation(),
    ):
        with pytest.raises(ll.NotFittedError, match=r"call fit\(X, y\)") as raised:
            use()
        assert isinstance(raised.value, sklearn.exceptions.NotFittedError)
        assert isinstance(raised.value, ll.LeadLensError)
    assert not [name for name in vars(model) if name.endswith("_")]

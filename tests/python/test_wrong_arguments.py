"""Wrong arguments of Python functions: a typed error that names the argument and says what to pass."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

import leadlens as ll
from leadlens import metrics

Y = np.array([0, 1] * 25)
P = np.linspace(0.01, 0.99, 50)


@pytest.fixture(scope="module")
def journeys() -> ll.Journeys:
    return ll.datasets.b2b_saas()


def refused(call: Callable[[], Any], *words: str) -> None:
    with pytest.raises(ll.OptionError) as caught:
        call()
    assert caught.value.kind == "invalid_option"
    for word in words:
        assert word in str(caught.value), str(caught.value)


@pytest.mark.parametrize("name", ["roc_auc", "average_precision", "log_loss", "brier", "ks", "lift_table", "evaluate"])
def test_arrays_have_one_dimension(name: str) -> None:
    measure = getattr(metrics, name)
    refused(lambda: measure(Y, P.reshape(-1, 1)), "y_score", "(50, 1)", "ravel()")
    refused(lambda: measure(Y, np.column_stack([1 - P, P])), "y_score", "(50, 2)", "y_score[:, 1]")
    refused(lambda: measure(Y.reshape(-1, 1), P), "y_true", "(50, 1)")
    refused(lambda: measure(Y, P, sample_weight=np.ones((50, 1))), "sample_weight", "(50, 1)")


@pytest.mark.parametrize(
    "missing", [pd.array([pd.NA] + [1] * 49, dtype="Int64"), [None] + [1] * 49, [np.nan] + [1.0] * 49]
)
def test_missing_labels_are_counted(missing: Any) -> None:
    refused(lambda: metrics.roc_auc(missing, P), "y_true", "1 missing value")


def test_values_that_are_no_labels_or_numbers() -> None:
    refused(lambda: metrics.roc_auc([2] * 50, P), "y_true", "not 2")
    refused(lambda: metrics.roc_auc(["won"] * 50, P), "y_true", "'won'")
    refused(lambda: metrics.roc_auc(Y, ["high"] * 50), "y_score", "not numbers")
    refused(lambda: metrics.compare(Y, P, P.reshape(-1, 1)), "second", "(50, 1)")
    refused(lambda: metrics.compare(Y, P.reshape(-1, 1), P), "first", "(50, 1)")


@pytest.mark.parametrize("number", [-1, 0, 2.5, True, "3", None, 2**70])
def test_numbers_of_rows_are_integers(number: Any) -> None:
    refused(lambda: metrics.precision_at(Y, P, number), "k must be an integer of at least 1")
    refused(lambda: metrics.calibration_table(Y, P, bins=number), "bins must be an integer of at least 1")
    refused(lambda: metrics.lift_table(Y, P, slices=number), "slices must be an integer of at least 1")
    refused(lambda: metrics.evaluate(Y, P, precision_at=[5, number]), "precision_at must be an integer of at least 1")


def test_what_is_fitted_and_scored_is_a_snapshot(journeys: ll.Journeys) -> None:
    frame = pd.DataFrame({"a": [1.0, 2.0], "won": [0, 1]})
    snapshot = journeys.snapshot(after="31d", horizon="59d")
    scorer = ll.LeadScorer(C=0.01).fit(snapshot)
    for call in (ll.LeadScorer().fit, scorer.score, scorer.evaluate, scorer.explain):
        refused(lambda call=call: call(frame), "snapshot must be a Snapshot, not DataFrame", "LogisticRegression")
        refused(lambda call=call: call(journeys), "not Journeys", "Journeys.snapshot")
    refused(lambda: ll.LeadScorer().fit(snapshot, frame["won"]), "y must be None")
    refused(lambda: scorer.compare(frame, snapshot), "other must be a LeadScorer, not DataFrame")
    refused(lambda: scorer.score(snapshot, reasons=-1), "reasons")
    refused(lambda: scorer.score_row([None] * scorer.n_features_in_, reasons=1.5), "reasons")
    refused(lambda: scorer.score(snapshot).top(-1), "n must be")
    refused(lambda: snapshot.split(0.3, by="random", seed=-1), "seed")
    refused(lambda: ll.report(scorer, journeys, "report.html"), "scorer must be a LeadScorer, not Journeys")
    refused(lambda: ll.report(frame, scorer, "report.html"), "journeys must be Journeys, not DataFrame")
    refused(lambda: ll.report(journeys, scorer, "report.html", test=frame), "test must be a Snapshot")


def test_every_error_of_leadlens_has_a_slug_of_its_own() -> None:
    classes = [c for c in vars(ll.errors).values() if isinstance(c, type) and issubclass(c, ll.LeadLensError)]
    assert len(classes) >= 15
    without = [c.__name__ for c in classes if c.kind == "leadlens" and c is not ll.LeadLensError]
    assert without == []


@pytest.mark.parametrize("path", [None, 5, "", b"model.json", ["model.json"]])
def test_paths_are_texts_or_paths(journeys: ll.Journeys, path: Any, tmp_path: Any, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    scorer = ll.LeadScorer(C=0.01).fit(journeys.snapshot(after="31d", horizon="59d"))
    refused(lambda: scorer.save(path), "path must be a path")
    refused(lambda: ll.load(path), "path must be a path")
    refused(lambda: ll.report(journeys, scorer, path), "path must be a path")
    assert list(tmp_path.iterdir()) == []


def test_shares_and_counts_are_numbers(journeys: ll.Journeys) -> None:
    snapshot = journeys.snapshot(after="31d", horizon="59d")
    refused(lambda: snapshot.split("a third", by="random"), "test must be a number")
    refused(lambda: ll.LeadScorer(C=0.01).fit(snapshot).with_base_rate("low"), "rate must be a number")
    refused(lambda: journeys.attribution("linear", bootstrap=-1), "bootstrap", "an integer of at least 0, not -1")
    refused(lambda: journeys.paths(top=2.5), "top", "an integer of at least 0, not 2.5")


def test_tables_are_declared_and_are_frames() -> None:
    frame = pd.DataFrame({"id": [1]})
    refused(lambda: ll.Journeys(leads=frame), "leads: expected Leads(table, …)", "got DataFrame")
    refused(lambda: ll.Journeys(leads=ll.Leads({"id": [1]}, id="id")), "leads: a table must be", "not dict")

"""What arrays and data frames may hold, and where fits may start."""

import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import ConvergenceWarning

import leadlens as ll


def test_far_offsets_starts_and_means():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(5000, 3))
    y = rng.random(5000) < 1 / (1 + np.exp(-x[:, 0]))
    plain = ll.LogisticRegression().fit(x, y)
    for shift in (60.0, 1000.0, -3000.0):
        moved = ll.LogisticRegression().fit(x, y, offset=np.full(5000, shift))
        assert np.abs(moved.coef_ - plain.coef_).max() < 1e-8
        assert abs(moved.intercept_[0] + shift - plain.intercept_[0]) < 1e-8
    # A warm start from other scales leads nowhere; the fit starts again.
    warm = ll.LogisticRegression(warm_start=True).fit(x * 1e-3, y).fit(x * 1e3, y)
    assert np.abs(warm.coef_ - ll.LogisticRegression().fit(x * 1e3, y).coef_).max() < 1e-8
    for mean in (1e4, 1e6):
        far = ll.LogisticRegression().fit(x + np.array([mean, 0, 0]), y)
        assert np.abs(far.coef_ - plain.coef_).max() < 1e-6
    far = ll.LogisticRegression().fit(x + np.array([1e9, 0, 0]), y)
    assert np.abs(far.coef_ - plain.coef_).max() < 1e-5
    with pytest.raises(ll.OptionError, match=r"offset.*5000|5000.*offset"):
        plain.predict_proba(x, offset=np.full(5000, np.nan))
    raw = np.frombuffer(b"0" + np.ascontiguousarray(x).tobytes(), dtype=np.uint8)[1:].view(np.float64).reshape(-1, 3)
    assert np.array_equal(ll.LogisticRegression().fit(raw, y).coef_, plain.coef_)
    with pytest.raises(ValueError, match="sample_weight 0"):
        ll.LogisticRegression(class_weight="balanced").fit(x, y, sample_weight=np.where(y, 1.0, 0.0))
    with pytest.warns(ConvergenceWarning):
        assert not ll.LogisticRegression("cv", max_iter=1).fit(x, y).converged_


def test_text_columns_are_those_of_training():
    rng = np.random.default_rng(1)
    frame = pd.DataFrame({"a": rng.normal(size=400), "t": pd.Series(rng.choice(["1", "u", "v"], 400), dtype=object)})
    y = rng.random(400) < 0.4
    model = ll.LogisticRegression().fit(frame, y)
    # A batch whose texts all look like numbers, or are numbers.
    for value in ("1", 1):
        batch = pd.DataFrame({"a": [0.5], "t": pd.Series([value], dtype=object)})
        level = model.column_names_.index("t=1")
        expected = model.intercept_[0] + 0.5 * model.coef_[0, 0] + model.coef_[0, level]
        assert model.decision_function(batch)[0] == pytest.approx(expected, abs=1e-12)
    with pytest.raises(ValueError, match=r"missing values in text columns \{'t': 200\}"):
        ll.LogisticRegression().fit(frame.assign(t=pd.Series(["u", pd.NA] * 200, dtype="string")), y)
    with pytest.raises(ll.OptionError, match="column 't' has 200 values that are NaN"):
        ll.LogisticRegression().fit(frame.assign(t=pd.Series([True, pd.NA] * 200, dtype="boolean")), y)


def test_firth_leaves_out_collinear_columns():
    rng = np.random.default_rng(4)
    x = rng.normal(size=(200, 2))
    y = rng.random(200) < 1 / (1 + np.exp(-x[:, 0]))
    both = np.column_stack([x, x.sum(axis=1)])
    model = ll.LogisticRegression(penalty="firth", collinear="drop").fit(both, y)
    assert model.dropped_ == ["x2"]
    assert np.abs(model.coef_[0, :2] - ll.LogisticRegression(penalty="firth").fit(x, y).coef_[0]).max() < 1e-7
    with pytest.raises(ll.FitError, match="'x2' is a linear combination of 'x0', 'x1'"):
        ll.LogisticRegression(penalty="firth").fit(both, y)


def test_firth_is_a_result_where_classes_are_separated():
    rng = np.random.default_rng(3)
    for n in (40, 1000):
        x = rng.normal(size=n)
        model = ll.LogisticRegression(penalty="firth").fit(x[:, None], x > 0)
        assert model.converged_
        assert model.coef_[0, 0] > 5

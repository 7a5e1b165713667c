"""LogisticRegression: scikit-learn's contract, every kind of input, statistics, bad input; LeadScorer's new options."""

import json
import math
import pickle
import re
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest
from real_data import bank
from scipy import sparse
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression as Reference
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.utils.estimator_checks import check_estimator

import leadlens as ll

GOLDEN = Path(__file__).parents[1] / "golden"
# scikit-learn's newton-cholesky at tol 1e-12 is exact to 1e-10; leadlens stops at a step of 1e-8.
PARITY = 1e-7


def draw(n=2000, p=6, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p))
    y = (rng.random(n) < 1 / (1 + np.exp(1 - X @ rng.normal(size=p)))).astype(int)
    return X, y, rng


def exact(X, y, **options):
    return Reference(solver="newton-cholesky", tol=1e-12, max_iter=1000, **options).fit(X, y)


def test_estimator_contract():
    with warnings.catch_warnings():
        # Checks fit data that few iterations do not solve, on purpose.
        warnings.simplefilter("ignore")
        results = check_estimator(ll.LogisticRegression(), on_fail=None)
    failed = [(r["check_name"], r["exception"]) for r in results if r["status"] not in ("passed", "skipped")]
    assert not failed
    assert sum(r["status"] == "passed" for r in results) > 40


def test_goldens_through_python():
    golden = json.loads((GOLDEN / "fit.json").read_text())
    data = {d["name"]: d for d in golden["datasets"]}
    for case in golden["cases"]:
        d = data[case["dataset"]]
        X, y = np.array(d["x"]), np.array(d["y"])
        weight = np.array(d["weight"]) if case["weighted"] else None
        for storage in (X, np.asfortranarray(X), sparse.csr_array(X)):
            model = ll.LogisticRegression(case["C"] if "C" in case else case["c"]).fit(storage, y, weight)
            off = np.abs(model.coef_[0] - case["coef"]) / np.maximum(1, np.abs(case["coef"]))
            assert off.max() < 1e-6
            assert model.converged_
            assert model.gradient_ <= 1e-8


@pytest.mark.parametrize(
    "kind", ["c", "fortran", "float32", "strided", "readonly", "sparse", "csc", "pandas", "polars", "list"]
)
def test_every_kind_of_input_gives_the_same_model(kind):
    X, y, _ = draw()
    make = {
        "c": lambda: X,
        "fortran": lambda: np.asfortranarray(X),
        "float32": lambda: X.astype(np.float32),
        "strided": lambda: np.repeat(X, 2, axis=0)[::2],
        "readonly": lambda: pickle.loads(pickle.dumps(X)),
        "sparse": lambda: sparse.csr_array(X),
        "csc": lambda: sparse.csc_matrix(X),
        "pandas": lambda: pd.DataFrame(X, columns=list("abcdef")),
        "polars": lambda: pl.DataFrame(X, schema=list("abcdef")),
        "list": lambda: X.tolist(),
    }
    given = make[kind]()
    if kind == "readonly":
        given.flags.writeable = False
    model = ll.LogisticRegression(0.5).fit(given, y)
    bound = 1e-5 if kind == "float32" else PARITY
    assert np.abs(model.coef_ - exact(X, y, C=0.5).coef_).max() < bound
    p = model.predict_proba(given)
    by_hand = 1 / (1 + np.exp(-(X @ model.coef_[0] + model.intercept_)))
    assert np.abs(p[:, 1] - by_hand).max() < (1e-6 if kind == "float32" else 1e-12)
    assert np.allclose(p.sum(axis=1), 1.0)
    if kind in ("pandas", "polars"):
        assert model.column_names_ == list("abcdef")


def mixed(n=3000):
    X, y, rng = draw(n, 2, seed=3)
    city = rng.choice(["Berlin", "Lagos", "Lima", "Pune"], n, p=[0.5, 0.3, 0.15, 0.05])
    plan = rng.choice(["free", "paid"], n)
    y = np.where((city == "Lagos") & (rng.random(n) < 0.4), 1, y)
    return {"age": X[:, 0], "visits": X[:, 1], "city": city, "plan": plan}, y


@pytest.mark.parametrize("kind", ["pandas", "category", "polars", "enum", "polars categorical"])
def test_text_columns_stay_codes(kind):
    columns, y = mixed()
    frame = {
        "pandas": lambda: pd.DataFrame(columns),
        "category": lambda: pd.DataFrame(columns).astype({"city": "category", "plan": "category"}),
        "polars": lambda: pl.DataFrame(columns),
        "enum": lambda: pl.DataFrame(columns).with_columns(
            pl.col("city").cast(pl.Enum(["Pune", "Lima", "Lagos", "Berlin"]))
        ),
        "polars categorical": lambda: pl.DataFrame(columns).with_columns(pl.col("city", "plan").cast(pl.Categorical)),
    }[kind]()
    model = ll.LogisticRegression(0.7).fit(frame, y)
    encoder = OneHotEncoder(sparse_output=False).fit(np.column_stack([columns["city"], columns["plan"]]))
    wide = np.column_stack(
        [columns["age"], columns["visits"], encoder.transform(np.column_stack([columns["city"], columns["plan"]]))]
    )
    reference = exact(wide, y, C=0.7)
    ours = dict(zip(model.column_names_, model.coef_[0], strict=True))
    names = [
        "age",
        "visits",
        *[f"{f}={v}" for f, vs in zip(["city", "plan"], encoder.categories_, strict=True) for v in vs],
    ]
    for name, want in zip(names, reference.coef_[0], strict=True):
        assert abs(ours[name] - want) < PARITY, name
    assert np.abs(model.predict_proba(frame) - reference.predict_proba(wide)).max() < PARITY
    # A new level has no evidence: its indicators are all 0. Columns may come in another order.
    new = pd.DataFrame({"plan": ["free"], "city": ["Atlantis"], "visits": [0.0], "age": [0.0]})
    assert model.decision_function(new)[0] == pytest.approx(model.intercept_[0] + ours["plan=free"], abs=1e-12)
    with pytest.raises(ValueError, match="does not have the column 'city'"):
        model.predict(new.drop(columns="city"))
    with pytest.raises(ValueError, match="had texts in training"):
        model.predict(new.assign(city=1.0))


def test_missing_texts_are_named():
    columns, y = mixed(100)
    frame = pd.DataFrame(columns)
    frame.loc[3, "city"] = None
    for given in (frame, frame.astype({"city": "category"}), pl.from_pandas(frame)):
        with pytest.raises(ValueError, match=r"NaN.*\{'city': 1\}"):
            ll.LogisticRegression().fit(given, y)


def test_pipelines_searches_and_pickles():
    X, y, _ = draw()
    search = GridSearchCV(
        make_pipeline(StandardScaler(), ll.LogisticRegression()), {"logisticregression__C": [0.01, 1.0]}, cv=3
    )
    assert search.fit(X, y).best_score_ > 0.6
    calibrated = CalibratedClassifierCV(ll.LogisticRegression(), cv=3).fit(X, y)
    assert calibrated.predict_proba(X).shape == (2000, 2)
    model = ll.LogisticRegression(2.0, class_weight="balanced").fit(X, y)
    again = pickle.loads(pickle.dumps(model))
    assert (again.predict_proba(X) == model.predict_proba(X)).all()
    assert clone(model).get_params() == model.get_params()
    reference = exact(X, y, C=2.0, class_weight="balanced")
    assert np.abs(model.coef_ - reference.coef_).max() < PARITY
    words = np.where(y == 1, "won", "lost")
    by_flag = ll.LogisticRegression(2.0).fit(X, y == 1).predict(X)
    assert (ll.LogisticRegression(2.0).fit(X, words).predict(X) == np.where(by_flag, "won", "lost")).all()


def test_large_data_take_the_sampled_start():
    X, y, rng = draw(150_000, 8, seed=5)
    order = np.argsort(X[:, 0], kind="stable")
    X, y = X[order], y[order]
    model = ll.LogisticRegression().fit(X, y)
    assert np.abs(model.coef_ - exact(X, y).coef_).max() < PARITY
    # Rare positives, correlated columns, rare levels.
    rare = (rng.random(150_000) < 1 / (1 + np.exp(7 - X[:, 0]))).astype(int)
    tangled = np.column_stack([X, X[:, 0] + 0.01 * X[:, 1], 1000 * X[:, 2]])
    model = ll.LogisticRegression().fit(tangled, rare)
    reference = exact(tangled, rare)
    assert model.objective_ <= 1 / 2 * (reference.coef_**2).sum() + sum(
        np.logaddexp(0, np.where(rare == 1, -1, 1) * reference.decision_function(tangled))
    ) * (1 + 1e-12)
    zipf = np.minimum(rng.zipf(1.5, 150_000), 400).astype(str)
    frame = pd.DataFrame({"x": X[:, 0], "level": pd.Categorical(zipf)})
    model = ll.LogisticRegression().fit(frame, rare)
    wide = np.column_stack([X[:, 0], OneHotEncoder(sparse_output=False).fit_transform(zipf.reshape(-1, 1))])
    own = dict(zip(model.column_names_, model.coef_[0], strict=True))
    levels = [f"level={v}" for v in sorted(set(zipf))]
    assert np.abs(np.array([own[n] for n in ["x", *levels]]) - exact(wide, rare).coef_[0]).max() < 1e-6


def test_offsets_starts_and_no_intercept():
    X, y, rng = draw()
    shift = rng.normal(size=2000)
    model = ll.LogisticRegression(math.inf).fit(X, y, offset=shift)
    stacked = ll.LogisticRegression(math.inf).fit(np.column_stack([X, shift]), y)
    assert model.objective_ >= stacked.objective_
    eta = model.decision_function(X, offset=shift)
    assert np.allclose(eta, X @ model.coef_[0] + model.intercept_ + shift)
    # At the minimum residuals are orthogonal to every column.
    residual = 1 / (1 + np.exp(-eta)) - y
    assert np.abs(X.T @ residual).max() < 1e-4
    model = ll.LogisticRegression(fit_intercept=False).fit(X, y)
    assert np.abs(model.coef_ - exact(X, y, fit_intercept=False).coef_).max() < PARITY
    assert model.intercept_[0] == 0.0
    warm = ll.LogisticRegression(warm_start=True).fit(X, y)
    first = warm.n_iter_[0]
    assert warm.fit(X, y).n_iter_[0] < first


def test_it_stops_where_it_was_told_and_says_so():
    X, y, _ = draw()
    with pytest.warns(ConvergenceWarning, match="no convergence after 1 iterations"):
        model = ll.LogisticRegression(max_iter=1).fit(X, y)
    assert not model.converged_
    assert model.gradient_ > 1e-8


def test_cross_validated_c():
    X, y, _ = draw(600, 30, seed=9)
    model = ll.LogisticRegression("cv", Cs=[1e-4, 0.01, 1.0, 100.0]).fit(X, y)
    v = model.validation_
    assert v["cs"][int(np.argmin(v["mean"]))] == model.C_
    assert np.allclose(np.mean(v["losses"], axis=0), v["mean"])
    assert model.C_ in (0.01, 1.0)
    assert (
        ll.LogisticRegression("cv", choice="one_standard_error").fit(X, y).C_
        <= ll.LogisticRegression("cv").fit(X, y).C_
    )


def test_statistics():
    golden = json.loads((GOLDEN / "inference.json").read_text())
    X, y = np.array(golden["x"]), np.array(golden["y"])
    model = ll.LogisticRegression(math.inf, tol=1e-11).fit(X, y)
    result = model.inference(X, y)
    table = result.to_polars()
    assert table["name"].to_list() == ["intercept", "x0", "x1", "x2", "x3"]
    # statsmodels; see the generator of the goldens.
    for column, key in [
        ("coefficient", "params"),
        ("standard_error", "bse"),
        ("p_value", "p"),
        ("low", "low"),
        ("high", "high"),
    ]:
        assert np.allclose(table[column], golden["model"][key], rtol=1e-8, atol=1e-10)
    assert np.allclose(table["odds_ratio"], np.exp(golden["model"]["params"]))
    assert result.aic == pytest.approx(golden["aic"], abs=1e-8)
    clustered = model.inference(X, y, covariance="clustered", clusters=[f"account {c}" for c in golden["cluster"]])
    assert np.allclose(clustered.to_polars()["standard_error"], golden["clustered"]["bse"], rtol=1e-8)
    interval = result.interval(X[:5])
    low, high = interval["low"], interval["high"]
    assert ((low < interval["probability"]) & (interval["probability"] < high)).all()
    assert "model-based standard errors" in repr(result)
    assert model.inference(X, y, profile=True).to_polars()["low"][1] != table["low"][1]
    assert "approximate" in repr(ll.LogisticRegression().fit(X, y).inference(X, y))
    with pytest.raises(ll.OptionError, match="standard errors are unavailable"):
        ll.LogisticRegression(l1_ratio=1.0).fit(X, y).inference(X, y)


def test_intervals_cover():
    # 400 unpenalised fits of 600 rows: a run that a wrong standard error fails, not a proof of coverage.
    rng = np.random.default_rng(11)
    truth = np.array([-0.5, 0.8, -0.4])
    inside = np.zeros(3)
    for _ in range(400):
        X = rng.normal(size=(600, 2))
        y = rng.random(600) < 1 / (1 + np.exp(-(truth[0] + X @ truth[1:])))
        table = ll.LogisticRegression(math.inf).fit(X, y).inference(X, y).to_polars()
        inside += (table["low"].to_numpy() <= truth) & (truth <= table["high"].to_numpy())
    # Four standard errors of a share of 0.95 of 400.
    assert (np.abs(inside / 400 - 0.95) < 4 * math.sqrt(0.95 * 0.05 / 400)).all()


def test_firth_and_separation():
    golden = json.loads((GOLDEN / "inference.json").read_text())
    data = next(f for f in golden["firth"] if f["name"] == "endometrial")
    frame = pd.DataFrame(data["x"], columns=["NV", "PI", "EH"])
    with pytest.raises(ll.SeparationError, match=r"quasi-complete separation: 'NV' separates .*penalty") as raised:
        ll.LogisticRegression(math.inf).fit(frame, data["y"])
    assert raised.value.kind == "separated"
    model = ll.LogisticRegression(penalty="firth", flic=False).fit(frame, data["y"])
    assert np.allclose(model.coef_[0], data["coef"], rtol=1e-5)
    table = model.inference(frame, data["y"]).to_polars()
    assert np.allclose(table["low"], data["low"], rtol=1e-4)
    assert np.allclose(table["high"], data["high"], rtol=1e-4)
    scores = ll.LogisticRegression(penalty="firth").fit(frame, data["y"]).predict_proba(frame)[:, 1]
    assert scores.mean() == pytest.approx(np.mean(data["y"]), abs=1e-12)


def test_collinear_and_constant_columns():
    X, y, _ = draw(300, 3)
    frame = pd.DataFrame(np.column_stack([X, X[:, 0] - X[:, 1], np.ones(300)]), columns=["a", "b", "c", "a-b", "one"])
    with pytest.raises(ll.FitError, match="'a-b' is a linear combination of 'a', 'b'; 'one' is constant"):
        ll.LogisticRegression(math.inf).fit(frame, y)
    model = ll.LogisticRegression(math.inf, collinear="drop").fit(frame, y)
    assert model.dropped_ == ["a-b", "one"]
    assert (model.coef_[0, 3:] == 0).all()
    assert np.isfinite(ll.LogisticRegression().fit(frame, y).coef_).all()


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"C": 0.0}, "C: must be a positive number, not 0"),
        ({"C": math.nan}, "C must be"),
        ({"C": "auto"}, "C must be"),
        ({"l1_ratio": 2.0}, "l1_ratio"),
        ({"tol": -1.0}, "tolerance"),
        ({"max_iter": 0}, "max_iterations"),
        ({"penalty": "l3"}, "penalty"),
        ({"signs": [2, 0]}, "signs"),
        ({"signs": [1]}, "signs has length 1"),
        ({"solver": "magic"}, "magic"),
        ({"collinear": "shrug"}, "collinear"),
        ({"penalty": "firth", "signs": [1, 0]}, "firth"),
    ],
)
def test_bad_options(options, match):
    X, y, _ = draw(100, 2)
    with pytest.raises(ValueError, match=match):
        ll.LogisticRegression(**options).fit(X, y)


@pytest.mark.parametrize(
    ("spoil", "match"),
    [
        (lambda X, y: (np.where(X > 2, np.inf, X), y), "column 'x0' has 1 value that is NaN or infinite"),
        (lambda X, y: (np.where(X > 2, np.nan, X), y), "NaN"),
        (lambda X, y: (X, np.ones_like(y)), "only one class"),
        (lambda X, y: (X, np.arange(len(y)) % 3), "Only binary"),
        (lambda X, y: (X, y[:-1]), "inconsistent"),
        (lambda X, y: (X[:0], y[:0]), "0 sample"),
        (lambda X, y: (X * 1e200, y), "too large"),
    ],
)
def test_bad_data(spoil, match):
    rng = np.random.default_rng(0)
    X = rng.uniform(-1, 1, size=(50, 2))
    X[7, 0] = 3.0
    y = rng.integers(0, 2, 50)
    X, y = spoil(X, y)
    with pytest.raises(ValueError, match=match):
        ll.LogisticRegression().fit(X, y)


def test_what_is_neither_number_nor_text_is_named():
    _, y, _ = draw(60, 2)
    days = pd.date_range("2026-01-01", periods=60)
    for frame in (
        pd.DataFrame({"day": days, "city": ["a", "b"] * 30}),
        pl.DataFrame({"day": days, "city": ["a", "b"] * 30}),
    ):
        with pytest.raises(ValueError, match=r"\['day'\] are neither numeric nor text"):
            ll.LogisticRegression().fit(frame, y)


def test_a_column_far_from_zero_is_centred():
    X, y, _ = draw(300, 2)
    for c in (math.inf, 1.0):
        near = ll.LogisticRegression(c).fit(X, y)
        for offset in (1e5, 1e9):
            far = ll.LogisticRegression(c).fit(X + np.array([offset, 0.0]), y)
            assert np.abs(far.coef_ - near.coef_).max() < 1e-6
            # Beside 1e9 a double keeps seven decimals.
            assert far.objective_ == pytest.approx(near.objective_, rel=1e-8)
            a = near.inference(X, y).to_polars()["standard_error"]
            b = far.inference(X + np.array([offset, 0.0]), y).to_polars()["standard_error"]
            assert (a - b).abs()[1:].max() < 1e-5


def test_statistics_need_the_rows_of_the_fit():
    X, y, _ = draw(300, 2)
    with pytest.raises(ll.OptionError, match="differ from the training data"):
        ll.LogisticRegression().fit(X, y).inference(X, 1 - y)


def test_bad_rows_at_prediction():
    X, y, _ = draw(100, 2)
    model = ll.LogisticRegression().fit(X, y)
    X[3, 1] = np.nan
    with pytest.raises(ValueError, match="column 'x1' has 1 value that is NaN or infinite"):
        model.predict_proba(X)


def test_signs():
    X, y, _ = draw(500, 2, seed=1)
    free = ll.LogisticRegression().fit(X, y).coef_[0]
    held = ll.LogisticRegression(signs=-np.sign(free)).fit(X, y)
    assert (held.coef_ == 0).all()
    assert np.allclose(ll.LogisticRegression(signs=np.sign(free)).fit(X, y).coef_, free, atol=1e-6)


@pytest.fixture(scope="module")
def weekly():
    journeys = ll.datasets.b2b_saas()
    return journeys.snapshot(every="14d", horizon="30d")


def test_scorer_chooses_c_forward_in_time(weekly):
    scorer = ll.LeadScorer(C="cv").fit(weekly)
    v = scorer.training_["validation"]
    assert "forward folds" in v["folds"]
    assert scorer.training_["c"] == v["c"] == v["cs"][int(np.argmin(v["mean"]))]
    assert "C chosen by log loss" in str(scorer)
    careful = ll.LeadScorer(C="cv", choice="one_standard_error").fit(weekly)
    assert careful.training_["c"] <= v["c"]


def test_scorer_standard_errors_are_clustered(weekly):
    scorer = ll.LeadScorer(C=0.01).fit(weekly)
    assert "clustered by account" in scorer.training_["inference"]
    assert "from a fit with C = 10" in scorer.training_["inference"]
    # A reference level has no difference to itself.
    table = scorer.summary().filter(pl.col("level").ne_missing(pl.col("against")))
    assert (table["standard_error"] > 0).all()
    assert ((table["low"] < table["unshrunk"]) & (table["unshrunk"] < table["high"])).all()


@pytest.mark.parametrize("method", ["sigmoid", "isotonic", "beta"])
def test_scorer_calibration(weekly, method):
    scorer = ll.LeadScorer(C=0.01, calibration=method).fit(weekly)
    facts = scorer.training_["calibration"]
    assert facts["method"] == method
    assert facts["positives"] >= 50
    # The slice that calibrates is not trained on, and so its ages are not.
    scores = scorer.score(weekly, allow_extrapolation=True).to_polars()
    eta, p = scores["log_odds"].to_numpy(), scores["probability"].to_numpy()
    order = np.argsort(eta)
    assert (np.diff(p[order]) >= -1e-15).all()
    if method == "sigmoid":
        assert np.allclose(p, 1 / (1 + np.exp(-eta)))
    # Reasons add up to the log-odds whatever the map.
    sums = scorer.explain(weekly).group_by("lead_id", "as_of").agg(pl.col("contribution").sum())
    both = scores.join(sums, on=["lead_id", "as_of"])
    assert np.allclose(both["log_odds"], both["contribution"], atol=1e-9)
    again = pickle.loads(pickle.dumps(scorer))
    assert again.score(weekly, allow_extrapolation=True).to_polars().equals(scores)
    if method == "sigmoid":
        moved = scorer.with_base_rate(0.5).score(weekly, allow_extrapolation=True).to_polars()["log_odds"].to_numpy()
        # Calibrated probabilities are those of the later slice.
        base = facts["base_rate"]
        assert np.allclose(moved - eta, math.log((1 - base) / base))
    else:
        with pytest.raises(ll.OptionError, match="tied to the base rate of training"):
            scorer.with_base_rate(0.5)


def test_scorer_says_why_it_is_not_calibrated():
    scorer = ll.LeadScorer(C=0.01, calibration="sigmoid").fit(bank().snapshot())
    facts = scorer.training_["calibration"]
    assert facts["method"] == "none"
    assert "needs the creation times of leads" in facts["remark"]
    assert "calibration is not applied" in str(scorer)


def test_scorer_without_a_penalty_drops_what_is_not_determined(weekly):
    scorer = ll.LeadScorer(C=math.inf, min_level_rows=200).fit(weekly)
    assert scorer.training_["converged"]
    assert any("combination" in why for _, why in scorer.training_["dropped"])
    assert "approximate" not in scorer.training_["inference"]


def test_scorer_base_rate_is_checked(weekly):
    scorer = ll.LeadScorer(C=0.01).fit(weekly)
    for rate in (0.0, 1.0, math.nan):
        with pytest.raises(ll.OptionError, match="base_rate"):
            scorer.with_base_rate(rate)


@pytest.fixture(scope="module")
def bent():
    rng = np.random.default_rng(4)
    n = 6000
    size, visits = rng.normal(size=n), rng.poisson(1.0, n).astype(float)
    eta = -2 + 1.2 * size**2 + 0.3 * visits
    visits[:300] = np.nan
    leads = pl.DataFrame(
        {
            "id": np.arange(n),
            "size": size * 50 + 200,
            "visits": pl.Series(visits, nan_to_null=True),
            "won": (rng.random(n) < 1 / (1 + np.exp(-eta))).astype(int),
        }
    )
    journeys = ll.Journeys(leads=ll.Leads(leads, id="id", fields=["size", "visits"], outcome="won"))
    return journeys.snapshot().split(0.3, by="random")


def test_splines_follow_a_bend(bent):
    train, test = bent
    straight = ll.LeadScorer().fit(train)
    curved = ll.LeadScorer(nonlinear="auto").fit(train)
    # Both follow the bend; which is better beyond the outer knots, where they are flat, depends on the draw.
    assert curved.training_["nonlinear"].startswith(("linear splines (log loss", "restricted cubic splines (log loss"))
    assert "splines (log loss" in str(curved)
    assert curved.evaluate(test).roc_auc > straight.evaluate(test).roc_auc + 0.1
    levels = curved.summary().filter(pl.col("feature") == "size")["level"].to_list()
    assert levels == ["", *(f"(curve {j})" for j in range(1, 4))]
    effect = curved.effect("size")
    # Lowest in the middle, where it was made to be: at the mean.
    assert abs(effect.sort("contribution")["value"][0] - 200) < 25
    assert effect["contribution"][0] > effect["contribution"][50] + 1
    assert curved.effect("size", [200.0])["contribution"].len() == 1
    with pytest.raises(ll.UnknownNameError, match="did you mean 'size'"):
        curved.effect("sise")
    # One term, one reason: contributions still add up, missing ones included.
    scores = curved.score(test).to_polars()
    sums = curved.explain(test).group_by("lead_id").agg(pl.col("contribution").sum())
    both = scores.join(sums, on="lead_id")
    assert np.allclose(both["log_odds"], both["contribution"], atol=1e-9)
    assert pickle.loads(pickle.dumps(curved)).score(test).to_polars().equals(scores)
    # The fit is that of the reference on Harrell's basis.
    z = train.to_polars()["size"].to_numpy()
    mean, deviation = z.mean(), z.std()
    z = (z - mean) / deviation
    ends = np.quantile(z, [0.01, 0.99])
    # Outer knots are values that occur: as many rows lie at and beyond them as are counted.
    ends = np.array([z[z >= ends[0]].min(), z[z <= ends[1]].max()])
    inner = np.quantile(z[(z > ends[0]) & (z < ends[1])], [0.25, 0.5, 0.75])
    t = np.array([ends[0], *inner, ends[1]])
    z = np.clip(z, *ends)
    cube = lambda k: np.maximum(z - k, 0) ** 3  # noqa: E731
    basis = [z]
    for j in range(3):
        bend = cube(t[j]) - cube(t[3]) * (t[4] - t[j]) / (t[4] - t[3]) + cube(t[4]) * (t[3] - t[j]) / (t[4] - t[3])
        basis.append(bend / (t[4] - t[0]) ** 2)
    alone = ll.LeadScorer(C=1e6, nonlinear="cubic").fit(train)
    assert alone.training_["nonlinear"] == "restricted cubic splines"
    columns = np.column_stack([(b - b.mean()) / b.std() for b in basis])
    ours = alone.effect("size", list(z * deviation + mean))["contribution"].to_numpy()
    fitted = columns @ np.linalg.lstsq(columns, ours - ours.mean(), rcond=None)[0]
    assert np.abs(fitted - (ours - ours.mean())).max() < 1e-9


def test_splines_are_left_out_where_they_do_not_help():
    rng = np.random.default_rng(6)
    x = rng.normal(size=3000)
    won = (rng.random(3000) < 1 / (1 + np.exp(1 - x))).astype(int)
    leads = pl.DataFrame({"id": np.arange(3000), "x": x, "won": won})
    train = ll.Journeys(leads=ll.Leads(leads, id="id", fields=["x"], outcome="won")).snapshot()
    scorer = ll.LeadScorer(nonlinear="auto", C="cv").fit(train)
    what = scorer.training_["nonlinear"]
    shapes = re.findall(r"(?<![+-])\d\.\d{5} (straight|log of counts|linear splines|restricted cubic splines)", what)
    assert shapes == ["straight", "log of counts", "linear splines", "restricted cubic splines"]
    assert what.startswith("straight (")
    assert what.count("not steady") == 3
    assert scorer.training_["c"] == scorer.training_["validation"]["c"]


def test_a_flag_of_a_short_campaign_is_not_called_collinear():
    # Dense columns of many rows have a Hessian of every eighth block at first; the flag is 0 in all of those.
    rng = np.random.default_rng(1)
    n = 270_000
    x, flag = rng.normal(size=n), np.zeros(n)
    flag[99_452:99_852] = 1
    y = rng.random(n) < 1 / (1 + np.exp(-x))
    model = ll.LogisticRegression(math.inf).fit(np.column_stack([x, flag]), y)
    assert abs(model.coef_[0, 0] - 1) < 0.05


def test_frames_are_read_by_name_and_type():
    X, y, _ = draw(300, 2)
    text = np.where(y == 1, "u", "v")
    model = ll.LogisticRegression().fit(pl.DataFrame({"a": X[:, 0], "b": X[:, 1], "t": text}), y)
    model.fit(pl.DataFrame({"b": X[:, 1], "a": X[:, 0]}), y)
    with pytest.raises(ValueError, match=r"\['t'\] are texts"):
        model.predict(pl.DataFrame({"b": X[:, 1], "a": X[:, 0], "t": text}))
    flags = X[:, 0] > 0
    model = ll.LogisticRegression().fit(pd.DataFrame({"f": flags, "x": X[:, 1]}), y)
    assert model.column_names_ == ["f", "x"]
    p = model.predict_proba(pd.DataFrame({"f": flags, "x": X[:, 1]}))
    assert (p == model.predict_proba(pl.DataFrame({"f": flags, "x": X[:, 1]}))).all()
    twice = pd.DataFrame(X, columns=["c", "c"]).assign(t=text)
    with pytest.raises(ValueError, match="occur more than once"):
        ll.LogisticRegression().fit(twice, y)


def test_statistics_leave_the_model_alone():
    X, y, rng = draw(50, 4)
    model = ll.LogisticRegression().fit(X, y)
    with pytest.raises(ll.OptionError, match="was fitted on"):
        model.inference(X, np.where(y == 1, 7, 9))
    assert (model.classes_ == [0, 1]).all()
    with pytest.raises(ll.OptionError, match='clusters requires covariance="clustered"'):
        model.inference(X, y, clusters=y)
    wide = rng.normal(size=(50, 80))
    with pytest.raises(ll.OptionError, match="50 rows are too few for 81 coefficients"):
        ll.LogisticRegression().fit(wide, y).inference(wide, y, covariance="robust")
    firth = ll.LogisticRegression(penalty="firth").fit(X, y)
    assert np.allclose(firth.inference(X, y).interval(X)["probability"], firth.predict_proba(X)[:, 1])

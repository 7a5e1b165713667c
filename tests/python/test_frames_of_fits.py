"""Every way to hold the same columns gives the same fit."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import scipy.sparse as sp

import leadlens as ll

RNG = np.random.default_rng(11)
N = 240
AGE = RNG.normal(40, 9, N)
FLAG = RNG.random(N) < 0.3
PLAN = RNG.choice(["free", "pro", "team"], N)
TIER = RNG.integers(1, 5, N)
Y = RNG.random(N) < 1 / (1 + np.exp(-(FLAG - 0.5 + (PLAN == "pro"))))

NUMBERS = {
    "numpy": pd.DataFrame({"age": AGE, "flag": FLAG}),
    "extension": pd.DataFrame({"age": pd.array(AGE, "Float64"), "flag": pd.array(FLAG, "boolean")}),
    "objects": pd.DataFrame({"age": AGE, "flag": FLAG.astype(object)}),
    "arrow in pandas": pa.table({"age": AGE, "flag": FLAG}).to_pandas(types_mapper=pd.ArrowDtype),
    "polars": pl.DataFrame({"age": AGE, "flag": FLAG}),
    "lazy": pl.LazyFrame({"age": AGE, "flag": FLAG}),
    "pyarrow": pa.table({"age": AGE, "flag": FLAG}),
}
TEXTS = {
    "str": pd.DataFrame({"age": AGE, "plan": PLAN}),
    "object": pd.DataFrame({"age": AGE, "plan": PLAN.astype(object)}),
    "category": pd.DataFrame({"age": AGE, "plan": pd.Categorical(PLAN)}),
    "arrow string": pd.DataFrame({"age": AGE, "plan": pd.array(PLAN.tolist(), pd.ArrowDtype(pa.large_string()))}),
    "arrow dictionary": pa.table({"age": AGE, "plan": pa.array(PLAN).dictionary_encode()}).to_pandas(
        types_mapper=pd.ArrowDtype
    ),
    "pyarrow": pa.table({"age": AGE, "plan": pa.array(PLAN).dictionary_encode()}),
    "polars": pl.DataFrame({"age": AGE, "plan": PLAN}),
    "polars category": pl.DataFrame({"age": AGE, "plan": pl.Series(PLAN, dtype=pl.Categorical)}),
}


@pytest.mark.parametrize("kind", NUMBERS)
def test_flags_are_numbers(kind):
    expected = ll.LogisticRegression().fit(np.column_stack([AGE, FLAG.astype(float)]), Y)
    got = ll.LogisticRegression().fit(NUMBERS[kind], Y)
    assert np.abs(got.coef_ - expected.coef_).max() < 1e-12
    assert got.column_names_ == ["age", "flag"]


@pytest.mark.parametrize("kind", TEXTS)
def test_texts_are_levels(kind):
    reference = ll.LogisticRegression().fit(TEXTS["str"], Y)
    own = ll.LogisticRegression().fit(TEXTS[kind], Y)
    expected = reference.predict_proba(TEXTS["str"])
    assert (own.predict_proba(TEXTS[kind]) == expected).all()
    assert (reference.predict_proba(TEXTS[kind]) == expected).all()


def test_whole_numbers_are_one_level_whatever_holds_them():
    train = pd.DataFrame({"age": AGE, "tier": pd.Categorical(TIER)})
    model = ll.LogisticRegression().fit(train, Y)
    expected = model.predict_proba(train)
    held = [TIER, TIER.astype(float), TIER.astype(str), pd.Categorical(TIER.astype(float)), pd.array(TIER, "Int64")]
    for tier in held:
        assert (model.predict_proba(pd.DataFrame({"age": AGE, "tier": tier})) == expected).all()
    assert (model.predict_proba(pl.DataFrame({"age": AGE, "tier": TIER.astype(np.float32)})) == expected).all()


def test_missing_values_are_named():
    flags = [None, *FLAG[1:].tolist()]
    for frame in (
        pd.DataFrame({"age": AGE, "flag": pd.array(flags, "boolean")}),
        pl.DataFrame({"age": AGE, "flag": flags}),
        pd.DataFrame({"flag": pd.array(flags, "boolean"), "plan": PLAN}),
    ):
        with pytest.raises(ll.OptionError, match="'flag' has 1 value that is NaN"):
            ll.LogisticRegression().fit(frame, Y)
    with pytest.raises(ValueError, match=r"missing values in text columns \{'plan': 80\}"):
        ll.LogisticRegression().fit(TEXTS["arrow string"].assign(plan=pd.array(["a", None, "b"] * 80, "string")), Y)


@pytest.mark.parametrize("ids", [[None] * N, [np.nan, *range(N - 1)], ["a"] * (N - 1) + [None]])
def test_missing_cluster_ids_are_refused(ids):
    X = AGE[:, None]
    with pytest.raises(ll.OptionError, match=r"clusters has \d+ missing ids"):
        ll.LogisticRegression().fit(X, Y).inference(X, Y, covariance="clustered", clusters=ids)


def test_clusters_of_any_type_are_the_same():
    X = AGE[:, None]
    model = ll.LogisticRegression().fit(X, Y)
    errors = {
        model.inference(X, Y, covariance="clustered", clusters=ids).to_polars()["standard_error"][1]
        for ids in (TIER, TIER.astype(float), [f"t{t}" for t in TIER], pd.Series(TIER, dtype="category"))
    }
    assert len(errors) == 1


@pytest.mark.parametrize("beside", [{"C": 0.5}, {"C": np.inf}, {"C": "cv"}, {"l1_ratio": 0.5}])
def test_firth_takes_the_place_of_c(beside):
    with pytest.raises(ll.OptionError, match="cannot be combined with C"):
        ll.LogisticRegression(penalty="firth", **beside).fit(AGE[:, None], Y)


def test_criteria_count_weights_as_rows():
    weight = RNG.integers(0, 4, N)
    X = np.column_stack([AGE, TIER])
    weighted = ll.LogisticRegression(np.inf).fit(X, Y, sample_weight=weight).inference(X, Y, sample_weight=weight)
    rows, labels = np.repeat(X, weight, axis=0), np.repeat(Y, weight)
    repeated = ll.LogisticRegression(np.inf).fit(rows, labels).inference(rows, labels)
    for measure in ("aic", "bic", "nagelkerke", "mcfadden"):
        assert getattr(weighted, measure) == pytest.approx(getattr(repeated, measure), abs=1e-8)


@pytest.mark.parametrize("kind", [sp.csr_matrix, sp.csc_matrix, sp.coo_matrix, sp.csr_array])
def test_sparse_matrices(kind):
    X = np.column_stack([AGE, FLAG])
    dense = ll.LogisticRegression().fit(X, Y)
    assert np.abs(ll.LogisticRegression().fit(kind(X), Y).coef_ - dense.coef_).max() < 1e-12


def beside(column):
    return pd.DataFrame({"age": AGE, "c": column})


FLAGS = {
    "numpy": FLAG,
    "boolean": pd.array(FLAG, dtype="boolean"),
    "arrow": pd.Series(FLAG).astype("bool[pyarrow]"),
    "objects": FLAG.astype(object),
    "category": pd.Categorical(FLAG),
    "category of texts": pd.Categorical(np.where(FLAG, "TRUE", "FALSE")),
    "lower case": np.where(FLAG, "true", "false").astype(object),
    "title": np.where(FLAG, "True", "False").astype(object),
    "arrow texts": pd.Series(np.where(FLAG, "true", "False").tolist()).astype("string[pyarrow]"),
    "both": np.where(FLAG, np.where(AGE > 40, "True", "true"), "FALSE").astype(object),
}


@pytest.mark.parametrize("trained", ["category", "category of texts", "lower case", "title", "both"])
def test_truth_values_are_one_level_whatever_holds_them(trained):
    model = ll.LogisticRegression().fit(beside(FLAGS[trained]), Y)
    assert model.column_names_ == ["age", "c=false", "c=true"]
    expected = model.predict_proba(beside(FLAGS[trained]))
    for kind, column in FLAGS.items():
        assert (model.predict_proba(beside(column)) == expected).all(), kind
    frames = [pl.DataFrame({"age": AGE, "c": FLAG}), pa.table({"age": AGE, "c": FLAG})]
    for frame in frames:
        assert (model.predict_proba(frame) == expected).all()


def test_numbers_in_texts_are_one_level_however_they_are_written():
    texts = {form: [form.format(t / 2) for t in TIER] for form in ("{:.1f}", "{:.3f}", "{:e}")}
    model = ll.LogisticRegression().fit(beside(texts["{:.1f}"]).assign(plan=PLAN), Y)
    if "c" in model._numeric:
        return
    levels = [name for name in model.column_names_ if name.startswith("c=")]
    assert levels == ["c=0.5", "c=1", "c=1.5", "c=2"]
    expected = model.predict_proba(beside(texts["{:.1f}"]).assign(plan=PLAN))
    for column in (*texts.values(), TIER / 2, pd.array(TIER / 2, "Float64"), pd.Categorical(TIER / 2)):
        assert (model.predict_proba(beside(column).assign(plan=PLAN)) == expected).all()
    frame = pl.DataFrame({"age": AGE, "c": texts["{:.3f}"], "plan": PLAN})
    assert (model.predict_proba(frame) == expected).all()


def test_codes_are_levels_of_their_own():
    codes = np.where(FLAG, "007", "7").astype(object)
    model = ll.LogisticRegression().fit(pl.DataFrame({"age": AGE, "c": codes.tolist()}), Y)
    assert model.column_names_ == ["age", "c=007", "c=7"]

"""Times fits, paths and scoring beside their peers, in one run, and checks that the answers agree.

    python benches/peers/fit.py [dense] [mixed] [path] [score] [one]

Peers run at their default tolerances, leadlens at 1e-8 for gradient and step. Each figure is the best of three runs,
peer and leadlens by turns; a fresh process per case keeps memory figures apart.
"""

import resource
import subprocess
import sys
import time

import numpy as np
import polars as pl

import leadlens as ll

RUNS = 3


def best(runs, **work):
    """Best time of each piece of work, by turns, and what it returned last."""
    times, results = dict.fromkeys(work, float("inf")), {}
    for _ in range(runs):
        for name, run in work.items():
            start = time.perf_counter()
            results[name] = run()
            times[name] = min(times[name], time.perf_counter() - start)
    return times, results


def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def report(title, times, ours, note=""):
    print(title)
    for name, seconds in times.items():
        ratio = "" if name == ours else f"   leadlens is {seconds / times[ours]:5.1f} × as fast"
        print(f"  {name:28s} {seconds:9.4f} s{ratio}")
    if note:
        print(f"  {note}")


def dense_data(n=1_000_000, p=50):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, p))
    y = (rng.random(n) < 1 / (1 + np.exp(1 - X @ (rng.normal(size=p) * 0.3)))).astype(int)
    return X, y


def dense():
    import glum
    from sklearn.linear_model import LogisticRegression

    X, y = dense_data()
    before = peak()
    ll.LogisticRegression().fit(X, y)
    extra = (peak() - before + X.nbytes) / X.nbytes
    work = {
        "leadlens": lambda: ll.LogisticRegression().fit(X, y),
        "scikit-learn lbfgs": lambda: LogisticRegression().fit(X, y),
        "scikit-learn newton-cholesky": lambda: LogisticRegression(solver="newton-cholesky").fit(X, y),
        "glum": lambda: glum.GeneralizedLinearRegressor(family="binomial", alpha=1 / len(y)).fit(X, y),
    }
    times, results = best(RUNS, **work)
    exact = LogisticRegression(solver="newton-cholesky", tol=1e-10).fit(X, y)
    off = np.abs(results["leadlens"].coef_ - exact.coef_).max()
    assert off < 1e-7, off
    note = f"coefficients against newton-cholesky at 1e-10: {off:.1e}; peak memory {extra:.2f} × the design"
    report("dense, 1,000,000 × 50", times, "leadlens", note)
    tenth = best(RUNS, small=lambda: ll.LogisticRegression().fit(X[:100_000], y[:100_000]))[0]["small"]
    print(f"  ten times the rows of 100,000: {times['leadlens'] / tenth:.1f} × the time")


def mixed():
    import glum
    import pandas as pd
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import OneHotEncoder

    rng = np.random.default_rng(1)
    n, widths = 1_000_000, [8, 12, 40, 200, 1000]
    numbers = rng.normal(size=(n, 10))
    codes = [rng.integers(0, k, n) for k in widths]
    eta = -1 + numbers @ (rng.normal(size=10) * 0.3)
    eta += sum((rng.normal(size=k) * 0.3)[c] for k, c in zip(widths, codes, strict=True))
    y = (rng.random(n) < 1 / (1 + np.exp(-eta))).astype(int)
    frame = pd.DataFrame(numbers, columns=[f"n{i}" for i in range(10)])
    for k, c in zip(widths, codes, strict=True):
        frame[f"c{k}"] = pd.Categorical.from_codes(c, [f"l{i:04d}" for i in range(k)])
    from scipy.sparse import csr_array, hstack

    encoded = OneHotEncoder().fit_transform(np.column_stack(codes))
    wide = hstack([csr_array(numbers), encoded]).tocsr()
    work = {
        "leadlens": lambda: ll.LogisticRegression().fit(frame, y),
        "glum with tabmat": lambda: glum.GeneralizedLinearRegressor(family="binomial", alpha=1 / n).fit(frame, y),
        "scikit-learn sparse lbfgs": lambda: LogisticRegression().fit(wide, y),
    }
    times, results = best(RUNS, **work)
    exact = glum.GeneralizedLinearRegressor(family="binomial", alpha=1 / n, gradient_tol=1e-10, max_iter=1000)
    exact.fit(frame, y)
    off = np.abs(results["leadlens"].coef_[0] - exact.coef_).max()
    assert off < 1e-6, off
    report("mixed, 10 numbers and 1,260 levels", times, "leadlens", f"coefficients against glum at 1e-10: {off:.1e}")


def path():
    from sklearn.linear_model import LogisticRegressionCV
    from sklearn.model_selection import KFold

    X, y = dense_data(100_000)
    Cs = np.logspace(-4, 4, 20)
    folds = KFold(5)

    def ours(n=None):
        return ll.LogisticRegression("cv", Cs=Cs).fit(X[:n], y[:n])

    def theirs(n=None):
        peer = LogisticRegressionCV(
            Cs=Cs, cv=folds, scoring="neg_log_loss", l1_ratios=(0.0,), use_legacy_attributes=False
        )
        return peer.fit(X[:n], y[:n])

    # Modules are imported at the first call.
    ours(1000), theirs(1000)
    times, results = best(RUNS, leadlens=ours, LogisticRegressionCV=theirs)
    note = f"C {results['leadlens'].C_:.3g}, theirs {float(np.ravel(results['LogisticRegressionCV'].C_)[0]):.3g}"
    report("20 values of C, 5 folds, 100,000 × 50", times, "leadlens", note)


def onnx_run(model, example):
    """A call of a scikit-learn model in ONNX Runtime."""
    import onnxruntime as rt
    from skl2onnx import to_onnx

    text = to_onnx(model, example, options={"zipmap": False}).SerializeToString()
    session = rt.InferenceSession(text, providers=["CPUExecutionProvider"])
    return lambda X: session.run(None, {"X": X})


def score():
    from sklearn.linear_model import LogisticRegression

    rng = np.random.default_rng(2)
    X = rng.normal(size=(2_000_000, 50))
    y = rng.random(2_000_000) < 0.3
    ours = ll.LogisticRegression().fit(X[:10_000], y[:10_000])
    theirs = LogisticRegression().fit(X[:10_000], y[:10_000])
    theirs.coef_, theirs.intercept_ = ours.coef_, ours.intercept_
    single = X.astype(np.float32)
    work = {
        "leadlens, log-odds": lambda: ours.decision_function(X),
        "leadlens, float32": lambda: ours.decision_function(single),
        "scikit-learn": lambda: theirs.decision_function(X),
    }
    try:
        run = onnx_run(theirs, single[:1])
        work["onnxruntime, float32"] = lambda: run(single)
    except ImportError:
        print("onnxruntime or skl2onnx is not installed")
    times, results = best(5, **work)
    off = np.abs(results["leadlens, log-odds"] - results["scikit-learn"]).max()
    assert off < 1e-12, off
    report("scoring 2,000,000 × 50", times, "leadlens, log-odds", f"log-odds against scikit-learn: {off:.1e}")


def one():
    """One lead of 50 numbers from Python: ours with five reasons, peers without."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    rng = np.random.default_rng(3)
    X = rng.normal(size=(5000, 50))
    y = rng.random(5000) < 1 / (1 + np.exp(1 - X @ rng.normal(scale=0.3, size=50)))
    names = [f"f{j}" for j in range(50)]
    table = pl.DataFrame({"id": np.arange(5000), "won": y.astype(int), **dict(zip(names, X.T, strict=True))})
    leads = ll.Leads(table, id="id", fields=names, outcome="won")
    scorer = ll.LeadScorer().fit(ll.Journeys(leads=leads).snapshot())
    order = [names.index(f) for f in scorer.features_]
    row, calls = [float(v) for v in X[7, order]], 20_000
    z = StandardScaler().fit(X).transform(X)
    peer = LogisticRegression(C=1.0, tol=1e-10, max_iter=1000).fit(z, y)
    single = z[7:8]
    work = {
        "leadlens, five reasons": lambda: [scorer.score_row(row) for _ in range(calls)][-1][0],
        "scikit-learn, no reasons": lambda: [peer.predict_proba(single) for _ in range(calls // 50)][-1][0, 1],
    }
    try:
        narrow = single.astype(np.float32)
        run = onnx_run(peer, narrow)
        work["ONNX Runtime, no reasons"] = lambda: [run(narrow) for _ in range(calls)][-1]
    except ImportError:
        print("onnxruntime or skl2onnx is not installed")
    times, results = best(RUNS, **work)
    times = {k: t / (calls // 50 if k.startswith("scikit") else calls) for k, t in times.items()}
    gap = abs(results["leadlens, five reasons"] - results["scikit-learn, no reasons"])
    print("one lead, 50 numbers (seconds per lead)")
    for name, t in times.items():
        print(f"  {name:<28}{t * 1e6:8.2f} µs")
    print(f"  largest difference {gap:.1e}")


CASES = {"dense": dense, "mixed": mixed, "path": path, "score": score, "one": one}

if __name__ == "__main__":
    chosen = sys.argv[1:] or list(CASES)
    if len(chosen) == 1:
        CASES[chosen[0]]()
    else:
        for case in chosen:
            subprocess.run([sys.executable, __file__, case], check=True)

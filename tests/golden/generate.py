#!/usr/bin/env python3
"""Generate the golden numbers that the leadlens tests compare against.

Reference: scikit-learn (``LogisticRegression``, ``sklearn.metrics``,
``sklearn.calibration``), cross-checked here against independent numpy and scipy
formulas. Generated with Python 3.11.7, scikit-learn 1.9.1, numpy 2.4.6 and
scipy 1.17.1; the versions of the last run are stored in both JSON files.

How to re-run::

    pip install scikit-learn numpy scipy
    python tests/golden/generate.py --overwrite

Without ``--overwrite`` the script refuses to replace existing files. All data come
from one numpy seed (``SEED``).

``fit.json``
    Each case minimises, on the stored (raw, unscaled, rounded) data,

        sum_i w_i * logloss(y_i, intercept + x_i . coef) + ||coef||^2 / (2 C)

    with an unpenalised intercept and w_i = 1 when ``weighted`` is false.
    ``objective`` is that sum, not a mean. The solution of
    ``LogisticRegression(solver="newton-cholesky", tol=1e-12, max_iter=10000)`` is
    stored as it is when its gradient is below ``GRADIENT_TOLERANCE`` (max norm), and
    otherwise after a few extended-precision Newton steps. Every scikit-learn solution,
    refined or not, must agree with the refined one to ``RELATIVE_TOLERANCE`` in each
    coefficient. ``verification`` holds the largest gradient and difference seen.

``metrics.json``
    ``expected`` are scikit-learn's values; ``ks`` is max |TPR - FPR| over
    ``roc_curve(drop_intermediate=False)`` and ``gini`` is 2 * roc_auc - 1.
    ``conventions`` states the choices that matter at the edges.
    ``reliability`` and ``precision_at`` are null where not given; both are unweighted.
"""

import argparse
import json
import platform
import sys
import warnings
from pathlib import Path

import numpy as np
import scipy
import sklearn
from scipy.stats import ks_2samp
from sklearn.calibration import calibration_curve
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import (
    average_precision_score,
    brier_score_loss,
    log_loss,
    roc_auc_score,
    roc_curve,
)

SEED = 20240611
HERE = Path(__file__).resolve().parent
PENALTIES = (0.05, 1.0, 1e4)
GRADIENT_TOLERANCE = 1e-9
RELATIVE_TOLERANCE = 1e-7
METRIC_TOLERANCE = 1e-12

CONVENTIONS = {
    "log_loss": (
        "natural log, weighted mean; the class probabilities p and 1 - p are each "
        "clipped to [eps, 1 - eps] with eps = 2.220446049250313e-16 (float64 machine "
        "epsilon), so a certain and wrong prediction costs -ln(eps) = 36.04365338911715"
    ),
    "average_precision": (
        "sum over distinct thresholds of (R_n - R_{n-1}) * P_n, no interpolation; "
        "tied predictions enter together; rows of zero weight are ignored"
    ),
    "roc_auc": "tied pairs count one half; rows of zero weight are ignored",
    "ks": "max |TPR - FPR| over distinct thresholds; rows of zero weight are ignored",
    "brier": "weighted mean of (p - y)^2",
    "reliability": (
        "edges numpy.linspace(0, 1, 11); bin i is (edge_i, edge_{i+1}], the first bin "
        "also holds 0; empty bins are dropped"
    ),
    "precision_at": "share of y = 1 among the k largest p",
}


def versions():
    """Return the versions of everything that influences the numbers."""
    return {
        "python": platform.python_version(),
        "scikit-learn": sklearn.__version__,
        "numpy": np.__version__,
        "scipy": scipy.__version__,
    }


# --------------------------------------------------------------------------- fits


def four_decimals(values):
    """Round to four decimals, without negative zeros."""
    return np.round(values, 4) + 0.0


def random_weights(rng, n, zeros):
    """Return weights in (0.1, 3), ``zeros`` of which are exactly zero."""
    weight = four_decimals(rng.uniform(0.1001, 2.9999, n))
    weight[rng.choice(n, zeros, replace=False)] = 0.0
    return weight


def draw_labels(rng, x, effect, share):
    """Draw labels from a logistic model, with the intercept set to hit ``share``."""
    standard = (x - x.mean(axis=0)) / x.std(axis=0)
    latent = standard @ np.asarray(effect) + rng.logistic(size=len(x))
    positives = round(share * len(x))
    y = np.zeros(len(x), dtype=int)
    y[np.argsort(-latent, kind="stable")[:positives]] = 1
    return y


def make_datasets(rng):
    """Return the five data sets as (name, x, y, weight)."""
    designs = []

    x = rng.normal(size=(400, 3))
    designs.append(("rare_5", x, [0.9, -0.5, 0.3], 0.05))

    # A 0/1 column; columns 0 and 1 strongly and 0 and 3 moderately correlated.
    x = rng.normal(size=(300, 6))
    x[:, 1] = 0.9 * x[:, 0] + 0.3 * x[:, 1]
    x[:, 2] = rng.random(300) < 0.35
    x[:, 3] = 0.6 * x[:, 0] - 0.5 * x[:, 1] + 0.2 * x[:, 3]
    designs.append(("binary_correlated_20", x, [0.7, -0.3, 0.6, 0.4, 0.0, -0.5], 0.20))

    # Scales from hundredths to thousands, one column far from zero.
    x = rng.normal(size=(250, 5))
    x[:, 0] = 2500.0 + 900.0 * x[:, 0]
    x[:, 1] = 0.05 * x[:, 1]
    x[:, 2] = np.exp(3.0 + x[:, 2])
    x[:, 3] = 100.0 * rng.random(250)
    designs.append(("scales_50", x, [0.8, 0.6, -0.7, 0.4, 0.2], 0.50))

    x = rng.normal(size=(150, 4))
    x[:, 3] = rng.uniform(-2.0, 2.0, 150)
    designs.append(("small_80", x, [0.8, -0.6, 0.0, 0.5], 0.80))

    # Eight columns, two of them counts.
    x = rng.normal(size=(350, 8))
    x[:, 6] = rng.poisson(2.0, 350)
    x[:, 7] = rng.poisson(0.5, 350)
    effect = [0.5, -0.4, 0.3, 0.0, 0.2, -0.3, 0.4, -0.2]
    designs.append(("frequent_95", x, effect, 0.95))

    datasets = []
    for name, raw, effect, share in designs:
        x = four_decimals(raw)
        y = draw_labels(rng, x, effect, share)
        weight = random_weights(rng, len(y), zeros=len(y) // 25)
        datasets.append((name, x, y, weight))
    return datasets


def objective(beta, x, y, weight, penalty):
    """Return the objective in extended precision; beta[0] is the intercept."""
    beta = np.asarray(beta, dtype=np.longdouble)
    margin = (2 * y - 1) * (beta[0] + x @ beta[1:])
    loss = np.logaddexp(np.longdouble(0), -margin)
    return (weight * loss).sum() + (beta[1:] ** 2).sum() / (2 * np.longdouble(penalty))


def gradient_and_hessian(beta, x, y, weight, penalty):
    """Return the gradient in extended precision and the Hessian in float64."""
    beta = np.asarray(beta, dtype=np.longdouble)
    design = np.column_stack([np.ones(len(x), dtype=np.longdouble), x])
    probability = 1 / (1 + np.exp(-(design @ beta)))
    gradient = design.T @ (weight * (probability - y))
    gradient[1:] += beta[1:] / np.longdouble(penalty)
    curvature = weight * probability * (1 - probability)
    hessian = (design.T @ (curvature[:, None] * design)).astype(float)
    hessian[1:, 1:] += np.eye(x.shape[1]) / penalty
    return gradient, hessian


def refine(beta, x, y, weight, penalty, steps=4):
    """Polish a solution with Newton steps and round it to float64."""
    beta = np.asarray(beta, dtype=np.longdouble)
    for _ in range(steps):
        gradient, hessian = gradient_and_hessian(beta, x, y, weight, penalty)
        # Symmetric scaling keeps the float64 solve accurate for unlike columns.
        scale = 1 / np.sqrt(np.diag(hessian))
        step = np.linalg.solve(hessian * np.outer(scale, scale), (gradient * scale).astype(float))
        beta = beta - scale * step
    return beta.astype(float)


def fit_case(x, y, weight, penalty):
    """Fit one case; return beta and what the verification found."""
    model = LogisticRegression(solver="newton-cholesky", tol=1e-12, max_iter=10_000, C=penalty)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model.fit(x, y, sample_weight=weight)
    raw = np.concatenate([model.intercept_, model.coef_[0]])

    ones = np.ones(len(y)) if weight is None else weight
    problem = (x.astype(np.longdouble), y, ones.astype(np.longdouble), penalty)
    raw_gradient = float(np.abs(gradient_and_hessian(raw, *problem)[0]).max())
    refined = refine(raw, *problem)
    difference = float((np.abs(raw - refined) / np.abs(refined)).max())
    assert difference < RELATIVE_TOLERANCE, (penalty, difference)

    needs_refining = raw_gradient > GRADIENT_TOLERANCE
    beta = refined if needs_refining else raw
    gradient = float(np.abs(gradient_and_hessian(beta, *problem)[0]).max())
    assert gradient <= GRADIENT_TOLERANCE, (penalty, gradient)
    return beta, {
        "objective": float(objective(beta, *problem)),
        "warnings": len(caught),
        "refined": needs_refining,
        "sklearn_gradient": raw_gradient,
        "stored_gradient": gradient,
        "relative_difference": difference,
    }


def build_fit():
    """Return the content of fit.json."""
    datasets, cases, checks = [], [], []
    for name, x, y, weight in make_datasets(np.random.default_rng(SEED)):
        datasets.append(
            {
                "name": name,
                "x": x.tolist(),
                "y": y.tolist(),
                "weight": weight.tolist(),
            }
        )
        for weighted in (False, True):
            for penalty in PENALTIES:
                beta, check = fit_case(x, y, weight if weighted else None, penalty)
                checks.append(check)
                cases.append(
                    {
                        "dataset": name,
                        "weighted": weighted,
                        "C": penalty,
                        "coef": beta[1:].tolist(),
                        "intercept": float(beta[0]),
                        "objective": check["objective"],
                    }
                )
    verification = {
        "cases_refined": sum(check["refined"] for check in checks),
        "fits_with_warnings": sum(check["warnings"] > 0 for check in checks),
        "max_sklearn_gradient": max(check["sklearn_gradient"] for check in checks),
        "max_stored_gradient": max(check["stored_gradient"] for check in checks),
        "max_relative_difference": max(c["relative_difference"] for c in checks),
    }
    return {
        "versions": versions(),
        "verification": verification,
        "datasets": datasets,
        "cases": cases,
    }


# ------------------------------------------------------------------------ metrics


def make_metric_inputs(rng):
    """Return the metric cases as (name, y, p, weight or None)."""

    def labels(p, steepness=1.0):
        """Draw labels that follow p, pulled towards one half below steepness 1."""
        return (rng.random(len(p)) < 0.5 + steepness * (p - 0.5)).astype(int)

    def unique(low, high, n):
        """Draw n distinct probabilities with six decimals."""
        p = np.round(rng.uniform(low, high, n), 6)
        assert len(np.unique(p)) == n
        return p

    cases = []

    p = unique(0.01, 0.99, 120)
    cases.append(("random_no_ties", labels(p, 0.7), p, None))

    # Stays at or below 0.8, so that the upper reliability bins are empty.
    p = np.round(rng.uniform(0.0, 0.8, 100), 1)
    cases.append(("many_ties", labels(p), p, None))

    p = np.full(30, 0.3)
    cases.append(("all_equal_p", labels(p), p, None))

    p = unique(0.01, 0.99, 100)
    weight = four_decimals(rng.uniform(0.1, 3.0, 100))
    cases.append(("random_weights", labels(p, 0.6), p, weight))

    # Ties and zero weights together; whole tied groups at both ends weigh nothing.
    p = np.round(rng.uniform(0.03, 0.97, 80), 2)
    y = labels(p, 0.6)
    weight = random_weights(rng, 80, zeros=15)
    weight[(p == p.max()) | (p == p.min())] = 0.0
    cases.append(("zero_weights", y, p, weight))

    p = np.concatenate([unique(0.05, 0.45, 25), unique(0.55, 0.95, 15)])
    order = rng.permutation(40)
    y = (p > 0.5).astype(int)
    cases.append(("perfectly_separated", y[order], p[order], None))
    cases.append(("reversed", 1 - y[order], p[order], None))

    cases.append(("two_rows", np.array([0, 1]), np.array([0.25, 0.6]), None))

    p = np.round(rng.beta(1.0, 30.0, 300), 4)
    y = np.zeros(300, dtype=int)
    y[rng.choice(300, 6, replace=False, p=p / p.sum())] = 1
    cases.append(("rare_positives", y, p, None))

    # Certain predictions, both right and wrong.
    p = unique(0.02, 0.98, 50)
    y = labels(p)
    p[:8] = [0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0]
    y[:8] = [0, 0, 0, 1, 1, 1, 1, 0]
    cases.append(("exact_zero_and_one", y, p, None))
    return cases


def sklearn_metrics(y, p, weight):
    """Return the expected values, as scikit-learn computes them."""
    fpr, tpr, _ = roc_curve(y, p, sample_weight=weight, drop_intermediate=False)
    auc = float(roc_auc_score(y, p, sample_weight=weight))
    return {
        "roc_auc": auc,
        "average_precision": float(average_precision_score(y, p, sample_weight=weight)),
        "log_loss": float(log_loss(y, p, sample_weight=weight)),
        "brier": float(brier_score_loss(y, p, sample_weight=weight)),
        "ks": float(np.abs(tpr - fpr).max()),
        "gini": 2.0 * auc - 1.0,
    }


def independent_metrics(y, p, weight):
    """Return the same values from the definitions, without scikit-learn."""
    w = np.ones(len(y)) if weight is None else weight
    positive, negative = y == 1, y == 0

    above = p[positive][:, None] - p[negative][None, :]
    pairs = np.outer(w[positive], w[negative])
    auc = (pairs * (0.5 * (np.sign(above) + 1.0))).sum() / pairs.sum()

    precision_sum, ks, recall_before = 0.0, 0.0, 0.0
    for threshold in np.unique(p[w > 0])[::-1]:
        selected = p >= threshold
        true_weight = w[selected & positive].sum()
        recall = true_weight / w[positive].sum()
        false_rate = w[selected & negative].sum() / w[negative].sum()
        precision_sum += (recall - recall_before) * true_weight / w[selected].sum()
        ks = max(ks, abs(recall - false_rate))
        recall_before = recall

    eps = np.finfo(float).eps
    likelihood = np.clip(np.where(positive, p, 1.0 - p), eps, 1.0 - eps)
    return {
        "roc_auc": auc,
        "average_precision": precision_sum,
        "log_loss": -(w * np.log(likelihood)).sum() / w.sum(),
        "brier": (w * (p - y) ** 2).sum() / w.sum(),
        "ks": ks,
        "gini": 2.0 * auc - 1.0,
    }


def reliability(y, p):
    """Return scikit-learn's calibration curve, which drops empty bins."""
    prob_true, prob_pred = calibration_curve(y, p, n_bins=10, strategy="uniform")
    return {
        "n_bins": 10,
        "strategy": "uniform",
        "prob_true": prob_true.tolist(),
        "prob_pred": prob_pred.tolist(),
    }


def precision_at(y, p):
    """Return the precision among the k largest p, for data without ties."""
    assert len(np.unique(p)) == len(p)
    ranked = y[np.argsort(-p, kind="stable")]
    return [{"k": k, "precision": float(ranked[:k].mean())} for k in (5, 10, len(ranked))]


def build_metrics():
    """Return the content of metrics.json."""
    cases, largest = [], 0.0
    for name, y, p, weight in make_metric_inputs(np.random.default_rng(SEED)):
        expected = sklearn_metrics(y, p, weight)
        for key, value in independent_metrics(y, p, weight).items():
            difference = float(abs(value - expected[key]))
            assert difference < METRIC_TOLERANCE, (name, key, difference)
            largest = max(largest, difference)
        if weight is None:
            statistic = ks_2samp(p[y == 1], p[y == 0]).statistic
            assert abs(statistic - expected["ks"]) < METRIC_TOLERANCE, name
        case = {
            "name": name,
            "y": y.tolist(),
            "p": p.tolist(),
            "weight": None if weight is None else weight.tolist(),
            "expected": expected,
            "reliability": None,
            "precision_at": None,
        }
        if name in ("random_no_ties", "many_ties"):
            case["reliability"] = reliability(y, p)
        if name == "random_no_ties":
            case["precision_at"] = precision_at(y, p)
        cases.append(case)
    return {
        "versions": versions(),
        "conventions": CONVENTIONS,
        "verification": {"max_absolute_difference": largest},
        "cases": cases,
    }


def main():
    """Write both files and print a summary."""
    parser = argparse.ArgumentParser(description="Generate the golden JSON files.")
    parser.add_argument("--overwrite", action="store_true", help="replace the existing files")
    arguments = parser.parse_args()

    targets = {"fit.json": build_fit, "metrics.json": build_metrics}
    existing = [name for name in targets if (HERE / name).exists()]
    if existing and not arguments.overwrite:
        names = ", ".join(existing)
        print(f"{names} exist(s); pass --overwrite to replace", file=sys.stderr)
        return 1

    contents = {name: build() for name, build in targets.items()}
    for name, content in contents.items():
        text = json.dumps(content, separators=(",", ":"), allow_nan=False) + "\n"
        (HERE / name).write_text(text, encoding="utf-8", newline="\n")
        print(f"{name}: {len(text)} bytes, {len(content['cases'])} cases")
        for key, value in content["verification"].items():
            print(f"  {key}: {value}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

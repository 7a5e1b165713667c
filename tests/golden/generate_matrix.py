#!/usr/bin/env python3
"""Generate the golden matrix: penalty x weights x offset x imbalance, and the probabilities of a lead scorer.

The reference is scipy's L-BFGS-B on the split variables b = u - v (u, v >= 0), polished by Newton steps on the columns
that are not 0; the optimality conditions of the penalised problem are checked for every case. How to re-run::

    pip install scipy numpy
    python tests/golden/generate_matrix.py --overwrite
"""

import argparse
import itertools
import json
import platform
from pathlib import Path

import numpy as np
import scipy
from scipy.optimize import minimize

HERE = Path(__file__).resolve().parent
SEED = 20261126
ROWS = 240
PENALTIES = {"none": (0.0, 0.0), "ridge": (1.0, 0.0), "lasso": (1.5, 1.0), "elastic net": (2.0, 0.5)}


def loss_and_slope(beta, x, y, weight, offset):
    """Return the weighted log loss and its gradient; the intercept is first."""
    eta = offset + beta[0] + x @ beta[1:]
    r = weight * (1 / (1 + np.exp(-eta)) - y)
    return np.sum(weight * (np.logaddexp(0, eta) - y * eta)), np.concatenate([[r.sum()], x.T @ r]), eta


def solve(x, y, weight, offset, strength, l1_ratio):
    """Return the minimum of loss + strength*((1 - l1_ratio)/2 |b|^2 + l1_ratio |b|_1)."""
    p = x.shape[1]
    ridge, lasso = strength * (1 - l1_ratio), strength * l1_ratio

    def split(z):
        beta = np.concatenate([[z[0]], z[1 : p + 1] - z[p + 1 :]])
        value, slope, _ = loss_and_slope(beta, x, y, weight, offset)
        value += ridge / 2 * beta[1:] @ beta[1:] + lasso * z[1:].sum()
        slope[1:] += ridge * beta[1:]
        return value, np.concatenate([slope[:1], slope[1:] + lasso, lasso - slope[1:]])

    bounds = [(None, None)] + [(0, None)] * (2 * p)
    start = np.zeros(2 * p + 1)
    found = minimize(split, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 100000, "ftol": 0})
    beta = np.concatenate([[found.x[0]], found.x[1 : p + 1] - found.x[p + 1 :]])
    beta[1:][(np.abs(beta[1:]) < 1e-5) & (lasso > 0)] = 0.0
    on = np.concatenate([[True], beta[1:] != 0])
    design = np.column_stack([np.ones(len(y)), x])
    for _ in range(8):
        _, slope, eta = loss_and_slope(beta, x, y, weight, offset)
        slope[1:] += ridge * beta[1:] + lasso * np.sign(beta[1:])
        prob = 1 / (1 + np.exp(-eta))
        hessian = design.T @ (design * (weight * prob * (1 - prob))[:, None]) + np.diag([0.0] + [ridge] * p)
        beta[on] -= np.linalg.solve(hessian[np.ix_(on, on)], slope[on])
    value, slope, _ = loss_and_slope(beta, x, y, weight, offset)
    slope[1:] += ridge * beta[1:]
    assert np.abs(slope[0]) < 1e-9
    assert np.all(np.abs(slope[1:] + lasso * np.sign(beta[1:]))[on[1:]] < 1e-9)
    assert np.all(np.abs(slope[1:][~on[1:]]) <= lasso)
    return beta, value + ridge / 2 * beta[1:] @ beta[1:] + lasso * np.abs(beta[1:]).sum()


def build():
    """Return data, cases, and a scored table."""
    rng = np.random.default_rng(SEED)
    # Exact in single precision.
    dense = np.round(rng.normal(size=(ROWS, 3)) * 64) / 64
    code = rng.integers(0, 5, ROWS)
    x = np.column_stack([dense, *[(code == k).astype(float) for k in range(4)]])
    effect = x @ np.array([0.9, -0.6, 0.0, 0.5, 0.0, -0.8, 0.3])
    labels = {
        name: (rng.random(ROWS) < 1 / (1 + np.exp(-(effect + shift)))).astype(int)
        for name, shift in (("balanced", 0.0), ("rare", -2.2))
    }
    weight = np.round(rng.gamma(2.0, size=ROWS), 3)
    offset = np.round(rng.normal(size=ROWS) * 0.5, 3)
    cases = []
    for penalty, weighted, shifted, label in itertools.product(PENALTIES, (False, True), (False, True), labels):
        strength, l1_ratio = PENALTIES[penalty]
        w, o = (weight if weighted else np.ones(ROWS)), (offset if shifted else np.zeros(ROWS))
        beta, objective = solve(x, labels[label].astype(float), w, o, strength, l1_ratio)
        cases.append(
            {
                "penalty": penalty,
                "C": 1 / strength if strength else None,
                "l1_ratio": l1_ratio,
                "weighted": weighted,
                "offset": shifted,
                "labels": label,
                "beta": beta.tolist(),
                "objective": objective,
            }
        )
    data = {"dense": dense.tolist(), "code": code.tolist(), "weight": weight.tolist(), "offset": offset.tolist()}
    data["labels"] = {name: y.tolist() for name, y in labels.items()}
    versions = {"python": platform.python_version(), "numpy": np.__version__, "scipy": scipy.__version__}
    return {"versions": versions, "seed": SEED, **data, "cases": cases, "scorer": scorer(rng)}


def scorer(rng):
    """Return a table of leads and their probabilities: numbers standardised, missing ones marked, texts as levels."""
    size = np.round(rng.normal(50, 10, ROWS), 2)
    missing = rng.random(ROWS) < 0.2
    plan = rng.choice(["free", "pro", "team"], ROWS)
    eta = -0.4 + (size - 50) / 12 + 0.7 * (plan == "pro") - 0.5 * missing
    won = (rng.random(ROWS) < 1 / (1 + np.exp(-eta))).astype(int)
    known = size[~missing]
    z = np.where(missing, 0.0, (size - known.mean()) / known.std())
    x = np.column_stack([z, missing, *[plan == p for p in ("free", "pro", "team")]]).astype(float)
    cases = []
    for c, l1_ratio in ((1.0, 0.0), (0.05, 0.0), (0.2, 0.5)):
        beta, _ = solve(x, won.astype(float), np.ones(ROWS), np.zeros(ROWS), 1 / c, l1_ratio)
        p = 1 / (1 + np.exp(-(beta[0] + x @ beta[1:])))
        cases.append({"C": c, "l1_ratio": l1_ratio, "probability": p.tolist()})
    leads = {"size": [None if m else s for s, m in zip(size.tolist(), missing, strict=True)], "plan": plan.tolist()}
    return {"leads": leads | {"won": won.tolist()}, "cases": cases}


def main():
    """Write the file."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--overwrite", action="store_true", help="replace the existing file")
    target = HERE / "matrix.json"
    if target.exists() and not parser.parse_args().overwrite:
        raise SystemExit(f"{target.name} exists; pass --overwrite to replace it")
    content = build()
    target.write_text(json.dumps(content, separators=(",", ":"), allow_nan=False) + "\n", encoding="utf-8")
    print(f"{len(content['cases'])} fits, {len(content['scorer']['cases'])} scorers")


if __name__ == "__main__":
    main()

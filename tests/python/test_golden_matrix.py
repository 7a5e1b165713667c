"""The golden matrix through Python, and one set of probabilities through Python, the command line and saved models."""

import json
import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse as sp

import leadlens as ll

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "matrix.json").read_text())
# As in tests/fit_matrix.rs.
COEFFICIENT = 1e-6


def storages():
    dense, code = np.array(GOLDEN["dense"]), np.array(GOLDEN["code"])
    x = np.column_stack([dense, *[(code == k).astype(float) for k in range(4)]])
    frame = pd.DataFrame(dense, columns=["a", "b", "c"])
    yield "rows", x
    yield "columns", np.asfortranarray(x)
    yield "single", x.astype(np.float32)
    yield "sparse", sp.csr_matrix(x)
    yield "pandas", frame.join(pd.DataFrame(x[:, 3:], columns=list("defg")))
    yield "polars", pl.DataFrame(x, schema=list("abcdefg"))


@pytest.mark.parametrize(("storage", "x"), list(storages()), ids=[s for s, _ in storages()])
def test_every_cell_equals_the_reference(storage, x):
    for case in GOLDEN["cases"]:
        model = ll.LogisticRegression(case["C"] or math.inf, l1_ratio=case["l1_ratio"])
        weight = GOLDEN["weight"] if case["weighted"] else None
        offset = GOLDEN["offset"] if case["offset"] else None
        model.fit(x, np.array(GOLDEN["labels"][case["labels"]]), sample_weight=weight, offset=offset)
        beta = np.concatenate([model.intercept_, model.coef_[0]])
        wanted = np.array(case["beta"])
        off = np.abs(beta - wanted) / np.maximum(np.abs(wanted), 1)
        assert off.max() < COEFFICIENT, (storage, case["penalty"], case["weighted"], case["offset"], case["labels"])


def test_one_set_of_probabilities_by_every_route(tmp_path):
    leads = pl.DataFrame(GOLDEN["scorer"]["leads"]).with_row_index("id")
    leads.write_csv(tmp_path / "leads.csv")
    rows = ll.Journeys(leads=ll.Leads(leads, id="id", fields=["size", "plan"], outcome="won")).snapshot()
    for case in GOLDEN["scorer"]["cases"]:
        wanted = np.array(case["probability"])
        scorer = ll.LeadScorer(C=case["C"], l1_ratio=case["l1_ratio"], min_level_rows=1).fit(rows)
        scorer.save(tmp_path / "model.json")
        (tmp_path / "leadlens.toml").write_text(
            f"""
[leads]
table = "leads.csv"
id = "id"
fields = ["size", "plan"]
outcome = "won"

[split]
test = 0.0001
by = "order"

[model]
C = {case["C"]}
l1_ratio = {case["l1_ratio"]}
min_level_rows = 1
"""
        )
        here = scorer.score(rows).to_polars()
        again = ll.load(tmp_path / "model.json").score(rows).to_polars()
        out = tmp_path / "scores.parquet"
        command = [sys.executable, "-m", "leadlens", "score", "--config", tmp_path / "leadlens.toml"]
        command += ["--model", tmp_path / "model.json", "--output", out, "--overwrite"]
        subprocess.run(command, check=True, capture_output=True)
        table = rows.to_polars().select(scorer.features_)
        one = [scorer.score_row(table.row(i))[0] for i in range(len(table))]
        by_cli = pl.read_parquet(out).sort(pl.col("lead_id").cast(pl.Int64))["probability"].to_numpy()
        assert np.abs(here["probability"].to_numpy() - wanted).max() < 1e-7
        for route in (again["probability"].to_numpy(), by_cli, np.array(one)):
            assert np.array_equal(route, here["probability"].to_numpy())

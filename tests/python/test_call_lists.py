"""The best leads with fields of theirs: `Scores.top(fields=…)`, and `leadlens score --fields`."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import leadlens as ll

N = 200


def tables() -> dict[str, pl.DataFrame]:
    rng = np.random.default_rng(3)
    ids = [f"{i:05}" for i in range(N)]
    size = rng.integers(1, 4, N)
    won = rng.random(N) < 0.15 * size
    leads = pl.DataFrame(
        {
            "id": ids,
            "made": ["2024-01-01"] * N,
            "rep": [["ann", "bob", None][i % 3] for i in range(N)],
            "company": [f"a{i % 50}" for i in range(N)],
            "phone": [f"+49 0{i}" for i in range(N)],
            "size": size,
            "score": rng.random(N),
            "signup": ["2023-12-24"] * N,
        }
    )
    stages = pl.DataFrame(
        [(i, "2024-01-05", "open") for i in ids]
        + [(i, "2024-02-01", "won") for i, w in zip(ids, won, strict=True) if w]
        + [(i, "2024-02-02", "lost") for i, w in zip(ids, won, strict=True) if not w],
        schema=["lead", "at", "stage"],
        orient="row",
    )
    history = pl.DataFrame(
        {"id": ids * 2, "at": ["2023-12-01"] * N + ["2024-01-20"] * N, "plan": ["free"] * N + ["paid"] * N}
    )
    return {"leads": leads, "stages": stages, "history": history}


@pytest.fixture(scope="module")
def journeys() -> ll.Journeys:
    made = tables()
    return ll.Journeys(
        leads=ll.Leads(made["leads"], id="id", created="made", owner="rep", account="company"),
        stages=ll.Stages(made["stages"], lead="lead", at="at", stage="stage"),
        accounts=ll.Accounts(pl.DataFrame({"id": [f"a{i}" for i in range(50)], "city": ["Rome"] * 50}), id="id"),
        fields=ll.Fields(made["history"], lead="id", valid_from="at"),
        pipeline=["created", "open", "won"],
        won="won",
        lost="lost",
        observed_until="2024-06-01",
    )


@pytest.fixture(scope="module")
def scores(journeys: ll.Journeys) -> ll.Scores:
    snapshot = journeys.snapshot(after="10d", horizon="60d", features=ll.FeatureSet(only=["size"]))
    return ll.LeadScorer(min_leads=10).fit(snapshot).score(snapshot)


def test_fields_stand_after_the_id_in_the_order_asked(scores: ll.Scores) -> None:
    fields = ["phone", "owner", "account", "created", "account.city", "plan", "signup", "size"]
    best = scores.top(5, fields=fields)
    assert best.columns[: len(fields) + 2] == ["lead_id", *fields, "as_of"]
    plain = scores.top(5)
    assert best.select(plain.columns).equals(plain)
    assert best["lead_id"].str.len_chars().to_list() == [5] * 5
    row = best.row(0, named=True)
    i = int(row["lead_id"])
    assert row["phone"] == f"+49 0{i}"
    assert row["owner"] == ["ann", "bob", None][i % 3]
    assert row["account"] == f"a{i % 50}"
    assert row["account.city"] == "Rome"
    # As of ten days after creation.
    assert row["plan"] == "free"
    assert best.schema["created"] == pl.Datetime("us", "UTC")
    assert best.schema["signup"] == pl.Datetime("us", "UTC")


def test_ties_are_by_id(scores: ll.Scores) -> None:
    best = scores.top(N)
    expected = best.sort(["probability", "lead_id"], descending=[True, False])
    # One number with three values: many ties.
    assert best["probability"].n_unique() == 3
    assert best.equals(expected)


def test_a_field_with_the_name_of_a_column_of_scores(scores: ll.Scores) -> None:
    best = scores.top(2, fields="score")
    assert best.columns[:2] == ["lead_id", "lead.score"]
    assert best["score"].max() > 1.0  # type: ignore[operator]
    assert best["lead.score"].max() < 1.0  # type: ignore[operator]


def test_unknown_and_repeated_fields_are_refused(scores: ll.Scores) -> None:
    with pytest.raises(ll.UnknownNameError, match=r"lead field 'phne'; did you mean 'phone'"):
        scores.top(2, fields=["phne"])
    with pytest.raises(ll.OptionError, match="'phone' is listed twice"):
        scores.top(2, fields=["phone", "phone"])


def test_scores_of_another_process_have_no_fields(scores: ll.Scores) -> None:
    again = pickle.loads(pickle.dumps(scores))
    assert again.top(3).equals(scores.top(3))
    assert repr(again) == repr(scores)
    with pytest.raises(ll.OptionError, match=r"score the snapshot in this process, or join to_polars\(\)"):
        again.top(3, fields=["phone"])


def test_a_lead_with_several_rows_has_the_fields_of_its_latest(journeys: ll.Journeys) -> None:
    snapshot = journeys.snapshot(every="7d", horizon="7d", features=ll.FeatureSet(only=["size"]))
    best = ll.LeadScorer(min_leads=5).fit(snapshot).score(snapshot).top(N, fields=["plan"])
    assert best["lead_id"].n_unique() == best.height
    assert set(best["plan"]) == {"paid"}


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "leadlens", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def project(tmp_path_factory: Any, scores: ll.Scores) -> Path:
    folder: Path = tmp_path_factory.mktemp("project")
    made = tables()
    # Some leads are open.
    stages = made["stages"].filter((pl.col("stage") == "open") | (pl.col("lead") < "00150"))
    made["leads"].write_parquet(folder / "leads.parquet")
    stages.write_parquet(folder / "stages.parquet")
    (folder / "leads.toml").write_text(
        'won = "won"\nlost = "lost"\npipeline = ["created", "open", "won"]\nobserved_until = "2024-03-01"\n'
        '[leads]\ntable = "leads.parquet"\nid = "id"\ncreated = "made"\nowner = "rep"\n'
        '[[stages]]\ntable = "stages.parquet"\nlead = "lead"\nat = "at"\nstage = "stage"\n'
        '[split]\nby = "group"\n[snapshot]\nafter = "10d"\nhorizon = "30d"\n[features]\nonly = ["size"]\n[model]\nmin_leads = 5\n'
    )
    trained = run(folder, "train", "--config", "leads.toml")
    assert trained.returncode == 0, trained.stderr
    return folder


def test_the_command_line_lists_fields(project: Path) -> None:
    common = ("score", "--config", "leads.toml", "--allow-extrapolation", "--overwrite")
    text = run(project, *common, "--fields", "phone,rep,owner")
    assert text.returncode != 0
    assert "unknown lead field 'rep'" in text.stderr
    text = run(project, *common, "--fields", "phone,owner")
    assert text.returncode == 0, text.stderr
    header = next(line for line in text.stdout.splitlines() if line.strip().startswith("lead "))
    assert header.split()[:3] == ["lead", "phone", "owner"]
    written = pl.read_parquet(project / "scores.parquet")
    assert written.columns[:3] == ["lead_id", "phone", "owner"]
    answer = json.loads(run(project, *common, "--fields", "phone", "--format", "json").stdout)
    best = answer["best"][0]
    assert best["fields"] == {"phone": f"+49 0{int(best['lead'])}"}
    (project / "with_fields.toml").write_text((project / "leads.toml").read_text() + '[score]\nfields = ["phone"]\n')
    same = run(project, "score", "--config", "with_fields.toml", *common[3:])
    assert "phone" in same.stdout

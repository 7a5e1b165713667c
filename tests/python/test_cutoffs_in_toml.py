"""A project file has tables of cutoffs, and options are judged before the work."""

import json
import re
import shutil
import subprocess
import sys

import polars as pl
import pytest

import leadlens as ll


def run(*arguments):
    command = [sys.executable, "-m", "leadlens", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=300)


@pytest.fixture
def project(tmp_path):
    folder = tmp_path / "project"
    shutil.copytree(ll.datasets.folder("b2b_saas"), folder)
    return folder


def replace_snapshot(folder, section):
    """Write another [snapshot] section."""
    path = folder / "leadlens.toml"
    text, n = re.subn(r"(?ms)^\[snapshot\].*?(?=^\[)", f"[snapshot]\n{section}\n", path.read_text())
    assert n == 1
    path.write_text(text.replace("[model] ", "[model]\nmin_leads = 1\n#", 1) if "min_leads" not in text else text)


def coefficients(folder):
    done = run("train", "--config", folder / "leadlens.toml", "--overwrite")
    assert done.returncode == 0, done.stderr
    return json.loads(next(folder.glob("**/model.json")).read_text())["model"]["terms"]


def test_the_command_line_takes_a_table_of_cutoffs(project):
    journeys = ll.datasets.b2b_saas()
    rows = journeys.snapshot(after="14d", horizon="14d").to_polars().select("lead_id", "cutoff")
    rows.rename({"lead_id": "who", "cutoff": "when"}).write_csv(project / "cutoffs.csv")
    replace_snapshot(project, 'after = "14d"\nhorizon = "14d"\n')
    by_rule = coefficients(project)
    table = 'horizon = "14d"\ncutoffs = { table = "cutoffs.csv", lead = "who", at = "when" }\n'
    replace_snapshot(project, table)
    assert coefficients(project) == by_rule
    replace_snapshot(project, table.replace("lead =", "leed ="))
    done = run("train", "--config", project / "leadlens.toml", "--overwrite")
    assert done.returncode == 2
    assert "unknown key 'leed' in snapshot.cutoffs; did you mean 'lead'?" in done.stderr
    replace_snapshot(project, table + 'every = "7d"\n')
    done = run("train", "--config", project / "leadlens.toml", "--overwrite")
    assert "give one of them" in done.stderr


def scores(folder):
    done = run("score", "--config", folder / "leadlens.toml", "--overwrite", "--output", folder / "out.csv")
    assert done.returncode == 0, done.stderr
    return pl.read_csv(folder / "out.csv", infer_schema_length=0)


def test_scores_at_a_table_of_cutoffs(project):
    """What is scored may be a table of its own, whose options are those of any role."""
    config = project / "leadlens.toml"
    assert run("train", "--config", config, "--overwrite").returncode == 0
    rows = ll.datasets.b2b_saas().snapshot(as_of="2024-03-04").to_polars().select("lead_id", "cutoff")
    table = rows.with_columns(who="lead_id", when=pl.col("cutoff").dt.epoch("ms"), use=pl.int_range(pl.len()) % 2 == 0)
    table.select("who", "when", "use").write_csv(project / "now.csv")
    plain = config.read_text()
    lines = [line for line in plain.splitlines() if not line.startswith("[score.snapshot")]
    cutoffs = '[score.snapshot.cutoffs]\ntable = "now.csv"\nlead = "who"\nat = "when"\nunit = "ms"\n'
    config.write_text("\n".join(lines) + f"\n{cutoffs}where = {{ use = true }}\n")
    got = scores(project)
    config.write_text("\n".join(lines) + '\n[score.snapshot]\nas_of = "2024-03-04"\n')
    all_of_them = scores(project).join(table.filter("use"), left_on="lead_id", right_on="who", how="semi")
    assert got.height == table["use"].sum() > 0
    columns = ["lead_id", "probability"]
    assert got.select(columns).sort("lead_id").equals(all_of_them.select(columns).sort("lead_id"))
    config.write_text("\n".join(lines) + "\n" + cutoffs.replace("unit", "unnit"))
    done = run("score", "--config", config)
    assert done.returncode == 2
    assert "unknown key 'unnit' in score.snapshot.cutoffs; did you mean 'unit'?" in done.stderr
    config.write_text("\n".join(lines) + "\n" + cutoffs.replace('"ms"', '"m"'))
    assert "score.snapshot.cutoffs.unit: 'm' is not one of" in run("score", "--config", config).stderr


@pytest.mark.parametrize("share", ["5", "-0.1", "nan"])
def test_a_share_that_is_none_is_refused_before_the_work(project, share):
    done = run("check", "--config", project / "leadlens.toml", f"--max-bad={share}")
    assert done.returncode == 2
    assert done.stdout == ""
    assert "must be a share from 0 to 1" in done.stderr

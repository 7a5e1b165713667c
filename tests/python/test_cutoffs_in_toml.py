"""A project file has tables of cutoffs, and options are judged before the work."""

import json
import re
import shutil
import subprocess
import sys

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
    assert "give only one of" in done.stderr


@pytest.mark.parametrize("share", ["5", "-0.1", "nan"])
def test_a_share_that_is_none_is_refused_before_the_work(project, share):
    done = run("check", "--config", project / "leadlens.toml", f"--max-bad={share}")
    assert done.returncode == 2
    assert done.stdout == ""
    assert "must be a share from 0 to 1" in done.stderr

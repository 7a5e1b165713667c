"""What the command line prints, kept in files (see ``texts_of.py``)."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from texts_of import compare

import leadlens as ll

COMMANDS = [
    "check", "audit", "train", "evaluate", "score", "call-list", "scorecard", "funnel", "stage-funnel", "time-to", "drivers", "barriers", "paths",
    "attribution", "report", "demo", "completions",
]  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("texts") / "b2b"
    shutil.copytree(ll.datasets.folder("b2b_saas"), folder)
    return folder


def printed(folder: Path, *arguments: str) -> str:
    """Return exit code, output and messages of a command."""
    command = [sys.executable, "-m", "leadlens", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", timeout=300, cwd=folder)
    parts = [f"exit code {done.returncode}", done.stdout.rstrip(), done.stderr.rstrip()]
    return "\n\n".join(part for part in parts if part)


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_help(folder: Path, command: str) -> None:
    text = printed(folder, *filter(None, [command]), "--help")
    compare(f"cli/help_{command or 'leadlens'}.txt", text)


def test_a_project_from_check_to_report(folder: Path) -> None:
    places = {"folder": folder}
    for name, line in {
        "check": "check --show lead_000001",
        "train": "train --model m.json --output train.txt",
        "train_again": "train --model m.json",
        "evaluate": "evaluate --model m.json",
        "score": "score --model m.json --output s.csv",
        "call_list": "call-list --model m.json --reps Ann,Bob --per-rep 5 --explore 0.2 --as-of 2024-04-01",
        "scorecard": "scorecard --model m.json",
        "report": "report --model m.json --output r.html",
        "demo": "demo --data . --output out",
        "funnel": "funnel",
        "stage_funnel": "stage-funnel",
        "time_to": "time-to",
        "drivers": "drivers",
        "barriers": "barriers --by lead_source",
        "paths": "paths",
        "attribution": "attribution",
    }.items():
        compare(f"cli/{name}.txt", printed(folder, *line.split()), places)


MISTAKES = {
    "no such config": "check --config nothing.toml",
    "unknown table of a result": "funnel --table nothing",
    "a table and text": "funnel --table steps",
    "ending of the output": "funnel --output out.xls",
    "output in a folder that is missing": "funnel --output none/out.csv",
    "output over an input": "funnel --output leads.parquet --overwrite",
    "unknown step": "funnel --steps created,sqk",
    "one step": "drivers --steps created",
    "order": "funnel --order sideways",
    "set without a value": "funnel --set snapshot.horizon",
    "set of an unknown section": "funnel --set snapshots.horizon=3d",
    "set of an unknown key": "funnel --set snapshot.horizonn=3d",
    "set of a wrong type": "train --set model.C=[] --model x.json",
    "max_bad": "check --max-bad 7",
    "where": "funnel --where lead_source",
    "where of an unknown field": "funnel --where lead_sauce=web",
    "monotone": "train --monotone employees --model x.json",
    "no model": "score --model none.json --output none.csv",
    "a model that is not one": "score --model leads.parquet --output none.csv",
    "unknown flag": "funnel --stepps a",
    "unknown command": "funel",
    "lead that is missing": "check --show nobody",
    "spend": "attribution --qualified sql",
    "by": "barriers",
}


def test_mistakes(folder: Path) -> None:
    texts = [f"# {name}: leadlens {line}\n{printed(folder, *line.split())}" for name, line in MISTAKES.items()]
    compare("cli/mistakes.txt", "\n\n".join(texts), {"folder": folder})

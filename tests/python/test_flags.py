"""Flags of the command line beside the options of Python: an option of one is an option of the other."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import leadlens as ll

CONFIG = ll.datasets.folder("b2b_saas") / "leadlens.toml"
# Of the command line only: where results go, and the tables.
SHARED = {"config", "max_bad", "format", "table", "output", "overwrite", "help"}
# What has another name there, or no flag: data, objects, and what a result is asked for afterwards.
COMMANDS: dict[str, tuple[Callable[..., Any], set[str], set[str]]] = {
    "funnel": (ll.Journeys.funnel, {"times"}, set()),
    "stage-funnel": (ll.Journeys.stage_funnel, {"cohort", "view"}, {"period"}),
    "time-to": (ll.Journeys.time_to, set(), set()),
    "drivers": (ll.Journeys.drivers, set(), set()),
    "barriers": (ll.Journeys.barriers, set(), set()),
    "paths": (ll.Journeys.paths, {"collapse"}, {"no_collapse"}),
    # Methods name their order: "markov 2".
    "attribution": (ll.Journeys.attribution, {"method", "order", "spend"}, {"methods"}),
    "evaluate": (ll.LeadScorer.evaluate, {"snapshot"}, {"model", "against"}),
    "score": (ll.LeadScorer.score, {"snapshot"}, {"model", "as_of"}),
}


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "leadlens", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.parametrize("command", COMMANDS)
def test_options_have_flags(command: str) -> None:
    function, python_only, flags_only = COMMANDS[command]
    flags = {flag.replace("-", "_") for flag in re.findall(r"(?m)^\s+--([a-z-]+)", run(command, "--help").stdout)}
    options = set(inspect.signature(function).parameters) - {"self"}
    assert options - python_only == flags - flags_only - SHARED


def table(folder: Path, command: str, *flags: object, name: str | None = None) -> pl.DataFrame:
    path = folder / "result.parquet"
    which = [] if name is None else ["--table", name]
    ended = run(command, "--config", CONFIG, *flags, *which, "--output", path, "--overwrite")
    assert ended.returncode == 0, ended.stderr
    return pl.read_parquet(path)


def test_flags_do_what_the_options_do(tmp_path: Path) -> None:
    j = ll.datasets.b2b_saas()
    kinds = [kind for kind, stage, _ in j.facts["kinds"] if not stage][:2]
    channels = [c for c in j.facts["channels"] if c][:2]
    pairs = [
        (
            table(tmp_path, "paths", "--events", ",".join(kinds), "--no-collapse", "--length", 2, "--top", 7),
            j.paths(events=kinds, collapse=False, length=2, top=7).to_polars(),
        ),
        (
            table(
                tmp_path,
                "attribution",
                *("--methods", "markov,last_non_direct", "--target", "closed_won", "--lookback", "90d"),
                *("--nulls", "none", "--direct", ",".join(channels), "--touches", ",".join(kinds)),
            ),
            j.attribution(
                ["markov", "last_non_direct"],
                target="closed_won",
                lookback="90d",
                nulls="none",
                direct=channels,
                touches=kinds,
            ).to_polars(),
        ),
        (
            table(
                tmp_path,
                "barriers",
                *("--steps", "created,sql,closed_won", "--window", "90d", "--order", "strict", "--by", "lead_source"),
            ),
            j.barriers(["created", "sql", "closed_won"], window="90d", order="strict", by="lead_source").to_polars(),
        ),
    ]
    for by_flags, by_options in pairs:
        assert by_flags.height > 0
        assert by_flags.equals(by_options)


def test_a_qualified_stage_needs_spend() -> None:
    ended = run("attribution", "--config", CONFIG, "--target", "closed_won", "--qualified", "sql")
    assert ended.returncode == 2
    assert "--qualified" in ended.stderr
    assert "spend" in ended.stderr


def test_hold_is_an_option_of_drivers_and_barriers() -> None:
    visits = pl.DataFrame(
        {
            "lead": [1, 1, 2, 2, 3],
            "at": ["2024-01-02", "2024-01-03"] * 2 + ["2024-01-02"],
            "kind": ["visit", "demo"] * 2 + ["visit"],
            "page": ["a", "a", "a", "b", "a"],
        }
    )
    leads = pl.DataFrame({"id": [1, 2, 3], "created": ["2024-01-01"] * 3, "source": ["x", "x", "y"]})
    j = ll.Journeys(
        leads=ll.Leads(leads, id="id", created="created"),
        events=ll.Events(visits, lead="lead", at="at", kind="kind", props=["page"]),
        observed_until="2024-03-01",
    )
    options: dict[str, Any] = {"by": "source", "min_support": 1, "value": 1.0}
    free = j.barriers(["visit", "demo"], **options).to_polars()
    assert not free.equals(j.barriers(["visit", "demo"], hold="page", **options).to_polars())
    with pytest.raises(ll.UnknownNameError):
        j.drivers(["visit", "demo"], hold="nothing")

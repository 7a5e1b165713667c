"""Flags of the command line beside the options of Python: an option of one is an option of the other."""

from __future__ import annotations

import inspect
import json
import re
import shutil
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
SHARED = {"config", "max_bad", "set", "format", "table", "output", "overwrite", "help"}
# Of the snapshot, which Python takes as an object.
SIDES = {
    *("every", "after", "at", "as_of", "since", "until", "known_by", "horizon", "target", "maturity", "test"),
}
# What has another name there, or no flag: data, objects, and what a result is asked for afterwards.
COMMANDS: dict[str, tuple[Callable[..., Any], set[str], set[str]]] = {
    "funnel": (ll.Journeys.funnel, {"times"}, {"no_times"}),
    "stage-funnel": (ll.Journeys.stage_funnel, set(), set()),
    "time-to": (ll.Journeys.time_to, set(), set()),
    "drivers": (ll.Journeys.drivers, set(), set()),
    "barriers": (ll.Journeys.barriers, set(), set()),
    "paths": (ll.Journeys.paths, {"collapse"}, {"no_collapse"}),
    # Methods name their order: "markov 2".
    "attribution": (ll.Journeys.attribution, {"method", "order", "spend"}, {"methods"}),
    "evaluate": (ll.LeadScorer.evaluate, {"snapshot"}, {"model", "against", *SIDES}),
    "train": (ll.LeadScorer.__init__, set(), {"model", *SIDES}),
    # The fields of Scores.top.
    "score": (ll.LeadScorer.score, {"snapshot"}, {"model", "as_of", "fields"}),
}


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "leadlens", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.parametrize("command", COMMANDS)
def test_options_have_flags(command: str) -> None:
    function, python_only, flags_only = COMMANDS[command]
    flags = {flag.replace("-", "_") for flag in re.findall(r"(?m)^\s+--([A-Za-z0-9-]+)", run(command, "--help").stdout)}
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


def printed(*arguments: object) -> Any:
    ended = run(*arguments, "--format", "json")
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout)


def test_training_has_the_options_of_python(tmp_path: Path) -> None:
    model = tmp_path / "m.json"
    flags = ["--after", "10d", "--horizon", "20d", "--target", "sql", "--test", 0.4]
    options = ["--C", 0.5, "--nonlinear", "log", "--interactions", 1, "--min-level-rows", 40]
    told = printed("train", "--config", CONFIG, *flags, *options, "--model", model)
    snapshot = ll.Journeys.from_config(CONFIG).snapshot(after="10d", horizon="20d", target="sql")
    train, _ = snapshot.split(0.4, by="group")
    scorer = ll.LeadScorer(C=0.5, nonlinear="log", interactions=1, min_level_rows=40).fit(train)
    assert ll.load(model).summary().equals(scorer.summary())
    again = printed("evaluate", "--config", CONFIG, *flags, "--model", model)
    assert again == told["evaluation"]
    refused = run("train", "--config", CONFIG, "--penalty", "firth", "--C", "cv", "--model", tmp_path / "n.json")
    assert (refused.returncode, "--C" in refused.stderr) == (2, True), refused.stderr
    refused = run("train", "--config", CONFIG, "--C", "much", "--model", tmp_path / "n.json")
    assert (refused.returncode, "--C" in refused.stderr) == (2, True), refused.stderr


def test_any_key_can_be_set(tmp_path: Path) -> None:
    tomllib = pytest.importorskip("tomllib", reason="in the standard library from Python 3.11 on")
    folder = tmp_path / "project"
    shutil.copytree(CONFIG.parent, folder)
    text = (folder / "leadlens.toml").read_text()
    channel = next(c for c in ll.datasets.b2b_saas().facts["channels"] if c)
    (folder / "spend.csv").write_text(f"month,channel,amount\n2024-02,{channel},1000\n")
    settings = [
        "snapshot.horizon=21d",
        'snapshot.target=["sql"]',
        "model.C=0.3",
        "stage-funnel.period=quarter",
        'attribution.spend=[{table = "spend.csv", at = "month", amount = "amount", channel = "channel"}]',
        "attribution.spend.0.scale=2",
        "attribution.methods=['linear']",
    ]
    given = [part for setting in settings for part in ("--set", setting)]
    written = folder / "written.toml"
    table = tomllib.loads(text)
    table.setdefault("snapshot", {}).update(horizon="21d", target=["sql"])
    table.setdefault("model", {})["C"] = 0.3
    spend = {"table": "spend.csv", "at": "month", "amount": "amount", "channel": "channel", "scale": 2}
    table["attribution"] = {**table.get("attribution", {}), "spend": [spend], "methods": ["linear"]}
    table["stage_funnel"] = {**table.get("stage_funnel", {}), "period": "quarter"}
    written.write_text(as_toml(table))
    for command in (["train", "--model", tmp_path / "m.json", "--overwrite"], ["stage-funnel"], ["attribution"]):
        set_so = printed(*command, "--config", folder / "leadlens.toml", *given)
        assert set_so == printed(*command, "--config", written)


def as_toml(table: dict[str, Any]) -> str:
    """TOML as one inline table per key, which JSON's texts, numbers and lists nearly are."""

    def value(of: Any) -> str:
        if isinstance(of, dict):
            return "{" + ", ".join(f"{json.dumps(k)} = {value(v)}" for k, v in of.items()) + "}"
        if isinstance(of, list):
            return "[" + ", ".join(map(value, of)) + "]"
        return json.dumps(of) if isinstance(of, (str, bool, int, float)) else json.dumps(str(of))

    return "\n".join(f"{json.dumps(key)} = {value(of)}" for key, of in table.items())


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("model.Cs=1", "--set"),
        ("model.penalty=huge", "--set"),
        ("nothing", "--set"),
        ("snapshot.horizon=soon", "--set"),
        ("stages.7.lead=x", "--set"),
        ("model.l1_ratio=7", "--set model.l1_ratio"),
    ],
)
def test_what_is_set_wrong_is_named(setting: str, said: str, tmp_path: Path) -> None:
    ended = run(
        "train", "--config", CONFIG, "--set", "split.test=0.3", "--set", setting, "--model", tmp_path / "m.json"
    )
    assert ended.returncode == 2, ended.stderr
    assert said in ended.stderr
    assert "split.test" not in ended.stderr
    assert not list(tmp_path.iterdir())


def test_report_and_demo_print_what_they_wrote(tmp_path: Path) -> None:
    demo = printed("demo", "--data", CONFIG.parent, "--output", tmp_path / "out", "--set", "report.title=Ours")
    files = {demo[name] for name in ("model", "scores", "report")}
    assert files == {str(tmp_path / "out" / name) for name in ("model.json", "scores.csv", "report.html")}
    assert all(Path(file).stat().st_size for file in files)
    assert "<title>Ours" in Path(demo["report"]).read_text()
    assert demo["rows"] == pl.read_csv(demo["scores"]).height
    page = tmp_path / "page.html"
    report = printed("report", "--config", CONFIG, "--model", demo["model"], "--output", page, "--title", "Mine")
    assert (report["report"], report["title"], page.exists()) == (str(page), "Mine", True)
    assert report["evaluation"] == demo["evaluation"]


def test_the_view_says_which_table_is_held(tmp_path: Path) -> None:
    flow = table(tmp_path, "stage-funnel", "--view", "flow", "--period", "quarter", "--window", "90d")
    assert flow.equals(ll.datasets.b2b_saas().stage_funnel(view="flow", period="quarter", window="90d").to_polars())
    assert table(tmp_path, "stage-funnel", "--view", "flow", name="stages").columns != flow.columns

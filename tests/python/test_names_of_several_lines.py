"""Line breaks, tabs and other control characters in names of the data break no table: text, page, CSV, command line."""

from __future__ import annotations

import datetime as dt
import io
import subprocess
import sys
from functools import cache
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import leadlens as ll

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")

UTC = dt.timezone.utc
PLAIN, BROKEN = "&", ["\n", "\t", "\r", "\x0b", "\x1b", "\x85"]


def tables(mark: str) -> dict[str, pl.DataFrame]:
    rng = np.random.default_rng(9)
    n = 300
    start = dt.datetime(2024, 1, 1, tzinfo=UTC)
    created = [start + dt.timedelta(days=float(d)) for d in rng.uniform(0, 120, n)]
    country = [f"{c}{mark}x" for c in rng.choice(["a", "b", "c"], n)]
    leads = pl.DataFrame({"id": [f"l{mark}{i}" for i in range(n)], "created": created, f"cou{mark}ntry": country})
    rows, deals = [], []
    for i in range(n):
        at = created[i] + dt.timedelta(days=float(rng.exponential(3)))
        for kind in rng.choice(["visit", "demo"], 3):
            rows.append((f"l{mark}{i}", at, f"{kind}{mark}k", f"{rng.choice(['ads', 'mail'])}{mark}c"))
            at += dt.timedelta(days=float(rng.exponential(4)))
        for stage in (f"offer{mark}s", "won" if rng.random() < (0.6 if country[i][0] == "a" else 0.3) else "lost"):
            deals.append((f"l{mark}{i}", at, stage))
            at += dt.timedelta(days=float(rng.exponential(8)))
    events = pl.DataFrame(rows, schema=["lead", "at", "kind", "channel"], orient="row")
    return {
        "leads": leads,
        "events": events,
        "stages": pl.DataFrame(deals, schema=["lead", "at", "stage"], orient="row"),
    }


@cache
def journeys(mark: str) -> ll.Journeys:
    made = tables(mark)
    return ll.Journeys(
        leads=ll.Leads(made["leads"], "id", created="created"),
        events=ll.Events(made["events"], "lead", "at", "kind", channel="channel", name="web"),
        stages=ll.Stages(made["stages"], "lead", "at", stage="stage"),
        pipeline=["created", f"offer{mark}s", "won"],
        won="won",
        lost="lost",
        observed_until="2024-09-01",
    )


def results(mark: str) -> dict[str, object]:
    j, by = journeys(mark), f"cou{mark}ntry"
    steps = ["created", f"visit{mark}k", "won"]
    options = {"after": "3d", "horizon": "60d"}
    train, test = j.snapshot(until="2024-03-15", **options), j.snapshot(since="2024-03-15", **options)
    scorer = ll.LeadScorer(C=0.1).fit(train)
    return {
        "funnel": j.funnel(steps, by=by),
        "funnel where": j.funnel(steps, where={by: f"a{mark}x"}, exclude=ll.Exclusion(f"demo{mark}k")),
        "stage_funnel": j.stage_funnel(by=by),
        "time_to": j.time_to(f"offer{mark}s", by=by),
        "paths": j.paths(by="kind"),
        "attribution": j.attribution("linear"),
        "drivers": j.drivers(steps),
        "barriers": j.barriers(steps, by=by, min_support=1),
        "snapshot": train,
        "scorer": scorer,
        "evaluation": scorer.evaluate(test, by=by),
        "check": j.check(),
    }


@pytest.mark.parametrize("broken", BROKEN)
def test_texts_have_the_lines_of_plain_names(broken: str) -> None:
    plain = results(PLAIN)
    for name, result in results(broken).items():
        assert str(result) == str(plain[name]).replace(PLAIN, " "), name


def test_texts_on_the_command_line_have_the_lines_of_plain_names(tmp_path: Path) -> None:
    texts = {}
    for mark in (PLAIN, "\n"):
        folder = tmp_path / str(ord(mark))
        folder.mkdir()
        for name, table in tables(mark).items():
            table.write_parquet(folder / f"{name}.parquet")
        # TOML writes control characters as escapes.
        offer = f"offer{mark}s".replace("\n", "\\n")
        (folder / "leads.toml").write_text(
            f"""
            observed_until = "2024-09-01"
            won = ["won"]
            lost = ["lost"]
            pipeline = ["created", "{offer}", "won"]
            [leads]
            table = "leads.parquet"
            id = "id"
            created = "created"
            [[events]]
            table = "events.parquet"
            lead = "lead"
            at = "at"
            kind = "kind"
            channel = "channel"
            [[stages]]
            table = "stages.parquet"
            lead = "lead"
            at = "at"
            stage = "stage"
            """
        )
        by, visit = f"cou{mark}ntry", f"visit{mark}k"
        commands = {
            "stage-funnel": ["--by", by],
            "funnel": ["--steps", f"created,{visit},won", "--by", by],
            "check": [],
        }
        for command, options in commands.items():
            for form in ("text", "csv") if options else ("text",):
                form_options = ["--format", form] if options else []
                run = subprocess.run(
                    [
                        sys.executable,
                        "-m",
                        "leadlens",
                        command,
                        "--config",
                        folder / "leads.toml",
                        *options,
                        *form_options,
                    ],
                    capture_output=True,
                    text=True,
                    check=False,
                )
                assert run.returncode == 0, run.stderr
                texts[mark, command, form] = run.stdout
    for command, form in (key[1:] for key in texts if key[0] == PLAIN):
        plain, text = texts[PLAIN, command, form], texts["\n", command, form]
        if form == "text":
            assert text == plain.replace(PLAIN, " ")
        else:
            # The names themselves.
            with_lines, without = pl.read_csv(io.StringIO(text)), pl.read_csv(io.StringIO(plain))
            assert with_lines.equals(without.with_columns(pl.col(pl.String).str.replace_all(PLAIN, "\n", literal=True)))

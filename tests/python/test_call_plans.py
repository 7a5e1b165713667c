"""Call lists: who is listed where, why, and with which probability."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import leadlens as ll

START = datetime(2024, 1, 1, tzinfo=timezone.utc)
N = 1200
REPS = ["Ann", "Bob", "Cem"]


def tables() -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    rng = np.random.default_rng(11)
    created = [START + timedelta(hours=int(h)) for h in rng.integers(0, 24 * 80, N)]
    size = rng.normal(0, 1, N)
    leads = pl.DataFrame(
        {
            "id": [f"l{i:04}" for i in range(N)],
            "created": created,
            "size": size,
            "account": [f"a{int(a)}" for a in rng.integers(0, 300, N)],
            "owner": [None if i % 4 == 0 else REPS[i % 3] if i % 50 else "Zoe" for i in range(N)],
        }
    )
    events = pl.DataFrame(
        [
            {"id": f"l{i:04}", "at": created[i] + timedelta(days=int(d)), "kind": "call"}
            for i in range(N)
            for d in rng.integers(1, 30, 1)
        ]
    )
    won = rng.random(N) < 1 / (1 + np.exp(2 - size))
    stages = [
        {
            "id": f"l{i:04}",
            "deal": f"d{i}",
            "at": created[i] + timedelta(days=2),
            "stage": "offer",
            "amount": float(100 + i),
        }
        for i in range(0, N, 2)
    ]
    stages += [
        {
            "id": f"l{i:04}",
            "deal": f"d{i}",
            "at": created[i] + timedelta(days=int(rng.integers(8, 40))),
            "stage": "won",
            "amount": 500.0,
        }
        for i in np.flatnonzero(won)
    ]
    return leads, events, pl.DataFrame(stages)


def journeys_of(leads: pl.DataFrame, events: pl.DataFrame, stages: pl.DataFrame, *, owner: bool = True) -> ll.Journeys:
    return ll.Journeys(
        leads=ll.Leads(
            leads, id="id", created="created", account="account", owner="owner" if owner else None, fields=["size"]
        ),
        events=ll.Events(events, lead="id", at="at", kind="kind", side="sales"),
        stages=ll.Stages(stages, lead="id", deal="deal", at="at", stage="stage", amount="amount"),
        won="won",
        observed_until="2024-06-01",
    )


@pytest.fixture(scope="module")
def journeys() -> ll.Journeys:
    return journeys_of(*tables())


@pytest.fixture(scope="module")
def scorer(journeys) -> ll.LeadScorer:
    return ll.LeadScorer().fit(journeys.snapshot(every="7d", horizon="30d"))


@pytest.fixture(scope="module")
def today(journeys) -> ll.Snapshot:
    return journeys.snapshot(as_of="2024-03-01")


def test_each_rep_has_exactly_their_calls_best_first(scorer, today):
    calls = scorer.call_list(today, reps=REPS, per_rep=12, days=3)
    table = calls.to_polars()
    assert table.group_by("rep", "day").len()["len"].to_list() == [12] * 9
    assert len(calls) == 108
    for _, own in table.group_by("rep", maintain_order=True):
        assert own["probability"].is_sorted(descending=True)
        assert own["place"].to_list() == list(range(1, 13)) * 3
    owners = table.filter(pl.col("owner").is_not_null())
    assert (owners["owner"] == owners["rep"]).all(), "owners keep their leads"
    design = calls.design()
    assert design.height == len(today)
    assert design.filter("listed")["lead_id"].sort().equals(table["lead_id"].sort())
    assert design["standing"].value_counts().filter(pl.col("standing") == "owner elsewhere")["count"].item() > 0


def test_leads_without_owner_make_lists_alike(today):
    leads, events, stages = tables()
    journeys = journeys_of(leads, events, stages, owner=False)
    scorer = ll.LeadScorer().fit(journeys.snapshot(every="7d", horizon="30d"))
    reps = scorer.call_list(journeys.snapshot(as_of="2024-03-01"), reps=REPS, per_rep=30).reps()
    expected = reps["expected_conversions"]
    assert expected.max() - expected.min() < 0.05 * expected.mean()
    one = scorer.call_list(journeys.snapshot(as_of="2024-03-01"), per_rep=30)
    assert "rep" not in one.to_polars().columns
    best = scorer.score(journeys.snapshot(as_of="2024-03-01")).top(30)
    assert one.to_polars()["lead_id"].to_list() == best["lead_id"].to_list()


def test_limits_and_exclusions(journeys, scorer, today):
    first = scorer.call_list(today, reps=REPS, per_rep=20).to_polars()["lead_id"]
    calls = scorer.call_list(
        today, reps=REPS, per_rep=20, per_account=1, exclude=[first[0], "gone"], recycle_after="10d"
    )
    table = calls.to_polars()
    assert first[0] not in table["lead_id"]
    leads, events, _ = tables()
    listed = leads.filter(pl.col("id").is_in(table["lead_id"].to_list()))
    assert listed["account"].n_unique() == listed.height
    cutoff = datetime(2024, 3, 1, tzinfo=timezone.utc)
    before = events.filter((pl.col("at") < cutoff) & (pl.col("at") > cutoff - timedelta(days=10)))
    recent = set(before["id"])
    assert not recent & set(table["lead_id"])
    standing = dict(calls.design().select("lead_id", "standing").iter_rows())
    assert standing[first[0]] == "excluded"
    open_leads = set(standing) - {first[0]}
    assert {lead for lead, s in standing.items() if s == "worked recently"} == recent & open_leads
    assert "account full" in standing.values()


def test_shares_drawn_at_random(scorer, today):
    plain = scorer.call_list(today, reps=REPS, per_rep=20)
    calls = scorer.call_list(today, reps=REPS, per_rep=20, explore=0.25, seed=3)
    table = calls.to_polars()
    assert table.group_by("rep", "standing").len().sort("rep", "standing")["len"].to_list() == [5, 15] * 3
    assert (table.filter(pl.col("standing") == "ranked")["chance"] == 1).all()
    drawn = table.filter(pl.col("standing") == "explored")
    assert ((drawn["chance"] > 0) & (drawn["chance"] < 1)).all()
    assert calls.to_polars().equals(scorer.call_list(today, reps=REPS, per_rep=20, explore=0.25, seed=3).to_polars())
    other = scorer.call_list(today, reps=REPS, per_rep=20, explore=0.25, seed=4).to_polars()
    assert set(other["lead_id"]) != set(table["lead_id"])
    assert set(table.filter(pl.col("standing") == "ranked")["lead_id"]) <= set(plain.to_polars()["lead_id"])


def test_weights_of_drawn_leads_are_unbiased(scorer, today):
    """The mean over seeds of Σ 1/chance over drawn leads is the number of leads that could be drawn.

    Each draw estimates it with a relative standard deviation of about 1/√(drawn leads); with 200 draws of 30 leads the
    Monte Carlo error is 1.3 %, and 5 % is four of them.
    """
    estimates, pool = [], None
    for seed in range(200):
        design = scorer.call_list(
            today, reps=REPS, per_rep=20, explore=0.5, seed=seed, per_account=3, reasons=0
        ).design()
        could = design.filter((pl.col("chance") > 0) & (pl.col("standing") != "ranked"))
        pool = could.height
        estimates.append((1 / could.filter(pl.col("standing") == "explored")["chance"]).sum())
    assert np.mean(estimates) == pytest.approx(pool, rel=0.05)


def test_order_by_expected_value(scorer, today):
    calls = scorer.call_list(today, per_rep={"Ann": 10, "Bob": 0}, rank="expected_value")
    assert calls.reps().select("rep", "calls", "listed").rows() == [("Ann", 10, 10), ("Bob", 0, 0)]
    table = calls.to_polars()
    worth = table["probability"] * table["value"].fill_null(scorer.score(today).to_polars()["value"].mean())
    assert worth.is_sorted(descending=True)
    assert any("without a known amount" in remark for remark in calls.remarks)


def test_wrong_options(journeys, scorer, today):
    for options, kind, message in [
        ({"per_rep": 0}, ll.OptionError, "per_rep must be an integer of at least 1"),
        ({"per_rep": {}}, ll.OptionError, "per_rep must name at least one rep"),
        ({"per_rep": {"Ane": 3}, "reps": ["Ann"]}, ll.UnknownNameError, "unknown rep 'Ane'; did you mean 'Ann'"),
        ({"reps": []}, ll.OptionError, "reps must name at least one rep"),
        ({"reps": ["Ann", "Ann"]}, ll.OptionError, "reps: 'Ann' is listed twice"),
        ({"explore": 1.5}, ll.OptionError, "explore: must be a share from 0 to 1, not 1.5"),
        ({"explore": float("nan")}, ll.OptionError, "explore"),
        ({"days": 0}, ll.OptionError, "days"),
        ({"rank": "value"}, ll.OptionError, "expected_value"),
        ({"recycle_after": "soon"}, ll.OptionError, "recycle_after"),
        ({"recycle_after": 14}, ll.OptionError, "recycle_after must be a span such as '14d', not 14"),
        ({"seed": -1}, ll.OptionError, "seed"),
    ]:
        with pytest.raises(kind, match=message):
            scorer.call_list(today, **options)
    with pytest.raises(
        ll.OptionError, match=r"rows are of a lead that is there already; take the leads as of one time"
    ):
        scorer.call_list(journeys.snapshot(every="7d", horizon="30d"))
    with pytest.raises(ll.NotFittedError):
        ll.LeadScorer().call_list(today)


def test_fewer_leads_than_calls_are_said(scorer, today):
    calls = scorer.call_list(today, reps=["Ann"], per_rep=5000)
    assert calls.remarks[0].startswith("rep 'Ann' has ")
    assert "for 5000 calls: no other lead may be called" in calls.remarks[0]
    text = repr(calls)
    assert text.startswith("Call list: ")
    assert "expected conversions" in text
    assert "<table" in calls._repr_html_()
    assert calls.plot().to_dict()["mark"]["type"] == "bar"


def test_the_command_line_makes_the_same_list(scorer, today, tmp_path: Path):
    for name, table in zip(("leads", "events", "stages"), tables(), strict=True):
        table.write_parquet(tmp_path / f"{name}.parquet")
    scorer.save(tmp_path / "model.json")
    (tmp_path / "leadlens.toml").write_text(
        """observed_until = "2024-06-01"
won = "won"

[leads]
table = "leads.parquet"
id = "id"
created = "created"
account = "account"
owner = "owner"
fields = ["size"]

[[events]]
table = "events.parquet"
lead = "id"
at = "at"
kind = "kind"
side = "sales"

[[stages]]
table = "stages.parquet"
lead = "id"
deal = "deal"
at = "at"
stage = "stage"
amount = "amount"

[call_list]
reps = ["Ann", "Bob", "Cem"]
per_rep = 7
explore = 0.3
"""
    )

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "leadlens", "call-list", "--config", str(tmp_path / "leadlens.toml")]
        command += ["--model", str(tmp_path / "model.json"), "--as-of", "2024-03-01", *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    own = scorer.call_list(today, reps=REPS, per_rep=7, explore=0.3)
    done = run("--output", str(tmp_path / "calls.parquet"))
    assert done.returncode == 0, done.stderr
    assert pl.read_parquet(tmp_path / "calls.parquet").equals(own.to_polars())
    design = run("--output", str(tmp_path / "design.parquet"), "--table", "design")
    assert design.returncode == 0, design.stderr
    assert pl.read_parquet(tmp_path / "design.parquet").equals(own.design())
    assert json.loads(run("--format", "json", "--days", "2").stdout)["spec"]["days"] == 2
    assert run().stdout.startswith("Call list: 21 leads for 3 reps, 1 day")
    wrong = run("--explore", "2")
    assert wrong.returncode == 2
    assert "explore" in wrong.stderr

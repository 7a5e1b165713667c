"""Reasons in words: rates of the training leads with the same value, counted again by hand."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone

import numpy as np
import polars as pl
import pytest

import leadlens as ll

START = datetime(2024, 1, 1, tzinfo=timezone.utc)
N = 2000


@pytest.fixture(scope="module")
def journeys() -> ll.Journeys:
    rng = np.random.default_rng(5)
    source = rng.choice(["web", "fair", "partner"], N, p=[0.6, 0.3, 0.1])
    demos = rng.poisson(0.6, N)
    leads = pl.DataFrame(
        {
            "id": [f"l{i:04}" for i in range(N)],
            "created": [START + timedelta(hours=int(h)) for h in rng.integers(0, 24 * 60, N)],
            "source": [None if i % 9 == 0 else str(s) for i, s in enumerate(source)],
            "team_size": rng.integers(1, 500, N),
            "rare": ["odd" if i % 200 == 0 else "usual" for i in range(N)],
        }
    )
    events = [
        {"id": f"l{i:04}", "at": leads["created"][i] + timedelta(days=float(d)), "kind": kind}
        for i in range(N)
        for kind, n in (("demo_request", demos[i]), ("mail", 1))
        for d in rng.uniform(0, 9.5, n)
    ]
    chance = 1 / (
        1 + np.exp(1.5 - 1.2 * (demos > 0) - 1.5 * (source == "partner") - 0.002 * leads["team_size"].to_numpy())
    )
    stages = [
        {"id": f"l{i:04}", "at": leads["created"][i] + timedelta(days=12), "stage": "won"}
        for i in np.flatnonzero(rng.random(N) < chance).tolist()
    ]
    return ll.Journeys(
        leads=ll.Leads(leads, id="id", created="created"),
        events=ll.Events(pl.DataFrame(events), lead="id", at="at", kind="kind"),
        stages=ll.Stages(pl.DataFrame(stages), lead="id", at="at", stage="stage"),
        won="won",
        observed_until="2024-06-01",
    )


@pytest.fixture(scope="module")
def train(journeys: ll.Journeys) -> ll.Snapshot:
    return journeys.snapshot(after="10d", horizon="30d")


@pytest.fixture(scope="module")
def scorer(train: ll.Snapshot) -> ll.LeadScorer:
    return ll.LeadScorer().fit(train)


def said(scorer: ll.LeadScorer, snapshot: ll.Snapshot, **options: object) -> list[str]:
    return scorer.score(snapshot, **{"words": True, **options}).to_polars()["in_words"].to_list()


def test_counts_are_those_of_the_training_leads(scorer, train):
    rows = train.to_polars()
    base = f"{100 * rows['label'].mean():.0f} %"
    sentences = [s for row in said(scorer, train) for s in re.split(r"(?<=\))\. ", row) if s]
    seen = set()
    for sentence in sentences:
        share, condition, hits, n, of_all = re.fullmatch(
            r"([\d.]+ %) of leads (.+?) reached won \((\d+) of (\d+); all leads: (.+)\)", sentence
        ).groups()
        assert of_all == base
        assert int(n) >= 20
        rate = 100 * int(hits) / int(n)
        assert share == (f"{rate:.1f} %" if rate < 10 else f"{rate:.0f} %")
        if condition in seen:
            continue
        seen.add(condition)
        source = re.fullmatch(r"whose source is (\w+)", condition)
        if source:
            mine = rows.filter(pl.col("source") == source[1])
        elif condition == "whose source is not known":
            mine = rows.filter(pl.col("source").is_null())
        elif condition in ("without demo request", "that never had demo request"):
            mine = rows.filter(pl.col("count(demo_request)") == 0)
        elif re.fullmatch(r"with (\d+) demo request", condition):
            mine = rows.filter(pl.col("count(demo_request)") == int(condition.split()[1]))
        else:
            continue
        assert (mine["label"].sum(), mine.height) == (int(hits), int(n)), sentence
    assert {"whose source is partner", "that never had demo request"} <= seen


def test_words_agree_with_the_score(scorer, train):
    """No sentence speaks for a lead whose contribution of that feature is on the other side."""
    explained = scorer.explain(train).filter(pl.col("feature") == "source")
    contributions = dict(zip(explained["lead_id"], explained["contribution"], strict=True))
    scores = scorer.score(train, words=True, reasons=3).to_polars()
    assert scores["in_words"].str.count_matches("all leads").max() <= 3
    base = train.to_polars()["label"].mean()
    for lead, words in scores.select("lead_id", "in_words").iter_rows():
        found = re.search(r"([\d.]+) % of leads whose source is", words)
        if found and abs(float(found[1]) / 100 - base) > 0.01:
            assert (float(found[1]) / 100 > base) == (contributions[lead] > 0), words


def test_few_leads_are_not_spoken_of(scorer, train):
    assert not any("whose rare is odd" in words for words in said(scorer, train, reasons=50))
    assert any("whose team size is" in words for words in said(scorer, train))


def test_other_languages(scorer, train):
    german = {
        "sentence": "{share} der Leads {condition} {outcome} ({hits} von {n}; alle: {base})",
        "outcome": "kauften",
        "field": "mit {field} {level}",
        "none": "ohne {events}",
    }
    words = said(scorer, train, words=german)
    assert any(re.search(r"\d+ % der Leads mit source partner kauften \(\d+ von \d+; alle: \d+ %\)", w) for w in words)
    with pytest.raises(ll.UnknownNameError, match="unknown phrase 'sentense'; did you mean 'sentence'"):
        scorer.score(train, words={"sentense": "x"})
    with pytest.raises(ll.OptionError, match=r"phrase 'none' cannot contain \{range\}; its places are: \{events\}"):
        scorer.score(train, words={"none": "{range}"})
    for wrong in ("german", 3, {"none": 3}):
        with pytest.raises(ll.OptionError, match="words must be True, False, or a dict of phrases"):
            scorer.score(train, words=wrong)
    assert "in_words" not in scorer.score(train).to_polars().columns


def test_repeated_looks_are_counted_as_such(journeys):
    weekly = journeys.snapshot(every="7d", horizon="14d")
    words = said(ll.LeadScorer().fit(weekly), weekly)
    found = [re.search(r"reached won within 14 days \((\d+) of (\d+) looks at (\d+) leads; all: ", w) for w in words]
    numbers = [tuple(map(int, f.groups())) for f in found if f]
    assert numbers
    assert all(hits <= n and 20 <= leads <= n for hits, n, leads in numbers)
    assert any(leads < n for _, n, leads in numbers)


def test_words_of_weighted_rows_name_no_counts(journeys):
    train = journeys.snapshot(every="7d", horizon="14d", maturity="ipcw")
    words = said(ll.LeadScorer().fit(train), train)
    assert any(w.startswith("an estimated ") for w in words)


def test_words_survive_a_file(scorer, train, tmp_path):
    scorer.save(tmp_path / "model.json")
    assert said(ll.load(tmp_path / "model.json"), train) == said(scorer, train)

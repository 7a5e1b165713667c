"""A number that does not exist is null in tables, and a dash or blank in texts, pages and CSV; never NaN."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np
import polars as pl
import pytest

import leadlens as ll

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")

UTC = dt.timezone.utc
DAY = dt.timedelta(days=1)


def world(wins: str, *, n: int = 6, amounts: bool = False) -> ll.Journeys:
    """Return few journeys, of which none, one or all are won."""
    start = dt.datetime(2024, 1, 1, tzinfo=UTC)
    leads = pl.DataFrame(
        {"id": range(n), "created": [start + i * DAY for i in range(n)], "g": ["a", "b", None] * (n // 3)}
    )
    events = pl.DataFrame(
        {
            "lead": range(n - 1),
            "at": [start + (i + 1) * DAY for i in range(n - 1)],
            "kind": "visit",
            "channel": [("x", None, "y")[i % 3] for i in range(n - 1)],
        }
    )
    ends = {"none": ["lost"] * n, "one": ["won"] + ["lost"] * (n - 1), "all": ["won"] * n, "open": ["mql"] * n}[wins]
    stages = pl.DataFrame(
        {
            "lead": [*range(n), *range(n)],
            "at": [start + (i + 2) * DAY for i in range(n)] + [start + (i + 3) * DAY for i in range(n)],
            "stage": ["mql"] * n + ends,
            "amount": [None if not amounts else float(i) for i in range(2 * n)],
        },
        schema_overrides={"amount": pl.Float64},
    )
    return ll.Journeys(
        leads=ll.Leads(leads, "id", created="created"),
        events=ll.Events(events, "lead", "at", "kind", channel="channel"),
        stages=ll.Stages(stages, "lead", "at", stage="stage", amount="amount"),
        pipeline=["created", "mql", "won"],
        won="won",
        lost="lost",
        observed_until="2024-06-01",
    )


def analyses(j: ll.Journeys) -> Iterator[Any]:
    spend = ll.Spend(
        pl.DataFrame({"day": ["2024-01-02"], "cost": [0.0], "channel": ["x"]}),
        at="day",
        amount="cost",
        channel="channel",
    )
    yield lambda: j.funnel(["created", "visit", "won"], by="g", period="month")
    yield lambda: j.funnel(["won", "visit"], window="1s", by="g")
    yield lambda: j.funnel(["visit", "visit", "visit"], entry="totals", by="channel")
    yield lambda: j.stage_funnel(by="g")
    yield lambda: j.stage_funnel(window="1s")
    yield lambda: j.time_to("won", by="g", ceiling="weibull")
    yield lambda: j.time_to("won", by="g", competing_as="censored", at=[])
    yield lambda: j.paths()
    yield lambda: j.paths(unit="session", session_gap="1d")
    yield lambda: j.attribution(["linear", "markov", "shapley"], spend=[spend], bootstrap=3, qualified="mql")
    yield lambda: j.drivers(["created", "visit", "won"], min_support=1)
    yield lambda: j.barriers(["created", "visit", "won"], by="g", min_support=1)


def texts(result: Any) -> str:
    page = result._shown()[1] or result._repr_html_()
    return f"{result}\n{page}"


def frames(result: Any) -> Iterator[tuple[str, pl.DataFrame]]:
    for name, frame in result._frames.items():
        yield name, pl.DataFrame(frame)


NOT_NUMBERS = re.compile(r"\bNaN\b|\bnan\b|\binf\b|-inf\b")


@pytest.mark.parametrize("wins", ["none", "one", "all", "open"])
@pytest.mark.parametrize("amounts", [False, True])
def test_analyses_of_little_data(wins: str, amounts: bool) -> None:
    answered = 0
    for analysis in analyses(world(wins, amounts=amounts)):
        try:
            result = analysis()
        except (ll.NotEnoughDataError, ll.UnknownNameError, ll.OptionError):
            continue
        answered += 1
        assert not NOT_NUMBERS.search(texts(result)), result
        for name, frame in frames(result):
            floats = frame.select(pl.col(pl.Float64))
            assert not any(floats.select(pl.all().is_nan().any()).row(0) if floats.width else []), (name, frame)
    assert answered > 3


CASES = {
    "one value": ([True, False] * 20, [0.5] * 40),
    "perfect": ([True, False] * 20, [1.0, 0.0] * 20),
    "reversed": ([True, False] * 20, [0.0, 1.0] * 20),
    "two rows": ([True, False], [0.7, 0.2]),
    "one positive": ([True] + [False] * 39, list(np.linspace(0.9, 0.1, 40))),
    "ends": ([True, False, True, False] * 10, [1.0, 1.0, 0.0, 0.0] * 10),
}


@pytest.mark.parametrize("case", CASES)
def test_evaluations_of_degenerate_scores(case: str) -> None:
    y, p = CASES[case]
    evaluation = ll.metrics.evaluate(y, p)
    comparison = ll.metrics.compare(y, p, p[::-1])
    for text in (str(evaluation), evaluation._repr_html_(), str(comparison), comparison._repr_html_()):
        assert not NOT_NUMBERS.search(text), text
    found = [
        evaluation.to_polars(),
        evaluation.calibration(),
        evaluation.lift(),
        evaluation.checks(),
        comparison.to_polars(),
    ]
    for frame in found:
        assert not any(frame.select(pl.col(pl.Float64).is_nan().any()).row(0)), frame


@cache
def scored() -> tuple[ll.LeadScorer, Any, Any]:
    rng = np.random.default_rng(2)
    n = 300
    start = dt.datetime(2024, 1, 1, tzinfo=UTC)
    rare = ["only\nlost" if i < 4 else "b" for i in range(n)]
    leads = pl.DataFrame(
        {
            "id": range(n),
            "created": [start + float(d) * DAY for d in rng.uniform(0, 100, n)],
            "g": rare,
            "x": rng.normal(size=n),
        }
    )
    won = (rng.random(n) < 0.4) & (np.arange(n) >= 4)
    stages = pl.DataFrame(
        {"lead": range(n), "at": [t + 2 * DAY for t in leads["created"]], "stage": np.where(won, "won", "lost")}
    )
    j = ll.Journeys(
        leads=ll.Leads(leads, "id", created="created"),
        stages=ll.Stages(stages, "lead", "at", stage="stage"),
        won="won",
        lost="lost",
        observed_until="2024-09-01",
    )
    snapshot = j.snapshot(after="1d", horizon="30d")
    return ll.LeadScorer(C=0.1).fit(snapshot), snapshot, j


def test_groups_of_an_evaluation_that_have_one_class_are_on_the_page_too(tmp_path: Any) -> None:
    scorer, snapshot, j = scored()
    evaluation = scorer.evaluate(snapshot, by="g")
    assert evaluation.groups()["roc_auc"].null_count() == 1
    assert not NOT_NUMBERS.search(str(evaluation))
    ll.report(j, scorer, tmp_path / "page.html", test=snapshot, by="g")
    page = (tmp_path / "page.html").read_text()
    assert "<h2>By g</h2>" in page
    assert "only\nlost" in page
    assert not NOT_NUMBERS.search(page)


def test_coefficients_without_errors_are_null() -> None:
    scorer, _, _ = scored()
    summary = scorer.summary()
    assert not any(summary.select(pl.col(pl.Float64).is_nan().any()).row(0))
    assert not NOT_NUMBERS.search(str(scorer))

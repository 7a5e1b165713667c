"""Ctrl-C ends every long computation soon, and nothing is written."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import leadlens as ll

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")

LEADS, EVENTS = 20_000, 300_000


@cache
def tables() -> dict[str, pl.DataFrame]:
    rng = np.random.default_rng(11)
    start, second = np.datetime64("2023-01-01", "us"), np.timedelta64(1_000_000, "us")
    created = rng.integers(0, 400 * 86_400, LEADS)
    lead = rng.integers(0, LEADS, EVENTS)
    at = created[lead] + rng.exponential(50 * 86_400, EVENTS).astype(np.int64)
    won = rng.choice(LEADS, LEADS // 4, replace=False)
    return {
        "leads": pl.DataFrame(
            {
                "id": np.arange(LEADS),
                "created": start + created * second,
                "source": rng.choice(["ads", "mail", "web"], LEADS),
                "size": rng.normal(size=LEADS),
                "account": rng.integers(0, LEADS // 3, LEADS),
            }
        ),
        "events": pl.DataFrame(
            {
                "lead": lead,
                "at": start + at * second,
                "kind": rng.choice(["visit", "email", "demo", "call"], EVENTS),
                "channel": rng.choice(["search", "social", "mail", "direct", "partner"], EVENTS),
                "campaign": rng.choice([f"c{i}" for i in range(30)], EVENTS),
            }
        ),
        "stages": pl.DataFrame(
            {
                "lead": won,
                "at": start + (created[won] + 86_400 * rng.integers(1, 90, len(won))) * second,
                "stage": "won",
            }
        ),
    }


def build() -> ll.Journeys:
    t = tables()
    return ll.Journeys(
        leads=ll.Leads(t["leads"], id="id", created="created", account="account"),
        events=ll.Events(t["events"], "lead", "at", "kind", channel="channel", props=["campaign"]),
        stages=ll.Stages(t["stages"], "lead", "at", stage="stage"),
        won="won",
        observed_until="2024-10-01",
    )


@cache
def journeys() -> ll.Journeys:
    return build()


@cache
def sides() -> tuple[ll.Snapshot, ll.Snapshot]:
    return journeys().snapshot(every="30d", horizon="60d").split(by="group")


@cache
def few() -> ll.Snapshot:
    return journeys().snapshot(every="120d", horizon="60d").split(by="group")[0]


@cache
def weighted() -> ll.Snapshot:
    return journeys().snapshot(every="1d", horizon="60d", maturity="ipcw")


@cache
def scorer() -> ll.LeadScorer:
    return ll.LeadScorer().fit(sides()[0])


@cache
def arrays() -> tuple[Any, Any]:
    rng = np.random.default_rng(2)
    X = rng.normal(size=(120_000, 25))
    return X, X[:, 0] + rng.normal(size=len(X)) > 0


def predictions() -> tuple[Any, Any]:
    X, y = arrays()
    return y, 1 / (1 + np.exp(-X[:, 0]))


def extended() -> Any:
    more = tables()["events"].with_columns(pl.col("at") + pl.duration(minutes=1))
    return journeys().extend(events=ll.Events(more, "lead", "at", "kind", channel="channel", props=["campaign"]))


WORK: dict[str, Callable[[Path], Any]] = {
    "build": lambda _: build(),
    "extend": lambda _: extended(),
    "snapshot": lambda _: journeys().snapshot(every="1d", horizon="60d"),
    "snapshot, weighted": lambda _: journeys().snapshot(every="2d", horizon="60d", maturity="ipcw"),
    "split, weighted": lambda _: weighted().split(by="time"),
    "features": lambda _: journeys().snapshot(every="7d", horizon="60d").to_polars(),
    "funnel": lambda _: journeys().funnel(["visit", "demo", "call"], by="campaign", attribution="all"),
    "barriers": lambda _: journeys().barriers(["visit", "demo", "won"], by="campaign", attribution="all"),
    "drivers": lambda _: journeys().drivers(["visit", "demo", "won"]),
    "paths": lambda _: journeys().paths(by="campaign", length=6),
    "time to": lambda _: journeys().time_to("won", by="source", ceiling="weibull", competing_as="censored"),
    "attribution": lambda _: journeys().attribution(["markov", "shapley"], by="channel", bootstrap=100),
    "fit, cv": lambda _: ll.LeadScorer(C="cv").fit(few()),
    "fit, interactions": lambda _: ll.LeadScorer(nonlinear="auto", interactions="auto").fit(few()),
    "fit, firth": lambda _: ll.LeadScorer(penalty="firth").fit(few()),
    "score": lambda _: scorer().score(journeys().snapshot(every="7d"), allow_extrapolation=True),
    "explain": lambda _: scorer().explain(sides()[0]),
    "evaluate": lambda _: scorer().evaluate(sides()[0]),
    "compare": lambda _: scorer().compare(scorer(), sides()[0]),
    "metrics": lambda _: ll.metrics.evaluate(*predictions(), clusters=np.arange(len(arrays()[1])) // 3),
    "metrics, compare": lambda _: ll.metrics.compare(
        *predictions(), predictions()[1] ** 2, clusters=np.arange(len(arrays()[1])) // 3
    ),
    "logistic, cv": lambda _: ll.LogisticRegression(C="cv").fit(*arrays()),
    "logistic, firth": lambda _: ll.LogisticRegression(penalty="firth").fit(*arrays()),
    "report": lambda folder: ll.report(
        journeys(), scorer(), folder / "report.html", test=sides()[0], leads=journeys().snapshot(every="7d")
    ),
}


class Asked(Exception):
    """As KeyboardInterrupt, which would end the tests if it came too late."""


def ask(number: int, frame: Any) -> None:
    raise Asked


@pytest.fixture
def interrupt() -> Iterator[Callable[[float], None]]:
    before = signal.signal(signal.SIGALRM, ask)
    yield lambda seconds: signal.setitimer(signal.ITIMER_REAL, seconds) and None
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("name", WORK)
def test_it_ends_long_before_it_is_done(name: str, tmp_path: Path, interrupt: Callable[[float], None]) -> None:
    work, full, out = WORK[name], tmp_path / "full", tmp_path / "out"
    full.mkdir()
    out.mkdir()
    work(full)
    # Processor time, since other processes may take the processor.
    start = time.process_time()
    work(full)
    whole = time.process_time() - start
    start = time.process_time()
    interrupt(0.02)
    with pytest.raises(Asked):
        work(out)
        # Where it was done before it was asked to stop.
        time.sleep(1)
    used = time.process_time() - start
    interrupt(0)
    # Signals are looked at ten times a second, by as many threads as work.
    assert used < 0.7 * whole + 0.2, f"{used:.2f} s of {whole:.2f} s"
    assert not list(out.iterdir())


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("name", [name for name in WORK if name.startswith(("fit", "logistic", "metrics"))])
@pytest.mark.parametrize("part", [0.3, 0.6])
def test_it_ends_soon_whenever_it_is_asked(name: str, part: float, tmp_path: Path) -> None:
    work = WORK[name]
    work(tmp_path)
    start = time.process_time()
    work(tmp_path)
    whole = time.process_time() - start
    before = signal.signal(signal.SIGPROF, ask)
    try:
        # By processor time.
        signal.setitimer(signal.ITIMER_PROF, part * whole)
        start = time.process_time()
        with pytest.raises(Asked):
            work(tmp_path)
            time.sleep(1)
        used = time.process_time() - start
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
    assert used < (part + 0.2) * whole + 0.4, f"{used:.2f} s of {whole:.2f} s"


def test_journeys_that_are_saved_again_stay(tmp_path: Path, interrupt: Callable[[float], None]) -> None:
    folder = tmp_path / "saved"
    journeys().save(folder)
    before = sorted(p.name for p in folder.iterdir())
    for after in (0.01, 0.05, 0.1):
        interrupt(after)
        try:
            journeys().save(folder, overwrite=True)
            time.sleep(after)
        except Asked:
            pass
        interrupt(0)
        assert [p.name for p in tmp_path.iterdir()] == ["saved"]
        assert sorted(p.name for p in folder.iterdir()) == before
        assert repr(ll.Journeys.open(folder)) == repr(journeys())

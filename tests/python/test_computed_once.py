"""Derived tables are computed on first access only, also by threads that ask together, and by copies and children."""

from __future__ import annotations

import copy
import os
import pickle
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import polars as pl
import pytest

import leadlens as ll
from leadlens import _core
from leadlens._once import Once

STEPS = ["created", "sql", "closed_won"]


def test_threads_wait_for_the_first_one() -> None:
    once, calls, barrier = Once(), [], threading.Barrier(8)

    def compute() -> object:
        calls.append(1)
        time.sleep(0.05)
        return object()

    def ask(_: int) -> object:
        barrier.wait()
        return once.get("key", compute)

    with ThreadPoolExecutor(8) as pool:
        values = set(pool.map(ask, range(8)))
    assert (len(values), len(calls)) == (1, 1)


def test_other_keys_do_not_wait() -> None:
    once, started, finish = Once(), threading.Event(), threading.Event()

    def slow() -> str:
        started.set()
        assert finish.wait(20)
        return "slow"

    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(once.get, "slow", slow)
        assert started.wait(20)
        assert once.get("fast", lambda: "fast") == "fast"
        finish.set()
        assert waiting.result(20) == "slow"


def test_a_failure_leaves_no_trace() -> None:
    once = Once()
    with pytest.raises(ZeroDivisionError):
        once.get("key", lambda: 1 / 0)
    assert once.get("key", lambda: 2) == 2


def test_copies_share_values_and_pickles_start_anew() -> None:
    once = Once()
    assert once.frame("t", lambda: pl.DataFrame({"a": [1]})).height == 1
    for other in (copy.copy(once), copy.deepcopy(once)):
        assert other.frame("t", lambda: pl.DataFrame({"a": [2]}))["a"][0] == 1
    again = pickle.loads(pickle.dumps(once))
    assert again.frame("t", lambda: pl.DataFrame({"a": [2]}))["a"][0] == 2


# Windows has no fork: nothing can be inherited there.
@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system cannot fork, so no child inherits locks")
def test_a_child_does_not_wait_for_threads_of_its_parent() -> None:
    once, started, finish = Once(), threading.Event(), threading.Event()

    def slow() -> str:
        started.set()
        finish.wait(20)
        return "parent"

    thread = threading.Thread(target=once.get, args=("key", slow))
    thread.start()
    assert started.wait(20)
    child = os.fork()
    if child == 0:
        # The lock of the key is held by a thread that this process does not have.
        os._exit(0 if once.get("key", lambda: "child") == "child" else 1)
    deadline = time.monotonic() + 20
    done = (0, 0)
    while done[0] == 0 and time.monotonic() < deadline:
        done = os.waitpid(child, os.WNOHANG)
        time.sleep(0.01)
    finish.set()
    thread.join()
    if done[0] == 0:
        os.kill(child, 9)
        os.waitpid(child, 0)
    assert done == (child, 0)


class Counted:
    """Counts the calls of functions of the core."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, names: list[str]) -> None:
        self.calls: Counter[str] = Counter()
        for name in names:
            monkeypatch.setattr(_core, name, self.counting(name, getattr(_core, name)))

    def counting(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*given: Any, **options: Any) -> Any:
            self.calls[name] += 1
            return function(*given, **options)

        return counted


PASSES = [
    "funnel",
    "funnel_leads",
    "compare_groups",
    "paths",
    "stage_funnel",
    "time_to",
    "attribution",
    "drivers",
    "barriers",
]


def test_results_pass_over_the_journeys_once(monkeypatch: pytest.MonkeyPatch) -> None:
    counted = Counted(monkeypatch, PASSES)
    journeys = ll.datasets.b2b_saas()
    funnel = journeys.funnel(STEPS, by="lead_source", period="month")
    for _ in range(2):
        funnel.to_polars(), funnel.times(), funnel.trend(), funnel.steps, funnel.leads(), funnel.plot()
        funnel.plot_trend(), str(funnel), funnel._repr_html_()
        funnel.compare("inbound_marketing", "sdr_outbound")
        funnel.compare("inbound_marketing", "sdr_outbound", confidence=0.95)
    assert funnel.compare("inbound_marketing", "sdr_outbound", confidence=0.5).height == 2
    assert counted.calls == {"funnel": 1, "funnel_leads": 1, "compare_groups": 2}
    for result in (
        journeys.paths(),
        journeys.stage_funnel(pipeline=["lead", "sql", "closed_won"]),
        journeys.time_to("closed_won"),
        journeys.attribution(target="closed_won"),
        journeys.drivers(STEPS),
        journeys.barriers(STEPS, by="lead_source"),
    ):
        for _ in range(2):
            result.to_polars(), result.plot(), str(result), result._repr_html_(), result.facts
    assert set(counted.calls.values()) == {1, 2}
    assert counted.calls["compare_groups"] == 2


class Wrapped:
    """Counts the methods that are called on an object of the core."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner
        self.calls: Counter[str] = Counter()

    def __getattr__(self, name: str) -> Any:
        value = getattr(self.inner, name)
        if not callable(value):
            return value

        def counted(*given: Any) -> Any:
            self.calls[name] += 1
            return value(*given)

        return counted


def test_a_snapshot_computes_its_features_once() -> None:
    snapshot = ll.datasets.b2b_saas().snapshot(after="31d", horizon="59d")
    snapshot._core = wrapped = Wrapped(snapshot._core)  # type: ignore[assignment]
    with ThreadPoolExecutor(4) as pool:
        tables = list(pool.map(lambda _: snapshot.features, range(4)))
    assert all(table.equals(tables[0]) for table in tables)
    assert snapshot.label is not None
    assert snapshot.to_polars().width == snapshot.features.width + 4
    assert snapshot.counts == snapshot.counts
    assert (wrapped.calls["frame"], wrapped.calls["counts"]) == (1, 1)
    # A change of the returned table stays with its owner.
    snapshot.to_polars().drop_in_place("label")
    assert "label" in snapshot.to_polars().columns


def test_journeys_read_their_check_once() -> None:
    journeys = ll.datasets.b2b_saas()
    journeys._core = wrapped = Wrapped(journeys._core)  # type: ignore[assignment]
    for _ in range(2):
        journeys.check().to_polars(), str(journeys.check()), journeys._repr_html_(), journeys.facts
    assert [wrapped.calls[name] for name in ("check_frame", "check", "facts")] == [1, 1, 1]
    # Once for the journeys, once for the check.
    assert wrapped.calls["check_text"] <= 2

"""Forked children, threads and interruption: work goes on, ends, or says why not."""

from __future__ import annotations

import multiprocessing as mp
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import leadlens as ll

forking = pytest.mark.skipif(not hasattr(os, "fork"), reason="the system cannot fork")


def arrays(rows: int = 300) -> tuple[Any, Any]:
    rng = np.random.default_rng(7)
    X = rng.normal(size=(rows, 3))
    return X, X[:, 1] + rng.normal(size=rows) > 0.2


def in_child(work: Callable[[], Any], timeout: float = 60) -> Any:
    """Return what ``work`` returns in a forked child; fail if it hangs or raises."""
    reader, writer = mp.get_context("fork").Pipe(duplex=False)

    def run() -> None:
        try:
            writer.send((True, pickle.dumps(work())))
        except BaseException as e:
            writer.send((False, f"{type(e).__name__}: {e}"))

    child = mp.get_context("fork").Process(target=run)
    child.start()
    answered = reader.poll(timeout)
    if not answered:
        child.kill()
    child.join(10)
    assert answered, "the child hangs"
    worked, value = reader.recv()
    assert worked, value
    return pickle.loads(value)


@pytest.fixture(scope="module")
def journeys() -> ll.Journeys:
    return ll.datasets.b2b_saas()


@pytest.fixture(scope="module")
def worked(journeys: ll.Journeys, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A parent that has used every pool of threads, that of polars in Python too."""
    train, test = journeys.snapshot(every="30d", horizon="90d", target="closed_won").split(by="random")
    scorer = ll.LeadScorer().fit(train)
    folder = tmp_path_factory.mktemp("fork") / "saved"
    journeys.save(folder)
    X, y = arrays()
    pl.DataFrame({"a": list(range(10_000))}).sort("a")
    return {
        "journeys": journeys,
        "opened": ll.Journeys.open(folder),
        "folder": folder,
        "train": train,
        "test": test,
        "scorer": scorer,
        "model": ll.LogisticRegression().fit(X, y),
        "curve": journeys.time_to("closed_won"),
    }


WORK: dict[str, Callable[[dict[str, Any]], Any]] = {
    "fit arrays": lambda w: ll.LogisticRegression().fit(*arrays()).coef_.tolist(),
    "choose C": lambda w: ll.LogisticRegression(C="cv").fit(*arrays()).coef_.tolist(),
    "predict": lambda w: w["model"].predict_proba(arrays()[0]).tolist(),
    "inference": lambda w: w["model"].inference(*arrays()).bic,
    "metric": lambda w: float(ll.metrics.roc_auc(arrays()[1], arrays()[0][:, 1])),
    "calibration table": lambda w: ll.metrics.calibration_table(*probabilities()).height,
    "build": lambda w: repr(ll.datasets.b2b_saas()),
    "snapshot": lambda w: len(w["journeys"].snapshot(every="30d", horizon="90d", target="closed_won")),
    "features": lambda w: w["train"].to_polars().shape,
    "fit snapshot": lambda w: ll.LeadScorer().fit(w["train"]).summary()["coefficient"].to_list(),
    "score": lambda w: w["scorer"].score(w["test"]).to_polars()["probability"].sum(),
    "explain": lambda w: w["scorer"].explain(w["test"]).shape,
    "evaluate": lambda w: w["scorer"].evaluate(w["test"]).roc_auc,
    "funnel": lambda w: w["journeys"].funnel(["created", "sql", "closed_won"], window="90d").to_polars().shape,
    "stage funnel": lambda w: w["journeys"].stage_funnel(pipeline=["lead", "sql", "closed_won"]).to_polars().shape,
    "time to": lambda w: w["journeys"].time_to("closed_won").curve().shape,
    "curve of the parent": lambda w: w["curve"].curve().shape,
    "paths": lambda w: w["journeys"].paths().to_polars().shape,
    "attribution": lambda w: w["journeys"].attribution(["linear", "markov"], target="closed_won").to_polars().shape,
    "opened": lambda w: len(w["opened"].snapshot(every="30d", horizon="90d", target="closed_won")),
    "open": lambda w: repr(ll.Journeys.open(w["folder"])),
    "save": lambda w: w["journeys"].save(w["folder"].parent / f"child{os.getpid()}"),
    "grandchild": lambda w: (
        subprocess.run(
            [sys.executable, "-m", "leadlens", "--version"], check=True, capture_output=True, text=True
        ).stdout
    ),
}


def probabilities() -> tuple[Any, Any]:
    X, y = arrays()
    return y, 1 / (1 + np.exp(-X[:, 1]))


@forking
@pytest.mark.parametrize("what", WORK)
def test_a_forked_child_works_as_its_parent_does(worked: dict[str, Any], what: str) -> None:
    assert in_child(lambda: WORK[what](worked)) == WORK[what](worked)


@forking
def test_a_child_of_a_child_works() -> None:
    ll.LogisticRegression().fit(*arrays())

    def work() -> Any:
        own = ll.LogisticRegression().fit(*arrays()).coef_.tolist()
        return own, in_child(lambda: ll.LogisticRegression().fit(*arrays()).coef_.tolist())

    own, of_child = in_child(work)
    assert own == of_child == ll.LogisticRegression().fit(*arrays()).coef_.tolist()


@forking
def test_text_columns_in_a_forked_child() -> None:
    import pandas as pd

    X, y = arrays()
    frame = pl.DataFrame({"v": X[:, 0], "c": np.where(X[:, 2] > 0, "high", "low"), "f": X[:, 1] > 1})
    table = pd.DataFrame({"v": X[:, 0], "c": pd.Series(np.where(X[:, 2] > 0, "high", "low"))})
    expected = [ll.LogisticRegression().fit(t, y).predict_proba(t).tolist() for t in (frame, table)]
    frame.sort("c")
    assert in_child(lambda: [ll.LogisticRegression().fit(t, y).predict_proba(t).tolist() for t in (frame, table)]) == (
        expected
    )


@forking
def test_children_born_while_other_threads_work() -> None:
    X, y = arrays(20_000)
    stop = threading.Event()

    def busy() -> None:
        while not stop.is_set():
            ll.LogisticRegression().fit(X, y)

    threads = [threading.Thread(target=busy) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(10):
            in_child(lambda: ll.LogisticRegression().fit(*arrays()).coef_.tolist())
    finally:
        stop.set()
        for thread in threads:
            thread.join()


@forking
def test_a_service_that_works_in_a_forked_child_keeps_its_memory() -> None:
    ll.LogisticRegression().fit(*arrays())

    def work() -> int:
        y, p = probabilities()

        def resident() -> int:
            return int(Path("/proc/self/statm").read_text().split()[1]) * 4096

        for _ in range(200):
            ll.metrics.roc_auc(y, p)
        before = resident()
        for _ in range(3000):
            ll.metrics.roc_auc(y, p)
        return resident() - before

    if Path("/proc/self/statm").exists():
        assert in_child(work) < 4 << 20


LAZY: dict[str, Callable[[ll.Journeys], Callable[[], Any]]] = {
    "curve": lambda j: j.time_to("closed_won").curve,
    "time to": lambda j: j.time_to("closed_won").to_polars,
    "funnel": lambda j: j.funnel(["created", "sql", "closed_won"], window="90d").to_polars,
    "stage funnel": lambda j: j.stage_funnel(pipeline=["lead", "sql", "closed_won"]).to_polars,
    "paths": lambda j: j.paths().to_polars,
    "attribution": lambda j: j.attribution("linear", target="closed_won").to_polars,
    "check": lambda j: lambda: j.check().to_polars(),
    "snapshot": lambda j: j.snapshot(every="30d", horizon="90d", target="closed_won").to_polars,
}


@pytest.mark.parametrize("what", LAZY)
def test_threads_share_the_tables_of_a_result(journeys: ll.Journeys, what: str) -> None:
    for _ in range(5):
        ask = LAZY[what](journeys)
        together, got, failed = threading.Barrier(6), [], []

        def one(ask: Any = ask, together: Any = together, got: list[Any] = got, failed: list[Any] = failed) -> None:
            together.wait()
            try:
                got.append(ask())
            except Exception as e:
                failed.append(e)

        threads = [threading.Thread(target=one) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not failed, failed[0]
        assert all(table.equals(got[0]) for table in got)


def command(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    # In a new session, so that a signal to it is one to nobody else.
    return subprocess.Popen(
        [sys.executable, "-m", "leadlens", *arguments],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Declared tables whose work takes seconds."""
    folder = tmp_path_factory.mktemp("large")
    rng = np.random.default_rng(3)
    leads, rows = 60_000, 3_000_000
    start = np.datetime64("2024-01-01T00:00:00", "us")
    days = np.timedelta64(1, "D")
    pl.DataFrame({"id": np.arange(leads), "created": start + rng.integers(0, 300, leads) * days}).write_parquet(
        folder / "leads.parquet"
    )
    at = start + rng.integers(0, 400 * 86_400, rows) * np.timedelta64(1_000_000, "us")
    pl.DataFrame(
        {"lead": rng.integers(0, leads, rows), "at": at, "kind": rng.choice(["visit", "email", "demo"], rows)}
    ).write_csv(folder / "events.csv")
    won = rng.choice(leads, leads // 5, replace=False)
    pl.DataFrame(
        {"lead": won, "at": start + rng.integers(300, 400, len(won)) * days, "stage": ["won"] * len(won)}
    ).write_parquet(folder / "stages.parquet")
    (folder / "leadlens.toml").write_text(
        'won = ["won"]\n'
        '[leads]\ntable = "leads.parquet"\nid = "id"\ncreated = "created"\n'
        '[[events]]\ntable = "events.csv"\nlead = "lead"\nat = "at"\nkind = "kind"\n'
        '[[stages]]\ntable = "stages.parquet"\nlead = "lead"\nat = "at"\nstage = "stage"\n'
        '[snapshot]\nevery = "7d"\nhorizon = "60d"\n'
    )
    return folder


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("after", [1.5, 3.0])
def test_a_command_stops_when_asked_to_and_writes_nothing(
    large: Path, tmp_path: Path, number: signal.Signals, code: int, after: float
) -> None:
    model = tmp_path / "model.json"
    process = command(large, "train", "--model", str(model))
    time.sleep(after)
    running = process.poll() is None
    process.send_signal(number)
    asked = time.monotonic()
    _, err = process.communicate(timeout=60)
    if not running:
        pytest.skip("the machine is too fast for this test")
    # Half a second on a machine that has nothing else to do.
    assert time.monotonic() - asked < 5
    assert process.returncode == code, err
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_an_exception_of_a_signal_ends_the_work() -> None:
    class Alarm(Exception):
        pass

    def ring(number: int, frame: Any) -> None:
        raise Alarm

    rng = np.random.default_rng(5)
    X = rng.normal(size=(200_000, 40))
    y = X[:, 0] + rng.normal(size=len(X)) > 0
    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, 0.2)
    try:
        with pytest.raises(Alarm):
            for _ in range(1000):
                ll.LogisticRegression(C="cv").fit(X, y)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)

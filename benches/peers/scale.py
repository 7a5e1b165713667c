"""Journeys of more and more events: that time grows no faster than they do, and that memory stays within its bound.

python benches/peers/scale.py [millions of events, several; 1 10 100 if not given] [--skewed] [--memory 4GB]

Events come in Parquet files of ten million rows, random leads (a tenth as many as events), in no order. Each size is
built in a process of its own; its peak of memory is printed without pages of files, which the system may take back.
"""

import json
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

import leadlens as ll

KINDS = np.array([f"k{i}" for i in range(10)])
DAY = 86_400_000_000
FILE = 10_000_000


def make(folder: Path, events: int, *, skewed: bool) -> None:
    """Write events file by file; skewed: Zipf, the first lead has about a tenth of them."""
    leads = events // 10
    for part, start in enumerate(range(0, events, FILE)):
        rng, n = np.random.default_rng(part), min(FILE, events - start)
        lead = np.minimum(rng.zipf(1.3, n) - 1, leads - 1) if skewed else rng.integers(0, leads, n)
        at = np.datetime64("2024-01-01", "us") + rng.integers(0, 365 * DAY, n).astype("timedelta64[us]")
        pl.DataFrame(
            {
                "lead": lead,
                "at": at,
                "kind": pl.Series(rng.choice(KINDS, n)).cast(pl.String),
                "channel": pl.Series(rng.choice(list("abcdef"), n)).cast(pl.String),
                "value": rng.random(n),
            }
        ).write_parquet(folder / f"events-{part:03}.parquet")
    groups = np.random.default_rng(0).choice([f"g{i}" for i in range(8)], leads)
    pl.DataFrame({"id": np.arange(leads), "created": ["2024-01-01"] * leads, "group": groups}).write_parquet(
        folder / "leads.parquet"
    )


def resident() -> int:
    """Bytes of memory of this process that belong to no file."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return int(status.split("RssAnon:")[1].split()[0]) * 1024


class Peak:
    """The highest of `resident` while it is watched."""

    def __enter__(self) -> "Peak":
        self.bytes, self._done = 0, threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        return self

    def _watch(self) -> None:
        while not self._done.wait(0.02):
            self.bytes = max(self.bytes, resident())

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()


def timed(run: Any) -> tuple[float, Any]:
    start = time.perf_counter()
    answer = run()
    return time.perf_counter() - start, answer


def touch_memory() -> None:
    """Touch half of what is free: a virtual machine may have to ask its host for it first, which takes seconds."""
    fields = dict(line.split(":") for line in Path("/proc/meminfo").read_text().splitlines())
    np.ones(int(fields["MemAvailable"].split()[0]) * 1024 // 16)


def measure(folder: Path, memory: str | None) -> dict[str, float]:
    """Build, save, open, and run each pass, the better of two times, in this process."""
    touch_memory()
    events = ll.Events(
        str(folder / "events-*.parquet"),
        lead="lead",
        at="at",
        kind="kind",
        channel="channel",
        values=["value"],
        name="e",
    )
    leads = ll.Leads(folder / "leads.parquet", id="id", created="created", fields=["group"])
    with Peak() as peak:
        built, journeys = timed(
            lambda: ll.Journeys(leads=leads, events=events, observed_until="2025-02-01", memory=memory)
        )
    seconds = {"build": built, "peak GB of the build": peak.bytes / 1e9}
    saved, _ = timed(lambda: journeys.save(folder / "saved"))
    opened, again = timed(lambda: ll.Journeys.open(folder / "saved"))
    seconds |= {"save": saved, "open": opened}
    passes = {
        "funnel": lambda j: j.funnel(list(KINDS[:5]), window="30d", times=False).steps.rows(),
        "paths": lambda j: j.paths().transitions().height,
        "Markov of order 2": lambda j: j.attribution("markov", order=2, target="k4").to_polars(),
        "Kaplan–Meier of 8 groups": lambda j: j.time_to("k4", competing=(), by="group").to_polars(),
        "6 features": lambda j: (
            j.snapshot(
                as_of="2024-12-01",
                features=ll.FeatureSet(
                    only=["count(*)", "count(k0, 7d)", "days_since_last(k0)", "sum(e:*.value)", "decayed(*, 30d)"],
                    daily_cap=None,
                ),
            )
            .to_polars()
            .sum()
        ),
    }
    for name, run in passes.items():
        answers = []
        for title, which in ((name, journeys), (f"{name}, opened", again)):
            times, both = zip(*(timed(lambda run=run, which=which: run(which)) for _ in range(2)), strict=True)
            seconds[title] = min(times)
            answers += both
        same = [a.equals(answers[0]) if isinstance(a, pl.DataFrame) else a == answers[0] for a in answers]
        assert all(same), name
    return seconds


def main() -> None:
    """Print seconds by size."""
    if sys.argv[1] == "--measure":
        print(json.dumps(measure(Path(sys.argv[2]), sys.argv[3] or None)))
        return
    arguments = iter(sys.argv[1:])
    sizes, memory, skewed = [], "", False
    for argument in arguments:
        if argument == "--memory":
            memory = next(arguments)
        elif argument == "--skewed":
            skewed = True
        else:
            sizes.append(float(argument))
    before: dict[str, float] = {}
    for millions in sizes or [1, 10, 100]:
        with tempfile.TemporaryDirectory() as name:
            make(Path(name), int(millions * 1e6), skewed=skewed)
            command = [sys.executable, __file__, "--measure", name, memory]
            out = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
            seconds: dict[str, float] = json.loads(out)
        print(f"{millions:g} million events{', skewed' if skewed else ''}{f', memory={memory}' if memory else ''}")
        for what, value in seconds.items():
            ratio = f"  {value / before[what]:6.1f} x the size before" if what in before else ""
            print(f"    {what:34}{value:10.3f}{ratio}", flush=True)
        before = seconds


if __name__ == "__main__":
    main()

"""Time and memory of reading events from Parquet into the index, and of the first passes over it.

python benches/peers/ingest.py [millions of events, 10 if not given]

Memory is anonymous memory (Linux), sampled every 5 ms: what the process holds beyond mapped files.
"""

import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import polars as pl

import leadlens as ll


def make(folder: Path, events: int) -> None:
    """Write random events of a tenth as many leads, over one year."""
    rng = np.random.default_rng(0)
    leads = events // 10
    year = 365 * 86_400 * 1_000_000
    pl.DataFrame(
        {
            "lead": rng.integers(0, leads, events),
            "at": np.datetime64("2024-01-01", "us") + rng.integers(0, year, events).astype("timedelta64[us]"),
            "kind": rng.choice([f"k{i}" for i in range(10)], events),
            "channel": rng.choice(list("abcdef"), events),
            "value": rng.random(events),
        }
    ).write_parquet(folder / "events.parquet")
    pl.DataFrame({"id": np.arange(leads), "created": ["2024-01-01"] * leads}).write_parquet(folder / "leads.parquet")


def anonymous() -> float:
    """Anonymous memory of this process, MB."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("RssAnon"):
            return int(line.split()[1]) / 1024
    return float("nan")


def main() -> None:
    """Print the figures."""
    events = int(float(sys.argv[1]) * 1e6) if len(sys.argv) > 1 else 10_000_000
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make(folder, events)
        peak, done = [0.0], threading.Event()

        def watch() -> None:
            while not done.wait(0.005):
                peak[0] = max(peak[0], anonymous())

        watcher = threading.Thread(target=watch)
        before = anonymous()
        watcher.start()
        start = time.perf_counter()
        journeys = ll.Journeys(
            leads=ll.Leads(folder / "leads.parquet", id="id", created="created"),
            events=ll.Events(folder / "events.parquet", "lead", "at", "kind", channel="channel", values=["value"]),
        )
        seconds = time.perf_counter() - start
        done.set()
        watcher.join()
    print(
        f"{events:,} events: {seconds:.2f} s, peak {peak[0] - before:.0f} MB, {anonymous() - before:.0f} MB stay, "
        f"index {journeys.facts['bytes_per_event']:.1f} bytes an event without values"
    )
    start = time.perf_counter()
    shape = journeys.snapshot(as_of="2024-12-01").to_polars().shape
    print(f"snapshot with features {shape}: {time.perf_counter() - start:.2f} s")
    start = time.perf_counter()
    steps = journeys.funnel([f"k{i}" for i in range(5)], window="30d").steps.rows()
    print(f"funnel {steps}: {time.perf_counter() - start:.3f} s")


if __name__ == "__main__":
    main()

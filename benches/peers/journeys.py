"""Passes over journeys beside polars and ClickHouse, in one run, with a check that the answers are the same.

python benches/peers/journeys.py [millions of events, 10 if not given] [--skewed]

Cold starts from the Parquet file, index included, and reads the columns that the question needs; warm from what each
keeps: the index, ClickHouse's own sorted table. Our own passes run before ClickHouse is loaded, whose threads would
take part of the machine. Needs `pip install chdb`. Best of 15 for the warm funnels, of five for the warm features, of
three for all others.
"""

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

import leadlens as ll

KINDS = [f"k{i}" for i in range(10)]
AS_OF = np.datetime64("2024-12-01", "us")
DAY = 86_400_000_000


def make(folder: Path, events: int, *, skewed: bool) -> None:
    """Write random events of a tenth as many leads, over one year; skewed: Zipf, a few leads have most of them."""
    rng = np.random.default_rng(0)
    leads = events // 10
    lead = np.minimum(rng.zipf(1.3, events) - 1, leads - 1) if skewed else rng.integers(0, leads, events)
    at = np.datetime64("2024-01-01", "us") + rng.integers(0, 365 * DAY, events).astype("timedelta64[us]")
    kind = rng.choice(KINDS, events)
    channel, value = rng.choice(list("abcdef"), events), rng.random(events)
    table = pl.DataFrame({"lead": lead, "at": at, "kind": kind, "channel": channel, "value": value})
    table.write_parquet(folder / "events.parquet")
    groups = pl.Series("group", rng.choice([f"g{i}" for i in range(8)], leads))
    leads_table = pl.DataFrame({"id": np.arange(leads), "created": ["2024-01-01"] * leads, "group": groups})
    leads_table.write_parquet(folder / "leads.parquet")


def best(times: int, run: Callable[[], Any]) -> tuple[float, Any]:
    """Return the shortest time, and an answer."""
    seconds, answer = float("inf"), None
    for _ in range(times):
        answer = None  # The answer before is not given back on the clock.
        start = time.perf_counter()
        answer = run()
        seconds = min(seconds, time.perf_counter() - start)
    assert answer is not None
    return seconds, answer


def build(folder: Path, *, kinds_only: bool = False) -> ll.Journeys:
    more: dict[str, Any] = {} if kinds_only else {"channel": "channel", "values": ["value"]}
    return ll.Journeys(
        leads=ll.Leads(folder / "leads.parquet", id="id", created="created", fields=["group"]),
        events=ll.Events(folder / "events.parquet", lead="lead", at="at", kind="kind", name="e", **more),
        observed_until="2025-02-01",
    )


FEATURES = [f"{f}" for k in KINDS for f in (f"count({k})", f"count({k}, 7d)", f"days_since_last({k})")] + [
    "count(*)",
    "days_since_first(*)",
    "days_since_last(*)",
    "distinct_channels(*)",
    "sum(e:*.value)",
    "decayed(*, 30d)",
]


def our_features(journeys: ll.Journeys) -> pl.DataFrame:
    features = ll.FeatureSet(only=FEATURES, daily_cap=None)
    return journeys.snapshot(as_of="2024-12-01", features=features).to_polars()


def polars_features(folder: Path) -> pl.DataFrame:
    """The same 36 columns by one streaming query."""
    days = (pl.lit(AS_OF) - pl.col("at")).dt.total_microseconds() / DAY
    events = pl.scan_parquet(folder / "events.parquet").filter(pl.col("at") < pl.lit(AS_OF)).with_columns(age=days)
    columns = []
    for k in KINDS:
        is_kind = pl.col("kind") == k
        columns += [
            is_kind.sum().alias(f"count({k})"),
            (is_kind & (pl.col("age") <= 7)).sum().alias(f"count({k}, 7d)"),
            pl.when(is_kind).then(pl.col("age")).min().alias(f"days_since_last({k})"),
        ]
    columns += [
        pl.len().alias("count(*)"),
        pl.col("age").max().alias("days_since_first(*)"),
        pl.col("age").min().alias("days_since_last(*)"),
        pl.col("channel").n_unique().alias("distinct_channels(*)"),
        pl.col("value").sum().alias("sum(e:*.value)"),
        (pl.lit(2.0) ** (-pl.col("age") / 30)).sum().alias("decayed(*, 30d)"),
    ]
    return events.group_by("lead").agg(columns).collect(engine="streaming").sort("lead")


def same_features(ours: pl.DataFrame, theirs: pl.DataFrame) -> float:
    """Largest difference over all leads and columns."""
    ours = ours.with_columns(pl.col("lead_id").cast(pl.Int64))
    joined = theirs.join(ours, left_on="lead", right_on="lead_id", suffix="_ours")
    assert joined.height == theirs.height
    worst = 0.0
    for name in FEATURES:
        a, b = joined[name].cast(pl.Float64), joined[f"{name}_ours"].cast(pl.Float64)
        assert a.is_null().equals(b.is_null()), name
        worst = max(worst, float((a - b).abs().max() or 0.0))
    return worst


class ClickHouse:
    """The same events in ClickHouse: the Parquet file, and a table of its own, sorted by lead and time."""

    def __init__(self, file: Path) -> None:
        import chdb.session

        self.file = f"file('{file}', Parquet)"
        self.session = chdb.session.Session()
        self.session.query("CREATE DATABASE IF NOT EXISTS b ENGINE = Atomic")
        columns = "lead Int64, at DateTime64(6), kind LowCardinality(String)"
        self.session.query(f"CREATE TABLE b.events ({columns}) ENGINE = MergeTree ORDER BY (lead, at)")
        self.session.query(f"INSERT INTO b.events SELECT lead, at, kind FROM {self.file}")
        self.session.query("OPTIMIZE TABLE b.events FINAL")

    def levels(self, table: str, steps: list[str], days: int, *, micros: bool) -> list[int]:
        """Leads that reach each step, by whole seconds or microseconds."""
        at = "toUInt64(toUnixTimestamp64Micro(at))" if micros else "toDateTime(at)"
        window = days * 86_400 * (1_000_000 if micros else 1)
        conditions = ", ".join(f"kind = '{k}'" for k in steps)
        level = f"SELECT windowFunnel({window})({at}, {conditions}) AS level FROM {table} GROUP BY lead"
        answer = str(self.session.query(f"SELECT level, count() FROM ({level}) GROUP BY level", "CSV"))
        counts = {int(k): int(n) for k, n in (row.split(",") for row in answer.split())}
        return [sum(n for k, n in counts.items() if k >= step) for step in range(1, len(steps) + 1)]


def features(folder: Path, journeys: ll.Journeys) -> None:
    cold, _ = best(3, lambda: our_features(build(folder)))
    warm, ours = best(5, lambda: our_features(journeys))
    peer, theirs = best(3, lambda: polars_features(folder))
    print(f"36 features: cold {cold:.3f} s, warm {warm:.3f} s; polars streaming {peer:.3f} s")
    print(f"    {peer / cold:.1f} x cold, {peer / warm:.1f} x warm; difference {same_features(ours, theirs):.1e}")


def funnels(folder: Path, journeys: ll.Journeys) -> None:
    steps = KINDS[:5]

    def run(j: ll.Journeys, **options: Any) -> list[int]:
        return [n for _, n in j.funnel(steps, window="30d", **options).steps.rows()]

    warm, counted = best(15, lambda: run(journeys, times=False))
    cold, _ = best(3, lambda: run(build(folder, kinds_only=True), times=False))
    timed, _ = best(3, lambda: run(journeys))
    compat, exact = best(3, lambda: run(journeys, compat="clickhouse"))
    peer = ClickHouse(folder / "events.parquet")
    _, answer = best(1, lambda: peer.levels("b.events", steps, 30, micros=True))
    own = min(best(15, lambda m=m: peer.levels("b.events", steps, 30, micros=m))[0] for m in (True, False))
    raw = min(best(3, lambda m=m: peer.levels(peer.file, steps, 30, micros=m))[0] for m in (True, False))
    assert counted == exact == answer, (counted, exact, answer)
    print(f"funnel of 5 steps in 30 days: cold {cold:.3f} s, warm {warm:.4f} s; same counts {answer}")
    print(f"    with times {timed:.3f} s, by ClickHouse's own rules {compat:.3f} s")
    print(f"    ClickHouse: {raw:.3f} s from Parquet, {own:.3f} s from its own sorted table")
    print(f"    {raw / cold:.1f} x cold, {own / warm:.1f} x warm")


def passes(journeys: ll.Journeys) -> None:
    """Print Markov and Kaplan–Meier in passes: the shortest there is, and one that reads the whole index."""
    shortest, _ = best(15, lambda: journeys.funnel(["k0"], times=False))
    whole, _ = best(5, lambda: our_features(journeys))
    markov, _ = best(3, lambda: journeys.attribution("markov", order=2, target="k4"))
    curves, _ = best(3, lambda: journeys.time_to("k4", competing=(), by="group"))
    print(
        f"one pass over times and kinds (a funnel of one step): {shortest:.4f} s; over all (36 features): {whole:.3f} s"
    )
    for name, seconds in [("Markov of order 2", markov), ("Kaplan–Meier of 8 groups", curves)]:
        print(f"    {name}: {seconds:.3f} s, {seconds / shortest:.1f} and {seconds / whole:.1f} passes")


def main() -> None:
    """Print the table."""
    numbers = [a for a in sys.argv[1:] if not a.startswith("-")]
    events = int(float(numbers[0]) * 1e6) if numbers else 10_000_000
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make(folder, events, skewed="--skewed" in sys.argv)
        seconds, journeys = best(3, lambda: build(folder))
        print(f"{events:,} events; index {journeys.facts['bytes_per_event']:.1f} bytes an event without values")
        print(f"index from Parquet: {seconds:.3f} s")
        features(folder, journeys)
        passes(journeys)
        funnels(folder, journeys)


if __name__ == "__main__":
    main()

"""Seconds for a million open leads: scores, reasons in words, points of a scorecard, a call list.

python benches/peers/decisions.py [LEADS]
"""

from __future__ import annotations

import sys
import time
from datetime import datetime, timezone

import numpy as np
import polars as pl

import leadlens as ll


def world(n: int) -> ll.Journeys:
    """Leads with eight fields, three events each on average, and an account for every four."""
    rng = np.random.default_rng(1)
    start = datetime(2024, 1, 1, tzinfo=timezone.utc)
    created = pl.Series(rng.integers(0, 90 * 86_400, n)).cast(pl.Int64) * 1_000_000 + int(start.timestamp() * 1e6)
    fields = {f"x{i}": rng.normal(size=n) for i in range(5)}
    fields |= {f"text{i}": rng.choice([f"level {k}" for k in range(12)], n) for i in range(3)}
    leads = pl.DataFrame(
        {
            "id": np.arange(n),
            "created": created.cast(pl.Datetime("us", "UTC")),
            "account": rng.integers(0, n // 4, n),
            "owner": rng.choice([f"rep {k}" for k in range(200)], n),
            **fields,
        }
    )
    of = rng.integers(0, n, 3 * n)
    events = pl.DataFrame(
        {
            "id": of,
            "at": (created.gather(of) + rng.integers(0, 30 * 86_400_000_000, 3 * n)).cast(pl.Datetime("us", "UTC")),
            "kind": rng.choice(["visit", "mail", "form"], 3 * n),
        }
    )
    won = np.flatnonzero(rng.random(n) < 0.1 * (1 + (fields["x0"] > 0)))
    stages = pl.DataFrame(
        {
            "id": won,
            "at": (created.gather(won) + rng.integers(10 * 86_400_000_000, 100 * 86_400_000_000, len(won))).cast(
                pl.Datetime("us", "UTC")
            ),
            "stage": "won",
        }
    )
    return ll.Journeys(
        leads=ll.Leads(leads, id="id", created="created", account="account", owner="owner", fields=[*fields]),
        events=ll.Events(events, lead="id", at="at", kind="kind"),
        stages=ll.Stages(stages, lead="id", at="at", stage="stage"),
        won="won",
        observed_until="2024-07-01",
    )


def main(n: int) -> None:
    """Print the least of three runs of each."""
    journeys = world(n)
    scorer = ll.LeadScorer(C=1.0).fit(journeys.snapshot(after="10d", horizon="60d"))
    today = journeys.snapshot(as_of="2024-04-10")
    card = scorer.scorecard()
    print(f"{len(today):,} open leads, {scorer.n_features_in_} features")
    for name, work in [
        ("scores, 5 reasons", lambda: scorer.score(today, allow_extrapolation=True)),
        ("the same with words", lambda: scorer.score(today, words=True, allow_extrapolation=True)),
        ("points of a scorecard", lambda: card.points(today)),
        (
            "call list, 200 reps",
            lambda: scorer.call_list(today, per_account=1, explore=0.1, allow_extrapolation=True),
        ),
    ]:
        seconds = []
        for _ in range(3):
            begun = time.perf_counter()
            work()
            seconds.append(time.perf_counter() - begun)
        print(f"{name:24} {min(seconds):6.2f} s")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)

"""A lead that counts more than once: its attempts, cycles and visits are not independent."""

import numpy as np
import polars as pl

import leadlens as ll

START = np.datetime64("2022-01-03T00:00:00", "us")


def moments(days):
    return START + np.round(np.asarray(days) * 86_400e6).astype("int64").astype("timedelta64[us]")


def attempts(rng, n=250, each=8, group=None, **roles):
    """Return leads that visit and may book within a day, some nearly always and some nearly never."""
    chance = np.repeat(rng.beta(0.5, 1.0, n), each)
    lead = np.repeat(np.arange(n), each)
    at = 1.0 + np.tile(np.arange(each) * 10.0, n) + rng.random(n * each)
    books = rng.random(n * each) < chance
    events = pl.concat(
        [
            pl.DataFrame({"lead": lead, "at": moments(at), "kind": "visit"}),
            pl.DataFrame({"lead": lead[books], "at": moments(at[books] + 0.5), "kind": "book"}),
        ]
    )
    half = rng.integers(0, 2, n) if group is None else group
    leads = pl.DataFrame({"id": np.arange(n), "created": np.full(n, START), "half": np.array(["x", "y"])[half]})
    return ll.Journeys(
        leads=ll.Leads(leads, id="id", created="created", fields=["half"]),
        events=ll.Events(events, lead="lead", at="at", kind="kind"),
        observed_until="2023-01-01",
        **roles,
    )


def test_attempts_are_clustered_by_lead():
    held, rejected, barrier = [], 0, 0
    for seed in range(60):
        journeys = attempts(np.random.default_rng([11, seed]))
        funnel = journeys.funnel(["visit", "book"], window="1d", entry="totals", by="half", times=False)
        row = funnel.to_polars().filter(pl.col("step") == "book").row(0, named=True)
        held.append(row["of_first_low"] <= 1 / 3 <= row["of_first_high"])
        rejected += funnel.compare("x", "y")["p_value"][0] < 0.05
        found = journeys.barriers(["visit", "book"], window="1d", entry="totals", by="half").to_polars()
        barrier += found["p_value"][0] < 0.05
    # 95 % of 60 is 57 ± 1.7, 5 % is 3 ± 1.7; attempts as if independent give 43 and 25.
    assert np.sum(held) >= 52
    assert max(rejected, barrier) <= 9


def test_leads_that_count_once_have_wilsons_interval():
    journeys = attempts(np.random.default_rng(1))
    once = journeys.funnel(["visit", "book"], window="1d", entry="first").to_polars()
    row = once.filter(pl.col("step") == "book").row(0, named=True)
    n, share, z = 250, row["leads"] / 250, 1.959963984540054
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * np.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    assert np.allclose((row["of_first_low"], row["of_first_high"]), (centre - half, centre + half), rtol=1e-9)


def test_values_of_one_lead_are_compared_within_it():
    """Each lead has two channels that do alike: what leads differ by cancels."""
    rng = np.random.default_rng(3)
    n = 200
    lead = np.repeat(np.arange(n), 2)
    books = np.repeat(rng.random(n) < 0.5, 2)
    visits = {"lead": lead, "at": moments(np.tile([1.0, 2.0], n)), "kind": "visit", "channel": ["a", "b"] * n}
    booked = pl.DataFrame({**visits, "kind": "book"}).with_columns(pl.col("at") + pl.duration(hours=12)).filter(books)
    journeys = ll.Journeys(
        leads=ll.Leads(pl.DataFrame({"id": np.arange(n), "created": np.full(n, START)}), id="id", created="created"),
        events=ll.Events(
            pl.concat([pl.DataFrame(visits), booked]), lead="lead", at="at", kind="kind", channel="channel"
        ),
        observed_until="2023-01-01",
    )
    funnel = journeys.funnel(["visit", "book"], window="5d", by="channel", attribution="all")
    row = funnel.compare("a", "b").row(0, named=True)
    assert row["difference_high"] - row["difference_low"] < 0.05


def recycled(rng, n=200, each=6):
    """Return leads that are won or lost again and again, a month apart, each at a pace of its own."""
    chance, pace = np.repeat(rng.beta(0.5, 1.0, n), each), np.repeat(rng.exponential(5.0, n), each)
    lead = np.repeat(np.arange(n), each)
    at = 1.0 + np.tile(np.arange(each) * 100.0, n)
    wait = 0.01 + np.minimum(pace * (0.5 + rng.random(n * each)), 40.0)
    won = rng.random(n * each) < chance
    stages = pl.concat(
        [
            pl.DataFrame({"lead": lead, "at": moments(at), "stage": "mql"}),
            pl.DataFrame({"lead": lead, "at": moments(at + wait)}).with_columns(
                stage=pl.Series(np.where(won, "won", "lost"))
            ),
        ]
    )
    leads = pl.DataFrame({"id": np.arange(n), "created": np.full(n, START)})
    return ll.Journeys(
        leads=ll.Leads(leads, id="id", created="created"),
        stages=ll.Stages(stages, lead="lead", at="at", stage="stage"),
        pipeline=["mql", "won"],
        won="won",
        lost="lost",
        observed_until="2024-06-01",
    )


def test_cycles_of_recycled_leads_are_clustered_by_lead():
    # Median of pace × (0.5 + U), pace exponential with mean 5.
    draws = np.random.default_rng(0)
    median = np.median(draws.exponential(5.0, 4_000_000) * (0.5 + draws.random(4_000_000)) + 0.01)
    rate, times = 0, 0
    for seed in range(60):
        found = recycled(np.random.default_rng([12, seed])).stage_funnel(recycle_after="20d")
        row = found.summary().row(0, named=True)
        rate += row["win_rate_low"] <= 1 / 3 <= row["win_rate_high"]
        time = found.times().filter(pl.col("stage") == "mql").row(0, named=True)
        times += time["median_days_low"] <= median <= time["median_days_high"]
    assert rate >= 52
    assert times >= 52


def test_few_leads_of_many_cycles_are_named():
    found = recycled(np.random.default_rng(5), n=20).stage_funnel(recycle_after="20d")
    assert any("based on 20 leads" in remark for remark in found.remarks)
    once = recycled(np.random.default_rng(5), n=20, each=1).stage_funnel()
    assert not any("rest on" in remark for remark in once.remarks)


def test_visits_of_leads_that_go_back_are_clustered_by_lead():
    """Each lead is in a stage six times, for a time of its own: intervals are those of leads."""
    rng = np.random.default_rng(9)
    n, each = 100, 6
    pace = rng.exponential(5.0, n)
    rows = []
    for lead in range(n):
        at = 1.0
        for _ in range(each):
            rows.append((lead, at, "mql"))
            at += min(pace[lead], 40.0)
            rows.append((lead, at, "sql"))
            at += 1.0
    frame = pl.DataFrame(rows, schema=["lead", "day", "stage"], orient="row")
    stages = frame.with_columns(at=pl.Series(moments(frame["day"].to_numpy()))).drop("day")

    def times(stages):
        journeys = ll.Journeys(
            leads=ll.Leads(
                pl.DataFrame({"id": np.arange(n), "created": np.full(n, START)}), id="id", created="created"
            ),
            stages=ll.Stages(stages, lead="lead", at="at", stage="stage"),
            pipeline=["mql", "sql", "won"],
            won="won",
            observed_until="2024-06-01",
        )
        return journeys.stage_funnel().times().filter(pl.col("stage") == "mql").row(0, named=True)

    def width(row):
        return row["median_days_high"] - row["median_days_low"]

    # The first visit of each lead alone says as much.
    once = times(stages.group_by("lead", maintain_order=True).head(2))
    assert 0.7 < width(times(stages)) / width(once) < 1.5

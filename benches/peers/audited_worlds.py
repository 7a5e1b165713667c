"""Worlds of leads for audits: fields known at creation, events and stages afterwards, and leaks that can be planted."""

import numpy as np
import polars as pl

import leadlens as ll

START = np.datetime64("2024-01-01T00:00:00", "us")
DAYS = 300.0


def moments(days: np.ndarray) -> np.ndarray:
    """Return times so many days after the start."""
    return START + np.round(np.asarray(days) * 86_400e6).astype("int64").astype("timedelta64[us]")


def world(seed: int, leads: int = 1000, *, leaks: bool = False, accounts: bool = False) -> ll.Journeys:
    """Return journeys whose honest fields depend on intent, which drives visits, qualification and wins."""
    rng = np.random.default_rng(seed)
    groups = rng.integers(0, leads // 3, leads) if accounts else np.arange(leads)
    of_group = rng.normal(size=leads)[groups]
    intent = 0.7 * rng.normal(size=leads) + 0.7 * of_group
    created = np.sort(rng.random(leads)) * DAYS
    rate = 0.05 * np.exp(0.8 * intent)
    visits = [created[i] + np.cumsum(rng.exponential(1 / rate[i], 60)) for i in range(leads)]
    visits = [v[v < DAYS] for v in visits]
    qualified = created + rng.exponential(25 * np.exp(-intent))
    closed = qualified + rng.exponential(30, leads)
    won = rng.random(leads) < 1 / (1 + np.exp(-intent))
    columns = {
        "id": np.arange(leads),
        "created": moments(created),
        "company": groups,
        "budget": np.exp(intent + rng.normal(size=leads)),
        "employees": np.round(np.exp(3 + of_group)),
        "earlier_purchases": rng.poisson(np.exp(0.3 * intent)),
        "segment": np.where(of_group > 0.5, "large", np.where(of_group > -0.5, "medium", "small")),
        "has_partner": rng.random(leads) < 1 / (1 + np.exp(1 - 2 * intent)),
        "channel_of_entry": rng.choice(["web", "fair", "partner", "phone"], leads),
    }
    region = np.where(rng.random(leads) < 0.3, None, rng.choice(["north", "south"], leads))
    events = pl.DataFrame({
        "id": np.repeat(np.arange(leads), [len(v) for v in visits]),
        "at": moments(np.concatenate(visits)),
        "kind": rng.choice(["visit", "download"], sum(map(len, visits)), p=[0.8, 0.2]),
    })  # fmt: skip
    steps = [
        pl.DataFrame({"id": np.arange(leads)[seen], "at": moments(at[seen]), "stage": stage[seen]})
        for at, stage in ((qualified, np.full(leads, "qualified")), (closed, np.where(won, "won", "lost")))
        for seen in (at < DAYS,)
    ]
    frame = pl.DataFrame(columns).with_columns(region=pl.Series(region.tolist(), dtype=pl.String))
    if leaks:
        total = np.array([len(v) for v in visits])
        state = np.where(closed < DAYS, np.where(won, "won", "lost"), np.where(qualified < DAYS, "qualified", "new"))
        checked = rng.random(leads) < 1 - np.exp(-(DAYS - created) / 20)
        frame = frame.with_columns(
            reached=pl.Series(qualified < DAYS),
            position=pl.Series(state),
            contacts_made=pl.Series(total),
            contacts_roughly=pl.Series(total + 0.5 * rng.normal(size=leads)),
            verified=pl.Series(np.where(checked, "yes", None).tolist(), dtype=pl.String),
        )
    honest = [name for name in frame.columns if name not in ("id", "created", "company")]
    return ll.Journeys(
        leads=ll.Leads(frame, id="id", created="created", account="company" if accounts else None, fields=honest),
        events=ll.Events(events, lead="id", at="at", kind="kind"),
        stages=ll.Stages(pl.concat(steps), lead="id", at="at", stage="stage"),
        pipeline=["qualified", "won"],
        won=["won"],
        lost=["lost"],
        observed_until=moments(np.array(DAYS)).item().isoformat(),
    )


def audited(seed: int, **options: object) -> pl.DataFrame:
    """Return the findings by test in a world."""
    snapshot = world(seed, **options).snapshot(after="20d", horizon="60d")  # type: ignore[arg-type]
    train, test = snapshot.split(0.3, by="group", seed=seed)
    return ll.audit(train, test=test).to_polars().filter(pl.col("p_value").is_not_null())


def shares(worlds: range, **options: object) -> pl.DataFrame:
    """Return the share of worlds with a finding by test, in all and by field and check, with Monte Carlo errors."""
    found = [audited(seed, accounts=bool(seed % 2), **options).select("check", "field").unique() for seed in worlds]
    named = pl.concat(found).group_by("check", "field").len("hits").sort("hits", "check", "field", descending=True)
    anything = pl.DataFrame({"check": ["any"], "field": ["any"], "hits": [sum(f.height > 0 for f in found)]})
    every = pl.concat([anything.cast(named.schema), named])
    share = pl.col("hits") / len(worlds)
    return every.with_columns(share=share, error=(share * (1 - share) / len(worlds)).sqrt())

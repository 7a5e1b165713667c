"""Behaviour after a step, tested in time: against lifelines, with re-opened leads, repeated entries and windows."""

import inspect
import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy.stats import norm

import leadlens as ll

with warnings.catch_warnings():
    # lifelines calls pandas in ways that it deprecates.
    warnings.simplefilter("ignore")
    from lifelines import CoxTimeVaryingFitter

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
START = np.datetime64("2023-01-02T00:00:00", "us")


def moments(days):
    return START + np.round(np.asarray(days, float) * 86400e6).astype("int64").astype("timedelta64[us]")


def journeys(created, stages, events, *, until=2000):
    """Leads created on some days, with stages and events as lists of (lead, day, name)."""
    rows = {"created": moments(created)}
    tables = []
    for name, table in (("stage", stages), ("kind", events)):
        lead, day, what = zip(*table, strict=True)
        tables.append(pl.DataFrame({"lead": np.array(lead), "at": moments(day), name: list(what)}))
    return ll.Journeys(
        leads=ll.Leads(pl.DataFrame({"id": np.arange(len(created)), **rows}), id="id", created="created"),
        stages=ll.Stages(tables[0], lead="lead", at="at", stage="stage"),
        events=ll.Events(tables[1], lead="lead", at="at", kind="kind"),
        pipeline=["open", "won"],
        won="won",
        lost="lost",
        observed_until=f"{moments([until])[0]}Z",
    )


def after(found, name):
    return found.to_polars().filter((pl.col("factor") == "after") & (pl.col("name") == name)).row(0, named=True)


def reopened_world(seed, grid=0.0):
    """Leads that may be lost, re-opened, and won after all; a call doubles their pace. With the table of their periods."""
    draw = np.random.default_rng(seed)
    stages, events, periods, created = [], [], [], []
    for lead in range(400):
        born = draw.integers(0, 300) + 0.37
        created.append(born)
        call, now = draw.exponential(25), 0.0
        while True:
            win = now + draw.exponential(1 / 0.012) if now < call else np.inf
            if win > call:
                win = max(now, call) + draw.exponential(1 / 0.024)
            lose = now + draw.exponential(40)
            end = min(win, lose)
            if grid:
                end = max(np.ceil(end / grid) * grid, np.floor(now / grid) * grid + grid)
            periods.append((lead, now, end, win <= lose))
            stages.append((lead, born + end, "won" if win <= lose else "lost"))
            if win <= lose or draw.random() < 0.5:
                break
            now = end + (grid or draw.exponential(10))
            stages.append((lead, born + now, "open"))
        if call < end:
            events.append((lead, born + call, "call"))
        for _ in range(draw.poisson(0.02 * end)):
            events.append((lead, born + draw.random() * end, "noise"))
    return journeys(created, stages, events), periods, events, created


def counting_process(periods, events, created, kind):
    """Periods split at the first event of a kind, for Cox's model with a covariate that depends on time."""
    first = {}
    for lead, day, name in events:
        if name == kind:
            first[lead] = min(first.get(lead, np.inf), day - created[lead])
    rows = []
    for lead, start, stop, won in periods:
        at = first.get(lead, np.inf)
        if start < at < stop:
            rows += [(lead, start, at, 0, False), (lead, at, stop, 1, won)]
        else:
            rows.append((lead, start, stop, int(at <= start), won))
    return pd.DataFrame(rows, columns=["id", "start", "stop", "exposed", "event"])


def mantel_byar(table):
    """The score test by its definition."""
    score = variance = 0.0
    for time in sorted(set(table.loc[table.event, "stop"])):
        at_risk = table[(table.start < time) & (table.stop >= time)]
        n, exposed = len(at_risk), at_risk.exposed.sum()
        gone = at_risk[(at_risk.stop == time) & at_risk.event]
        d = len(gone)
        score += gone.exposed.sum() - d * exposed / n
        if n > 1:
            variance += d * exposed / n * (1 - exposed / n) * (n - d) / (n - 1)
    return 2 * norm.sf(abs(score) / np.sqrt(variance))


@pytest.mark.parametrize("grid", [0.0, 5.0], ids=["untied", "tied"])
def test_equal_to_lifelines(grid):
    """Hazard ratio and interval are those of CoxTimeVaryingFitter, which stops within 1e-7 of the gradient's zero."""
    world, periods, events, created = reopened_world(5, grid)
    found = world.drivers(["created", "won"])
    for kind in ("call", "noise"):
        table = counting_process(periods, events, created, kind)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            theirs = CoxTimeVaryingFitter().fit(
                table, id_col="id", start_col="start", stop_col="stop", event_col="event"
            )
        ours = after(found, kind)
        assert ours["hazard_ratio"] == pytest.approx(theirs.hazard_ratios_["exposed"], rel=1e-5)
        low, high = np.exp(theirs.confidence_intervals_.loc["exposed"])
        assert (ours["hazard_ratio_low"], ours["hazard_ratio_high"]) == pytest.approx((low, high), rel=1e-4)
        assert ours["p_value"] == pytest.approx(mantel_byar(table), rel=1e-6)
    assert after(found, "call")["hazard_ratio"] > 1.5


def test_reopened_lead_is_at_risk_again():
    """Without the call's leads that were lost first and won later, the call would seem to do nothing."""
    stages, events = [], []
    for lead in range(60):
        called = lead % 2 == 0
        stages += [
            (lead, 10, "lost"),
            (lead, 20, "open"),
            (lead, 30 + lead / 10 if called else 90, "won" if called else "lost"),
        ]
        events.append((lead, 25 if called else 3, "call" if called else "visit"))
    found = journeys([0] * 60, stages, events).drivers(["created", "won"])
    row = after(found, "call")
    assert (row["leads"], row["went_on"], row["other_leads"]) == (30, 30, 30)
    assert row["hazard_ratio"] > 5
    assert row["p_value"] < 1e-6


def test_entry_means_the_same_everywhere():
    defaults = {
        name: inspect.signature(getattr(ll.Journeys, name)).parameters["entry"].default
        for name in ("funnel", "drivers", "barriers")
    }
    assert set(defaults.values()) == {"best"}, defaults


def visits_world(seed, n=400):
    """Leads visit again and again; who is won is so within a week of a visit, at one pace. Mails come at any time."""
    draw = np.random.default_rng(seed)
    stages, events = [], []
    for lead in range(n):
        visits = np.cumsum(7 + draw.exponential(13, 12))
        lost = draw.exponential(120)
        won = np.inf
        for visit in visits:
            wait = draw.exponential(40)
            if wait < 7 and visit + wait < lost:
                won = visit + wait
                break
        end = min(won, lost)
        stages.append((lead, end, "won" if won < lost else "lost"))
        events += [(lead, v, "visit") for v in visits if v < end]
        events += [(lead, t, "mail") for t in np.cumsum(draw.exponential(30, 10)) if t < end]
    return journeys([0.0] * n, stages, events)


@pytest.mark.parametrize("entry", ["best", "first", "totals"])
def test_behaviour_without_effect_in_repeated_entries(entry):
    """More visits are more chances, mails none: 30 worlds at 5 %, of which more than 5 reject with a chance of 0.3 %."""
    rejected = {"mail": 0, "visit": 0}
    for seed in range(30):
        found = visits_world(seed).drivers(["visit", "won"], window="7d", entry=entry)
        table = found.to_polars().filter(pl.col("factor") == "after")
        for name in rejected:
            row = table.filter(pl.col("name") == name)
            rejected[name] += bool(row.height and row["p_value"][0] < 0.05)
    assert max(rejected.values()) <= 5, rejected


def test_exclusions_are_no_drivers():
    """A visit that an exclusion ends cannot go on: the exclusion is left out, and nobody is at risk after it."""
    world = visits_world(3)
    names = {"visit", "mail"}
    found = (
        world.drivers(["visit", "won"], exclude="mail", window="30d").to_polars().filter(pl.col("factor") == "after")
    )
    assert set(found["name"]) <= names - {"mail"}
    assert world.drivers(["visit", "won"], order="strict").to_polars().filter(pl.col("factor") == "after").is_empty()

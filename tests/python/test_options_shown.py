"""The text and the HTML of a result show every option that changes the answer."""

from __future__ import annotations

import datetime as dt
import html
import inspect
from functools import cache
from typing import Any

import numpy as np
import polars as pl
import pytest

import leadlens as ll

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")

UTC = dt.timezone.utc


@cache
def journeys(outcomes_from: str | None = None) -> ll.Journeys:
    rng = np.random.default_rng(4)
    n = 400
    start = dt.datetime(2024, 1, 1, tzinfo=UTC)
    created = [start + dt.timedelta(days=float(d)) for d in rng.uniform(0, 150, n)]
    leads = pl.DataFrame({"id": np.arange(n), "created": created, "country": rng.choice(["at", "ch"], n)})
    lead = rng.integers(0, n, 4 * n)
    events = pl.DataFrame(
        {
            "lead": lead,
            "at": [
                created[i] + dt.timedelta(days=float(d)) for i, d in zip(lead, rng.exponential(9, 4 * n), strict=True)
            ],
            "kind": rng.choice(["visit", "demo", "call"], 4 * n),
            "channel": rng.choice(["ads", "mail", "web"], 4 * n),
            "campaign": rng.choice(["k1", "k2"], 4 * n),
        }
    )
    rows = []
    for i in range(n):
        at = created[i] + dt.timedelta(days=float(rng.exponential(5)))
        for stage in ("mql", "offer", rng.choice(["won", "lost"])):
            rows.append((i, at, stage, 100.0))
            at += dt.timedelta(days=float(rng.exponential(8)))
    stages = pl.DataFrame(rows, schema=["lead", "at", "stage", "amount"], orient="row")
    return ll.Journeys(
        leads=ll.Leads(leads, "id", created="created"),
        events=ll.Events(events, "lead", "at", "kind", channel="channel", props=["campaign"]),
        stages=ll.Stages(stages, "lead", "at", stage="stage", amount="amount"),
        pipeline=["mql", "offer", "won"],
        won="won",
        lost="lost",
        observed_until="2024-08-01",
        outcomes_from=outcomes_from,
    )


FUNNEL = {
    "window": ("45d", "45d"),
    "order": ("any", "any order"),
    "entry": ("first", "first entry"),
    "exclude": (ll.Exclusion("call"), "no call between"),
    "hold": ("campaign", "same campaign"),
    "by": ("country", "by country"),
    "where": ({"country": "at"}, "country = at"),
    "attribution": ("last", 'attribution="last"'),
    "period": ("week", 'period="week"'),
    "modes": (("strict_once",), "strict_once"),
    "compat": ("clickhouse", "windowFunnel"),
}
ALONE = {
    "attribution": {"by": "channel"},
    "modes": {"compat": "clickhouse", "window": "45d"},
    "compat": {"window": "45d"},
}
ASKED: dict[str, tuple[list[Any], dict[str, tuple[Any, str]], set[str]]] = {
    "funnel": ([["visit", "demo", "won"]], FUNNEL, {"times"}),
    "drivers": (
        [["visit", "demo", "won"]],
        {
            **{k: FUNNEL[k] for k in ("window", "entry", "exclude", "hold", "where")},
            "order": ("strict", "no other events between steps"),
            "fields": (["country"], 'fields=["country"]'),
            "min_support": (30, "min_support=30"),
        },
        set(),
    ),
    "barriers": (
        [["visit", "demo", "won"]],
        {
            **{k: FUNNEL[k] for k in ("window", "order", "entry", "exclude", "hold", "where")},
            "by": ("country", "by country"),
            "attribution": ("last", 'attribution="last"'),
            "reference": ("at", "compared with at"),
            "value": (7.0, "value=7.0"),
            "min_support": (30, "min_support=30"),
        },
        set(),
    ),
    "paths": (
        [],
        {
            "by": ("channel", 'by="channel"'),
            "events": ("visit", 'events="visit"'),
            "unit": ("session", "sessions"),
            "session_gap": ("30d", 'session_gap="30d"'),
            "where": ({"country": "at"}, "country = at"),
            "target": ("offer", 'target=["offer"]'),
            "collapse": (False, "collapse=False"),
            "length": (3, "length=3"),
            "top": (9, "top=9"),
        },
        set(),
    ),
    "stage_funnel": (
        [],
        {
            "pipeline": (["created", "offer", "won"], "created"),
            "by": ("country", "by country"),
            "where": ({"country": "at"}, "country = at"),
            "period": ("week", 'period="week"'),
            "recycle_after": ("90d", 'recycle_after="90d"'),
            "window": ("60d", 'window="60d"'),
            "opportunity": ("offer", 'opportunity="offer"'),
        },
        {"view"},
    ),
    "time_to": (
        ["won"],
        {
            "competing": (["lost", "call"], 'competing=["lost", "call"]'),
            "competing_as": ("censored", "Kaplan–Meier"),
            "start": ("mql", "from mql"),
            "by": ("country", "country"),
            "where": ({"country": "at"}, "country = at"),
            "late_entry": (True, "late_entry=True"),
            "at": (["44d"], "44 d"),
            "until": ("50d", 'until="50d"'),
            "confidence": (0.9, "confidence=0.9"),
            "ceiling": ("weibull", 'ceiling="weibull"'),
        },
        set(),
    ),
    "attribution": (
        ["linear"],
        {
            "by": ("campaign", "by campaign"),
            "where": ({"country": "at"}, "country = at"),
            "target": ("offer", 'target=["offer"]'),
            "conversions": ("every", 'conversions="every"'),
            "touches": ("visit", 'touches="visit"'),
            "include": (["ads"], 'include=["ads"]'),
            "exclude": (["ads"], 'exclude=["ads"]'),
            "lookback": ("20d", 'lookback="20d"'),
            "path": ("unique", 'path="unique"'),
            "nulls": ("lost", 'nulls="lost"'),
            "direct": (["web"], 'direct=["web"]'),
            "opportunity": ("offer", 'opportunity="offer"'),
            "half_life": ("3d", 'half_life="3d"'),
            "bootstrap": (5, "bootstrap=5"),
            "seed": (8, "seed=8"),
        },
        # Shown by the name of the method, and in the table of costs.
        {"order", "spend", "qualified"},
    ),
}
EACH = [(name, option) for name, (_, options, _) in ASKED.items() for option in options]


@pytest.mark.parametrize(("name", "option"), EACH)
def test_each_option_is_shown(name: str, option: str) -> None:
    arguments, options, _ = ASKED[name]
    value, words = options[option]
    given = {**({"by": "country"} if name == "barriers" else {}), **ALONE.get(option, {}), option: value}
    if name == "paths" and option in ("unit", "session_gap"):
        given = {"unit": "session", "session_gap": "30d"}
    j = journeys("2024-02-15") if option == "late_entry" else journeys()
    result = getattr(j, name)(*arguments, **given)
    assert words in str(result), str(result)
    assert words in html.unescape(result._shown()[1]), result._shown()[1]


@pytest.mark.parametrize("name", ASKED)
def test_no_option_is_forgotten(name: str) -> None:
    """A new option is either shown or listed here."""
    parameters = inspect.signature(getattr(ll.Journeys, name)).parameters.values()
    optional = {p.name for p in parameters if p.kind is p.KEYWORD_ONLY}
    assert optional == set(ASKED[name][1]) | ASKED[name][2]


def test_defaults_are_not_shown() -> None:
    j = journeys()
    results = [j.funnel(["visit", "won"]), j.stage_funnel(), j.time_to("won"), j.paths(), j.attribution("linear")]
    results += [j.drivers(["visit", "won"]), j.barriers(["visit", "won"], by="country")]
    for result in results:
        assert "options:" not in str(result)


def test_snapshots_and_models_show_their_options() -> None:
    options = {"every": "14d", "horizon": "30d", "since": "2024-01-15", "maturity": "ipcw", "weight": "lead"}
    snapshot = journeys().snapshot(**options)
    for option, value in options.items():
        assert f'{option}="{value}"' in str(snapshot)
    table = pl.DataFrame({"lead_id": [1, 2], "cutoff": ["2024-06-01", "2024-06-02"]})
    features = ll.FeatureSet(windows=["3d"], daily_cap=None, without=["age_days"])
    snapshot = journeys().snapshot(cutoffs=table, features=features)
    assert "options: cutoffs=table" in str(snapshot)
    assert 'features: daily_cap=None, windows=["3d"], without=["age_days"]' in str(snapshot)
    model = ll.LeadScorer().fit(journeys().snapshot(every="14d", horizon="30d"))
    for text in (str(model), html.unescape(model._repr_html_())):
        assert 'snapshot: every="14d", horizon="30d"; label: won' in text


SCORER = {
    "C": (0.5, "C 0.5"),
    "penalty": ("firth", 'penalty="firth"'),
    "calibration": ("sigmoid", "sigmoid calibration is not applied: in the last fifth"),
    "choice": ("one_standard_error", 'choice="one_standard_error"'),
    "l1_ratio": (0.3, "L1 ratio 0.3"),
    "nonlinear": ("log", "log of counts"),
    "interactions": ([("country", "age_days")], "interactions: 1 as requested"),
    "monotone": ({"age_days": "increasing"}, 'monotone={"age_days": "increasing"}'),
    "solver": ("linfa", "solver linfa"),
    "min_level_rows": (30, "min_level_rows=30"),
    "max_levels": (3, "max_levels=3"),
}


@pytest.mark.parametrize("option", SCORER)
def test_each_option_of_a_scorer_is_shown(option: str) -> None:
    value, words = SCORER[option]
    given = {"C": "cv"} if option == "choice" else {}
    snapshot = journeys().snapshot(every="14d", horizon="30d")
    scorer = ll.LeadScorer(**given, **{option: value}).fit(snapshot)
    assert words in str(scorer)
    assert words in html.unescape(scorer._repr_html_())


def test_no_option_of_a_scorer_is_forgotten() -> None:
    """Intervals show in the scores; too few leads are an error."""
    assert set(ll.LeadScorer().get_params()) == set(SCORER) | {"intervals", "min_leads"}

"""Texts and HTML of results, kept in files (see ``texts_of.py``)."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import polars as pl
import pytest
from texts_of import compare

import leadlens as ll

STEPS = ["created", "sql", "closed_won"]


@pytest.fixture(scope="module")
def b2b() -> ll.Journeys:
    return ll.datasets.b2b_saas()


def day(n: int) -> str:
    return f"2024-{1 + n // 28:02}-{1 + n % 28:02}"


@pytest.fixture(scope="module")
def rough() -> ll.Journeys:
    """Return journeys of 300 leads whose tables have a fault of each kind."""
    n = 300
    ids = [f"l{i}" for i in range(n)]
    leads = pl.DataFrame(
        {
            "id": [*ids, "l0", None],
            "created": [*(day(i % 50) for i in range(n)), "2024-01-01", "2024-01-01"],
            "team": [["ann", "bob", None][i % 3] for i in range(n)] + ["ann", "ann"],
            "owner": [["ann", "bob", None][i % 3] for i in range(n)] + ["ann", "ann"],
            "phone": [f"+49 {i}" for i in range(n)] + ["1", "1"],
            "size": [["10", "20", "n/a"][i % 3] for i in range(n)] + ["1", "1"],
            "account": [f"a{i % 40}" if i % 7 else None for i in range(n)] + ["a1", "a1"],
            "plan": ["x" if i % 5 == 0 else None for i in range(n)] + ["x", "x"],
            "group_code": [i % 4 for i in range(n)] + [1, 1],
        }
    )
    seen = ids * 3
    events = pl.DataFrame(
        {
            "key": [*seen, "nobody", None, "l1", "l2"],
            "at": [*(day(51 + i % 60) for i in range(len(seen))), "2024-03-01", "2024-03-01", None, "soon"],
            "kind": [["visit", "mail", "demo"][i % 3 if i % 7 else 0] for i in range(len(seen))] + ["visit"] * 4,
            "channel": [["ads", "web", None, "mail"][i % 4] for i in range(len(seen))] + ["ads"] * 4,
            "pages": [float(i % 9) for i in range(len(seen))] + [float("inf"), 1.0, 1.0, 1.0],
        }
    )
    rows = [(i, day(60 + k % 30), "open", f"d{k}", 100.0, "EUR") for k, i in enumerate(ids)]
    rows += [(i, day(100 + k % 20), "won", f"d{5 * k}", 120.0, "USD") for k, i in enumerate(ids[::5])]
    rows += [(i, day(125), "open", f"d{5 * k}", 120.0, "EUR") for k, i in enumerate(ids[:50:5])]
    rows += [(i, day(100), "lost", f"d{5 * k + 1}", None, None) for k, i in enumerate(ids[1::5])]
    rows += [("l2", None, "won", "d2", 5.0, "EUR"), ("l3", "2023-01-01", "open", "d3", 1.0, "EUR")]
    columns = ["lead", "at", "stage", "deal", "amount", "currency"]
    stages = pl.DataFrame(rows, schema=columns, orient="row")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ll.Journeys(
            leads=ll.Leads(leads, id="id", created="created", account="account", owner="team", rows="first"),
            events=ll.Events(
                events, lead="key", at="at", kind="kind", channel="channel", values=["pages"], name="visits"
            ),
            stages=ll.Stages(
                stages,
                lead="lead",
                at="at",
                stage="stage",
                deal="deal",
                amount="amount",
                currency="currency",
                undated="drop",
            ),
            pipeline=["created", "open", "won"],
            won="won",
            lost="lost",
            outcomes_from="2024-01-15",
            observed_until="2024-07-01",
            max_bad=0.2,
        )


RESULTS: dict[str, Callable[[ll.Journeys], Any]] = {
    "funnel": lambda j: j.funnel(STEPS, window="60d", by="lead_source"),
    "funnel_any": lambda j: j.funnel(["demo", "webinar"], order="any", where={"account.region": "!= UK"}),
    "funnel_strict": lambda j: j.funnel(
        ["created", ll.Step("sql", within="30d"), "closed_won"], order="strict", entry="first", exclude="demo"
    ),
    "funnel_clickhouse": lambda j: j.funnel(["demo", "webinar"], window="30d", compat="clickhouse"),
    "funnel_totals": lambda j: j.funnel(["demo", "webinar"], window="30d", entry="totals", hold="channel"),
    "stage_funnel": lambda j: j.stage_funnel(by="lead_source"),
    "stage_funnel_window": lambda j: j.stage_funnel(window="60d", recycle_after="30d", view="flow"),
    "time_to": lambda j: j.time_to("closed_won", by="lead_source"),
    "time_to_ceiling": lambda j: j.time_to(
        "sql", start="created", competing="closed_lost", competing_as="censored", ceiling="weibull", at=["30d"]
    ),
    "drivers": lambda j: j.drivers(STEPS, window="60d"),
    "barriers": lambda j: j.barriers(STEPS, by=["lead_source", "account.region"]),
    "paths": lambda j: j.paths(by="channel"),
    "paths_sessions": lambda j: j.paths(unit="session", session_gap="7d"),
    "attribution": lambda j: j.attribution(["first", "linear", "markov", "shapley"], bootstrap=2, seed=1),
    "attribution_exact": lambda j: j.attribution(["shapley_exact"], lookback="30d", nulls="none"),
}


@pytest.mark.parametrize("name", RESULTS)
def test_results(b2b: ll.Journeys, name: str) -> None:
    result = RESULTS[name](b2b)
    compare(f"results/{name}.txt", repr(result))
    compare(f"results/{name}.html", result._shown()[1])


ROUGH: dict[str, Callable[[ll.Journeys], Any]] = {
    "check": lambda j: j.check(),
    "snapshot": lambda j: j.snapshot(every="14d", horizon="30d"),
    "snapshot_weights": lambda j: j.snapshot(every="14d", horizon="30d", weight="lead"),
    "snapshot_ipcw": lambda j: j.snapshot(every="14d", horizon="30d", maturity="ipcw"),
    "side": lambda j: j.snapshot(every="14d", horizon="30d").split(0.3, by="time")[0],
    "side_random": lambda j: j.snapshot(every="14d", horizon="30d").split(0.3, by="random")[1],
    "funnel": lambda j: j.funnel(["created", "open", "won"], window="30d", by="owner", period="month"),
    "funnel_conditions": lambda j: j.funnel(["visits:visit", "won"], where={"size": None, "owner": ["ann", "bob"]}),
    "stage_funnel": lambda j: j.stage_funnel(by="owner"),
    "stage_funnel_deals": lambda j: j.stage_funnel(opportunity="open", recycle_after="5d"),
    "time_to": lambda j: j.time_to("won", by="owner"),
    "time_to_late": lambda j: j.time_to("won", by="group_code", late_entry=True),
    "drivers": lambda j: j.drivers(["created", "visit", "won"], min_support=1, entry="totals", window="200d"),
    "barriers": lambda j: j.barriers(["created", "open", "won"], by="owner", value=100.0, min_support=5),
    "paths": lambda j: j.paths(),
    "attribution": lambda j: j.attribution(["last", "markov"]),
}


@pytest.mark.parametrize("name", ROUGH)
def test_results_of_tables_with_faults(rough: ll.Journeys, name: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        result = ROUGH[name](rough)
    compare(f"rough/{name}.txt", repr(result))


def test_scorers_scores_and_evaluations(b2b: ll.Journeys, rough: ll.Journeys) -> None:
    texts: dict[str, object] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, j, options, fitting in [
            ("b2b", b2b, {"by": "group"}, {"C": 0.01}),
            ("b2b_chosen", b2b, {"by": "time"}, {"C": 0.01, "nonlinear": "auto", "interactions": "auto"}),
            ("b2b_calibrated", b2b, {"by": "order"}, {"C": 0.1, "calibration": "beta", "interactions": 1}),
            ("rough", rough, {"by": "random"}, {"min_leads": 1, "C": 1.0}),
        ]:
            train, test = j.snapshot(every="28d", horizon="28d").split(0.3, **options)
            scorer = ll.LeadScorer(**fitting).fit(train)
            texts[f"{name}_scorer"] = scorer._repr_html_()
            texts[f"{name}_evaluation"] = scorer.evaluate(test)
            texts[f"{name}_training_side"] = scorer.evaluate(train)
            texts[f"{name}_scores"] = scorer.score(test, allow_extrapolation=True)
            if name == "b2b":
                other = ll.LeadScorer(C=0.001).fit(train)
                texts["comparison"] = scorer.compare(other, test)
    for name, text in texts.items():
        compare(f"scorer/{name}.txt", repr(text) if not isinstance(text, str) else text)


def test_a_report(b2b: ll.Journeys, tmp_path: Any) -> None:
    train, test = b2b.snapshot(every="7d", horizon="14d").split(0.3, by="group")
    scorer = ll.LeadScorer(C=0.01).fit(train)
    results = [RESULTS[name](b2b) for name in ("funnel", "stage_funnel", "time_to", "barriers")]
    path = ll.report(b2b, scorer, tmp_path / "report.html", test=test, leads=test, results=results)
    compare("report.html", path.read_text(encoding="utf-8").replace("<h", "\n<h").replace("<p", "\n<p"))

"""Docstrings of public things have the sections of numpydoc, name what exists, and list the columns that tables have."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from typing import Any

import polars as pl
import pytest

import leadlens as ll
from leadlens import linear_model

STEPS = ["created", "sql", "closed_won"]


def classes() -> dict[str, type]:
    public = {name: getattr(ll, name) for name in ll.__all__}
    found = {name: thing for name, thing in public.items() if inspect.isclass(thing)}
    return {**found, "linear_model.Inference": linear_model.Inference}


def is_error(thing: object) -> bool:
    return inspect.isclass(thing) and issubclass(thing, BaseException)


def callables() -> Iterator[tuple[str, Any]]:
    """Public functions and methods; those that scikit-learn's base classes define are documented there."""
    for module, names in ((ll, ll.__all__), (ll.metrics, ll.metrics.__all__), (ll.datasets, ll.datasets.__all__)):
        prefix = "" if module is ll else f"{module.__name__.removeprefix('leadlens.')}."
        yield from ((f"{prefix}{n}", getattr(module, n)) for n in names if inspect.isfunction(getattr(module, n)))
    for name, cls in classes().items():
        for member, value in inspect.getmembers(cls):
            owner = getattr(inspect.unwrap(getattr(value, "__func__", value)), "__module__", "") or ""
            if not member.startswith("_") and callable(value) and owner.startswith("leadlens"):
                yield f"{name}.{member}", value


CALLABLES = {name: value for name, value in callables() if not is_error(classes().get(name.split(".")[0]))}
DECLARED = {name: cls for name, cls in classes().items() if not is_error(cls)}


def sections(thing: Any) -> dict[str, str]:
    doc = inspect.getdoc(thing) or ""
    parts = re.split(r"(?m)^([A-Z][A-Za-z ]+)\n-{3,}\n", doc)
    return {"": parts[0], **dict(zip(parts[1::2], parts[2::2], strict=True))}


def test_much_is_public() -> None:
    assert len(CALLABLES) > 90
    assert len(DECLARED) > 25


@pytest.mark.parametrize("name", CALLABLES)
def test_functions_have_their_sections(name: str) -> None:
    function = CALLABLES[name]
    found = sections(function)
    assert re.match(r"[A-Z][^\n]*[.:]?[^\n]*\.\n", found[""] + "\n"), "one sentence in the first line"
    signature = inspect.signature(function)
    if [p for p in signature.parameters.values() if p.name not in ("self", "cls")]:
        assert "Parameters" in found
    if signature.return_annotation not in ("None", None):
        assert "Returns" in found
    assert "See Also" in found
    assert ">>>" in found.get("Examples", "")


@pytest.mark.parametrize("name", DECLARED)
def test_classes_have_their_sections(name: str) -> None:
    found = sections(DECLARED[name])
    assert "See Also" in found
    assert ">>>" in found.get("Examples", "")
    is_returned = "eturned by" in found[""]
    assert is_returned or "Parameters" in found, "a class is constructed or returned"


@pytest.mark.parametrize("name", [*CALLABLES, *DECLARED])
def test_parameters_are_those_of_the_signature(name: str) -> None:
    thing = CALLABLES.get(name) or DECLARED[name]
    found = sections(thing).get("Parameters")
    if found is None:
        return
    listed = [p.strip().lstrip("*") for line in re.findall(r"(?m)^(\S.*?)(?: : |$)", found) for p in line.split(",")]
    known = [p for p in inspect.signature(thing).parameters if p not in ("self", "cls")]
    assert sorted(listed) == sorted(known)


@pytest.mark.parametrize("name", [*CALLABLES, *DECLARED])
def test_see_also_names_what_exists(name: str) -> None:
    thing = CALLABLES.get(name) or DECLARED[name]
    home = inspect.getmodule(inspect.unwrap(getattr(thing, "__func__", thing)))
    for line in re.findall(r"(?m)^(\S.*?) : ", sections(thing).get("See Also", "")):
        for target in line.split(", "):
            place: Any = ll
            path = target.removeprefix("leadlens.").split(".")
            if not hasattr(ll, path[0]):
                place = ll.metrics if hasattr(ll.metrics, path[0]) else home
            if path[0] == "linear_model":
                place, path = linear_model, path[1:]
            for part in path:
                # Attributes that are set in __init__ are in no class.
                assert hasattr(place, part), f"{name}: {target} does not exist"
                place = getattr(place, part)


# Tables and the docstrings that list their columns.


@pytest.fixture(scope="module")
def made() -> dict[str, Any]:
    journeys = ll.datasets.b2b_saas()
    train, test = journeys.snapshot(after="31d", horizon="59d").split(0.3, by="group")
    scorer = ll.LeadScorer(C=0.1, intervals=True).fit(train)
    money = pl.DataFrame({"day": ["2024-01-01"], "cost": [900.0], "channel": ["inbound_marketing"]})
    X = test.features.select(pl.selectors.numeric()).fill_null(0.0).to_numpy()[:, :2]
    return {
        "journeys": journeys,
        "snapshot": test,
        "scorer": scorer,
        "scores": scorer.score(test),
        "calls": scorer.call_list(test, explore=0.2),
        "card": scorer.scorecard(),
        "evaluation": scorer.evaluate(test, by="lead_source"),
        "comparison": scorer.compare(scorer, test),
        "funnel": journeys.funnel(STEPS, window="60d", by="lead_source", period="month"),
        "drivers": journeys.drivers(STEPS, window="90d"),
        "barriers": journeys.barriers(STEPS, by="lead_source", window="90d"),
        "paths": journeys.paths(length=3),
        "stages": journeys.stage_funnel(pipeline=["lead", "sql", "closed_won"], by="lead_source"),
        "times": journeys.time_to("closed_won", by="lead_source", ceiling="weibull"),
        "credit": journeys.attribution(
            ["linear", "markov"],
            target="closed_won",
            spend=ll.Spend(money, at="day", amount="cost", channel="channel"),
            bootstrap=2,
        ),
        "y": test.label,
        "p": scorer.score(test).to_polars()["probability"],
        "inference": ll.LogisticRegression(penalty="firth").fit(X, test.label).inference(X, test.label),
        "X": X,
    }


TABLES: dict[str, tuple[Any, Callable[[dict[str, Any]], pl.DataFrame]]] = {
    "Funnel.to_polars": (ll.Funnel.to_polars, lambda m: m["funnel"].to_polars()),
    "Funnel.steps": (ll.Funnel.steps, lambda m: m["funnel"].steps),
    "Funnel.times": (ll.Funnel.times, lambda m: m["funnel"].times()),
    "Funnel.trend": (ll.Funnel.trend, lambda m: m["funnel"].trend()),
    "Funnel.leads": (ll.Funnel.leads, lambda m: m["funnel"].leads()),
    "Funnel.compare": (ll.Funnel.compare, lambda m: m["funnel"].compare("inbound_marketing", "sdr_outbound")),
    "Drivers": (ll.Drivers.to_polars, lambda m: m["drivers"].to_polars()),
    "Barriers": (ll.Barriers.to_polars, lambda m: m["barriers"].to_polars()),
    "Paths.to_polars": (ll.Paths.to_polars, lambda m: m["paths"].to_polars()),
    "Paths.transitions": (ll.Paths.transitions, lambda m: m["paths"].transitions()),
    "Paths.steps": (ll.Paths.steps, lambda m: m["paths"].steps),
    "Paths.loops": (ll.Paths.loops, lambda m: m["paths"].loops()),
    "StageFunnel.to_polars": (ll.StageFunnel.to_polars, lambda m: m["stages"].to_polars()),
    "StageFunnel.summary": (ll.StageFunnel.summary, lambda m: m["stages"].summary()),
    "StageFunnel.cohorts": (ll.StageFunnel.cohorts, lambda m: m["stages"].cohorts()),
    "StageFunnel.flow": (ll.StageFunnel.flow, lambda m: m["stages"].flow()),
    "StageFunnel.wins": (ll.StageFunnel.wins, lambda m: m["stages"].wins()),
    "StageFunnel.times": (ll.StageFunnel.times, lambda m: m["stages"].times()),
    "TimeTo.to_polars": (ll.TimeTo.to_polars, lambda m: m["times"].to_polars()),
    "TimeTo.at": (ll.TimeTo.at, lambda m: m["times"].at()),
    "TimeTo.ceilings": (ll.TimeTo.ceilings, lambda m: m["times"].ceilings()),
    "TimeTo.curve": (ll.TimeTo.curve, lambda m: m["times"].curve()),
    "Attribution.to_polars": (ll.Attribution.to_polars, lambda m: m["credit"].to_polars()),
    "Attribution.costs": (ll.Attribution.costs, lambda m: m["credit"].costs(by_period=True)),
    "Check": (ll.Check.to_polars, lambda m: m["journeys"].check().to_polars()),
    "Journeys.show": (ll.Journeys.show, lambda m: m["journeys"].show("lead_000001")),
    "Snapshot.to_polars": (ll.Snapshot.to_polars, lambda m: m["snapshot"].to_polars().select(pl.nth(range(4)))),
    "Scores": (ll.Scores.to_polars, lambda m: m["scores"].to_polars()),
    "Audit": (ll.Audit.to_polars, lambda m: ll.audit(m["snapshot"]).to_polars()),
    "CallList.design": (ll.CallList.design, lambda m: m["calls"].design()),
    "CallList.reps": (ll.CallList.reps, lambda m: m["calls"].reps()),
    "Scorecard.to_polars": (ll.Scorecard.to_polars, lambda m: m["card"].to_polars()),
    "Scorecard.points": (ll.Scorecard.points, lambda m: m["card"].points(m["snapshot"])),
    "LeadScorer.explain": (ll.LeadScorer.explain, lambda m: m["scorer"].explain(m["snapshot"])),
    "LeadScorer.summary": (ll.LeadScorer.summary, lambda m: m["scorer"].summary()),
    "Evaluation.to_polars": (ll.Evaluation.to_polars, lambda m: m["evaluation"].to_polars()),
    "Evaluation.calibration": (ll.Evaluation.calibration, lambda m: m["evaluation"].calibration()),
    "Evaluation.lift": (ll.Evaluation.lift, lambda m: m["evaluation"].lift()),
    "Evaluation.groups": (ll.Evaluation.groups, lambda m: m["evaluation"].groups()),
    "Evaluation.checks": (ll.Evaluation.checks, lambda m: m["evaluation"].checks()),
    "Comparison": (ll.Comparison.to_polars, lambda m: m["comparison"].to_polars()),
    "Inference.to_polars": (linear_model.Inference.to_polars, lambda m: m["inference"].to_polars()),
    "calibration_table": (ll.metrics.calibration_table, lambda m: ll.metrics.calibration_table(m["y"], m["p"])),
    "lift_table": (ll.metrics.lift_table, lambda m: ll.metrics.lift_table(m["y"], m["p"])),
}


def columns(function: Any) -> list[tuple[str, str, bool]]:
    """Name, type, and whether the column is always there, as the section of returns lists them."""
    found = []
    for item in re.split(r"(?m)^\s*- ", sections(function)["Returns"])[1:]:
        names, kind, text = re.match(r"((?:``\w+``(?:,\s+)?)+)\s+\((\w+)\): (.*)", item, re.S).groups()  # type: ignore[union-attr]
        sometimes = bool(re.search(r"Only (with|where)|interval\s+only with|Absent with", " ".join(text.split())))
        found += [(name, kind, not sometimes) for name in re.findall(r"``(\w+)``", names)]
    return found


@pytest.mark.parametrize("name", TABLES)
def test_tables_have_the_columns_that_are_documented(made: dict[str, Any], name: str) -> None:
    function, make = TABLES[name]
    table = make(made)
    documented = columns(function)
    kinds = {column: str(kind).split("(")[0] for column, kind in table.schema.items()}
    assert set(kinds) <= {column for column, _, _ in documented}
    assert {column for column, _, always in documented if always} <= set(kinds)
    assert [column for column, _, _ in documented if column in kinds] == table.columns
    assert {column: kind for column, kind, _ in documented if column in kinds} == kinds


def test_every_table_is_looked_at() -> None:
    """A method that returns a frame is in the list above, or its docstring says what its columns depend on."""
    frames = {
        n for n, f in CALLABLES.items() if inspect.signature(f).return_annotation in ("pl.DataFrame", pl.DataFrame)
    }
    seen = {id(inspect.unwrap(function)) for function, _ in TABLES.values()}
    others = {n for n in frames if id(inspect.unwrap(CALLABLES[n])) not in seen}
    free = {"Paths.matrix", "LeadScorer.effect", "Scores.top", "CallList.to_polars", "linear_model.Inference.interval"}
    assert others - free == {"datasets.bank_marketing"}

"""Public names: exports are complete, signatures can be read, and every result has the same interface."""

from __future__ import annotations

import importlib
import inspect
import json
import pkgutil
import subprocess
import sys
import typing
from datetime import timedelta
from typing import Any

import polars as pl
import pytest

import leadlens as ll
from leadlens import linear_model

STEPS = ["created", "sql", "closed_won"]


def public_classes_and_functions() -> dict[str, Any]:
    return {n: getattr(ll, n) for n in ll.__all__ if callable(getattr(ll, n))}


def test_exports_are_complete() -> None:
    assert "LogisticRegression" in ll.__all__
    assert set(ll.__all__) <= set(dir(ll))
    assert "LogisticRegression" in dir(ll)
    assert "compare_rates" in ll.metrics.__all__
    for module in (ll, ll.metrics, ll.datasets, linear_model):
        assert len(set(module.__all__)) == len(module.__all__)
        for name in module.__all__:
            assert getattr(module, name) is not None
    assert not [name for name in dir(ll) if not name.startswith("_") and name not in ll.__all__]


def test_every_class_of_all_rooms_is_exported() -> None:
    """What a room lists in ``__all__`` can be reached from the package, or from the public room."""
    reachable = {id(getattr(m, n)) for m in (ll, ll.metrics, ll.datasets, linear_model) for n in m.__all__}
    reachable |= {id(getattr(ll.errors, n)) for n in dir(ll.errors)}
    shared = {"Analyses", "Result", "Time", "Table", "By", "Lead", "Attribute"}
    for info in pkgutil.walk_packages(ll.__path__, "leadlens."):
        if info.name in ("leadlens.__main__", "leadlens._core"):
            continue
        module = importlib.import_module(info.name)
        for name in set(getattr(module, "__all__", ())) - shared:
            if not name.startswith("_"):
                assert id(getattr(module, name)) in reachable or inspect.ismodule(getattr(module, name)), name


def test_star_import_gives_what_is_exported() -> None:
    code = "from leadlens import *; print(LogisticRegression.__name__, LeadScorer.__name__, metrics.__name__)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["LogisticRegression", "LeadScorer", "leadlens.metrics"]


def test_scikit_learn_is_not_loaded_unless_used() -> None:
    code = (
        "import sys, leadlens; dir(leadlens); print([m for m in ('sklearn', 'altair', 'pandas') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def callables() -> dict[str, Any]:
    found = {}
    for name, thing in public_classes_and_functions().items():
        if inspect.isclass(thing) and issubclass(thing, BaseException):
            continue
        found[name] = thing
        for member, value in inspect.getmembers(thing) if inspect.isclass(thing) else ():
            if not member.startswith("_") and callable(value):
                found[f"{name}.{member}"] = value
    return found | {f"metrics.{name}": getattr(ll.metrics, name) for name in ll.metrics.__all__}


@pytest.mark.parametrize("name", callables())
def test_signatures_can_be_read(name: str) -> None:
    shown = str(inspect.signature(callables()[name]))
    assert "<factory>" not in shown
    assert "<object" not in shown
    assert "**options" not in shown


def test_a_table_is_a_path_or_a_frame() -> None:
    table = typing.get_type_hints(ll.Leads)["table"]
    assert table is not Any
    assert "ArrowStream" in str(table)


METRICS = ["average_precision", "brier", "calibration_table", "evaluate", "ks", "lift_table", "log_loss", "roc_auc"]


@pytest.mark.parametrize("name", [*METRICS, "precision_at"])
def test_metrics_have_the_arguments_of_scikit_learn(name: str) -> None:
    parameters = inspect.signature(getattr(ll.metrics, name)).parameters
    assert list(parameters)[:2] == ["y_true", "y_score"]
    assert parameters["sample_weight"].kind is inspect.Parameter.KEYWORD_ONLY
    assert parameters["sample_weight"].default is None


def test_weights_of_precision_are_whole_rows() -> None:
    y, p, w = [1, 0, 1, 0], [0.9, 0.8, 0.7, 0.1], [2, 1, 1, 2]
    repeated = [[v for v, n in zip(values, w, strict=True) for _ in range(n)] for values in (y, p)]
    # The best 2 of 4 rows have half of the weight: 3 of 6.
    assert ll.metrics.precision_at(y, p, 2, sample_weight=w) == pytest.approx(ll.metrics.precision_at(*repeated, 3))
    with pytest.raises(ll.OptionError):
        ll.metrics.precision_at(y, p, 5, sample_weight=w)


ENTRIES = [ll.Journeys.funnel, ll.Journeys.drivers, ll.Journeys.barriers]


def test_entry_has_the_same_default_everywhere() -> None:
    assert {inspect.signature(method).parameters["entry"].default for method in ENTRIES} == {"best"}
    journeys = ll.datasets.b2b_saas()
    specs = [
        journeys.funnel(STEPS).spec,
        journeys.drivers(STEPS).spec["funnel"],
        journeys.barriers(STEPS, by="lead_source").spec["funnel"],
    ]
    assert [spec["entry"] for spec in specs] == ["best"] * 3


RESULTS = ["Funnel", "Drivers", "Barriers", "Paths", "StageFunnel", "TimeTo", "Attribution", "Scores", "Evaluation"]


@pytest.mark.parametrize("name", [*RESULTS, "Comparison", "Inference"])
def test_every_result_has_the_same_interface(results: dict[str, Any], name: str) -> None:
    result = results[name]
    assert isinstance(result.spec, dict)
    assert json.dumps(result.spec)
    assert all(isinstance(remark, str) for remark in result.remarks)
    table = result.to_polars()
    assert isinstance(table, pl.DataFrame)
    assert pl.DataFrame(result).equals(table)
    assert result.plot().to_dict()["$schema"]
    assert result._repr_html_()
    assert str(result)


def test_a_snapshot_states_its_options() -> None:
    snapshot = ll.datasets.b2b_saas().snapshot(after=timedelta(days=31), horizon="59d")
    for side in (snapshot, *snapshot.split(0.3, by="group")):
        assert json.loads(json.dumps(side.spec))["horizon"] == "59d"
        assert side.spec["after"] == "2678400000000us"


@pytest.mark.parametrize("name", RESULTS[:7])
def test_what_a_result_returns_can_be_changed(results: dict[str, Any], name: str) -> None:
    result = results[name]
    before = result.to_polars()
    result.to_polars().drop_in_place(before.columns[0])
    result.spec.clear()
    result.facts.clear()
    result.remarks.append("mine")
    assert result.to_polars().equals(before)
    assert result.spec
    assert result.facts
    assert "mine" not in result.remarks


def test_breakdowns_are_in_the_column_group(results: dict[str, Any]) -> None:
    for name in ("Funnel", "Barriers", "StageFunnel", "TimeTo"):
        assert "group" in results[name].to_polars().columns
    assert results["Evaluation"].groups().columns[0] == "group"

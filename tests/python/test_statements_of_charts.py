"""Charts state counts beside rates, order, money, chance and what is certain."""

from __future__ import annotations

import json
import re

import polars as pl
import pytest
from all_charts import (
    channels,
    chart,
    journeys,
    rows,
    scorers,
    title_of,
)

import leadlens as ll
from leadlens._charts import name_order
from leadlens.scoring.effect_chart import shown_range

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")


def test_what_is_certain_has_no_interval() -> None:
    for which in ("Funnel.plot", "Funnel.plot by", "Funnel.plot totals"):
        drawn = rows(chart(which).to_dict(), "of_first_low")
        first = drawn.filter(pl.col("step") == "created")
        assert first["of_first_low"].null_count() == first["of_first_high"].null_count() == first.height > 0
        assert drawn.filter(pl.col("step") == "mql")["of_first_low"].null_count() == 0


@pytest.mark.parametrize("which", ["Funnel.plot", "Funnel.plot by", "StageFunnel.plot", "StageFunnel.plot by"])
def test_labels_of_bars_end_inside_the_frame(which: str) -> None:
    spec = chart(which).to_dict()
    bars = spec["layer"][0] if "layer" in spec else spec["spec"]["layer"][0]
    end = bars["encoding"]["x"]["scale"]["domain"][1]
    drawn = rows(spec, "label")
    starts = drawn["label_at"] if "label_at" in drawn.columns else drawn["end"]
    for start, label in zip(starts, drawn["label"], strict=True):
        assert start / end * 420 + 6 + 6 * len(label) <= 420 + 1


@pytest.mark.parametrize(
    "which", ["Funnel.plot", "StageFunnel.plot", "Attribution.plot", "Barriers.plot", "Drivers.plot"]
)
def test_rates_stand_beside_counts(which: str) -> None:
    labels = rows(chart(which).to_dict(), "label")["label"]
    assert labels.str.contains(r"\d+\.\d %").all()
    assert labels.str.contains(r"^[\d,.]+ |\d of [\d,]+ ").all()


def test_barriers_state_money_field_and_chance() -> None:
    result = journeys().barriers(["created", "mql", "won"], by="group", min_support=1)
    spec = result.plot().to_dict()
    drawn = rows(spec, "label")
    table = result.to_polars().filter(pl.col("conversions_lost") > 0)
    assert drawn["group"].to_list() == table["group"].to_list()
    assert drawn["label"].str.contains(r"value \d").all()
    assert drawn["label"].str.contains(r"q [=<] \d").all()
    sure = (table["conversions_lost_low"] > 0).to_list()
    assert [text == "interval above 0" for text in drawn["sure"]] == sure
    text = title_of(spec)
    assert "group" in text
    assert ("may be due to chance" in text) == (not sure[0])


def test_a_first_place_that_may_be_chance_is_named_so() -> None:
    text = title_of(journeys(60, 3).barriers(["created", "won"], by="group", min_support=1).plot().to_dict())
    assert "its first place may be due to chance" in text


def test_bins_of_interactions_are_in_order() -> None:
    spec = chart("LeadScorer.plot_effect joint").to_dict()
    sorts = {name: e["sort"] for name, e in channels(spec) if name in ("x", "y")}
    sizes = sorts["y"]
    assert sizes[-1] == "(missing)"
    edges = [float(re.search(r"\d+(\.\d+)?", size)[0]) for size in sizes[:-1]]  # type: ignore[index]
    assert edges == sorted(edges)
    assert sorts["x"][-1] == "(missing)"


@pytest.mark.parametrize(
    ("names", "ordered"),
    [
        (["2000+", "200-499", "1000-1999", "500-999"], ["200-499", "500-999", "1000-1999", "2000+"]),
        (["10", "9", "(missing)", "-3"], ["-3", "9", "10", "(missing)"]),
        (["≥ 10", "5 to < 10", "< 5", "(other)"], ["< 5", "5 to < 10", "≥ 10", "(other)"]),
        (["$50M-$200M", "$10M-$50M", "$200M+"], ["$10M-$50M", "$50M-$200M", "$200M+"]),
        (["below 21.75", "21.75 to 37", "283 and more"], ["below 21.75", "21.75 to 37", "283 and more"]),
        (["b", "(missing)", "a"], ["b", "a", "(missing)"]),
        (["yes", "2"], ["yes", "2"]),
        ([], []),
    ],
)
def test_names_that_are_numbers_ascend(names: list[str], ordered: list[str]) -> None:
    assert name_order(names) == ordered


def test_cells_and_levels_with_few_rows_are_pale() -> None:
    for which, count in (("LeadScorer.plot_effect joint", "weight"), ("LeadScorer.plot_effect text", "rows")):
        spec = chart(which).to_dict()
        drawn = rows(spec, "few")
        assert drawn["few"].to_list() == (drawn[count] < 30).to_list()
        opacities = [e["scale"]["range"] for name, e in channels(spec) if name == "opacity"]
        assert opacities
        assert all(full > 2 * faded for full, faded in opacities)


@pytest.mark.parametrize("which", ["text", "number", "default"])
def test_effects_have_a_band_and_counts(which: str) -> None:
    _, straight, _ = scorers(journeys())
    made = straight.plot_effect("size") if which == "number" else chart(f"LeadScorer.plot_effect {which}")
    spec = made.to_dict()
    drawn = rows(spec, "contribution")
    assert (drawn["low_shown"].drop_nulls() <= drawn["high_shown"].drop_nulls()).all()
    assert drawn["low_shown"].null_count() <= 1
    if which != "number":
        assert drawn["label"].str.contains(r"^[\d,]+ rows$").all()
    assert re.search(r"\d+ training rows; \d+ leads", title_of(spec))


def test_ends_of_paths_are_readable() -> None:
    drawn = rows(chart("Paths.plot").to_dict(), "to")
    ends = drawn.filter(pl.col("to").is_in(["(won)", "(lost)"]))
    assert ends.height > 0
    assert ends["rate"].str.contains(r"^\d+(\.\d)? %$").all()


def test_lift_has_the_line_of_the_base_rate() -> None:
    spec = chart("Evaluation.plot").to_dict()
    lift = spec["hconcat"][1]
    assert any(layer["mark"].get("strokeDash") and "lift" in json.dumps(layer) for layer in lift["layer"])
    assert re.search(r"base rate \d+\.\d %", lift["title"]["subtitle"][0])


def test_a_title_names_target_and_horizon() -> None:
    for which in (
        "Scores.plot",
        "Evaluation.plot",
        "Comparison.plot",
        "LeadScorer.plot_effect text",
        "LeadScorer.plot_validation",
    ):
        assert "probability of won within 60d" in title_of(chart(which).to_dict())


def test_wide_intervals_leave_the_bars_of_lift_in_sight() -> None:
    evaluation = ll.metrics.evaluate([0, 1], [0.1, 0.2])
    lift = evaluation.plot().to_dict()["hconcat"][1]
    tops = [e["scale"]["domain"][1] for name, e in channels(lift) if name == "y" and "scale" in e]
    assert evaluation.lift()["lift_high"].max() > 100
    assert tops == [8]


def test_effects_whose_intervals_are_wide_are_in_sight() -> None:
    table = pl.DataFrame(
        {
            "value": [0.0, 1.0],
            "contribution": [-0.1, 0.1],
            "unshrunk": [3.0, -2.0],
            "low": [-90.0, -95.0],
            "high": [96.0, 91.0],
        }
    )
    low, high, beyond = shown_range(table)
    assert beyond
    assert high - low < 3
    assert shown_range(table.with_columns(low=pl.lit(-0.2), high=pl.lit(0.2)))[2] is False

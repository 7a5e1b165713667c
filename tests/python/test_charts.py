"""What holds for every chart: titles, units, one scale, names that are not cut, safe pages."""

from __future__ import annotations

import copy
import importlib
import inspect
import io
import json
import pickle
import pkgutil
import re
import subprocess
import sys
from typing import Any

import altair as alt
import polars as pl
import pytest
import vl_convert
from all_charts import (
    ANALYSES,
    MODELS,
    SCRIPT,
    analyses,
    broken,
    channels,
    chart,
    journeys,
    long,
    missing_texts,
    parts,
    plain,
    rows,
    script,
    title_of,
)

import leadlens as ll
from leadlens._charts import INK, PALETTE, names_shown

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")

ALL = (*ANALYSES, *MODELS)
NAMES = [script, broken, long, missing_texts]


def test_no_method_that_plots_is_missing() -> None:
    found = set()
    for info in pkgutil.walk_packages(ll.__path__, "leadlens."):
        if info.name in ("leadlens.__main__", "leadlens._core"):
            continue
        for name, kind in vars(importlib.import_module(info.name)).items():
            if inspect.isclass(kind) and kind.__module__.startswith("leadlens") and not inspect.isabstract(kind):
                found |= {f"{name}.{method}" for method in dir(kind) if re.match(r"plot(_|$)", method)}
    assert found == {which.split()[0] for which in ALL}


@pytest.mark.parametrize("which", ALL)
def test_a_title_states_what_and_how_many(which: str) -> None:
    text = title_of(chart(which).to_dict())
    counted = which.endswith("plot_validation") or which == "Drivers.plot"
    assert counted or re.search(
        r"\d (lead|attempt|cycle|path|row|training row|conversion|value|group)s?\b|\d+ \w+ lost|worth", text
    ), text
    assert len(text) > 20


@pytest.mark.parametrize("which", ALL)
def test_axes_have_titles(which: str) -> None:
    for name, encoding in channels(chart(which).to_dict()):
        if name in ("x", "y") and "field" in encoding and encoding.get("type") in ("quantitative", "temporal"):
            assert encoding.get("title"), encoding


@pytest.mark.parametrize("which", ALL)
def test_panels_have_one_scale(which: str) -> None:
    resolved = [part["resolve"]["scale"] for part in parts(chart(which).to_dict()) if "resolve" in part]
    # The properties of drivers differ from step to step.
    allowed = {"y"} if which == "Drivers.plot" else set()
    assert {axis for scales in resolved for axis, how in scales.items() if how == "independent"} <= {
        "opacity"
    } | allowed


@pytest.mark.parametrize("which", ALL)
def test_types_of_fields_are_given(which: str) -> None:
    for name, encoding in channels(chart(which).to_dict()):
        # Second ends have the type of the first.
        assert name in ("x2", "y2") or "field" not in encoding or "type" in encoding, encoding


@pytest.mark.parametrize("which", ALL)
@pytest.mark.parametrize("name", [plain, long])
def test_labels_are_not_cut(which: str, name: Any) -> None:
    for channel, encoding in channels(chart(which, name=name).to_dict()):
        if encoding.get("type") != "nominal":
            continue
        if channel in ("x", "y") and encoding.get("axis", True) is not None:
            assert encoding["axis"]["labelLimit"] == 0, encoding
        if channel == "color" and encoding.get("legend", True) is not None:
            assert encoding["legend"]["labelLimit"] == encoding["legend"]["titleLimit"] == 0, encoding
        if channel == "row":
            assert encoding["header"]["labelLimit"] == 0, encoding


@pytest.mark.parametrize("which", ALL)
@pytest.mark.parametrize("write", ["save", "to_html", "fragment", "notebook", "operators"])
def test_names_cannot_end_the_script_of_a_page(which: str, write: str, tmp_path: Any) -> None:
    made = chart(which, name=script)
    if write == "save":
        made.save(tmp_path / "chart.html")
        page = (tmp_path / "chart.html").read_text(encoding="utf-8")
    elif write == "notebook":
        page = made._repr_mimebundle_()["text/html"]
    elif write == "operators":
        page = (made | made).to_html()
    else:
        page = made.to_html(fullhtml=write == "to_html")
    names_shown = SCRIPT in json.dumps(made.to_dict(), ensure_ascii=False)
    assert (
        names_shown or which in ("LogisticRegression.plot_validation", "LeadScorer.plot_validation") or which in MODELS
    )
    assert "</script><script>alert" not in page
    assert ("<\\/script><script>alert" in page) == names_shown


def test_a_saved_page_has_the_names_of_the_data() -> None:
    made = chart("Funnel.plot by", name=script)
    page = io.StringIO()
    made.save(page, format="html")
    spec, _ = json.JSONDecoder().raw_decode(page.getvalue(), page.getvalue().index('{"config"'))
    assert spec == json.loads(made.to_json(indent=None))


def test_other_formats_have_the_names_of_the_data() -> None:
    made = chart("Funnel.plot by", name=script)
    with alt.renderers.enable("mimetype"):
        bundle = made._repr_mimebundle_()
    bundle = bundle[0] if isinstance(bundle, tuple) else bundle
    spec = next(content for content in bundle.values() if isinstance(content, dict))
    assert json.dumps(spec, sort_keys=True) == json.dumps(made.to_dict(), sort_keys=True)
    written = io.StringIO()
    made.save(written, format="json")
    assert json.loads(written.getvalue()) == made.to_dict()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("which", ALL)
def test_names_are_on_one_line(which: str, name: Any) -> None:
    texts = [
        text for part in parts(chart(which, name=name).to_dict()) for text in part.values() if isinstance(text, str)
    ]
    assert not [text for text in texts if re.search(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]", text)]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("which", ALL)
def test_pictures_can_be_made(which: str, name: Any) -> None:
    picture = vl_convert.vegalite_to_svg(chart(which, name=name).to_json())
    assert picture.startswith("<svg")


@pytest.mark.parametrize("which", ALL)
def test_numbers_in_the_data_are_finite_or_null(which: str) -> None:
    # NaN and infinity are not JSON.
    json.dumps(chart(which).to_dict(), allow_nan=False)


@pytest.mark.parametrize("leads", [1, 2, 12])
@pytest.mark.parametrize("which", ANALYSES)
def test_few_leads(which: str, leads: int) -> None:
    assert json.dumps(chart(which, leads, 1).to_dict(), allow_nan=False)


@pytest.mark.parametrize("which", [which for which in ANALYSES if not which.startswith("TimeTo")])
def test_no_leads_give_a_sentence(which: str) -> None:
    spec = analyses(journeys(), where={"size": "> 1000000"})[which]().to_dict()
    assert spec["mark"]["type"] == "text"
    assert re.fullmatch(r"no [^\n]+", rows(spec, "text")["text"][0])


@pytest.mark.parametrize("which", ANALYSES)
def test_of_many_groups_the_title_says_how_many_are_drawn(which: str) -> None:
    spec = chart(which, 1500, 60).to_dict()
    if which in (
        "Funnel.plot by",
        "StageFunnel.plot by",
        "StageFunnel.plot flow by",
        "TimeTo.plot by",
        "Barriers.plot",
    ):
        assert re.search(r"\d+ of \d+ .*; the table has all", title_of(spec))


def test_colors_can_be_told_apart_on_white_and_dark_grey() -> None:
    def luminance(color: str) -> float:
        shares = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4 for s in shares]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    def contrast(a: str, b: str) -> float:
        high, low = sorted((luminance(a), luminance(b)), reverse=True)
        return (high + 0.05) / (low + 0.05)

    assert min(contrast(color, back) for color in PALETTE for back in ("#ffffff", "#333333")) > 2
    assert len(set(PALETTE)) == len(PALETTE)


def test_a_stage_has_one_color_in_all_charts() -> None:
    def colors(which: str) -> dict[str, str]:
        scales = [e["scale"] for name, e in channels(chart(which).to_dict()) if name == "color" and "scale" in e]
        return dict(zip(scales[0]["domain"], scales[0]["range"], strict=True))

    for first, second in (
        ("Funnel.plot_trend", "Funnel.plot_trend by"),
        ("StageFunnel.plot flow", "StageFunnel.plot flow by"),
    ):
        assert colors(first) == colors(second)


def test_without_altair_the_error_says_what_to_install() -> None:
    code = """
import sys
sys.modules["altair"] = None
import leadlens as ll
j = ll.datasets.b2b_saas()
steps = ["created", "sql", "closed_won"]
train, test = j.snapshot(after="31d", horizon="59d").split(0.3, by="group")
scorer = ll.LeadScorer(C="cv").fit(train)
X = test.features.select("days_in_stage").fill_null(0.0).to_numpy()
fit = ll.LogisticRegression(C=1.0).fit(X, test.label)
funnel = j.funnel(steps, window="60d", period="month")
plots = [
    funnel.plot, funnel.plot_trend, j.drivers(steps).plot, j.barriers(steps, by="lead_source").plot,
    j.paths().plot, j.paths().plot_steps, j.time_to().plot, j.attribution(target="closed_won").plot,
    j.stage_funnel(pipeline=["sql", "closed_won"]).plot, j.stage_funnel(pipeline=["sql", "closed_won"], view="flow").plot,
    scorer.score(test).plot, scorer.evaluate(test).plot, scorer.compare(scorer, test).plot,
    lambda: scorer.plot_effect("lead_source"), scorer.plot_validation, fit.inference(X, test.label).plot,
]
for plot in plots:
    try:
        plot()
    except ll.MissingPackageError as error:
        assert isinstance(error, (ImportError, ll.LeadLensError)) and error.kind == "missing_package"
        assert "pip install 'leadlens[plot]'" in str(error), error
    else:
        raise SystemExit(f"{plot} needs no altair")
print(len(plots))
"""
    run = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, check=False)
    assert run.stdout.strip() == "16", run.stderr


def test_many_rows_are_drawn() -> None:
    # Altair refuses frames of more than 5,000 rows.
    made = journeys(1500, 6).funnel(["created", "mql", "sql", "won"], window="20d", period="day", by="group")
    assert made.plot_trend().to_dict()


def test_charts_can_be_combined_changed_and_pickled() -> None:
    first, second = chart("Funnel.plot"), chart("TimeTo.plot")
    for made in (first & second, first | second, first.properties(width=200), first.copy(), copy.deepcopy(first)):
        assert "</script><script>" not in made.to_html()
        assert made.to_dict()["$schema"]
    assert pickle.loads(pickle.dumps(first)).to_dict() == first.to_dict()


def test_names_that_differ_still_do_on_one_line() -> None:
    table = names_shown(pl.DataFrame({"group": ["a\nb", "a b", "a\tb", None, "a\nb"]}), "group")
    assert table["group"].to_list() == ["a b", "a b (2)", "a b (3)", None, "a b"]


@pytest.mark.parametrize("which", ["Funnel.plot", "Barriers.plot", "Drivers.plot", "Evaluation.plot"])
def test_labels_have_the_color_of_a_dark_theme(which: str) -> None:
    with alt.theme.enable("dark"):
        dark = json.dumps(chart(which).to_dict())
    assert '"color": "#dddddd"' in dark
    assert INK not in dark
    assert INK in json.dumps(chart(which).to_dict())


@pytest.mark.parametrize("which", ["Funnel.plot by", "TimeTo.plot by", "Paths.plot"])
def test_names_cannot_end_the_script_of_a_page_with_several_charts(which: str) -> None:
    first, second = chart(which, name=script), chart("Barriers.plot", name=script)
    for page in (alt.hconcat(first, second).to_html(), alt.vconcat(first, second).to_html()):
        assert "</script><script>alert" not in page
        assert "alert(1)" in page
    # Nothing stays in the charts themselves.
    assert "\u2060" not in json.dumps(
        [first.to_dict(), second.to_dict(), (first | second).to_dict()], ensure_ascii=False
    )

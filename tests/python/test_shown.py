"""What results show in a terminal and a notebook: aligned in any script, escaped, one row per group, reasons in full."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

import numpy as np
import polars as pl
import pytest

import leadlens as ll

NAMES = {
    "japanese": "日本語",
    "accents": "e\u0301te\u0301",
    "emoji": "👩\u200d💻",
    "hebrew": "עברית",
    "arabic": "العربية",
    "zero width": "a\u200bb",
    "tab": "a\tb",
    "controls": "a\x07b\x1b[31m",
    "separator": "a\u2028b\u2029c\x85d",
    "override": "\u202eabc",
}


def width(line: str) -> int:
    """Return the columns that a line takes in a terminal; an emoji sequence takes two."""
    line = re.sub("👩\u200d💻", "日", line)
    zero = ("Mn", "Me", "Cf")
    return sum(
        0 if unicodedata.category(c) in zero else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in line
    )


def journeys(names: list[str]) -> ll.Journeys:
    n, rng = 40 * len(names), np.random.default_rng(1)
    ids = [f"{names[i % len(names)]}-{i}" for i in range(n)]
    won = rng.random(n) < 0.4
    leads = pl.DataFrame(
        {
            "id": ids,
            "created": ["2024-01-01"] * n,
            "group": [names[i % len(names)] for i in range(n)],
            "size": rng.random(n),
        }
    )
    stages = pl.DataFrame(
        [(i, f"2024-01-0{2 + k % 7}", names[0]) for k, i in enumerate(ids)]
        + [(i, "2024-02-01", "won" if w else "lost") for i, w in zip(ids, won, strict=True)],
        schema=["lead", "at", "stage"],
        orient="row",
    )
    return ll.Journeys(
        leads=ll.Leads(leads, id="id", created="created", fields=["group", "size"]),
        stages=ll.Stages(stages, lead="lead", at="at", stage="stage"),
        pipeline=["created", names[0], "won"],
        won="won",
        lost="lost",
        observed_until="2024-09-01",
    )


def tables(text: str, header: str) -> list[list[str]]:
    """Return the tables of a text whose first heading is ``header``: header and rows."""
    lines, found = text.split("\n"), []
    for start in (i for i, line in enumerate(lines) if line.startswith(f"{header}  ")):
        end = next((i for i in range(start, len(lines)) if "  " not in lines[i]), len(lines))
        found.append(lines[start:end])
    return found


@pytest.mark.parametrize("name", NAMES)
def test_columns_of_texts_are_aligned_in_any_script(name: str) -> None:
    j = journeys([NAMES[name], "plain"])
    for result, header, count in [
        (j.stage_funnel(by="group"), "stage", 3),
        (j.stage_funnel(by="group"), "group", 1),
        (j.time_to("won", by="group"), "group", 2),
    ]:
        text = repr(result)
        assert text.splitlines() == text.split("\n"), "a name breaks a line"
        found = tables(text, header)
        assert len(found) == count
        for table in found:
            # The last column is a number in every row, so that all lines end at the same place.
            assert len({width(line) for line in table}) == 1, "\n".join(table)


@pytest.mark.parametrize("name", NAMES)
def test_statistics_of_columns_with_such_names_are_aligned(name: str) -> None:
    rng = np.random.default_rng(0)
    X = pl.DataFrame({NAMES[name]: rng.normal(size=300), "x": rng.normal(size=300)})
    y = rng.random(300) < 0.5
    shown = repr(ll.LogisticRegression(C=float("inf")).fit(X, y).inference(X, y))
    table = shown.splitlines()[-4:]
    assert table[0].startswith("name")
    assert len({width(line) for line in table}) == 1, shown


@pytest.fixture(scope="module")
def shown() -> dict[str, Any]:
    evil = "<img src=x onerror=alert(1)>&\"'"
    j = journeys([evil, "b & c"])
    snapshot = j.snapshot(after="1d", horizon="90d")
    scorer = ll.LeadScorer(C=1.0, min_leads=5).fit(snapshot)
    return {
        "journeys": j,
        "check": j.check(),
        "funnel": j.funnel(["created", evil, "won"], by="group"),
        "stage funnel": j.stage_funnel(by="group"),
        "time to": j.time_to("won", by="group"),
        "paths": j.paths(),
        "drivers": j.drivers(["created", evil, "won"]),
        "barriers": j.barriers(["created", evil, "won"], by="group", min_support=1),
        "snapshot": snapshot,
        "scorer": scorer,
        "scores": scorer.score(snapshot),
        "evaluation": scorer.evaluate(snapshot, by="group"),
        "comparison": scorer.compare(scorer, snapshot),
    }


def test_names_are_escaped_and_nothing_is_run(shown: dict[str, Any]) -> None:
    for name, result in shown.items():
        html = result._repr_html_()
        assert "<img" not in html, name
        assert "<script" not in html, name
        # JupyterLab removes style sheets of outputs that it does not trust.
        assert "<style" not in html, name
        assert "class=" not in html, name
        assert "<pre" not in html, name


def test_tables_have_captions_and_headings_aligned_with_their_columns(shown: dict[str, Any]) -> None:
    for name in ("check", "funnel", "stage funnel", "time to", "scores", "evaluation", "comparison"):
        html = shown[name]._repr_html_()
        assert "<caption" in html or name == "stage funnel", name
        for table in re.findall(r"<table>.*?</table>", html):
            head = re.findall(r"<th style=\"text-align:(\w+)\">", table)
            for row in re.findall(r"<tr>(<td.*?)</tr>", table):
                sides = re.findall(r"<td(?: style=\"text-align:(\w+)\")?>", row)
                assert len(sides) == len(head), name
                assert all(side in ("", expected) for side, expected in zip(sides, head, strict=True)), (name, row)


def test_a_notebook_has_one_row_per_group(shown: dict[str, Any]) -> None:
    for name in ("funnel", "stage funnel", "time to"):
        html = shown[name]._repr_html_()
        cells = re.findall(r"<tr><td[^>]*>(?:<bdi>)?([^<]*)", html)
        groups = cells.count("b &amp; c")
        assert groups == (1 if name == "funnel" else 2), (name, cells)


def test_reasons_are_shown_in_full(shown: dict[str, Any]) -> None:
    scores = shown["scores"]
    longest = max(scores.top(10)["reasons"].to_list(), key=len)
    text, html = repr(scores), scores._repr_html_()
    assert longest in text
    assert "…" not in html
    assert len(re.findall("<br>", html)) >= 10


def test_line_breaks_in_ids_and_reasons_break_no_line_of_scores() -> None:
    j = journeys(["a\nb", "c\td"])
    snapshot = j.snapshot(after="1d", horizon="90d")
    scores = ll.LeadScorer(C=1.0, min_leads=5).fit(snapshot).score(snapshot)
    lines = repr(scores).splitlines()
    # Title, description, header, and two lines for each of ten leads.
    assert len(lines) == 3 + 20
    assert all("\t" not in line for line in lines)

"""HTML reports: the results that are asked for, escaped, and what they leave out in the same words as elsewhere."""

from __future__ import annotations

from html import escape
from html.parser import HTMLParser
from pathlib import Path

import polars as pl
import pytest

import leadlens as ll

EVIL = "<script>alert(\"x\")</script> & 'co'"


class Balanced(HTMLParser):
    """Tags that are open, and those that were seen."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.seen.add(tag)
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def j() -> ll.Journeys:
    n = 400
    ids = [f"l{i}" for i in range(n)]
    leads = pl.DataFrame(
        {
            "id": ids,
            "created": [f"2024-0{1 + i % 3}-{1 + i % 28:02}" for i in range(n)],
            "owner": [[EVIL, "bob"][i % 2] for i in range(n)],
        }
    )
    events = pl.DataFrame(
        {"lead": ids * 2, "at": ["2024-04-02"] * n + ["2024-04-03"] * n, "kind": ["visit"] * n + [EVIL] * n}
    ).with_columns(channel=pl.Series([[EVIL, "mail"][i % 2] for i in range(2 * n)]))
    rows = [(i, "2024-04-10", "open") for i in ids]
    rows += [(i, "2024-04-20", "won") for i in ids[::5]] + [(i, "2024-04-21", "lost") for i in ids[1::5]]
    stages = pl.DataFrame(rows, schema=["lead", "at", "stage"], orient="row")
    return ll.Journeys(
        leads=ll.Leads(leads, id="id", created="created"),
        events=ll.Events(events, lead="lead", at="at", kind="kind", channel="channel"),
        stages=ll.Stages(stages, lead="lead", at="at", stage="stage"),
        pipeline=["open", "won"],
        won="won",
        lost="lost",
        outcomes_from="2024-01-15",
        observed_until="2024-05-01",
    )


def results(j: ll.Journeys) -> list[ll._display.Shown]:
    steps = ["created", "visit", "won"]
    return [
        j.funnel(steps, window="90d", by="owner"),
        j.stage_funnel(pipeline=["created", "open", "won"], by="owner"),
        j.time_to("won", by="owner"),
        j.drivers(steps, min_support=1),
        j.barriers(steps, by="owner", min_support=1),
        j.paths(),
        j.attribution(["first", "markov"]),
    ]


def test_a_page_holds_the_results_and_escapes_all_texts(j: ll.Journeys, tmp_path: Path) -> None:
    train, test = j.snapshot(as_of="2024-04-15", horizon="14d").split(0.3, by="group")
    scorer = ll.LeadScorer(min_leads=1).fit(train)
    path = ll.report(j, scorer, tmp_path / "r.html", test=test, leads=test, results=results(j), title=EVIL)
    page = path.read_text()
    parser = Balanced()
    parser.feed(page)
    assert parser.open == []
    assert "script" not in parser.seen
    assert escape(EVIL, quote=True).replace("&#x27;", "&#39;") in page
    for title in ("Funnel", "Pipeline", "Time to convert", "Drivers of drop-off", "Barriers", "Paths", "Attribution"):
        assert f"<h2>{title}</h2>" in page, title
    with pytest.raises(ll.OptionError, match=r"results: DataFrame cannot be shown"):
        ll.report(j, scorer, tmp_path / "no.html", results=[pl.DataFrame()])
    assert [p.name for p in tmp_path.iterdir()] == ["r.html"]


def test_results_say_what_depends_on_the_period_of_observation(j: ll.Journeys) -> None:
    """In ``remarks``, in the text and on the page, in the same words."""
    for result in results(j):
        assert any("outcomes_from" in remark for remark in result.remarks), type(result)
        for remark in result.remarks:
            assert remark in str(result)
            assert escape(remark, quote=False) in result._shown()[1].replace("&#39;", "'").replace("&quot;", '"')
    late = j.funnel(["created", "won"], window="90d").remarks
    assert any("window to end by observed_until" in remark for remark in late)
    for open_ones in (j.stage_funnel(), j.time_to("won"), j.paths(), j.attribution("first")):
        assert any("observed_until" in remark for remark in open_ones.remarks), type(open_ones)


def test_a_range_of_a_number() -> None:
    leads = pl.DataFrame({"id": range(9), "created": "2024-01-01", "size": [5, 10, 20, 30, 50, 70, 90, None, 1]})
    j = ll.Journeys(leads=ll.Leads(leads, id="id", created="created"), observed_until="2024-02-01")
    within = j.funnel(["created"], where={"size": {"all": [">= 10", "< 70"]}})
    assert within.steps.rows() == [("created", 4)]
    assert "size >= 10 and < 70" in str(within)

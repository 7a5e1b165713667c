"""Messages name the call, what is missing and the remedy; they do not blame an option that was not given."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import polars as pl
import pytest

import leadlens as ll

N = 100
IDS = [f"l{i}" for i in range(N)]


def leads(**options: Any) -> ll.Leads:
    table = pl.DataFrame({"id": IDS, "created": ["2024-01-01"] * N, "src": ["a", "b"] * (N // 2)})
    return ll.Leads(table, id="id", created="created", **options)


def events(**options: Any) -> ll.Events:
    table = pl.DataFrame({"lead": IDS, "at": ["2024-01-05"] * N, "kind": ["visit", "demo"] * (N // 2)})
    return ll.Events(table, lead="lead", at="at", kind="kind", **options)


def stages() -> ll.Stages:
    table = pl.DataFrame({"lead": IDS, "at": ["2024-02-05"] * N, "stage": ["open", "Won", "lost", "open"] * (N // 4)})
    return ll.Stages(table, lead="lead", at="at", stage="stage")


@pytest.fixture(scope="module")
def data() -> dict[str, ll.Journeys]:
    return {
        "leads": ll.Journeys(leads=leads()),
        "events": ll.Journeys(leads=leads(), events=events()),
        "stages": ll.Journeys(leads=leads(), stages=stages()),
        "won": ll.Journeys(leads=leads(), events=events(), stages=stages(), won="Won", lost="lost"),
        "undated": ll.Journeys(leads=ll.Leads(pl.DataFrame({"id": IDS}), id="id")),
    }


STEPS = ["visit", "demo"]
CASES: dict[str, tuple[str, Callable[[ll.Journeys], Any], str]] = {
    "no stages": (
        "events",
        lambda j: j.stage_funnel(),
        r"^stage_funnel: the journeys have no stages; set Journeys\(stages=…\)",
    ),
    "no pipeline": (
        "stages",
        lambda j: j.stage_funnel(),
        r"^stage_funnel: needs the stages in order.*set pipeline=.*the stages are 'open', 'Won', 'lost'",
    ),
    "one stage": ("stages", lambda j: j.stage_funnel(pipeline=["open"]), r"^pipeline: must list at least two stages"),
    "funnel by channel": (
        "events",
        lambda j: j.funnel(STEPS, by="channel"),
        r"^by: the events have no channels; set Events\(channel=…\)",
    ),
    "barriers by channel": ("events", lambda j: j.barriers(STEPS, by="channel"), r"^by: the events have no channels"),
    "paths by channel": ("events", lambda j: j.paths(by="channel"), r"^by: the events have no channels"),
    "paths without events": (
        "stages",
        lambda j: j.paths(by="channel"),
        r"^by: the journeys have no events, and so no channels",
    ),
    "hold": ("events", lambda j: j.funnel(STEPS, hold="channel"), r"^hold: the events have no channels"),
    "time_to by channel": (
        "events",
        lambda j: j.time_to("demo", by="channel"),
        r"^by: 'channel' belongs to events; leads are grouped by their fields, such as 'src'",
    ),
    "attribution": (
        "won",
        lambda j: j.attribution(),
        r"^attribution: the events have no channels; set Events\(channel=…\), or by=",
    ),
    "attribution without target": (
        "events",
        lambda j: j.attribution(),
        r"^target: attribution needs one; set target=, or the won stages",
    ),
    "time_to without target": (
        "stages",
        lambda j: j.time_to(),
        r"^target: time_to needs one; .*the stages are 'open', 'Won', 'lost'",
    ),
    "label without target": (
        "events",
        lambda j: j.snapshot(after="3d", horizon="9d"),
        r"^target: a label needs one; set target=",
    ),
    "time_to without creation": (
        "undated",
        lambda j: j.time_to("won"),
        r"^time_to: time runs from creation, which the leads do not have; set Leads\(created=…\), or start=",
    ),
    "where of leads": (
        "leads",
        lambda j: j.funnel(["created"], where={"country": "x"}),
        r"unknown field 'country'; known: 'src'",
    ),
    "where of steps": (
        "events",
        lambda j: j.funnel(["visit", ll.Step("demo", where={"total": "> 3"})]),
        r"^where: 'total' is not a value or property of events, and the events have none; set Events\(values=…\)",
    ),
    "split in time": (
        "leads",
        lambda j: j.snapshot(after="3d").split(),
        r"^split: the training set of 100 rows would be empty; set another share, or by='group'",
    ),
    "no rows": ("leads", lambda j: j.snapshot(as_of="2023-01-01").split(), r"."),
}


@pytest.mark.parametrize("case", CASES)
def test_messages(data: dict[str, ll.Journeys], case: str) -> None:
    which, call, message = CASES[case]
    with pytest.raises(ll.LeadLensError) as raised:
        call(data[which])
    assert re.search(message, str(raised.value)), str(raised.value)


def test_rows_are_left_is_said_of_no_rows_only(data: dict[str, ll.Journeys]) -> None:
    scored = data["won"].snapshot(after="3d", horizon="30d", features=ll.FeatureSet(only=["src"]))
    scorer = ll.LeadScorer(min_leads=5).fit(
        ll.Journeys(
            leads=leads(),
            stages=ll.Stages(
                pl.DataFrame({"lead": IDS[:40], "at": ["2024-01-10"] * 40}),
                lead="lead",
                at="at",
                stage=ll.literal("won"),
            ),
            won="won",
            observed_until="2024-06-01",
        ).snapshot(after="3d", horizon="30d", features=ll.FeatureSet(only=["src"]))
    )
    assert len(scored) == N
    none = data["leads"].snapshot(as_of="2023-01-01", features=ll.FeatureSet(only=["src"]))
    with pytest.raises(ll.NotEnoughDataError, match=r"score: no rows are left of 100 candidates .*100 not created yet"):
        scorer.score(none)


def test_a_split_by_group_names_accounts_only_where_they_are_declared(data: dict[str, ll.Journeys]) -> None:
    train, _ = data["leads"].snapshot(after="3d").split(by="group")
    assert "leads are not split" in str(train)
    assert "account" not in str(train)
    table = pl.DataFrame({"id": IDS, "created": ["2024-01-01"] * N, "acc": [f"a{i % 20}" for i in range(N)]})
    declared = ll.Journeys(leads=ll.Leads(table, id="id", created="created", account="acc"))
    assert "accounts are not split" in str(declared.snapshot(after="3d").split(by="group")[0])


def test_a_table_without_rows_left_is_warned_of_with_counts() -> None:
    with pytest.warns(ll.DataWarning, match=r"no rows are left of 100 read: 100 filtered by where=, 0 quarantined"):
        ll.Journeys(leads=leads(), events=events(where={"kind": "call"}))


def names(data: dict[str, ll.Journeys], *without: str) -> list[str]:
    features = ll.FeatureSet(without=list(without))
    return data["events"].snapshot(as_of="2024-02-01", features=features).feature_names


def test_features_are_left_out_by_name_and_pattern(data: dict[str, ll.Journeys]) -> None:
    every = names(data)
    assert {"src", "count(*)", "count(visit)", "count(*, 7d)"} <= set(every)
    # An exact name comes before a pattern.
    assert names(data, "count(*)") == [n for n in every if n != "count(*)"]
    assert names(data, "count( visit )") == [n for n in every if n != "count(visit)"]
    assert names(data, "days_since_*") == [n for n in every if not n.startswith("days_since_")]
    assert names(data, "*visit*", "s?c") == [n for n in every if "visit" not in n and n != "src"]
    assert names(data, "count(*, *d)") == [n for n in every if not re.fullmatch(r"count\(.*, .*d\)", n)]
    with pytest.raises(ll.UnknownNameError, match=r"unknown feature in without= 'nope\*'"):
        names(data, "nope*")
    with pytest.raises(ll.UnknownNameError, match=r"'scr'; did you mean 'src'"):
        names(data, "scr")


def test_a_key_whose_lead_is_empty_is_not_said_to_be_missing() -> None:
    contacts = pl.DataFrame({"contact": ["c1", "c2", "c3"], "lead": ["l1", None, ""]})
    seen = pl.DataFrame({"c": ["c1", "c2", "c3", "c4"], "at": ["2024-01-05"] * 4})
    key = ll.lookup(contacts, "contact", "lead", on="c")
    with pytest.warns(ll.DataWarning, match="key without a lead in the lookup table"):
        journeys = ll.Journeys(leads=leads(), events=ll.Events(seen, lead=key, at="at", kind=ll.literal("visit")))
    rows = journeys.check().to_polars().filter(role="events", status="quarantined")
    assert dict(rows.select("what", "rows").rows()) == {
        "key without a lead in the lookup table": 2,
        "key not found in the lookup table": 1,
    }


def test_channels_of_steps(data: dict[str, ll.Journeys]) -> None:
    with pytest.raises(ll.OptionError, match=r"^channel: the events have no channels; set Events\(channel=…\)"):
        data["events"].funnel([ll.Step("visit", channel="ads"), "demo"])
    with pytest.raises(ll.OptionError, match=r"^where: 'channel' is not a value or property.*set channel= of the step"):
        data["events"].funnel([ll.Step("visit", where={"channel": "ads"}), "demo"])

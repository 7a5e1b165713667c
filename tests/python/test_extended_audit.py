"""After new rows have arrived, check() says what holds now."""

from __future__ import annotations

import hashlib
import warnings

import polars as pl
import pytest
from small_tables import build, table

import leadlens as ll


def stages(**columns):
    return ll.Stages(table(**columns), "lead", "at", stage="stage")


def test_remarks_are_those_of_all_rows():
    journeys = build()
    assert any("observed until 2024-01-21" in remark for remark in journeys.check().remarks)
    grown, _ = journeys.extend(stages=stages(lead=["1"], at=["2024-02-20"], stage=["lost"]))
    remarks = grown.check().remarks
    assert not any("2024-01-21" in remark for remark in remarks)
    assert any("observed until 2024-02-21" in remark for remark in remarks)
    assert any("1 deal was won and later lost or re-opened" in remark for remark in remarks)
    # Those of the journeys that were extended stay as they were.
    assert not any("re-opened" in remark for remark in journeys.check().remarks)


def test_events_alone_do_not_move_the_end_of_observation_and_it_is_said():
    events = ll.Events(table(lead=["1"], at=["2024-03-05T10:00:00Z"]), "lead", "at", ll.literal("visit"))
    grown, _ = build().extend(events=events)
    assert any("as before, because no table of stages was added" in remark for remark in grown.check().remarks)


def test_a_stage_that_looks_like_a_declared_one_is_refused_as_at_the_start():
    before = build(stages=table(lead=["2"], at=["2024-01-20"], stage=["lost"]))
    with pytest.raises(ll.errors.UnknownNameError, match="'won'; did you mean 'Won'"):
        before.extend(stages=stages(lead=["1"], at=["2024-02-01"], stage=["Won"]))


def test_an_event_that_is_called_like_a_won_stage_is_refused_as_at_the_start():
    before = build(stages=table(lead=["2"], at=["2024-01-20"], stage=["lost"]))
    events = ll.Events(table(lead=["1"], at=["2024-02-05T10:00:00Z"], kind=["won"]), "lead", "at", "kind")
    with pytest.raises(ll.errors.OptionError, match="'won' is an event kind"):
        before.extend(events=events)


def test_a_warning_is_given_once():
    unknown = table(lead=["8", "9", "1"], at=["2024-01-09"] * 3, stage=["won"] * 3)
    with pytest.warns(ll.errors.DataWarning, match="1 of 3 rows are used"):
        journeys = build(stages=unknown)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        grown, _ = journeys.extend(stages=stages(lead=["2"], at=["2024-01-20"], stage=["lost"]))
    assert any("1 of 3 rows are used" in line for line in str(grown.check()).splitlines())
    with pytest.warns(ll.errors.DataWarning, match="0 of 2 rows are used"):
        grown.extend(stages=stages(lead=["7", "8"], at=["2024-01-21"] * 2, stage=["lost"] * 2))


def test_fields_become_suspect_when_leads_close():
    n = 200
    leads = pl.DataFrame(
        {
            "id": [str(i) for i in range(n)],
            "created": ["2024-01-01"] * n,
            # Filled in when a lead closes.
            "size": [None if i < 100 else f"s{i % 3}" for i in range(n)],
        }
    )
    first = table(lead=["199", "198"], at=["2024-02-01"] * 2, stage=["won", "lost"])
    rest = [str(i) for i in range(100, 198)]
    journeys = build(leads=leads, events=None, stages=first)
    assert not journeys.check().suspects
    grown, _ = journeys.extend(stages=stages(lead=rest, at=["2024-02-01"] * 98, stage=["won", "lost"] * 49))
    assert [suspect["column"] for suspect in grown.check().suspects] == ["size"]


def test_the_same_journeys_have_the_same_files(tmp_path):
    events = table(lead=["1"] * 40, at=["2024-01-05T10:00:00Z"] * 40, key=[f"e{i}" for i in range(40)])
    digests = []
    for name in ("a", "b"):
        journeys = ll.Journeys(
            leads=ll.Leads(table(id=["1"], created=["2024-01-01"]), "id", created="created"),
            events=ll.Events(events, "lead", "at", ll.literal("visit"), id="key"),
        )
        journeys.save(tmp_path / name)
        files = sorted((tmp_path / name).iterdir())
        digests.append([(f.name, hashlib.sha256(f.read_bytes()).hexdigest()) for f in files])
    assert digests[0] == digests[1]

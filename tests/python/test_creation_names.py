"""The name of creation means creation, or is refused where something else is called so: never silently something else."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest

import leadlens as ll

UTC = dt.timezone.utc
AT = dt.datetime(2024, 1, 2, tzinfo=UTC)


def journeys(kinds=("visit",), stages=("won",), *, dated=True):
    n = 5
    table = pl.DataFrame({"id": range(n), "c": [dt.datetime(2024, 1, 1, tzinfo=UTC)] * n})
    return ll.Journeys(
        leads=ll.Leads(table, "id", created="c" if dated else None, fields=[]),
        events=[events([kind], f"web{i}") for i, kind in enumerate(kinds)],
        stages=ll.Stages(
            pl.DataFrame({"l": range(len(stages)), "at": [AT] * len(stages), "s": stages}), "l", "at", stage="s"
        ),
        won="won",
        observed_until="2024-03-01",
    )


def events(kinds, name="web"):
    table = pl.DataFrame({"l": range(len(kinds)), "at": [AT] * len(kinds), "k": list(kinds)})
    return ll.Events(table, "l", "at", "k", name=name)


QUESTIONS = {
    "funnel": lambda j: j.funnel(["created", "won"]).steps.rows()[0],
    "stage_funnel": lambda j: j.stage_funnel(pipeline=["created", "won"]).to_polars()["reached"][0],
    "time_to": lambda j: j.time_to(start="created", at="20d").to_polars()["leads"][0],
    "drivers": lambda j: j.drivers(["created", "won"]),
    "barriers": lambda j: j.barriers(["created", "won"], by="x"),
}


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize(
    ("kinds", "stages", "other"),
    [
        (("created", "visit"), ("won",), "web0:created"),
        (("created", "created"), ("won",), "web0:created"),
        (("visit",), ("created", "won"), "stage:created"),
    ],
)
def test_two_meanings_are_refused(question, kinds, stages, other):
    with pytest.raises(ll.OptionError, match=f"'created' is both the creation of leads and .*'{other}'"):
        QUESTIONS[question](journeys(kinds, stages))


def test_each_meaning_has_a_name():
    j = journeys(("created", "visit"))
    assert j.funnel(["web0:created", "won"]).steps.rows() == [("web0:created", 1), ("won", 1)]
    assert j.funnel([ll.Step("created"), "won"]).steps.rows() == [("created", 1), ("won", 1)]
    assert j.time_to(start="web0:created", at="20d").to_polars()["leads"][0] == 1
    assert j.time_to(at="20d").to_polars()["leads"][0] == 5
    assert j.stage_funnel(pipeline=["web0:created", "won"]).to_polars()["reached"][0] == 1
    # Creation has other names in a pipeline.
    assert j.stage_funnel(pipeline=["lead", "won"]).to_polars()["reached"][0] == 5
    j = journeys(stages=("created", "won"))
    assert j.stage_funnel(pipeline=["stage:created", "won"]).to_polars()["reached"][0] == 2
    assert j.funnel([ll.Step(stage="created"), "won"]).steps.rows()[0] == ("created", 1)
    assert j.stage_funnel(pipeline=["lead", "won"]).to_polars()["reached"][0] == 5


@pytest.mark.parametrize("word", ["lead", "inquiry"])
def test_other_names_of_creation(word):
    ask = {"pipeline": [word, "won"]}
    assert journeys().stage_funnel(**ask).to_polars()["reached"][0] == 5
    with pytest.raises(
        ll.OptionError, match=f"'{word}' is both the creation of leads .*write 'created' for the former"
    ):
        journeys((word,)).stage_funnel(**ask)
    # A stage of the data that is called so is the stage.
    j = journeys(stages=(word, "won"))
    assert j.stage_funnel(**ask).to_polars()["reached"][0] == 2
    assert j.stage_funnel(pipeline=["created", "won"]).to_polars()["reached"][0] == 5


def test_extend_does_not_change_the_meaning():
    j = journeys()
    assert j.funnel(["created", "won"]).steps.rows()[0] == ("created", 5)
    grown, _ = j.extend(events=events(["created"], "app"))
    for ask in (QUESTIONS["funnel"], QUESTIONS["stage_funnel"], QUESTIONS["time_to"]):
        with pytest.raises(ll.OptionError, match="app:created"):
            ask(grown)


def test_without_times_of_creation_the_event_is_meant():
    j = journeys(("created",), dated=False)
    assert j.funnel(["created", "won"]).steps.rows() == [("created", 1), ("won", 1)]
    with pytest.raises(ll.OptionError, match=r"Leads\(created=…\)"):
        journeys(dated=False).funnel(["created", "won"])


@pytest.mark.parametrize("kind", ["Created", "(created)", "create", "createdx"])
def test_a_pipeline_may_start_with_creation_beside_a_similar_event(kind):
    table = pl.DataFrame({"id": range(5), "c": [dt.datetime(2024, 1, 1, tzinfo=UTC)] * 5})
    stages = pl.DataFrame({"l": [0], "at": [AT], "s": ["won"]})
    options = {"won": "won", "observed_until": "2024-03-01", "pipeline": ["created", "won"]}
    leads = ll.Leads(table, "id", created="c", fields=[])
    j = ll.Journeys(leads=leads, events=events([kind]), stages=ll.Stages(stages, "l", "at", stage="s"), **options)
    assert j.stage_funnel().to_polars()["reached"].to_list() == [5, 1]
    # A stage can be meant.
    stages = pl.DataFrame({"l": [0, 0], "at": [AT, AT], "s": [kind, "won"]})
    with pytest.raises(ll.UnknownNameError, match="did you mean"):
        ll.Journeys(leads=leads, stages=ll.Stages(stages, "l", "at", stage="s"), **options)

"""Snapshots of data without features have rows and labels; columns without a name are columns."""

import datetime as dt

import numpy as np
import polars as pl
import pytest

import leadlens as ll

UTC = dt.timezone.utc


def day(n):
    return dt.datetime(2024, 1, 1, tzinfo=UTC) + dt.timedelta(days=n)


def bare():
    leads = pl.DataFrame({"id": [0, 1, 2], "made": [day(0)] * 3})
    wins = pl.DataFrame({"lead": [0], "at": [day(5)]})
    return ll.Journeys(
        leads=ll.Leads(leads, "id", created="made"),
        stages=ll.Stages(wins, "lead", "at", stage=ll.literal("won")),
        won="won",
        observed_until=day(30),
    )


@pytest.mark.parametrize("rule", [{"as_of": day(4)}, {"after": "4d"}])
def test_rows_and_labels_do_not_need_features(rule):
    snapshot = bare().snapshot(horizon="5d", **rule)
    table = snapshot.to_polars()
    assert table.columns == ["lead_id", "cutoff", "label", "weight"]
    assert table["label"].to_list() == [True, False, False]
    assert list(snapshot.label) == [True, False, False]
    assert snapshot.feature_names == []
    assert snapshot.features.width == 0
    with pytest.raises(ll.NotEnoughDataError):
        ll.LeadScorer().fit(snapshot)


@pytest.mark.parametrize("name", ["", " ", " stage", "stage ", "count(*) "])
def test_fields_whose_names_are_blank_or_padded_fit_and_score(name, tmp_path):
    rng = np.random.default_rng(0)
    x = rng.random(600)
    table = pl.DataFrame(
        {"id": range(600), "y": (rng.random(600) < x).astype(int), "x": x, name: rng.integers(0, 3, 600)}
    )
    journeys = ll.Journeys(leads=ll.Leads(table, "id", outcome="y"))
    scorer = ll.LeadScorer().fit(journeys.snapshot())
    scorer.save(tmp_path / "model.json")
    again = ll.load(tmp_path / "model.json")
    assert again.score(journeys.snapshot()).to_polars().equals(scorer.score(journeys.snapshot()).to_polars())

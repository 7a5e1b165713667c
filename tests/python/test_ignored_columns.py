"""Columns that are left out by name or pattern."""

from __future__ import annotations

import polars as pl
import pytest

import leadlens as ll

TABLE = pl.DataFrame(
    {
        "id": [1, 2],
        "made": ["2024-01-01", "2024-01-02"],
        "utm_source": ["a", "b"],
        "utm_medium": ["c", "d"],
        "size": [1, 2],
        "note_1": ["x", "y"],
    }
)


def fields(**options) -> set[str]:
    leads = ll.Leads(TABLE, id="id", created="made", **options)
    return set(ll.Journeys(leads=leads).snapshot(as_of="2024-01-03").feature_names) & set(TABLE.columns)


def test_names_and_patterns():
    assert fields(ignore="utm_*") == {"size", "note_1"}
    assert fields(ignore=["utm_*", "note_?"]) == {"size"}
    assert fields(ignore=["utm_source", "size"]) == {"utm_medium", "note_1"}
    # What is asked for by name is not left out.
    assert fields(ignore="utm_*", include=["utm_medium"]) == {"size", "note_1", "utm_medium"}
    # A pattern never takes a column with a role.
    assert fields(ignore="*") == set()


def test_a_pattern_without_a_column_is_an_error():
    with pytest.raises(ll.SchemaError, match=r"ignore= contains 'utmm_\*', which matches none"):
        fields(ignore="utmm_*")
    with pytest.raises(ll.SchemaError, match="did you mean 'utm_source'"):
        fields(ignore="utm_sorce")


def test_in_toml(tmp_path):
    TABLE.write_csv(tmp_path / "leads.csv")
    (tmp_path / "leadlens.toml").write_text(
        '[leads]\ntable = "leads.csv"\nid = "id"\ncreated = "made"\nignore = ["utm_*"]\n'
    )
    journeys = ll.Journeys.from_config(tmp_path / "leadlens.toml")
    names = set(journeys.snapshot(as_of="2024-01-03").feature_names)
    assert "size" in names
    assert not {n for n in names if n.startswith("utm")}

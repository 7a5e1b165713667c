"""A day in a condition is a day of the zone that the column's table was read in, in tables and analyses alike."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import leadlens as ll

UTC = dt.timezone.utc
# Both sides of midnight in New York (UTC-5) and Tokyo (UTC+9).
INSTANTS = [
    dt.datetime(2024, 1, 9, 14, 59, tzinfo=UTC),
    dt.datetime(2024, 1, 9, 15, 0, tzinfo=UTC),
    dt.datetime(2024, 1, 10, 4, 59, tzinfo=UTC),
    dt.datetime(2024, 1, 10, 5, 0, tzinfo=UTC),
    dt.datetime(2024, 1, 10, 14, 59, tzinfo=UTC),
    dt.datetime(2024, 1, 10, 15, 0, tzinfo=UTC),
    dt.datetime(2024, 1, 11, 4, 59, tzinfo=UTC),
    dt.datetime(2024, 1, 11, 5, 0, tzinfo=UTC),
]
IDS = [f"l{i}" for i in range(len(INSTANTS))]
# Of these the day in the zone is 10 January.
ON_DAY = {
    "America/New_York": ["l3", "l4", "l5", "l6"],
    "Asia/Tokyo": ["l1", "l2", "l3", "l4"],
    "UTC": ["l2", "l3", "l4", "l5"],
}
CONDITIONS = {
    "2024-01-10": lambda ids, on: on,
    ">= 2024-01-10": lambda ids, on: ids[ids.index(on[0]) :],
    "< 2024-01-10": lambda ids, on: ids[: ids.index(on[0])],
    "> 2024-01-10": lambda ids, on: ids[ids.index(on[-1]) + 1 :],
    "<= 2024-01-10": lambda ids, on: ids[: ids.index(on[-1]) + 1],
}
ZONES = [("America/New_York", "UTC"), ("Asia/Tokyo", "UTC"), (None, "Asia/Tokyo"), (None, "UTC"), ("UTC", "Asia/Tokyo")]


def table() -> pl.DataFrame:
    return pl.DataFrame({"id": IDS, "created": [dt.datetime(2024, 1, 1, tzinfo=UTC)] * len(IDS), "signup": INSTANTS})


def counted(journeys: ll.Journeys, where: dict[str, Any]) -> list[str]:
    return sorted(journeys.funnel(["created"], where=where).leads()["lead_id"].to_list())


def of_leads(own: str | None, zone: str, frame: Any, **options: Any) -> ll.Journeys:
    leads = ll.Leads(frame, id="id", created="created", timezone=own, **options)
    return ll.Journeys(leads=leads, timezone=zone, observed_until="2025-01-01")


@pytest.mark.parametrize(("own", "zone"), ZONES)
@pytest.mark.parametrize("condition", CONDITIONS)
def test_the_table_and_the_analysis_agree(own: str | None, zone: str, condition: str) -> None:
    expected = CONDITIONS[condition](IDS, ON_DAY[own or zone])
    in_table = of_leads(own, zone, table(), where={"signup": condition})
    assert sorted(in_table.snapshot(as_of="2024-06-01").to_polars()["lead_id"].to_list()) == expected
    assert counted(of_leads(own, zone, table()), {"signup": condition}) == expected


@pytest.mark.parametrize(("own", "zone"), ZONES)
def test_a_date_is_its_day_in_any_zone(own: str | None, zone: str) -> None:
    days = table().with_columns(signup=pl.date(2024, 1, 6) + pl.duration(days=pl.int_range(pl.len())))
    journeys = of_leads(own, zone, days)
    assert counted(journeys, {"signup": "2024-01-10"}) == ["l4"]
    assert counted(journeys, {"signup": ">= 2024-01-10"}) == ["l4", "l5", "l6", "l7"]
    assert counted(journeys, {"signup": "< 2024-01-10"}) == ["l0", "l1", "l2", "l3"]


@pytest.mark.parametrize("kind", ["csv", "parquet", "arrow"])
def test_files_agree_with_frames(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"leads.{kind}"
    writers = {"csv": table().write_csv, "parquet": table().write_parquet, "arrow": table().write_ipc}
    writers[kind](path)
    journeys = of_leads("America/New_York", "UTC", path)
    assert counted(journeys, {"signup": "2024-01-10"}) == ON_DAY["America/New_York"]


def test_fields_of_accounts_and_histories_have_the_zone_of_their_table() -> None:
    leads = table().select("id", "created").with_columns(account="id")
    accounts = table().select("id", "signup")
    history = table().with_columns(at=pl.col("created") - pl.duration(days=1)).select("id", "at", renewed="signup")
    journeys = ll.Journeys(
        leads=ll.Leads(leads, id="id", created="created", account="account"),
        accounts=ll.Accounts(accounts, id="id", timezone="America/New_York"),
        fields=ll.Fields(history, lead="id", valid_from="at", timezone="Asia/Tokyo"),
        observed_until="2025-01-01",
    )
    assert counted(journeys, {"account.signup": "2024-01-10"}) == ON_DAY["America/New_York"]
    assert counted(journeys, {"renewed": "2024-01-10"}) == ON_DAY["Asia/Tokyo"]


def test_the_zone_is_saved(tmp_path: Path) -> None:
    of_leads("America/New_York", "UTC", table()).save(tmp_path / "saved")
    opened = ll.Journeys.open(tmp_path / "saved")
    assert counted(opened, {"signup": "2024-01-10"}) == ON_DAY["America/New_York"]
    later = pl.DataFrame({"lead": ["l1"], "at": ["2024-02-01"]})
    extended = opened.extend(events=ll.Events(later, lead="lead", at="at", kind=ll.literal("visit")))
    assert (
        counted(extended[0] if isinstance(extended, tuple) else extended, {"signup": "2024-01-10"})
        == ON_DAY["America/New_York"]
    )

"""Warnings of fields that look like leaks or misread types, and none where nothing is wrong."""

from __future__ import annotations

import datetime as dt
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import leadlens as ll
from leadlens.errors import LeakWarning


def deals(rng: np.random.Generator, n: int = 1500) -> dict[str, Any]:
    """Deals without times: 60 % are closed, of these a third is won."""
    closed = rng.random(n) < 0.6
    won = rng.random(n) < 1 / 3
    return {
        "id": np.arange(n),
        "closed": closed,
        "won": won,
        "y": pl.Series([bool(w) if c else None for c, w in zip(closed, won, strict=True)]),
        "industry": rng.choice(["retail", "health", "energy"], n),
    }


def journeys(columns: dict[str, Any], **options: Any) -> ll.Journeys:
    frame = pl.DataFrame({k: v for k, v in columns.items() if k not in ("closed", "won")})
    return ll.Journeys(leads=ll.Leads(frame, id="id", outcome="y", **options))


def found(j: ll.Journeys) -> dict[str, str]:
    return {s["column"]: s["suspicion"] for s in j.check().suspects}


def only_closed_have_it(d: dict[str, Any]) -> Any:
    return [str(i % 7) + "x" if c else None for i, c in enumerate(d["closed"])]


def open_miss_half(d: dict[str, Any]) -> Any:
    return ["acme" if c or i % 2 else None for i, c in enumerate(d["closed"])]


def a_level_of_open_leads(d: dict[str, Any]) -> Any:
    return ["draft" if not c and i % 3 == 0 else "ab"[i % 2] for i, c in enumerate(d["closed"])]


def numbers_of_open_leads(d: dict[str, Any]) -> Any:
    return [None if c else float(i % 50) for i, c in enumerate(d["closed"])]


def times_of_closed_leads(d: dict[str, Any]) -> Any:
    return [dt.datetime(2024, 1, 1 + i % 28) if c else None for i, c in enumerate(d["closed"])]


def almost_the_outcome(d: dict[str, Any]) -> Any:
    return np.where(d["won"] == (np.arange(len(d["won"])) % 8 > 0), 5.0, 1.0) + np.arange(len(d["won"])) % 3 / 10


def running_number(d: dict[str, Any]) -> Any:
    return 579_533 + np.arange(len(d["won"]))[::-1] * 9 + np.arange(len(d["won"])) % 8


def german_numbers(d: dict[str, Any]) -> Any:
    return [f"{i % 40},{i % 10}0" for i in range(len(d["won"]))]


def american_numbers(d: dict[str, Any]) -> Any:
    return [f"{1 + i % 40},{100 + i % 900}.50" for i in range(len(d["won"]))]


def german_dates(d: dict[str, Any]) -> Any:
    return [f"{1 + i % 28:02}.{1 + i % 12:02}.2024" for i in range(len(d["won"]))]


def months_in_words(d: dict[str, Any]) -> Any:
    return [f"{1 + i % 28} {['Jan', 'Feb', 'Mar'][i % 3]} 2024" for i in range(len(d["won"]))]


@pytest.mark.parametrize(
    ("values", "suspicion"),
    [
        (only_closed_have_it, "closed_only"),
        (open_miss_half, "open_only"),
        (a_level_of_open_leads, "open_only"),
        (numbers_of_open_leads, "closed_only"),
        (almost_the_outcome, "separates"),
        (german_numbers, "numbers"),
        (american_numbers, "numbers"),
        (german_dates, "dates"),
        (months_in_words, "dates"),
    ],
)
def test_a_suspect_field_is_told_with_evidence_and_what_to_do(
    values: Callable[[dict[str, Any]], Any], suspicion: str
) -> None:
    d = deals(np.random.default_rng(11))
    j = journeys({**d, "extra": values(d)})
    assert found(j) == {"extra": suspicion}
    text = next(iter(j.check().suspects))
    assert text["evidence"]
    assert "ignore=['extra']" in text["remedy"]
    assert "suspect: column 'extra'" in repr(j.check())
    rows = j.check().to_polars().filter(status="suspect")
    assert rows.height == 1
    assert rows["rows"][0] == text["leads"]
    with pytest.warns(LeakWarning, match="extra"):
        train = j.snapshot()
    assert "suspect: column 'extra'" in repr(train)
    with pytest.warns(LeakWarning, match="extra"):
        ll.LeadScorer().fit(train)
    # Left out, it is no concern any more; nor is it to those who score.
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        journeys({**d, "extra": values(d)}, ignore=["extra"]).snapshot()
        j.snapshot(features=ll.FeatureSet(only=["field(industry)"]))
        j.snapshot(outcome="open")


def test_text_columns_of_files_are_looked_at_too(tmp_path: Path) -> None:
    d = deals(np.random.default_rng(12))
    frame = pl.DataFrame({"id": d["id"], "y": d["y"], "budget": german_numbers(d), "signed_up": german_dates(d)})
    frame.write_csv(tmp_path / "a.csv")
    frame.write_parquet(tmp_path / "a.parquet")
    for file in ("a.csv", "a.parquet"):
        j = ll.Journeys(leads=ll.Leads(tmp_path / file, id="id", outcome="y"))
        assert found(j) == {"budget": "numbers", "signed_up": "dates"}, file


def test_fields_of_accounts_and_stages() -> None:
    rng = np.random.default_rng(13)
    n, start = 2000, dt.datetime(2024, 1, 1, tzinfo=dt.timezone.utc)
    created = [start + dt.timedelta(days=int(x)) for x in rng.integers(0, 300, n)]
    ends = rng.choice(["won", "lost", ""], n, p=[0.2, 0.5, 0.3])
    account = [f"a{i % 80}" if end or i % 2 else None for i, end in enumerate(ends)]
    at = [t + dt.timedelta(days=20) for t in created]
    stages = pl.DataFrame({"lead": np.arange(n), "at": at, "stage": ends}).filter(pl.col("stage") != "")
    companies = pl.DataFrame({"id": [f"a{i}" for i in range(80)], "size": rng.integers(1, 500, 80)})
    j = ll.Journeys(
        leads=ll.Leads(
            pl.DataFrame({"id": np.arange(n), "created": created, "company": account}),
            id="id",
            created="created",
            account="company",
        ),
        accounts=ll.Accounts(companies, id="id"),
        stages=ll.Stages(stages, lead="lead", at="at", stage="stage"),
        won="won",
        lost="lost",
    )
    assert found(j) == {"account.size": "open_only"}
    with pytest.warns(LeakWarning, match=r"is missing for \d+ of \d+ open leads and for 0 of \d+ closed leads"):
        j.snapshot(after="10d", horizon="60d")


def test_a_rep_who_has_left_is_not_suspect() -> None:
    d = deals(np.random.default_rng(15))
    rep = ["left" if c and i % 3 == 0 else "ab"[i % 2] for i, c in enumerate(d["closed"])]
    assert found(journeys({**d, "rep": rep})) == {}


def test_numbers_that_are_all_different_are_withheld_and_suspect_where_named() -> None:
    d = deals(np.random.default_rng(15))
    frame = pl.DataFrame({"id": d["id"], "y": d["y"], "industry": d["industry"], "extra": running_number(d)})
    plain = ll.Journeys(leads=ll.Leads(frame, id="id", outcome="y"))
    assert (found(plain), plain.snapshot().to_polars().columns.count("extra")) == ({}, 0)
    named = ll.Journeys(leads=ll.Leads(frame, id="id", outcome="y", fields=["industry", "extra"]))
    assert found(named) == {"extra": "numbered"}


def test_suspects_outlive_saving(tmp_path: Path) -> None:
    d = deals(np.random.default_rng(14))
    j = journeys({**d, "extra": only_closed_have_it(d)})
    assert j.check().suspects
    j.save(tmp_path / "j")
    assert ll.Journeys.open(tmp_path / "j").check().suspects == j.check().suspects


def clean_world(seed: int) -> ll.Journeys:
    """Leads whose fields are known at creation; sources come up and go, industries take longer or shorter."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(300, 2500))
    day = np.sort(rng.integers(0, 360, n))
    industry = rng.choice(["retail", "health", "energy", "public"], n, p=[0.5, 0.3, 0.15, 0.05])
    source = np.where(day > 300, rng.choice(["web", "fair", "podcast"], n), rng.choice(["web", "fair"], n))
    employees = np.exp(rng.normal(4, 1.5, n)).round() + 1
    revenue = (employees * rng.lognormal(11, 0.6, n)).round()
    pace = np.select([industry == "public", industry == "energy"], [150.0, 80.0], 30.0)
    end = day + rng.exponential(pace)
    score = 0.8 * (source == "fair") + 0.4 * (np.log(employees) - 4) + rng.normal(0, 1, n)
    won = rng.random(n) < 1 / (1 + np.exp(1.5 - score))
    seen = end < 360
    start = np.datetime64("2024-01-01", "us")
    days = np.timedelta64(86_400_000_000, "us")
    leads = pl.DataFrame(
        {
            "id": np.arange(n),
            "created": start + day * days,
            "industry": industry,
            "source": source,
            "employees": np.where(rng.random(n) < 0.2, np.nan, employees),
            "revenue": revenue,
            "city": rng.choice([f"city {i}" for i in range(200)], n),
            "country": np.where(rng.random(n) < 0.1, None, rng.choice(["DE", "AT", "CH"], n)).tolist(),
            "version": rng.choice(["1.2", "1.10", "2.0.1", "2.1", "3.0"], n),
            "team": rng.choice(["1-10", "11-50", "51-200", "201-500", "500+"], n),
            "opted_in": rng.random(n) < 0.3,
            "birthday": start - rng.integers(7000, 20000, n) * days,
        }
    )
    stages = pl.DataFrame(
        {"lead": np.arange(n), "at": start + (end * 86_400e6).astype("timedelta64[us]"), "won": won, "seen": seen}
    ).filter("seen")
    stages = stages.select("lead", "at", stage=pl.when("won").then(pl.lit("won")).otherwise(pl.lit("lost")))
    return ll.Journeys(
        leads=ll.Leads(leads, id="id", created="created"),
        stages=ll.Stages(stages, lead="lead", at="at", stage="stage"),
        won="won",
        lost="lost",
        observed_until="2024-12-26",
    )


def test_clean_worlds_raise_no_alarm() -> None:
    alarms = [(seed, s) for seed in range(200) for s in clean_world(seed).check().suspects]
    assert not alarms


def test_the_demo_raises_no_alarm() -> None:
    assert ll.datasets.b2b_saas().check().suspects == []


def test_maven_deals_without_an_account_are_open(shared: Callable[[str], Path]) -> None:
    pipeline = pl.read_csv(shared("maven_crm_sales") / "sales_pipeline.csv")
    frame = pipeline.select(
        "opportunity_id",
        "sales_agent",
        "product",
        "account",
        y=pl.when(pl.col("deal_stage") == "Won").then(True).when(pl.col("deal_stage") == "Lost").then(False),
    )
    with pytest.warns(LeakWarning, match="column 'account' is missing for 1425 of 2089 open leads"):
        ll.Journeys(leads=ll.Leads(frame, id="opportunity_id", outcome="y")).snapshot()


def test_x_education_numbers_its_leads(shared: Callable[[str], Path]) -> None:
    leads = pl.read_csv(shared("x_education_leads") / "Leads.csv.gz")
    j = ll.Journeys(leads=ll.Leads(leads, id="Prospect ID", outcome="Converted"))
    assert j.check().suspects or "Lead Number" in {name for name, _ in j.facts["withheld"]}


@pytest.mark.parametrize("unset", [0.0, -1, -99.5])
@pytest.mark.parametrize("kind", ["number", "time"])
def test_a_number_or_time_of_open_leads_only(unset, kind) -> None:
    n = 600
    rng = np.random.default_rng(8)
    still_open = np.arange(n) % 3 == 0
    won = rng.random(n) < 0.3
    if kind == "number":
        values = pl.Series([unset if o else 5.0 + i % 7 for i, o in enumerate(still_open)], strict=False)
    else:
        values = pl.Series(
            [dt.date(1900, 1, 1) if o else dt.date(2023, 1, 1 + i % 28) for i, o in enumerate(still_open)]
        )
    outcome = [None if o else int(w) for o, w in zip(still_open, won, strict=True)]
    frame = pl.DataFrame({"id": range(n), "v": values, "z": rng.choice(["p", "q"], n)})
    leads = ll.Leads(frame.with_columns(y=pl.Series(outcome)), id="id", outcome="y")
    with pytest.warns(LeakWarning, match="column 'v' is .* for 200 of 200 open leads") as told:
        ll.Journeys(leads=leads).snapshot(outcome="known")
    assert not any("'z'" in str(w.message) for w in told)


def test_numbers_that_open_and_closed_leads_share_are_not_suspect() -> None:
    n = 600
    rng = np.random.default_rng(9)
    outcome = [None if o else int(w) for o, w in zip(np.arange(n) % 3 == 0, rng.random(n) < 0.3, strict=True)]
    frame = pl.DataFrame({"id": range(n), "seats": rng.integers(0, 4, n), "age": rng.normal(size=n), "y": outcome})
    with warnings.catch_warnings():
        warnings.simplefilter("error", LeakWarning)
        ll.Journeys(leads=ll.Leads(frame, id="id", outcome="y")).snapshot(outcome="known")

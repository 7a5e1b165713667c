"""Saved journeys, and journeys built within bounds of memory."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import leadlens as ll


def files(folder: Path) -> dict[str, bytes]:
    return {f.name: f.read_bytes() for f in sorted(folder.iterdir())}


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Events in two Parquet files of small row groups, stages, accounts, a history, bad rows of every kind."""
    folder = tmp_path_factory.mktemp("tables")
    rng = np.random.default_rng(3)

    def some(values: list[str | None], n: int) -> list[str | None]:
        return [values[i] for i in rng.integers(0, len(values), n)]

    n = 60_000
    lead = rng.integers(0, 5_200, n)  # some are no leads
    at = np.datetime64("2024-01-01", "us") + rng.integers(0, 90 * 24, n) * np.timedelta64(1, "h")  # many ties
    events = pl.DataFrame(
        {
            "event": rng.integers(0, n - 500, n),  # some ids occur again
            "lead": lead,
            "at": at,
            "kind": some(["visit", "mail", "form", None], n),
            "channel": some(["ads", "seo", None], n),
            "pages": np.where(rng.random(n) < 0.1, np.nan, rng.random(n)),
            "campaign": some([f"campaign number {i}" for i in range(300)], n),
        }
    )
    events[:35_000].write_parquet(folder / "events-1.parquet", row_group_size=1_000)
    events[35_000:].write_parquet(folder / "events-2.parquet", row_group_size=7_777)
    ids = np.arange(5_000)
    pl.DataFrame(
        {
            "id": ids,
            "created": np.datetime64("2024-01-01") + rng.integers(0, 30, ids.size).astype("timedelta64[D]"),
            "size": rng.random(ids.size),
            "country": some(["de", "fr", None], ids.size),
            "company": some([f"c{i}" for i in range(40)], ids.size),
            "since": np.datetime64("2020-01-01") + rng.integers(0, 900, ids.size).astype("timedelta64[D]"),
        }
    ).write_parquet(folder / "leads.parquet")
    pl.DataFrame(
        {
            "lead": rng.integers(0, 5_000, 3_000),
            "at": np.datetime64("2024-02-01", "us") + rng.integers(0, 60 * 24, 3_000) * np.timedelta64(1, "h"),
            "stage": some(["mql", "sql", "won", "lost"], 3_000),
            "deal": some([f"d{i}" for i in range(900)], 3_000),
            "amount": rng.integers(100, 9_000, 3_000).astype(float),
        }
    ).write_parquet(folder / "stages.parquet")
    pl.DataFrame(
        {
            "lead": rng.integers(0, 5_000, 4_000),
            "from": np.datetime64("2024-01-01") + rng.integers(0, 80, 4_000).astype("timedelta64[D]"),
            "owner_team": some(["north", "south"], 4_000),
        }
    ).write_parquet(folder / "history.parquet")
    pl.DataFrame({"id": [f"c{i}" for i in range(40)], "staff": np.arange(40.0)}).write_parquet(
        folder / "accounts.parquet"
    )
    return folder


def build(tables: Path, events: Any = None, **options: Any) -> ll.Journeys:
    return ll.Journeys(
        leads=ll.Leads(tables / "leads.parquet", id="id", created="created", account="company"),
        events=ll.Events(
            str(tables / "events-*.parquet") if events is None else events,
            lead="lead",
            at="at",
            kind="kind",
            id="event",
            channel="channel",
            campaign="campaign",
            values=["pages"],
            name="web",
        ),
        stages=ll.Stages(tables / "stages.parquet", lead="lead", at="at", stage="stage", deal="deal", amount="amount"),
        fields=ll.Fields(tables / "history.parquet", lead="lead", valid_from="from"),
        accounts=ll.Accounts(tables / "accounts.parquet", id="id"),
        pipeline=["mql", "sql", "won"],
        won="won",
        lost="lost",
        observed_until="2024-04-15",
        **options,
    )


def same_but_for(meta: str, other: str, *names: str) -> bool:
    """Whether two descriptions are equal, but for these parts."""
    a, b = json.loads(meta), json.loads(other)
    for name in names:
        a.pop(name), b.pop(name)
    return bool(a == b)


def test_opened_journeys_answer_as_those_built(tables: Path, tmp_path: Path) -> None:
    built = build(tables)
    built.save(tmp_path / "saved")
    opened = ll.Journeys.open(tmp_path / "saved")
    assert repr(opened) == repr(built)
    assert repr(opened.check()) == repr(built.check())
    for run in (
        lambda j: j.snapshot(after="14d", horizon="30d").to_polars(),
        lambda j: j.funnel(["visit", "mail", "form"], window="7d", by="channel").to_polars(),
        lambda j: j.stage_funnel(by="country").to_polars(),
        lambda j: j.time_to("won", by="country").curve(),
        lambda j: j.attribution("markov", target="won").to_polars(),
        lambda j: j.paths().to_polars(),
        lambda j: j.drivers(["visit", "mail"]).to_polars(),
        lambda j: j.show(7),
    ):
        first = run(built)
        assert first.height > 0
        assert first.equals(run(opened))
    # A model of one scores the other.
    model = ll.LeadScorer().fit(built.snapshot(after="14d", horizon="30d"))
    now = {"as_of": "2024-04-01"}
    scores = [model.score(j.snapshot(**now), allow_extrapolation=True).to_polars() for j in (built, opened)]
    assert scores[0].equals(scores[1])
    # New rows can be added to it.
    more = pl.DataFrame(
        {"lead": [7], "at": ["2024-05-01T10:00"], "kind": ["visit"], "channel": ["ads"], "pages": [3.0]}
    )
    events = ll.Events(more, lead="lead", at="at", kind="kind", channel="channel", values=["pages"], name="web")
    for journeys in (built, opened):
        extended, report = journeys.extend(events=events)
        assert report == {"added": 1, "duplicate": 0, "late": 0}
        assert extended.show(7).height == built.show(7).height + 1


def test_saving_twice_gives_the_same_files(tables: Path, tmp_path: Path) -> None:
    build(tables).save(tmp_path / "a")
    opened = ll.Journeys.open(tmp_path / "a")
    opened.save(tmp_path / "b")
    a, b = files(tmp_path / "a"), files(tmp_path / "b")
    assert a.keys() == b.keys()
    # Ids of events are a set, in no order.
    assert {n for n in a if a[n] != b[n]} <= {"event_ids.arrow", "checksums.json"}


def test_memory_parts_and_threads_change_nothing(tables: Path, tmp_path: Path) -> None:
    whole = pl.concat([pl.read_parquet(tables / f"events-{i}.parquet") for i in (1, 2)])
    build(tables).save(tmp_path / "plain")
    plain = files(tmp_path / "plain")
    options: list[dict[str, Any]] = [
        {"memory": 1},  # every block waits on disk, and every column is a file
        {"memory": "1MB"},
        {"memory": "10 GiB"},
        {"events": whole},
    ]
    for i, option in enumerate(options):
        build(tables, **option).save(tmp_path / f"{i}")
        made = files(tmp_path / f"{i}")
        differ = {n for n in plain if made[n] != plain[n]} - {"event_ids.arrow", "checksums.json"}
        assert differ <= {"journeys.json"}, option
        # The declaration differs, and the remark on how many files there are.
        parts = ("kept", "audit") if "events" in option else ("kept",)
        assert same_but_for(made["journeys.json"].decode(), plain["journeys.json"].decode(), *parts)


@pytest.mark.parametrize("memory", ["", "0", "-1GB", "much", "5 TBs"])
def test_memory_must_be_an_amount(tables: Path, memory: str) -> None:
    with pytest.raises((ll.ConfigError, ll.OptionError), match="memory size"):
        build(tables, memory=memory)


def test_nothing_is_overwritten_unasked(tables: Path, tmp_path: Path) -> None:
    built = build(tables)
    target = tmp_path / "saved"
    built.save(target)
    with pytest.raises(ll.WriteError, match="overwrite=True"):
        built.save(target)
    opened = ll.Journeys.open(target)
    built.save(target, overwrite=True)
    # Who has the old one open keeps it.
    assert opened.show(7).equals(ll.Journeys.open(target).show(7))
    other = tmp_path / "other"
    other.mkdir()
    (other / "mine.txt").write_text("mine")
    with pytest.raises(ll.WriteError, match="not a folder of saved journeys"):
        built.save(other, overwrite=True)
    # Nor is a folder that has something else beside, or a file of that name.
    (other / "journeys.json").write_text("{}")
    with pytest.raises(ll.WriteError, match="has another format"):
        built.save(other, overwrite=True)
    (other / "journeys.json").write_text((target / "journeys.json").read_text())
    with pytest.raises(ll.WriteError, match=r"it has 'mine\.txt'"):
        built.save(other, overwrite=True)
    assert (other / "mine.txt").read_text() == "mine"
    (target / "mine.arrow").write_text("mine")
    with pytest.raises(ll.WriteError, match=r"it has 'mine\.arrow'"):
        built.save(target, overwrite=True)
    (target / "mine.arrow").unlink()
    # A way that leads through the folder itself.
    built.save(target / ".." / "saved", overwrite=True)
    assert repr(ll.Journeys.open(target)) == repr(built)
    with pytest.raises(ll.WriteError, match="does not exist"):
        built.save(tmp_path / "no" / "such")
    assert {f.name for f in tmp_path.iterdir()} == {"saved", "other"}


def test_damage_is_an_error(tables: Path, tmp_path: Path) -> None:
    built = build(tables)
    target = tmp_path / "saved"
    built.save(target)
    with pytest.raises(ll.MissingFileError):
        ll.Journeys.open(tmp_path / "gone")
    with pytest.raises(ll.ReadError, match="not a folder of saved journeys"):
        ll.Journeys.open(tmp_path)
    for name, content in files(target).items():
        for damage in (b"", content[: len(content) // 2], content[:-1] if name.endswith("json") else content[:-20]):
            (target / name).write_bytes(damage)
            with pytest.raises(ll.ReadError, match="damaged"):
                ll.Journeys.open(target)
        (target / name).unlink()
        with pytest.raises(ll.ReadError):
            ll.Journeys.open(target)
        (target / name).write_bytes(content)
    # Any bit that is not as it was saved.
    rng = np.random.default_rng(8)
    for name, content in files(target).items():
        for place in rng.integers(0, len(content), 40):
            changed = bytearray(content)
            changed[place] ^= 1 << int(rng.integers(0, 8))
            (target / name).write_bytes(changed)
            with pytest.raises(ll.ReadError):
                ll.Journeys.open(target)
        (target / name).write_bytes(content)
    assert repr(ll.Journeys.open(target)) == repr(built)
    meta = json.loads((target / "journeys.json").read_text())
    (target / "journeys.json").write_text(json.dumps({**meta, "format": 4}))
    with pytest.raises(ll.ReadError, match="format 4 is not supported; this version reads format 3"):
        ll.Journeys.open(target)


def test_journeys_without_events_or_times(tmp_path: Path) -> None:
    leads = pl.DataFrame({"id": ["a", "b"], "size": [1.0, None], "won": [True, None]})
    built = ll.Journeys(leads=ll.Leads(leads, id="id", outcome="won"))
    built.save(tmp_path / "saved")
    opened = ll.Journeys.open(tmp_path / "saved")
    assert opened.snapshot().to_polars().equals(built.snapshot().to_polars())
    empty = pl.DataFrame(
        {"lead": [], "at": [], "kind": []}, schema={"lead": pl.Int64, "at": pl.Datetime, "kind": pl.String}
    )
    empty.write_parquet(tmp_path / "empty.parquet")
    for table in (empty, tmp_path / "empty.parquet"):
        none = ll.Journeys(
            leads=ll.Leads(leads, id="id"), events=ll.Events(table, lead="lead", at="at", kind="kind"), memory=1
        )
        assert repr(none).startswith("Journeys: 2 leads, 0 events")

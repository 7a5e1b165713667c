"""An order column decides between rows of one instant in every analysis, in one build and through extend, save and open."""

from __future__ import annotations

import dataclasses
import datetime as dt
import random

import polars as pl
import pytest

import leadlens as ll

UTC = dt.timezone.utc
DAY = dt.datetime(2024, 5, 1, tzinfo=UTC)
# Values of an order column, ascending, in an order that texts would not have.
SORTS = {
    "whole": [-7, 9, 10, 2**62, 2**62 + 1, 2**62 + 2],
    "float": [-0.5, 1.0, 1.5, 2.0, 11.0, 1e300],
    "time": [DAY + dt.timedelta(hours=h) for h in range(6)],
    "day": [dt.date(2024, 5, d) for d in range(1, 7)],
    "texts of times": [
        "2024-06-01T12:00:00+05:30",
        "2024-06-01T07:00:00Z",
        "2024-06-01T03:00:00-05:00",
        "2024-06-01T10:00:00+01:00",
        "2024-06-01T05:30:00-05:00",
        "2024-06-01T11:00:00Z",
    ],
    "text": ["a", "aa", "b", "c", "z", "é"],
}
PIPELINE = ["created", "open", "offer", "won"]


def leads(n):
    table = pl.DataFrame({"id": list(range(n)), "c": [dt.datetime(2024, 4, 1, tzinfo=UTC)] * n})
    return ll.Leads(table, "id", created="c")


def stages(rows, values, *, deal):
    table = pl.DataFrame(
        {
            "l": [r[0] for r in rows],
            "at": [DAY + dt.timedelta(days=r[1]) for r in rows],
            "s": [r[2] for r in rows],
            "o": [values[r[3]] for r in rows],
            "a": [r[4] for r in rows],
            "d": [r[5] for r in rows],
        },
        schema_overrides={"a": pl.Float64},
    )
    return ll.Stages(table, "l", "at", stage="s", order="o", amount="a", deal="d" if deal else None)


def events(rows, values):
    table = pl.DataFrame(
        {
            "l": [r[0] for r in rows],
            "at": [DAY + dt.timedelta(days=r[1]) for r in rows],
            "k": [r[2] for r in rows],
            "o": [values[r[3]] for r in rows],
        }
    )
    return ll.Events(table, "l", "at", "k", order="o", channel="k")


def journeys(n, **tables):
    return ll.Journeys(
        leads=leads(n),
        won=["won", "paid"],
        lost="lost",
        pipeline=PIPELINE,
        observed_until=dt.datetime(2024, 6, 1, tzinfo=UTC),
        **tables,
    )


def answers(j, n):
    funnel = j.stage_funnel()
    time_to = j.time_to(at="60d").to_polars()
    return {
        "show": [j.show(lead).rows() for lead in range(n)],
        "at risk": [j.snapshot(as_of=DAY + dt.timedelta(days=d, hours=1)).counts["rows"] for d in range(8)],
        "time_to": time_to.select("events", "competing", "censored").rows(),
        "stages": funnel.summary().select("won", "lost", "open", "value").rows(),
        "flow": funnel.flow().rows(),
        "value": j.attribution("linear", conversions="every").to_polars().rows(),
        "paths": j.paths().to_polars().rows(),
        "remarks": [r for r in j.check().remarks if "time" in r],
    }


def world(rng, n):
    """Rows of stages and events on few days; the place of a row among those of its lead and day is its own."""
    found = []
    for names in (["open", "offer", "won", "paid", "lost"], ["ad", "mail"]):
        rows = []
        for lead in range(n):
            for day in range(3):
                for place in rng.sample(range(6), rng.randrange(4)):
                    amount = rng.choice([None, float(rng.randrange(1, 99))])
                    rows.append((lead, day, rng.choice(names), place, amount, rng.choice("xy")))
        found.append(rng.sample(rows, len(rows)))
    return found


@pytest.mark.parametrize("deal", [True, False])
@pytest.mark.parametrize("sort", SORTS)
def test_rows_may_arrive_in_any_order_and_at_any_time(sort, deal, tmp_path):
    rng, n, values = random.Random(sort), 6, SORTS[sort]
    for k in range(3):
        of_stages, of_events = world(rng, n)
        whole = answers(journeys(n, stages=stages(of_stages, values, deal=deal), events=events(of_events, values)), n)
        shuffled = rng.sample(of_stages, len(of_stages)), rng.sample(of_events, len(of_events))
        tables = {"stages": stages(shuffled[0], values, deal=deal), "events": events(shuffled[1], values)}
        assert answers(journeys(n, **tables), n) == whole
        # By way of the disk.
        assert answers(journeys(n, memory=1, **tables), n) == whole
        cuts = [rng.randrange(1, len(rows)) for rows in shuffled]
        first, later = zip(*((rows[:c], rows[c:]) for rows, c in zip(shuffled, cuts, strict=True)), strict=True)
        j = journeys(n, stages=stages(first[0], values, deal=deal), events=events(first[1], values))
        middle = len(later[0]) // 2
        for i, part in enumerate([later[0][:middle], later[0][middle:]]):
            j.save(tmp_path / f"{k}{i}")
            j = ll.Journeys.open(tmp_path / f"{k}{i}")
            new = {"events": events(later[1], values)} if i == 0 else {}
            j, _ = j.extend(stages=stages(part, values, deal=deal), **new) if part else j.extend(**new)
        assert answers(j, n) == whole


def expected_open(rows):
    """Whether a lead of one deal is open after its rows, the last of which decides."""
    return not rows or rows[-1][2] not in ("won", "paid", "lost")


@pytest.mark.parametrize("seed", range(5))
def test_every_analysis_follows_the_order(seed):
    rng, n = random.Random(seed), 40
    of_stages, of_events = world(rng, n)
    j = journeys(n, stages=stages(of_stages, SORTS["whole"], deal=False), events=events(of_events, SORTS["whole"]))
    by_lead = [sorted((r for r in of_stages if r[0] == lead), key=lambda r: (r[1], r[3])) for lead in range(n)]
    won = sum(any(r[2] in ("won", "paid") for r in rows) for rows in by_lead)
    never = [rows for rows in by_lead if not any(r[2] in ("won", "paid") for r in rows)]
    still = sum(expected_open(rows) for rows in never)
    lost = len(never) - still
    got = j.stage_funnel().summary().select("won", "lost", "open").row(0)
    assert got == (won, lost, still)
    assert j.time_to(at="60d").to_polars().select("events", "competing", "censored").row(0) == got
    as_of = dt.datetime(2024, 5, 30, tzinfo=UTC)
    assert j.snapshot(as_of=as_of).counts["rows"] == still
    for lead, rows in enumerate(by_lead):
        runs = [r[2] for i, r in enumerate(rows) if i == 0 or rows[i - 1][2] != r[2]]
        assert [k for k in j.show(lead)["what"] if k not in ("created", "ad", "mail")] == runs


def test_equal_values_follow_the_pipeline():
    rows = [(0, 0, "won", 1, None, "x"), (0, 0, "offer", 1, None, "x"), (0, 0, "open", 1, None, "x")]
    j = journeys(1, stages=stages(rows, SORTS["whole"], deal=False))
    assert j.show(0)["what"].to_list() == ["created", "open", "offer", "won"]
    assert not [r for r in j.check().remarks if "order=" in r]


def test_a_stage_that_is_entered_again_at_one_instant_is_no_repetition():
    rows = [(0, 0, "open", 0, None, "x"), (0, 0, "lost", 1, None, "x"), (0, 0, "open", 2, None, "x")]
    whole = journeys(1, stages=stages(rows, SORTS["float"], deal=False))
    grown, report = journeys(1, stages=stages(rows[:2], SORTS["float"], deal=False)).extend(
        stages=stages(rows, SORTS["float"], deal=False)
    )
    assert report["duplicate"] == 2
    for j in (whole, grown):
        assert j.show(0)["what"].to_list() == ["created", "open", "lost", "open"]


def test_rows_that_come_again_without_the_column_are_the_same():
    rows = [(0, 0, "open", 0, None, "x"), (0, 0, "lost", 1, None, "x")]
    ordered = stages(rows, SORTS["time"], deal=False)
    plain = dataclasses.replace(ordered, order=None)
    for first, again in ((ordered, plain), (plain, ordered)):
        j, report = journeys(1, stages=first).extend(stages=again)
        assert (j.show(0)["what"].to_list(), report["duplicate"]) == (["created", "open", "lost"], 2)


def test_values_of_another_sort_cannot_be_compared():
    rows = [(0, 0, "open", 0, None, "x"), (0, 0, "lost", 1, None, "x")]
    j = journeys(1, stages=stages(rows, SORTS["whole"], deal=False))
    with pytest.raises(ll.SchemaError, match=r"order= has the type texts, but .* numbers"):
        j.extend(stages=stages(rows, SORTS["text"], deal=False))
    # Numbers with a fraction and whole ones are of one sort.
    j, _ = j.extend(stages=stages([(0, 0, "offer", 0, None, "x")], SORTS["float"], deal=False))
    assert j.show(0)["what"].to_list() == ["created", "open", "offer", "lost"]


def test_rows_without_a_value_come_first_and_numbers_that_are_none_are_none():
    rows = [(0, 0, "open", 0, None, "x"), (0, 0, "lost", 1, None, "x")]
    j = journeys(1, stages=stages(rows, [10.0, None], deal=False))
    assert j.show(0)["what"].to_list() == ["created", "lost", "open"]
    rows.append((0, 0, "offer", 2, None, "x"))
    j = journeys(1, stages=stages(rows, [10.0, float("nan"), 9.0], deal=False))
    assert j.show(0)["what"].to_list() == ["created", "lost", "offer", "open"]

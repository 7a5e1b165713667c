"""Wins and their values against a plain count over rows, whatever the order of rows and however they arrive."""

from __future__ import annotations

import dataclasses
import random
from collections import defaultdict

import polars as pl
import pytest

import leadlens as ll

LEADS = [f"l{i}" for i in range(12)]
WON, LOST = {"won", "paid"}, {"lost"}
SCHEMA = {"lead": pl.String, "deal": pl.String, "at": pl.String, "stage": pl.String, "amount": pl.Float64}


def history(rng: random.Random, *, names: bool) -> list[tuple]:
    """Rows of stages: every deal has one row a day at most, and days are shared between deals."""
    rows = []
    for lead in LEADS:
        for deal in range(rng.randrange(4)):
            for day in sorted(rng.sample(range(1, 28), rng.randrange(1, 7))):
                stage = rng.choice(["open", "offer", "won", "paid", "lost"])
                amount = rng.choice([None, float(rng.randrange(1, 99))])
                rows.append((lead, f"{lead}-{deal}" if names else "only", f"2024-02-{day:02}T12:00:00Z", stage, amount))
            if not names:
                break
    return rows


def won_deals(rows) -> dict[str, list[tuple[str, float | None]]]:
    """Of each lead, when each of its deals was won first, and for how much, as known at the end."""
    by_deal = defaultdict(list)
    for lead, deal, at, stage, amount in sorted(rows, key=lambda row: row[2]):
        by_deal[lead, deal].append((at, stage, amount))
    wins = defaultdict(list)
    for (lead, _), entries in by_deal.items():
        first = next((i for i, (_, stage, _) in enumerate(entries) if stage in WON), None)
        if first is None:
            continue
        at, stage, _ = entries[first]
        # Rows that repeat the stage edit the entry, until the deal goes on.
        last = first
        while last + 1 < len(entries) and entries[last + 1][1] == stage:
            last += 1
        known = [amount for _, _, amount in entries[: last + 1] if amount is not None]
        wins[lead].append((at, known[-1] if known else None))
    return wins


def tables(rows):
    stages = pl.DataFrame(rows, schema=SCHEMA, orient="row")
    days = [f"2024-02-{day:02}T00:00:00Z" for day in range(1, 29)]
    visits = pl.DataFrame(
        [(lead, at, "ads") for lead in LEADS for at in days], schema=["lead", "at", "ch"], orient="row"
    )
    return visits, ll.Stages(stages, "lead", "at", stage="stage", deal="deal", amount="amount")


def build(rows):
    visits, stages = tables(rows)
    leads = pl.DataFrame({"id": LEADS, "created": ["2024-01-31"] * len(LEADS)})
    return ll.Journeys(
        leads=ll.Leads(leads, "id", created="created"),
        events=ll.Events(visits, "lead", "at", ll.literal("visit"), channel="ch"),
        stages=stages,
        won=["won", "paid"],
        lost="lost",
        observed_until="2024-03-01",
    )


def figures(journeys) -> dict[str, object]:
    every = journeys.attribution("last", conversions="every", lookback="60d").to_polars()
    funnel = journeys.stage_funnel(pipeline=["created", "won"])
    won = journeys.time_to("won", start="created").to_polars()
    return {
        "deals": every["conversions"].sum(),
        "value": every["value"].sum(),
        "leads": funnel.wins()["won"].sum(),
        "value of leads": funnel.wins()["value"].sum(),
        "share": won.rows(),
        # Two deals at the same kind of stage at one instant are in the order of rows.
        "times": [sorted(map(repr, journeys.show(lead).rows())) for lead in LEADS],
    }


@pytest.mark.parametrize("seed", range(12))
def test_wins_and_values_are_those_of_a_plain_count(seed):
    rows = history(random.Random(seed), names=True)
    wins = won_deals(rows)
    got = figures(build(rows))
    assert got["deals"] == sum(len(deals) for deals in wins.values())
    assert got["value"] == pytest.approx(sum(amount or 0.0 for deals in wins.values() for _, amount in deals))
    assert got["leads"] == len(wins)
    # The deals of a lead that are won at its first win are one win.
    first = {lead: min(at for at, _ in deals) for lead, deals in wins.items()}
    of_first = [amount or 0.0 for lead, deals in wins.items() for at, amount in deals if at == first[lead]]
    assert got["value of leads"] == pytest.approx(sum(of_first))


@pytest.mark.parametrize("names", [True, False])
@pytest.mark.parametrize("seed", range(6))
def test_the_order_of_rows_and_the_way_they_arrive_do_not_matter(seed, names):
    rng = random.Random(100 + seed)
    rows = history(rng, names=names)
    whole = figures(build(rows))
    for _ in range(3):
        shuffled = rng.sample(rows, len(rows))
        assert figures(build(shuffled)) == whole
        cut = rng.randrange(len(rows) + 1)
        grown = build(shuffled[:cut])
        if shuffled[cut:]:
            _, later = tables(shuffled[cut:])
            grown, _ = grown.extend(stages=later)
        assert figures(grown) == whole
        assert grown.check().remarks == build(shuffled).check().remarks


def test_a_lead_of_very_many_deals_has_as_many_wins():
    deals = 30_000
    rows = [("l0", f"d{i}", f"2024-02-{i % 27 + 1:02}T12:00:00Z", "won", None) for i in range(deals)]
    every = build(rows).attribution("last", conversions="every", lookback="60d").to_polars()
    assert every["conversions"].sum() == deals


def tied(rng: random.Random) -> list[tuple]:
    """Rows of deals that reach several stages a day, each once; the last amount of a day is that of all its rows."""
    rows = []
    for lead in LEADS:
        for deal in range(rng.randrange(1, 3)):
            for day in sorted(rng.sample(range(1, 28), rng.randrange(1, 5))):
                amount = rng.choice([None, float(rng.randrange(1, 99))])
                # That the deal is open first ends what could be edited later.
                for stage in ["open", *rng.sample(["won", "paid", "active"], rng.randrange(4))]:
                    rows.append((lead, f"{lead}-{deal}", f"2024-02-{day:02}T12:00:00Z", stage, amount))
    return rows


def of_first_win(rows, *, deals: bool) -> dict[str, float]:
    """What each lead was won for, at the first time that one of its deals was won."""
    found: dict[str, float] = {}
    for lead in LEADS:
        own = [row for row in rows if row[0] == lead]
        wins = [row for row in own if row[3] in ("won", "paid", "active")]
        if not wins:
            continue
        first = min(row[2] for row in wins)
        value = 0.0
        for deal in {row[1] if deals else None for row in wins if row[2] == first}:
            known = [row for row in own if row[2] <= first and (not deals or row[1] == deal) and row[4] is not None]
            value += max(known, key=lambda row: row[2])[4] if known else 0.0
        found[lead] = value
    return found


@pytest.mark.parametrize("deals", [True, False])
@pytest.mark.parametrize("seed", range(8))
def test_several_won_stages_at_one_instant_are_one_win(seed, deals):
    rng = random.Random(seed)
    rows = tied(rng)
    if not deals:
        # Rows of one day say the same amount.
        amounts = {(row[0], row[2]): row[4] for row in rows}
        rows = [(*row[:4], amounts[row[0], row[2]]) for row in rows]
    wins = of_first_win(rows, deals=deals)
    for _ in range(3):
        rng.shuffle(rows)
        visits, stages = tables(rows)
        j = ll.Journeys(
            leads=ll.Leads(
                pl.DataFrame({"id": LEADS, "created": ["2024-01-31"] * len(LEADS)}), "id", created="created"
            ),
            events=ll.Events(visits, "lead", "at", ll.literal("visit"), channel="ch"),
            stages=stages if deals else dataclasses.replace(stages, deal=None),
            pipeline=["created", "open", "won", "paid", "active"],
            won=["won", "paid", "active"],
            observed_until="2024-03-01",
        )
        funnel = j.stage_funnel()
        assert funnel.summary()["won"].to_list() == [len(wins)]
        assert funnel.summary()["value"].to_list() == pytest.approx([sum(wins.values())])
        assert funnel.wins()["value"].sum() == pytest.approx(sum(wins.values()))
        linear = j.attribution("linear", lookback="60d").to_polars()
        assert linear["conversions"].sum() == pytest.approx(len(wins))
        if not deals:
            assert linear["value"].sum() == pytest.approx(sum(wins.values()))


@pytest.mark.parametrize("deal", ["deal", None])
def test_what_is_known_of_a_deal_outlives_its_loss(deal):
    for between in ([], [("l0", "x", "2024-02-06", "open", None)]):
        rows = [
            ("l0", "x", "2024-02-05", "lost", 5.0),
            *between,
            ("l0", "x", "2024-02-07", "won", None),
            ("l0", "x", "2024-02-09", "lost", None),
            ("l0", "x", "2024-02-10", "won", 9.0),
        ]
        visits, stages = tables(rows)
        j = ll.Journeys(
            leads=ll.Leads(pl.DataFrame({"id": ["l0"], "created": ["2024-01-31"]}), "id", created="created"),
            events=ll.Events(visits.filter(lead="l0"), "lead", "at", ll.literal("visit"), channel="ch"),
            stages=dataclasses.replace(stages, deal=deal),
            won="won",
            lost="lost",
            observed_until="2024-03-01",
        )
        assert j.stage_funnel(pipeline=["created", "won"]).summary()["value"].to_list() == [5.0]
        assert j.attribution("linear", lookback="60d").to_polars()["value"].to_list() == [5.0]
